/** Keys of configuration files before there was one table for desk and node, with what they are called now. */
const RENAMED: readonly [pattern: RegExp, name: (match: RegExpExecArray) => string][] = [
  [/^topics\.modalities\.([^.]+)$/, ([, modality]) => `modalities.${modality}.topic`],
  [/^topics\.cameraInfo\.([^.]+)$/, ([, modality]) => `modalities.${modality}.camera_info_topic`],
  [/^topics\.groundTruth$/, () => 'ground_truth_topic'],
  [/^topics(\.|$)/, () => 'modalities.<modality>.topic'],
  [/^baseFrame$/, () => 'base_frame'],
  [/^identicalLimit$/, () => 'frozen_after'],
  [/^sync\.referencePriority$/, () => 'reference_priority'],
  [/^sync\.streams\.([^.]+)\.necessity$/, ([, modality]) => `modalities.${modality}.essential: true`],
  [/^sync\.streams\.([^.]+)\.availability$/, ([, modality]) => `modalities.${modality}.enabled: false`],
  [/^sync\.streams\.([^.]+)\.(\w+)$/, ([, modality, key]) => `modalities.${modality}.${snakeCase(key!)}`],
  [/^sync\.([a-z]+[A-Z]\w*)$/, ([, key]) => `sync.${snakeCase(key!)}`],
];

/** What a key of an old configuration file is called now; undefined for one that never was any. */
export function presentName(key: string): string | undefined {
  for (const [pattern, name] of RENAMED) {
    const match = pattern.exec(key);
    if (match !== null) return name(match);
  }
  return undefined;
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

import { type Bundle, loadBundle, mapClasses } from '../model/index.js';
import { configFor, type FrameSegmenter } from '../pipeline/index.js';
import { type ReplaySource, type ReplaySourceOptions, withReplaySource } from './replay_source.js';

/** A source whose model may be another than the worker's own: masks may be in other classes. */
export type MeasuredSource = Omit<ReplaySource, 'segmenter'> & {
  segmenter: FrameSegmenter & { selection: { provider: string } };
};

/** One of several models on the same bag. */
export interface ModelUnderTest {
  source: MeasuredSource;
  /** Names it among the others. */
  label: string;
  /** Classes of its own that the first model lacks: their pixels are unlabeled. */
  unlabeled: readonly string[];
}

/**
 * Opens a bag with each of several models, one after the other, so that all are measured alike: by the ground truth and in
 * the classes of the first one, which are matched by name.
 * @param folders - of the bundles
 * @param options - `config` may tell of the sensors of all; each model gets what concerns its own
 */
export async function withEachModel<Result>(
  folders: readonly string[],
  options: Omit<ReplaySourceOptions, 'model'>,
  use: (model: ModelUnderTest) => Promise<Result>,
): Promise<Result[]> {
  const bundles = await Promise.all(folders.map((folder) => loadBundle(folder)));
  const labels = labelsOf(bundles);
  const results: Result[] = [];
  for (const [index, model] of folders.entries()) {
    const names = bundles[index]!.modalities.map(({ name }) => name);
    const config = configFor(options.config, names);
    const result = await withReplaySource({ ...options, model, config }, (source) => {
      const { table, unlabeled } = mapClasses(source.bundle, bundles[0]!);
      return use({ source: inClassesOf(bundles[0]!, source, table), label: labels[index]!, unlabeled });
    });
    results.push(result);
  }
  return results;
}

/** Names of bundles; those that share one get the beginning of their hash as well. */
function labelsOf(bundles: readonly Bundle[]): string[] {
  return bundles.map(({ name, sha256 }) =>
    bundles.filter((other) => other.name === name).length > 1 ? `${name} ${sha256.slice(0, 8)}` : name,
  );
}

function inClassesOf({ classes }: Bundle, source: ReplaySource, table: Uint8Array | undefined): MeasuredSource {
  const { segmenter } = source;
  const own: MeasuredSource['segmenter'] = {
    get selection() {
      return segmenter.selection;
    },
    whenReady: () => segmenter.whenReady(),
    segment: async (frameSet) => {
      const mask = await segmenter.segment(frameSet);
      return table === undefined ? mask : { ...mask, labels: mask.labels.map((label) => table[label]!) };
    },
  };
  return { ...source, bundle: { ...source.bundle, classes }, segmenter: own };
}

/** Names said one by one; more are said by their group. */
const MOST_NAMES = 6;

/** Names of parameters in few words: `autostart, outputs.*, modalities.*.qos.*`. */
export function listNames(names: readonly string[]): string {
  if (names.length <= MOST_NAMES) return names.join(', ');
  const groups = names.map((name) =>
    name
      .replace(
        /^modalities\.[^.]+\.([^.]+)(\..*)?$/,
        (_, key: string, rest?: string) => `modalities.*.${key}${rest ? '.*' : ''}`,
      )
      .replace(/^(outputs|qos_overrides)\..*$/, '$1.*'),
  );
  return [...new Set(groups)].join(', ');
}

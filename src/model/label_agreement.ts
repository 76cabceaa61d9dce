/** Share of pixels on which a provider may disagree with the golden labels; more is a sign of FP16 overflow. */
export const MAX_DIFFERING_SHARE = 0.005;

/**
 * Number of pixels two label images of the same size differ on.
 * @throws {RangeError} where their sizes differ
 */
export function countDifferingLabels(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) throw new RangeError(`Expected ${a.length} labels to compare but received ${b.length}`);
  let differing = 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) differing++;
  return differing;
}

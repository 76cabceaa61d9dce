/** Pictures of two cameras at once. */
const MOST_KEPT = 2;

const kept: Uint16Array<ArrayBuffer>[] = [];

/**
 * Room for the samples of a picture, of any content. Fresh memory of some megabytes takes longer to come by than a picture takes
 * to decode, so whoever is done with a picture's samples gives them back with {@link keepSamples}; nothing is wrong if not.
 */
export function takeSamples(count: number): Uint16Array<ArrayBuffer> {
  const place = kept.findIndex(({ length }) => length === count);
  return place < 0 ? new Uint16Array(count) : kept.splice(place, 1)[0]!;
}

/** @param samples - of {@link takeSamples}, which are not read any more */
export function keepSamples(samples: Uint16Array<ArrayBuffer>): void {
  if (kept.includes(samples)) return;
  kept.push(samples);
  if (kept.length > MOST_KEPT) kept.shift();
}

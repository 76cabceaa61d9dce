import { isEnough, type ModelInputs } from './options.js';

/**
 * The streams a set waits for: all that may still come, or of several models what they take up to the first that has
 * enough. A camera's mask does not wait for the LiDAR of a fallback; once a picture has shown nothing, the next ones do.
 * @param isSure - whether the last sample of a stream showed something
 */
export function streamsAwaited<Stream extends { modality: string }>(
  streams: readonly Stream[],
  models: readonly ModelInputs[] | undefined,
  mayCome: (stream: Stream) => boolean,
  isSure: (stream: Stream) => boolean,
): ReadonlySet<Stream> {
  const coming = streams.filter(mayCome);
  if (models === undefined) return new Set(coming);
  const sure = new Set(coming.filter(isSure).map(({ modality }) => modality));
  const best = models.findIndex((model) => isEnough(model, (modality) => sure.has(modality)));
  const wanted = new Set(models.slice(0, best < 0 ? models.length : best + 1).flatMap(({ modalities }) => modalities));
  return new Set(coming.filter(({ modality }) => wanted.has(modality)));
}

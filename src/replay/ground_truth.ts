import { IGNORE_LABEL } from '../evaluation/index.js';
import { decodeMessage, type Image, type RawMessage, type Stamp, stampFromTime } from '../messages/index.js';
import type { LabelImage } from '../report/index.js';

/**
 * A mask is scored against the label image nearest in time, within this. Masks carry the stamp of their reference
 * image, which is the camera's while it lives; a stand-in's stamp lies a few milliseconds beside it.
 */
const TOLERANCE_NS = 25_000_000n;

/** Label images kept while masks that may want them are under way: over a second of them. */
const MAX_HELD = 32;

/** A label image message, or what is wrong with it. */
export type GroundTruthOutcome =
  | { kind: 'labels'; stamp: Stamp; image: LabelImage }
  | { kind: 'invalid'; reason: string };

/**
 * Reads class ids from an image message (mono8, 8UC1, or the 16-bit encodings with ids below 256).
 * @param classCount - ids from here on up to 254 are no class of the model
 * @param table - by id in the bag that of the model; see {@link TruthClasses}
 */
export function readGroundTruth(
  raw: RawMessage,
  classCount: number = IGNORE_LABEL,
  table?: Uint8Array,
): GroundTruthOutcome {
  let message: Image;
  try {
    message = decodeMessage<Image>(raw);
  } catch (error) {
    return { kind: 'invalid', reason: (error as Error).message };
  }
  const { width, height, step, encoding, data, is_bigendian } = message;
  const bytes = /^(mono8|8UC1)$/.test(encoding) ? 1 : /^(mono16|16UC1)$/.test(encoding) ? 2 : 0;
  if (bytes === 0) {
    return { kind: 'invalid', reason: `Expected mono8 or mono16 for ground truth but received '${encoding}'` };
  }
  if (width === 0 || height === 0 || step < width * bytes || data.length < step * height) {
    const received = `${width}x${height} with step ${step} and ${data.length} bytes`;
    return { kind: 'invalid', reason: `Expected a whole label image but received ${received}` };
  }
  const low = bytes === 2 && is_bigendian ? 1 : 0;
  const labels = new Uint8Array(width * height);
  let high = 0;
  for (let row = 0, i = 0; row < height; row++) {
    for (let at = row * step + low, end = at + width * bytes; at < end; at += bytes) {
      labels[i++] = data[at]!;
      if (bytes === 2) high |= data[low === 0 ? at + 1 : at - 1]!;
    }
  }
  if (high !== 0) {
    return {
      kind: 'invalid',
      reason: 'Expected class ids below 256 for ground truth but received larger ones: map them',
    };
  }
  if (table !== undefined) for (let i = 0; i < labels.length; i++) labels[i] = table[labels[i]!]!;
  const stranger = labels.find((label) => label >= classCount && label !== IGNORE_LABEL);
  if (stranger !== undefined) {
    return {
      kind: 'invalid',
      reason:
        `Expected class ids below ${classCount} or ${IGNORE_LABEL} for the ground truth but received ${stranger}: ` +
        'check that the labels belong to the classes of this model bundle',
    };
  }
  return { kind: 'labels', stamp: stampFromTime(message.header.stamp), image: { width, height, labels } };
}

/** Label images by stamp, for the masks that come before or after them. */
export class GroundTruthBuffer {
  readonly #held: { stamp: Stamp; image: LabelImage }[] = [];

  /** Takes the next label image in. */
  add(stamp: Stamp, image: LabelImage): void {
    this.#held.push({ stamp, image });
    if (this.#held.length > MAX_HELD) this.#held.shift();
  }

  /** True once no better match for this stamp can come: label images arrive in the order of their stamps. */
  isSettled(stamp: Stamp): boolean {
    const newest = this.#held.at(-1);
    return newest !== undefined && newest.stamp >= stamp + TOLERANCE_NS;
  }

  /** The label image nearest to a stamp, and exact ones at once; undefined where none is near enough. */
  find(stamp: Stamp): { image: LabelImage; distanceNs: bigint } | undefined {
    let best: { image: LabelImage; distanceNs: bigint } | undefined;
    for (const held of this.#held) {
      const distanceNs = held.stamp > stamp ? held.stamp - stamp : stamp - held.stamp;
      if (distanceNs <= TOLERANCE_NS && (best === undefined || distanceNs < best.distanceNs)) {
        best = { image: held.image, distanceNs };
      }
    }
    return best;
  }

  /** Forgets what no mask at or after this stamp can want. */
  releaseBefore(stamp: Stamp): void {
    while (this.#held[0] !== undefined && this.#held[0].stamp < stamp - TOLERANCE_NS) this.#held.shift();
  }
}

import type { ContentQuality } from '../modality_image.js';
import type { DepthMap } from './depth_map.js';

/** Of less than one pixel in a thousand nothing can be learned: the sensor sees sky only, or is covered. */
const MIN_KNOWN_SHARE = 0.001;
/**
 * Scatter of the distances, as a share of them, from which on they do more harm than good, where the bundle does not say
 * it (`maxScatter` of its `inputStatistics`): depth cameras that work scatter by a few percent, and one that scatters by
 * so much tells walls from the road at best.
 */
const MAX_SCATTER = 0.15;
/** Fewer triples of neighbours say nothing, as in a sparse map of projected points. */
const MIN_TRIPLES = 200;
/** Every so many rows are looked at, which is enough for a median. */
const ROW_STEP = 4;

/** Quartile of the normal distribution: half of its values lie nearer to the mean than this many deviations. */
const NORMAL_QUARTILE = 0.6745;
/** Bits that are counted over at a time, from the highest on. */
const DIGITS = [
  { shift: 21, mask: 0x7ff },
  { shift: 10, mask: 0x7ff },
  { shift: 0, mask: 0x3ff },
] as const;
/** Deviation of `a - 2b + c` where each scatters by 1. */
const SECOND_DIFFERENCE_GAIN = Math.sqrt(6);

/**
 * Judges whether a depth map on the grid tells anything.
 *
 * - `no-return`: hardly a pixel is known.
 * - `noisy`: neighbours contradict each other nearly everywhere, see {@link scatterOf}.
 * @param maxScatter - as a share of the distances, from which on the model is better off without them
 */
export function judgeDepth(depth: DepthMap, maxScatter = MAX_SCATTER): ContentQuality {
  const { metres } = depth;
  const enough = MIN_KNOWN_SHARE * metres.length;
  let known = 0;
  for (let i = 0; i < metres.length && known < enough; i++) if (metres[i]! > 0) known++;
  if (known < enough) return { kind: 'blind', reason: 'no-return' };
  const scatter = scatterOf(depth);
  return scatter !== undefined && scatter > maxScatter ? { kind: 'blind', reason: 'noisy' } : { kind: 'good' };
}

/**
 * Standard deviation of the distances' noise as a share of them. The inverse depth of a plane is linear along a row of a
 * picture, so that of three neighbours on one surface `1/a - 2/b + 1/c` is noise alone; its median absolute value, in
 * parts of `1/b`, does not mind edges and thin things as long as most of the picture is surface.
 * @returns undefined where too few neighbours are known
 */
export function scatterOf({ width, height, metres }: DepthMap): number | undefined {
  const ratios = new Float32Array(width * Math.ceil(height / ROW_STEP));
  let count = 0;
  for (let row = 0; row < height; row += ROW_STEP) {
    for (let i = row * width + 1; i < (row + 1) * width - 1; i++) {
      const a = metres[i - 1]!;
      const b = metres[i]!;
      const c = metres[i + 1]!;
      if (a > 0 && b > 0 && c > 0) ratios[count++] = Math.abs(b / a - 2 + b / c);
    }
  }
  if (count < MIN_TRIPLES) return undefined;
  return orderStatistic(ratios.subarray(0, count), count >> 1) / (NORMAL_QUARTILE * SECOND_DIFFERENCE_GAIN);
}

/**
 * The value that `rank` others do not exceed, of values none of which is negative: their bits as whole numbers have the
 * same order, so that counts over some of their bits, one after the other, find it in a fraction of the time of sorting.
 */
export function orderStatistic(values: Float32Array, rank: number): number {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let found = 0;
  let known = 0;
  let rest = rank;
  for (const { shift, mask } of DIGITS) {
    const counts = new Uint32Array(mask + 1);
    for (let i = 0; i < bits.length; i++) {
      const value = bits[i]!;
      if ((value & known) === found) counts[(value >>> shift) & mask]!++;
    }
    const digit = bucketOf(counts, rest);
    found |= digit.bucket << shift;
    known |= mask << shift;
    rest = digit.rank;
  }
  return new Float32Array(Uint32Array.of(found).buffer)[0]!;
}

/** In which bucket a rank falls, and which rank it has there. */
function bucketOf(counts: Uint32Array, rank: number): { bucket: number; rank: number } {
  let rest = rank;
  let bucket = 0;
  while (counts[bucket]! <= rest) rest -= counts[bucket++]!;
  return { bucket, rank: rest };
}

import { inSlices } from '../in_slices.js';
import type { ImageSize } from '../modality_image.js';

/**
 * Distances along the optical axis (z, not range) in metres, row-major. 0 = nothing known: no return, too near,
 * too far or invalid, which ROS writes as 0 (16UC1), NaN or an infinity (32FC1, REP-117 and REP-118).
 */
export interface DepthMap extends ImageSize {
  metres: Float32Array;
}

/** `unit`: the metres one unit of the samples was taken for, 0.001 for integers and 1 for floats. */
export type DepthOutcome = { kind: 'depth'; depth: DepthMap; unit: number } | { kind: 'invalid'; reason: string };

/** What one unit of integer samples is, where nobody says otherwise: a millimetre (REP-118). */
export const METRES_PER_MILLIMETRE = 0.001;
const SAMPLES_PER_SLICE = 500_000;

export async function metresFromMillimetres(millimetres: Uint16Array): Promise<Float32Array> {
  const metres = new Float32Array(millimetres.length);
  await inSlices(metres.length, SAMPLES_PER_SLICE, (from, to) => toMetres(millimetres, metres, from, to));
  return metres;
}

function toMetres(millimetres: Uint16Array, metres: Float32Array, from: number, to: number): void {
  for (let i = from; i < to; i++) metres[i] = millimetres[i]! * METRES_PER_MILLIMETRE;
}

/** Multiplies all distances, in place. */
export async function scaleDepth(depth: DepthMap, factor: number): Promise<DepthMap> {
  if (factor === 1) return depth;
  const { metres } = depth;
  await inSlices(metres.length, SAMPLES_PER_SLICE, (from, to) => {
    for (let i = from; i < to; i++) metres[i]! *= factor;
  });
  return depth;
}

/** Replaces in place everything that is no distance by 0. */
export async function dropInvalid(metres: Float32Array): Promise<Float32Array> {
  await inSlices(metres.length, SAMPLES_PER_SLICE, (from, to) => {
    for (let i = from; i < to; i++) {
      const value = metres[i]!;
      // Written so that NaN fails.
      if (!(value > 0 && value < Number.POSITIVE_INFINITY)) metres[i] = 0;
    }
  });
  return metres;
}

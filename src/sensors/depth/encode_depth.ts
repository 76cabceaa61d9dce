import { inSlices } from '../in_slices.js';
import type { DepthMap } from './depth_map.js';

const PIXELS_PER_SLICE = 100_000;

/**
 * Depth as three equal channels.
 * - `inverse`: 255 · clamp(near / d): disparity, fine nearby and coarse far away, as the measurement is.
 * - `linear`: 255 · clamp(1 - d / far) with 1 as the least, so that the far end stays apart from "nothing known".
 * @returns height * width * 3 bytes; 0 = nothing known
 */
export async function encodeDepth(
  { metres }: DepthMap,
  representation: { kind: 'inverse'; nearMetres: number } | { kind: 'linear'; farMetres: number },
): Promise<Uint8Array> {
  const image = new Uint8Array(metres.length * 3);
  await inSlices(metres.length, PIXELS_PER_SLICE, (from, to) => {
    for (let i = from; i < to; i++) {
      const d = metres[i]!;
      if (d === 0) continue;
      const level =
        representation.kind === 'inverse'
          ? disparityLevel(d, representation.nearMetres)
          : Math.max(1, Math.round(255 * (1 - Math.min(1, d / representation.farMetres))));
      image[3 * i] = level;
      image[3 * i + 1] = level;
      image[3 * i + 2] = level;
    }
  });
  return image;
}

/** 255 · clamp(near / d); at least 1, because 0 means that nothing is known. */
export function disparityLevel(d: number, nearMetres: number): number {
  return Math.max(1, Math.round(255 * Math.min(1, nearMetres / d)));
}

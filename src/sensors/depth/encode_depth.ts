import type { DepthMap } from './depth_map.js';

/**
 * Depth as three equal channels.
 * - `inverse`: 255 · clamp(near / d): disparity, fine nearby and coarse far away, as the measurement is.
 * - `linear`: 255 · clamp(1 - d / far) with 1 as the least, so that the far end stays apart from "nothing known".
 * @returns height * width * 3 bytes; 0 = nothing known
 */
export function encodeDepth(
  { metres }: DepthMap,
  representation: { kind: 'inverse'; nearMetres: number } | { kind: 'linear'; farMetres: number },
): Uint8Array {
  const image = new Uint8Array(metres.length * 3);
  for (let i = 0; i < metres.length; i++) {
    const d = metres[i]!;
    if (d === 0) continue;
    const level =
      representation.kind === 'inverse'
        ? disparityLevel(d, representation.nearMetres)
        : Math.max(1, Math.round(255 * (1 - Math.min(1, d / representation.farMetres))));
    image.fill(level, 3 * i, 3 * i + 3);
  }
  return image;
}

/** 255 · clamp(near / d); at least 1, because 0 means that nothing is known. */
export function disparityLevel(d: number, nearMetres: number): number {
  return Math.max(1, Math.round(255 * Math.min(1, nearMetres / d)));
}

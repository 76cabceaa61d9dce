import { cellHash } from '../../random/random.js';

/** Share of the second colour on a round plate; below 0 on its gray back. */
export function roundSignPattern(seed: number, y: number, z: number, half: number, nx: number): number {
  if (nx > 0) return -1;
  const r = Math.hypot(y, z) / half;
  switch (seed & 3) {
    case 0:
      return r < 0.72 ? 1 : 0;
    case 1:
      return r < 0.72 && Math.abs(z) < 0.22 * half ? 1 : 0;
    case 2:
      return Math.abs(y - z) < 0.22 * half || r > 0.86 ? 1 : 0;
    default:
      return r < 0.75 && (Math.abs(y) < 0.16 * half || z > 0.35 * half) ? 1 : 0;
  }
}

/** Share of the second colour on a board with lines of text; below 0 on its gray back and edges. */
export function boardSignPattern(
  seed: number,
  y: number,
  z: number,
  halfWidth: number,
  halfHeight: number,
  nx: number,
): number {
  if (nx > -0.5) return -1;
  const edge = Math.min(halfWidth - Math.abs(y), halfHeight - Math.abs(z));
  if (edge < 0.05) return 1;
  const row = Math.floor((z + halfHeight) / 0.3);
  const inRow = (z + halfHeight) / 0.3 - row;
  const end = -0.8 * halfWidth + 1.6 * halfWidth * cellHash(row, 3, seed);
  return inRow > 0.35 && inRow < 0.75 && y < end && y > -0.8 * halfWidth ? 1 : 0;
}

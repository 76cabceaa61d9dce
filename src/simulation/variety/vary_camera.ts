import type { CameraLook } from './look.js';

/** What the lens and the filters do to linear radiance: focus, colour. Overwrites it. */
export function gradeRadiance(radiance: Float32Array, width: number, height: number, look: CameraLook): void {
  for (let pass = 0; pass < look.defocus; pass++) blur(radiance, width, height);
  const [red, green, blue] = look.balance;
  const { saturation } = look;
  for (let i = 0; i < radiance.length; i += 3) {
    const [r, g, b] = [radiance[i]!, radiance[i + 1]!, radiance[i + 2]!];
    const gray = 0.25 * r + 0.6 * g + 0.15 * b;
    radiance[i] = Math.max(0, gray + saturation * (r - gray)) * red;
    radiance[i + 1] = Math.max(0, gray + saturation * (g - gray)) * green;
    radiance[i + 2] = Math.max(0, gray + saturation * (b - gray)) * blue;
  }
}

/** The camera's tone curve on 8-bit values. */
export function toneTable({ gamma, contrast, lift }: CameraLook): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, level) => {
    const curved = (level / 255) ** gamma;
    const sloped = 0.5 + contrast * (curved - 0.5);
    return Math.round(255 * Math.min(1, Math.max(0, lift + (1 - lift) * sloped)));
  });
}

/** Bright lamps or a low sun scatter in the lens: halos around them and a veil over everything. Overwrites it. */
export function dazzle(radiance: Float32Array, width: number, height: number, strength: number): void {
  // A coarse picture of what is far brighter than the rest, spread wide, and laid over the whole.
  const cell = 16;
  const columns = Math.ceil(width / cell);
  const rows = Math.ceil(height / cell);
  const coarse = new Float32Array(3 * columns * rows);
  let sum = 0;
  for (let i = 0; i < radiance.length; i += 3 * 17) sum += Math.min(2, radiance[i + 1]!);
  const usual = (sum * 3 * 17) / radiance.length + 1e-6;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = 3 * (y * width + x);
      if (radiance[from + 1]! < 4 * usual) continue;
      const to = 3 * (Math.floor(y / cell) * columns + Math.floor(x / cell));
      for (let c = 0; c < 3; c++) coarse[to + c]! += Math.min(400 * usual, radiance[from + c]!) / (cell * cell);
    }
  }
  const veil = new Float32Array(coarse.length);
  for (let at = 0; at < coarse.length; at += 3) {
    if (coarse[at + 1]! === 0) continue;
    const [sx, sy] = [(at / 3) % columns, Math.floor(at / 3 / columns)];
    for (let to = 0; to < veil.length; to += 3) {
      const [dx, dy] = [((to / 3) % columns) - sx, Math.floor(to / 3 / columns) - sy];
      // Light scattered in an eye or a lens falls with the square of the angle (Stiles and Holladay).
      const share = strength / (1.5 + dx * dx + dy * dy);
      for (let c = 0; c < 3; c++) veil[to + c]! += share * coarse[at + c]!;
    }
  }
  for (let y = 0; y < height; y++) {
    const v = Math.min(rows - 1.001, Math.max(0, (y + 0.5) / cell - 0.5));
    const row = Math.floor(v);
    for (let x = 0; x < width; x++) {
      const u = Math.min(columns - 1.001, Math.max(0, (x + 0.5) / cell - 0.5));
      const column = Math.floor(u);
      const at = 3 * (row * columns + column);
      const below = at + 3 * columns;
      const [fu, fv] = [u - column, v - row];
      for (let c = 0; c < 3; c++) {
        const upper = veil[at + c]! + fu * (veil[at + 3 + c]! - veil[at + c]!);
        const lower = veil[below + c]! + fu * (veil[below + 3 + c]! - veil[below + c]!);
        radiance[3 * (y * width + x) + c]! += upper + fv * (lower - upper);
      }
    }
  }
}

/** Binomial, 3 x 3, in place. */
function blur(radiance: Float32Array, width: number, height: number): void {
  const row = 3 * width;
  const source = radiance.slice();
  for (let y = 0; y < height; y++) {
    const above = row * Math.max(0, y - 1);
    const here = row * y;
    const below = row * Math.min(height - 1, y + 1);
    for (let i = 0; i < row; i++)
      radiance[here + i] = (source[above + i]! + 2 * source[here + i]! + source[below + i]!) / 4;
    for (let c = 0; c < 3; c++) {
      let left = radiance[here + c]!;
      let middle = left;
      for (let i = c; i < row; i += 3) {
        const right = radiance[here + Math.min(row - 3 + c, i + 3)]!;
        radiance[here + i] = (left + 2 * middle + right) / 4;
        left = middle;
        middle = right;
      }
    }
  }
}

import type { CameraModel } from '../calibration/index.js';
import { inRowSlices } from '../in_slices.js';
import type { ImageSize } from '../modality_image.js';
import type { DepthMap } from './depth_map.js';

/** Pixels to each side that a plane is fitted to: 25 samples tame the noise, and a pole is still not wider. */
const RADIUS = 2;
/** Neighbours whose inverse depth differs by more than this share lie on another surface. */
const SAME_SURFACE = 0.2;
/** Fewer neighbours than this say little about a plane. */
const MIN_SAMPLES = 6;
/** Below this share of its scale the system's determinant means samples on one line. */
const MIN_RELATIVE_DETERMINANT = 1e-9;
const PIXELS_PER_SLICE = 10_000;

/**
 * Surface normals of a depth map, in the camera's optical frame, unit length, facing the camera.
 *
 * On a plane n·X = c, a point X = z·(x, y, 1) on the ray (x, y, 1) has inverse depth 1/z = (n/c)·(x, y, 1): inverse
 * depth is linear in the ray. So a plane w = a·x + b·y + e is fitted by least squares to the inverse depths around a
 * pixel, and (a, b, e) points along the normal, away from the camera. Stereo noise is uniform in inverse depth, which
 * makes this the fit that weighs near and far samples right.
 *
 * @param grid - of the same size as `depth`
 * @returns x, y, z interleaved; 0, 0, 0 where depth or a plane is missing
 */
export async function surfaceNormals(depth: DepthMap, grid: CameraModel): Promise<Float32Array> {
  const { width, height, metres } = depth;
  const rays = await grid.rays();
  const normals = new Float32Array(width * height * 3);
  const inverse = new Float32Array(metres.length);
  for (let i = 0; i < metres.length; i++) if (metres[i]! > 0) inverse[i] = 1 / metres[i]!;
  await inRowSlices(depth, PIXELS_PER_SLICE, (from, to) =>
    fitRows({ width, height }, inverse, rays, normals, from, to),
  );
  return normals;
}

/** Fits a plane at each pixel of the rows `from` up to `to`. */
function fitRows(
  { width, height }: ImageSize,
  inverse: Float32Array,
  rays: Float32Array,
  normals: Float32Array,
  from: number,
  to: number,
): void {
  for (let v = from; v < to; v++) {
    const top = Math.max(0, v - RADIUS);
    const bottom = Math.min(height - 1, v + RADIUS);
    for (let u = 0; u < width; u++) {
      const centre = v * width + u;
      const w0 = inverse[centre]!;
      if (w0 === 0) continue;
      const left = Math.max(0, u - RADIUS);
      const right = Math.min(width - 1, u + RADIUS);
      const x0 = rays[3 * centre]!;
      const y0 = rays[3 * centre + 1]!;
      const gate = SAME_SURFACE * w0;
      let n = 0;
      let sx = 0;
      let sy = 0;
      let sw = 0;
      let sxx = 0;
      let sxy = 0;
      let syy = 0;
      let sxw = 0;
      let syw = 0;
      for (let row = top; row <= bottom; row++) {
        for (let i = row * width + left; i <= row * width + right; i++) {
          const dw = inverse[i]! - w0;
          // A missing sample has inverse depth 0, which is never within the gate.
          if (dw > gate || dw < -gate) continue;
          const dx = rays[3 * i]! - x0;
          const dy = rays[3 * i + 1]! - y0;
          n++;
          sx += dx;
          sy += dy;
          sw += dw;
          sxx += dx * dx;
          sxy += dx * dy;
          syy += dy * dy;
          sxw += dx * dw;
          syw += dy * dw;
        }
      }
      if (n < MIN_SAMPLES) continue;
      const mxx = sxx - (sx * sx) / n;
      const mxy = sxy - (sx * sy) / n;
      const myy = syy - (sy * sy) / n;
      const determinant = mxx * myy - mxy * mxy;
      if (!(determinant > MIN_RELATIVE_DETERMINANT * (mxx + myy) ** 2)) continue;
      const mxw = sxw - (sx * sw) / n;
      const myw = syw - (sy * sw) / n;
      const a = (myy * mxw - mxy * myw) / determinant;
      const b = (mxx * myw - mxy * mxw) / determinant;
      const e = w0 + (sw - a * sx - b * sy) / n - a * x0 - b * y0;
      const scale = -1 / Math.sqrt(a * a + b * b + e * e);
      normals[3 * centre] = a * scale;
      normals[3 * centre + 1] = b * scale;
      normals[3 * centre + 2] = e * scale;
    }
  }
}

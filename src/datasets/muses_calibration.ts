import { join } from 'node:path';
import { z } from 'zod';
import { readText } from '../files/index.js';
import { CameraModel, type ImageSize, type RigidTransform } from '../sensors/index.js';

/** Size the intrinsics of the frame camera are given for. */
export const MUSES_SIZE: ImageSize = { width: 1920, height: 1080 };

const row3 = z.tuple([z.number(), z.number(), z.number()]);
const matrix3 = z.tuple([row3, row3, row3]);
const row4 = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const matrix4 = z.tuple([row4, row4, row4, row4]);
const intrinsics = z.object({ K: matrix3 });

const schema = z.object({
  intrinsics: z.object({ rgb: intrinsics, event: intrinsics }),
  extrinsics: z.object({ lidar2rgb: matrix4, event2rgb: matrix4 }),
});

/** Row-major 3x3. */
export type Matrix3 = readonly (readonly [number, number, number])[];

/** `calib.json` of MUSES: the pictures of both cameras are undistorted already. */
export class MusesCalibration {
  readonly #rgb: Matrix3;
  readonly #event: Matrix3;
  readonly #eventToRgb: Matrix3;
  readonly lidarToRgb: RigidTransform;

  private constructor({ intrinsics: { rgb, event }, extrinsics }: z.infer<typeof schema>) {
    this.#rgb = rgb.K;
    this.#event = event.K;
    this.#eventToRgb = extrinsics.event2rgb.slice(0, 3).map(([a, b, c]) => [a, b, c] as const);
    const rows = extrinsics.lidar2rgb.slice(0, 3);
    this.lidarToRgb = {
      rotation: Float64Array.from(rows.flatMap((row) => row.slice(0, 3))),
      translation: Float64Array.from(rows.map(([, , , t]) => t)),
    };
  }

  /** @throws Error in one sentence where `calib.json` is missing or lacks a matrix */
  static async read(root: string): Promise<MusesCalibration> {
    const path = join(root, 'calib.json');
    let raw: unknown;
    try {
      raw = JSON.parse(await readText(path));
    } catch (cause) {
      throw new Error(`Expected MUSES's calib.json at ${path} but could not read it: ${(cause as Error).message}.`);
    }
    const outcome = schema.safeParse(raw);
    if (outcome.success) return new MusesCalibration(outcome.data);
    const issue = outcome.error.issues[0]!;
    throw new Error(
      `Expected intrinsics and extrinsics of MUSES in ${path} but ${issue.path.join('.')} is wrong: ${issue.message}. ` +
        'Use the file as it is published.',
    );
  }

  /**
   * The frame camera at another size. The SDK scales the rows of K and takes the pixel that a projected point lies in,
   * `floor(u)`: its pixel 0 spans 0..1. In this project it spans -0.5..0.5, hence the half pixel.
   */
  camera(size: ImageSize): CameraModel {
    const [[fx, , cx], [, fy, cy]] = this.#scaled(size) as [[number, number, number], [number, number, number]];
    return new CameraModel({ ...size, fx, fy, cx: cx - 0.5, cy: cy - 0.5 });
  }

  /**
   * Takes pixels of the event camera to pixels of the frame camera at a size, both with whole-numbered centres:
   * K_rgb R K_event^-1. What the SDK does in three steps (stereo rectification and two undistortions) is this
   * homography; it leaves the translation out, as events have no depth.
   */
  eventHomography(size: ImageSize): Matrix3 {
    return product(product(this.#scaled(size), this.#eventToRgb), inverse(this.#event));
  }

  /** K of the frame camera, its rows scaled as by the SDK's `rescale_K`. */
  #scaled({ width, height }: ImageSize): Matrix3 {
    const [sx, sy] = [width / MUSES_SIZE.width, height / MUSES_SIZE.height];
    const [first, second, third] = this.#rgb as [Matrix3[number], Matrix3[number], Matrix3[number]];
    return [[first[0] * sx, first[1] * sx, first[2] * sx], [second[0] * sy, second[1] * sy, second[2] * sy], third];
  }
}

function product(a: Matrix3, b: Matrix3): Matrix3 {
  return a.map((row) => {
    const at = (column: 0 | 1 | 2) => row[0] * b[0]![column] + row[1] * b[1]![column] + row[2] * b[2]![column];
    return [at(0), at(1), at(2)] as const;
  });
}

/** By cofactors. */
function inverse(m: Matrix3): Matrix3 {
  const [[a, b, c], [d, e, f], [g, h, i]] = m as [Matrix3[number], Matrix3[number], Matrix3[number]];
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  if (determinant === 0) throw new Error("Expected MUSES's event camera matrix to be invertible but it is not.");
  return [
    [(e * i - f * h) / determinant, (c * h - b * i) / determinant, (b * f - c * e) / determinant],
    [(f * g - d * i) / determinant, (a * i - c * g) / determinant, (c * d - a * f) / determinant],
    [(d * h - e * g) / determinant, (b * g - a * h) / determinant, (a * e - b * d) / determinant],
  ];
}

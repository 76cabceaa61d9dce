import type { CameraInfo } from '../../messages/types.js';
import { inRowSlices } from '../in_slices.js';
import type { ImageSize } from '../modality_image.js';
import { checkCameraInfo, distortionModelName } from './check_camera_info.js';
import {
  type Distortion,
  EquidistantDistortion,
  noDistortion,
  RationalDistortion,
  TiltedDistortion,
} from './distortion.js';

export type CameraModelOutcome = { kind: 'model'; model: CameraModel } | { kind: 'invalid'; reason: string };

/** Which of a camera's two pictures is meant: as the lens makes it (K, D), or rectified (P). */
export type ImageGeometry = 'raw' | 'rectified';

/** A ray through a distorted lens takes some iterations. */
const RAYS_PER_SLICE = 10_000;

interface Intrinsics extends ImageSize {
  fx: number;
  fy: number;
  cx: number;
  cy: number;
}

/**
 * Where points in a camera's optical frame (z forward, x right, y down; metres) appear in its picture, and back.
 * Pixel centres have whole-numbered coordinates: the picture spans -0.5..width-0.5.
 */
export class CameraModel implements ImageSize {
  readonly width: number;
  readonly height: number;
  readonly fx: number;
  readonly fy: number;
  readonly cx: number;
  readonly cy: number;
  /**
   * Where the lens is in the frame of the message's header, x, y, z in metres: beside the origin for the second eye of
   * a stereo camera, whose header names the first one's frame (REP-104; P's fourth column is -f times this).
   */
  readonly centre: readonly [number, number, number];
  readonly #distortion: Distortion;
  /** From the frame of the message's header to the lens; absent where they agree, as in all but stereo cameras. */
  readonly #rotation: Float64Array | undefined;
  readonly #maxRadiusSquared: number;
  readonly #scratch = new Float64Array(2);
  #rays: Promise<Float32Array> | undefined;

  /**
   * @param rotation - 3x3 row-major, from the header's frame into the frame of the lens
   */
  constructor(
    intrinsics: Intrinsics,
    distortion: Distortion = noDistortion,
    rotation?: Float64Array,
    centre: CameraModel['centre'] = AT_ORIGIN,
  ) {
    this.width = intrinsics.width;
    this.height = intrinsics.height;
    this.fx = intrinsics.fx;
    this.fy = intrinsics.fy;
    this.cx = intrinsics.cx;
    this.cy = intrinsics.cy;
    this.centre = centre;
    this.#distortion = distortion;
    this.#rotation = rotation;
    this.#maxRadiusSquared = distortion.maxRadius ** 2;
  }

  /**
   * Builds the model of the picture the message belongs to, ROI and binning applied: first the ROI's offset is
   * subtracted, then divided by the binning (image_geometry's convention).
   */
  static fromCameraInfo(info: CameraInfo, geometry: ImageGeometry = 'raw'): CameraModelOutcome {
    const problem = checkCameraInfo(info, geometry);
    if (problem !== undefined) return { kind: 'invalid', reason: problem };
    const { roi } = info;
    const isFull = roi.width === 0 || roi.height === 0;
    const binningX = Math.max(1, info.binning_x);
    const binningY = Math.max(1, info.binning_y);
    const [matrix, rowLength] = geometry === 'raw' ? [info.k, 3] : [info.p, 4];
    const intrinsics = {
      width: Math.floor((isFull ? info.width : roi.width) / binningX),
      height: Math.floor((isFull ? info.height : roi.height) / binningY),
      fx: matrix[0]! / binningX,
      fy: matrix[rowLength + 1]! / binningY,
      cx: (matrix[2]! - (isFull ? 0 : roi.x_offset)) / binningX,
      cy: (matrix[rowLength + 2]! - (isFull ? 0 : roi.y_offset)) / binningY,
    };
    const centre = lensCentre(info.p);
    const model =
      geometry === 'rectified'
        ? new CameraModel(intrinsics, noDistortion, undefined, centre)
        : new CameraModel(intrinsics, distortionOf(info), lensRotation(info.r), centre);
    return { kind: 'model', model };
  }

  /** The same camera with its lens in the origin of its frame. */
  centred(): CameraModel {
    return this.centre === AT_ORIGIN ? this : new CameraModel(this, this.#distortion, this.#rotation);
  }

  /** The same camera with its picture resized to `size`: edges stay edges, so centres shift by half pixels. */
  scaledTo(size: ImageSize): CameraModel {
    if (size.width === this.width && size.height === this.height) return this;
    const sx = size.width / this.width;
    const sy = size.height / this.height;
    const intrinsics = {
      width: size.width,
      height: size.height,
      fx: this.fx * sx,
      fy: this.fy * sy,
      cx: (this.cx + 0.5) * sx - 0.5,
      cy: (this.cy + 0.5) * sy - 0.5,
    };
    return new CameraModel(intrinsics, this.#distortion, this.#rotation, this.centre);
  }

  /**
   * Projects a point in the optical frame, in metres, and writes u, v to `pixel[0], pixel[1]`, which may lie outside
   * the picture. False, and nothing written, for points that are not finite, not in front of the camera, or so far
   * off the axis that the lens model does not hold.
   */
  project(frameX: number, frameY: number, z: number, pixel: Float64Array): boolean {
    const x = frameX - this.centre[0];
    const y = frameY - this.centre[1];
    const r = this.#rotation;
    if (r !== undefined) {
      return this.#projectLens(
        r[0]! * x + r[1]! * y + r[2]! * z,
        r[3]! * x + r[4]! * y + r[5]! * z,
        r[6]! * x + r[7]! * y + r[8]! * z,
        pixel,
      );
    }
    return this.#projectLens(x, y, z, pixel);
  }

  /**
   * The lens as numbers: k1..k6, p1, p2, s1..s4 of {@link RationalDistortion}, then the square of the largest undistorted
   * radius it holds for. Undefined for other lenses, and for one that is turned against the frame.
   */
  get rationalLens(): Float64Array | undefined {
    const { coefficients } = this.#distortion;
    if (coefficients === undefined || this.#rotation !== undefined) return undefined;
    return Float64Array.of(...coefficients, this.#maxRadiusSquared);
  }

  /**
   * The ray of a pixel, which begins at {@link centre}: writes its direction, scaled to z = 1 of the optical frame, to
   * `ray[0..2]`. False, and zeros written, where no ray in front of the camera leads to that pixel.
   */
  unproject(u: number, v: number, ray: Float64Array | Float32Array): boolean {
    const point = this.#scratch;
    ray.fill(0, 0, 3);
    if (!this.#distortion.undistort((u - this.cx) / this.fx, (v - this.cy) / this.fy, point)) return false;
    const x = point[0]!;
    const y = point[1]!;
    const r = this.#rotation;
    if (r === undefined) {
      ray[0] = x;
      ray[1] = y;
      ray[2] = 1;
      return true;
    }
    // The inverse of a rotation is its transpose.
    const z = r[2]! * x + r[5]! * y + r[8]!;
    if (!(z > 0)) return false;
    ray[0] = (r[0]! * x + r[3]! * y + r[6]!) / z;
    ray[1] = (r[1]! * x + r[4]! * y + r[7]!) / z;
    ray[2] = 1;
    return true;
  }

  /** Rays of all pixels, x, y, 1 interleaved, row-major; 0, 0, 0 where there is none. Computed once; read only. */
  rays(): Promise<Float32Array> {
    this.#rays ??= this.#computeRays();
    return this.#rays;
  }

  async #computeRays(): Promise<Float32Array> {
    const rays = new Float32Array(this.width * this.height * 3);
    const ray = new Float64Array(3);
    await inRowSlices(this, RAYS_PER_SLICE, (from, to) => {
      for (let v = from, i = from * this.width * 3; v < to; v++) {
        for (let u = 0; u < this.width; u++, i += 3) {
          this.unproject(u, v, ray);
          rays.set(ray, i);
        }
      }
    });
    return rays;
  }

  #projectLens(x: number, y: number, z: number, pixel: Float64Array): boolean {
    // Written so that NaN fails every test. A tenth of a millimetre keeps the division from overflowing.
    if (!(z > 1e-4)) return false;
    const nx = x / z;
    const ny = y / z;
    if (!(nx * nx + ny * ny <= this.#maxRadiusSquared)) return false;
    this.#distortion.distort(nx, ny, pixel);
    pixel[0] = this.fx * pixel[0]! + this.cx;
    pixel[1] = this.fy * pixel[1]! + this.cy;
    return true;
  }
}

function distortionOf(info: CameraInfo): Distortion {
  const { d } = info;
  if (Array.from(d).every((coefficient) => coefficient === 0)) {
    return isFisheye(info) ? new EquidistantDistortion([]) : noDistortion;
  }
  if (isFisheye(info)) return new EquidistantDistortion(d);
  const lens = new RationalDistortion(d);
  const [tauX = 0, tauY = 0] = [d[12], d[13]];
  return tauX === 0 && tauY === 0 ? lens : new TiltedDistortion(lens, tauX, tauY);
}

/** An equidistant lens with zero coefficients still bends; one without coefficients is not described at all. */
function isFisheye({ distortion_model, d }: CameraInfo): boolean {
  return distortionModelName(distortion_model) === 'equidistant' && d.length > 0;
}

const AT_ORIGIN: CameraModel['centre'] = [0, 0, 0];

/** From P's fourth column, Tx = -fx' Bx and Ty = -fy' By. */
function lensCentre(p: ArrayLike<number>): CameraModel['centre'] {
  const [fx = 0, tx = 0, fy = 0, ty = 0] = [p[0], p[3], p[5], p[7]];
  const isKnown = fx > 0 && fy > 0 && Number.isFinite(tx / fx) && Number.isFinite(ty / fy);
  if (!isKnown || (tx === 0 && ty === 0)) return AT_ORIGIN;
  return [-tx / fx, -ty / fy, 0];
}

/**
 * REP-104's R turns the camera's raw frame into the rectified one that `frame_id` means, so its transpose leads from
 * there to the lens. Monocular cameras carry the identity, careless drivers zeros.
 */
function lensRotation(r: ArrayLike<number>): Float64Array | undefined {
  const isIdentity = Array.from(r).every((value, i) => Math.abs(value - (i % 4 === 0 ? 1 : 0)) < 1e-9);
  const isUnset = Array.from(r).every((value) => value === 0);
  if (isIdentity || isUnset) return undefined;
  return Float64Array.of(r[0]!, r[3]!, r[6]!, r[1]!, r[4]!, r[7]!, r[2]!, r[5]!, r[8]!);
}

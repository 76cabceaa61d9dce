import type { NineNumbers } from './rigid_transform.js';

/**
 * Lens distortion on the normalised image plane (x = X/Z, y = Y/Z), as ROS' `CameraInfo.distortion_model` names it.
 * Formulas: OpenCV, calib3d (plumb_bob and rational_polynomial, with thin prism and tilted sensor) and its fisheye
 * module (equidistant, Kannala and Brandt 2006).
 */
export interface Distortion {
  /**
   * Undistorted radius up to which the polynomial still rises. A point further out would be folded back into the
   * picture, far from where its light falls, so it counts as not seen.
   */
  readonly maxRadius: number;
  /** k1..k6, p1, p2, s1..s4 of a {@link RationalDistortion}, where it is nothing else. */
  readonly coefficients?: Float64Array;
  /** Writes the distorted point to `out[0], out[1]`. */
  distort(x: number, y: number, out: Float64Array): void;
  /** Writes the undistorted point to `out[0], out[1]`; false where no ray leads to that point. */
  undistort(x: number, y: number, out: Float64Array): boolean;
}

/** How far a normalised point may be off after the inverse was iterated; 1e-9 is about a millionth of a pixel. */
const CONVERGED = 1e-9;
const MAX_ITERATIONS = 20;
/** tan of 84 degrees. No polynomial lens model holds beyond. */
const WIDEST_RADIUS = 10;

/** A pinhole without distortion, as in rectified images. */
export const noDistortion: Distortion = {
  maxRadius: Number.POSITIVE_INFINITY,
  coefficients: new Float64Array(12),
  distort(x, y, out) {
    out[0] = x;
    out[1] = y;
  },
  undistort(x, y, out) {
    out[0] = x;
    out[1] = y;
    return true;
  },
};

/**
 * `plumb_bob` and `rational_polynomial`: radial factor (1 + k1 r² + k2 r⁴ + k3 r⁶) / (1 + k4 r² + k5 r⁴ + k6 r⁶)
 * plus tangential p1, p2, plus thin prism s1 r² + s2 r⁴ in x and s3 r² + s4 r⁴ in y. A tilted sensor is the matter of
 * {@link TiltedDistortion}.
 */
export class RationalDistortion implements Distortion {
  readonly maxRadius: number;
  readonly coefficients: Float64Array;
  readonly #k: Float64Array;
  readonly #p1: number;
  readonly #p2: number;
  readonly #s: Float64Array;

  /** @param d - k1, k2, p1, p2, k3, k4, k5, k6, s1, s2, s3, s4; missing ones are 0 */
  constructor(d: ArrayLike<number>) {
    this.#k = Float64Array.of(d[0] ?? 0, d[1] ?? 0, d[4] ?? 0, d[5] ?? 0, d[6] ?? 0, d[7] ?? 0);
    this.#p1 = d[2] ?? 0;
    this.#p2 = d[3] ?? 0;
    this.#s = Float64Array.of(d[8] ?? 0, d[9] ?? 0, d[10] ?? 0, d[11] ?? 0);
    this.coefficients = Float64Array.of(...this.#k, this.#p1, this.#p2, ...this.#s);
    this.maxRadius = risesUpTo((r) => r * this.#radialFactor(r * r), WIDEST_RADIUS);
  }

  distort(x: number, y: number, out: Float64Array): void {
    const s = this.#s;
    const r2 = x * x + y * y;
    const factor = this.#radialFactor(r2);
    const xy2 = 2 * x * y;
    out[0] = x * factor + this.#p1 * xy2 + this.#p2 * (r2 + 2 * x * x) + r2 * (s[0]! + r2 * s[1]!);
    out[1] = y * factor + this.#p1 * (r2 + 2 * y * y) + this.#p2 * xy2 + r2 * (s[2]! + r2 * s[3]!);
  }

  undistort(x: number, y: number, out: Float64Array): boolean {
    // Lenses bend little, so Newton nearly always gets there from the distorted point. Where it does not, or arrives
    // beyond the fold, it starts again from the inverse of the radial part alone.
    if (this.#undistortFrom(x, y, x, y, out)) return true;
    const distortedRadius = Math.hypot(x, y);
    const radius = invertRising((r) => r * this.#radialFactor(r * r), distortedRadius, this.maxRadius, 40);
    const scale = distortedRadius > 0 ? radius / distortedRadius : 1;
    return this.#undistortFrom(x * scale, y * scale, x, y, out);
  }

  /** Newton in two dimensions for the point that is distorted to (x, y). */
  #undistortFrom(startX: number, startY: number, x: number, y: number, out: Float64Array): boolean {
    const s = this.#s;
    let px = startX;
    let py = startY;
    for (let i = 0; i < MAX_ITERATIONS; i++) {
      this.distort(px, py, out);
      const ex = out[0]! - x;
      const ey = out[1]! - y;
      if (Math.abs(ex) < CONVERGED && Math.abs(ey) < CONVERGED) {
        out[0] = px;
        out[1] = py;
        return px * px + py * py <= this.maxRadius ** 2;
      }
      const r2 = px * px + py * py;
      const factor = this.#radialFactor(r2);
      const slope = 2 * this.#radialSlope(r2);
      // Derivatives of the thin prism terms by r², twice: r² changes by 2x dx + 2y dy.
      const prismX = 2 * (s[0]! + 2 * r2 * s[1]!);
      const prismY = 2 * (s[2]! + 2 * r2 * s[3]!);
      const cross = px * py * slope + 2 * this.#p1 * px + 2 * this.#p2 * py;
      const jxx = factor + px * px * slope + 2 * this.#p1 * py + 6 * this.#p2 * px + prismX * px;
      const jxy = cross + prismX * py;
      const jyx = cross + prismY * px;
      const jyy = factor + py * py * slope + 6 * this.#p1 * py + 2 * this.#p2 * px + prismY * py;
      const determinant = jxx * jyy - jxy * jyx;
      px -= (jyy * ex - jxy * ey) / determinant;
      py -= (jxx * ey - jyx * ex) / determinant;
    }
    return false;
  }

  #radialFactor(r2: number): number {
    const k = this.#k;
    return (1 + r2 * (k[0]! + r2 * (k[1]! + r2 * k[2]!))) / (1 + r2 * (k[3]! + r2 * (k[4]! + r2 * k[5]!)));
  }

  /** Derivative of the radial factor by r². */
  #radialSlope(r2: number): number {
    const k = this.#k;
    const numerator = 1 + r2 * (k[0]! + r2 * (k[1]! + r2 * k[2]!));
    const denominator = 1 + r2 * (k[3]! + r2 * (k[4]! + r2 * k[5]!));
    const numeratorSlope = k[0]! + r2 * (2 * k[1]! + r2 * 3 * k[2]!);
    const denominatorSlope = k[3]! + r2 * (2 * k[4]! + r2 * 3 * k[5]!);
    return (numeratorSlope * denominator - numerator * denominatorSlope) / (denominator * denominator);
  }
}

/**
 * A lens in front of a sensor that stands at an angle to it, as OpenCV's tauX and tauY describe it: the distorted point
 * goes through a homography, which is the identity for angles of 0.
 */
export class TiltedDistortion implements Distortion {
  readonly maxRadius: number;
  readonly #lens: Distortion;
  readonly #matrix: Float64Array;
  readonly #inverse: Float64Array;

  /** @param tauX, tauY - the angles in radians */
  constructor(lens: Distortion, tauX: number, tauY: number) {
    this.#lens = lens;
    this.#matrix = tiltMatrix(tauX, tauY);
    this.#inverse = invert3x3(this.#matrix);
    this.maxRadius = lens.maxRadius;
  }

  distort(x: number, y: number, out: Float64Array): void {
    this.#lens.distort(x, y, out);
    applyHomography(this.#matrix, out[0]!, out[1]!, out);
  }

  undistort(x: number, y: number, out: Float64Array): boolean {
    applyHomography(this.#inverse, x, y, out);
    return this.#lens.undistort(out[0]!, out[1]!, out);
  }
}

/** `equidistant`, the fisheye: image radius θ (1 + k1 θ² + k2 θ⁴ + k3 θ⁶ + k4 θ⁸) of the angle θ off the axis. */
export class EquidistantDistortion implements Distortion {
  readonly maxRadius: number;
  readonly #k: Float64Array;
  readonly #maxAngle: number;

  /** @param d - k1, k2, k3, k4; missing ones are 0 */
  constructor(d: ArrayLike<number>) {
    this.#k = Float64Array.of(d[0] ?? 0, d[1] ?? 0, d[2] ?? 0, d[3] ?? 0);
    // Points at or behind the image plane are not projected, hence just under 90 degrees.
    this.#maxAngle = risesUpTo((angle) => this.#imageRadius(angle), Math.PI / 2 - 1e-4);
    this.maxRadius = Math.tan(this.#maxAngle);
  }

  distort(x: number, y: number, out: Float64Array): void {
    const r = Math.hypot(x, y);
    const scale = r > 1e-9 ? this.#imageRadius(Math.atan(r)) / r : 1;
    out[0] = x * scale;
    out[1] = y * scale;
  }

  undistort(x: number, y: number, out: Float64Array): boolean {
    const imageRadius = Math.hypot(x, y);
    const angle = invertRising((theta) => this.#imageRadius(theta), imageRadius, this.#maxAngle, 40);
    const scale = imageRadius > 1e-9 ? Math.tan(angle) / imageRadius : 1;
    out[0] = x * scale;
    out[1] = y * scale;
    return Math.abs(this.#imageRadius(angle) - imageRadius) < CONVERGED;
  }

  #imageRadius(angle: number): number {
    const k = this.#k;
    const t2 = angle * angle;
    return angle * (1 + t2 * (k[0]! + t2 * (k[1]! + t2 * (k[2]! + t2 * k[3]!))));
  }
}

/** The argument, at most `limit`, up to which `f` rises from 0. */
function risesUpTo(f: (argument: number) => number, limit: number): number {
  const steps = 2000;
  let previous = f(0);
  for (let step = 1; step <= steps; step++) {
    const argument = (limit * step) / steps;
    const value = f(argument);
    if (!(value > previous)) return (limit * (step - 1)) / steps;
    previous = value;
  }
  return limit;
}

/** Inverse of a function rising on 0..limit to limit / 2^halvings, by bisection, which cannot diverge. */
function invertRising(f: (argument: number) => number, value: number, limit: number, halvings: number): number {
  let low = 0;
  let high = limit;
  for (let i = 0; i < halvings; i++) {
    const middle = (low + high) / 2;
    if (f(middle) < value) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * OpenCV's matTilt = [[R33, 0, -R13], [0, R33, -R23], [0, 0, 1]] · R with R = Ry(tauY) · Rx(tauX) (Louhichi et al. 2007,
 * as in OpenCV's documentation of calib3d).
 */
function tiltMatrix(tauX: number, tauY: number): Float64Array {
  const [cx, sx, cy, sy] = [Math.cos(tauX), Math.sin(tauX), Math.cos(tauY), Math.sin(tauY)];
  const r = [cy, sy * sx, -sy * cx, 0, cx, sx, sy, -cy * sx, cy * cx] as const;
  const [r13, r23, r33] = [r[2], r[5], r[8]];
  return Float64Array.of(
    r33 * r[0] - r13 * r[6],
    r33 * r[1] - r13 * r[7],
    r33 * r[2] - r13 * r[8],
    r33 * r[3] - r23 * r[6],
    r33 * r[4] - r23 * r[7],
    r33 * r[5] - r23 * r[8],
    r[6],
    r[7],
    r[8],
  );
}

function applyHomography(m: Float64Array, x: number, y: number, out: Float64Array): void {
  const w = m[6]! * x + m[7]! * y + m[8]!;
  out[0] = (m[0]! * x + m[1]! * y + m[2]!) / w;
  out[1] = (m[3]! * x + m[4]! * y + m[5]!) / w;
}

function invert3x3(m: Float64Array): Float64Array {
  const [a, b, c, d, e, f, g, h, i] = Array.from(m) as NineNumbers;
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  const adjugate = [
    e * i - f * h,
    c * h - b * i,
    b * f - c * e,
    f * g - d * i,
    a * i - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    a * e - b * d,
  ];
  return Float64Array.from(adjugate, (value) => value / determinant);
}

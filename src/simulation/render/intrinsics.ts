/** Pinhole camera with plumb_bob distortion, as `sensor_msgs/msg/CameraInfo` describes it. */
export interface Intrinsics {
  readonly width: number;
  readonly height: number;
  readonly fx: number;
  readonly fy: number;
  readonly cx: number;
  readonly cy: number;
  /** k1, k2, p1, p2, k3 */
  readonly distortion: readonly [number, number, number, number, number];
}

/** plumb_bob (Brown-Conrady) on the normalised plane, as OpenCV and ROS define it. */
export function distort(x: number, y: number, i: Intrinsics, out: Float64Array): void {
  const [k1, k2, p1, p2, k3] = i.distortion;
  const r2 = x * x + y * y;
  const radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3));
  out[0] = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x);
  out[1] = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y;
}

/** Inverse of `distort` by fixed-point iteration, which converges for the slight distortion of the rig. */
export function undistort(xd: number, yd: number, i: Intrinsics, out: Float64Array): void {
  let x = xd;
  let y = yd;
  const steps = i.distortion.some((coefficient) => coefficient !== 0) ? 20 : 0;
  for (let step = 0; step < steps; step++) {
    distort(x, y, i, out);
    x += xd - out[0]!;
    y += yd - out[1]!;
  }
  out[0] = x;
  out[1] = y;
}

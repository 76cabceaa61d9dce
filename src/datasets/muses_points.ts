import { readFile } from 'node:fs/promises';
import { type DrawnPoints, type ImageSize, type LidarRepresentation, renderPointCloud } from '../sensors/index.js';
import type { MusesCalibration } from './muses_calibration.js';

/** x (front), y, z (up) in metres, intensity, ring, seconds: float64. */
const VALUES_PER_POINT = 6;
const POINT_BYTES = VALUES_PER_POINT * 8;
/** Nearer points are the vehicle's own (SDK). */
const NEAREST_METRES = 1;

/**
 * Reads a `.bin` of MUSES.
 * @throws Error in one sentence where it cannot be read or is cut short
 */
export async function readMusesPoints(path: string): Promise<DrawnPoints> {
  const file = await readFile(path).catch((cause: Error) => {
    throw new Error(`Expected LiDAR points at ${path} but could not read them: ${cause.message}.`, { cause });
  });
  if (file.length % POINT_BYTES !== 0) {
    throw new Error(
      `Expected a multiple of ${POINT_BYTES} bytes in ${path} but received ${file.length}. Copy the file again.`,
    );
  }
  const count = file.length / POINT_BYTES;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const cloud = {
    length: 0,
    x: new Float64Array(count),
    y: new Float64Array(count),
    z: new Float64Array(count),
    intensity: new Float64Array(count),
  };
  for (let i = 0; i < count; i++) {
    const value = (k: number) => view.getFloat64(i * POINT_BYTES + 8 * k, true);
    const [x, y, z] = [value(0), value(1), value(2)];
    // Written so that NaN fails.
    if (!(Math.sqrt(x * x + y * y + z * z) >= NEAREST_METRES)) continue;
    const place = cloud.length++;
    cloud.x[place] = x;
    cloud.y[place] = y;
    cloud.z[place] = z;
    cloud.intensity[place] = value(3);
  }
  return cloud;
}

/**
 * Draws points as the robot does, with height above the LiDAR's own origin. Unlike the SDK, points behind the camera are
 * left out (it has no such test, and their mirror images land in the picture), and of several points in a pixel the
 * nearest wins (there: the last of the file).
 */
export async function drawMusesPoints(
  cloud: DrawnPoints,
  calibration: MusesCalibration,
  size: ImageSize,
  representation: LidarRepresentation,
): Promise<Uint8Array> {
  const lidarToBase = { rotation: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), translation: new Float64Array(3) };
  const placement = { grid: calibration.camera(size), lidarToCamera: calibration.lidarToRgb, lidarToBase };
  return (await renderPointCloud(cloud, placement, representation)).data;
}

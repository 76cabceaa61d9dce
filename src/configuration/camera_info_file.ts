import { parse } from 'yaml';
import { z } from 'zod';
import { readText } from '../files/index.js';
import type { CameraInfo } from '../messages/index.js';
import { CameraModel, type ImageGeometry } from '../sensors/index.js';

/** A matrix of known shape, as OpenCV and camera_calibration_parsers write it. */
function matrix(rows: number, columns: number) {
  return z.object({
    rows: z.literal(rows),
    cols: z.literal(columns),
    data: z.array(z.number()).length(rows * columns),
  });
}

const side = z.number().int().min(1).max(65_535);

/** The file camera_calibration writes and camera_info_manager reads. */
const calibrationSchema = z.object({
  image_width: side,
  image_height: side,
  distortion_model: z.string().default('plumb_bob'),
  camera_matrix: matrix(3, 3),
  distortion_coefficients: z.object({ data: z.array(z.number()).max(14) }),
  rectification_matrix: matrix(3, 3).default({ rows: 3, cols: 3, data: [1, 0, 0, 0, 1, 0, 0, 0, 1] }),
  projection_matrix: matrix(3, 4).optional(),
});

/**
 * Reads a camera's calibration from a file, for a robot that starts without that camera.
 * @param frameId - the camera's optical frame, which the file does not tell
 * @param geometry - which of the camera's pictures will come
 * @throws Error with one sentence where the file cannot be read or describes no camera
 */
export async function loadCameraInfo(path: string, frameId: string, geometry: ImageGeometry): Promise<CameraInfo> {
  const expected = `Expected a calibration file of camera_calibration in ${path}`;
  const text = await readText(path).catch((error: Error) => {
    throw new Error(`${expected} but could not read it: ${error.message}`);
  });
  const outcome = calibrationSchema.safeParse(parseYaml(text, expected));
  if (!outcome.success) {
    const problems = outcome.error.issues
      .slice(0, 5)
      .map(({ path: key, message }) => `${key.join('.') || 'file'}: ${message}`);
    throw new Error(`${expected} but received a wrong one: ${problems.join('; ')}`);
  }
  const { data: file } = outcome;
  const k = file.camera_matrix.data;
  const info: CameraInfo = {
    header: { stamp: { sec: 0, nanosec: 0 }, frame_id: frameId },
    width: file.image_width,
    height: file.image_height,
    distortion_model: file.distortion_model,
    d: file.distortion_coefficients.data,
    k,
    r: file.rectification_matrix.data,
    p: file.projection_matrix?.data ?? [...k.slice(0, 3), 0, ...k.slice(3, 6), 0, ...k.slice(6, 9), 0],
    binning_x: 0,
    binning_y: 0,
    roi: { x_offset: 0, y_offset: 0, width: 0, height: 0, do_rectify: false },
  };
  const model = CameraModel.fromCameraInfo(info, geometry);
  if (model.kind === 'invalid') throw new Error(`${expected} but received a wrong one: ${model.reason}`);
  return info;
}

function parseYaml(text: string, expected: string): unknown {
  try {
    return parse(text, { logLevel: 'error' });
  } catch (error) {
    // Below its first line the message draws the place.
    const [reason = ''] = (error as Error).message.split('\n');
    throw new Error(`${expected} but received no YAML: ${reason.replace(/:$/, '.')}`);
  }
}

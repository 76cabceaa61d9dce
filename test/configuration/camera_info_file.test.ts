import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCameraInfo } from '../../src/configuration/index.js';

/** What camera_calibration saves for a 640x480 camera. */
const CALIBRATION = `image_width: 640
image_height: 480
camera_name: front
camera_matrix:
  rows: 3
  cols: 3
  data: [430.1, 0, 306.9, 0, 430.5, 227.2, 0, 0, 1]
distortion_model: plumb_bob
distortion_coefficients:
  rows: 1
  cols: 5
  data: [-0.337, 0.111, -0.0002, 0.0011, 0]
rectification_matrix:
  rows: 3
  cols: 3
  data: [1, 0, 0, 0, 1, 0, 0, 0, 1]
projection_matrix:
  rows: 3
  cols: 4
  data: [348.2, 0, 311.1, 0, 0, 400.4, 223.7, 0, 0, 0, 1, 0]
`;

describe('camera calibration files', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'calibration-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function load(text: string, geometry: 'raw' | 'rectified' = 'raw') {
    const path = join(folder, 'front.yaml');
    await writeFile(path, text);
    return loadCameraInfo(path, 'front_optical', geometry);
  }

  it('become the CameraInfo the driver would publish', async () => {
    assert.deepEqual(await load(CALIBRATION), {
      header: { stamp: { sec: 0, nanosec: 0 }, frame_id: 'front_optical' },
      width: 640,
      height: 480,
      distortion_model: 'plumb_bob',
      d: [-0.337, 0.111, -0.0002, 0.0011, 0],
      k: [430.1, 0, 306.9, 0, 430.5, 227.2, 0, 0, 1],
      r: [1, 0, 0, 0, 1, 0, 0, 0, 1],
      p: [348.2, 0, 311.1, 0, 0, 400.4, 223.7, 0, 0, 0, 1, 0],
      binning_x: 0,
      binning_y: 0,
      roi: { x_offset: 0, y_offset: 0, width: 0, height: 0, do_rectify: false },
    });
  });

  it('need no projection for a camera that is not rectified: it is the camera matrix', async () => {
    const { p } = await load(CALIBRATION.slice(0, CALIBRATION.indexOf('projection_matrix')));
    assert.deepEqual(p, [430.1, 0, 306.9, 0, 0, 430.5, 227.2, 0, 0, 0, 1, 0]);
  });

  const refused: [what: string, text: string, expected: RegExp][] = [
    ['no YAML', 'image_width: [', /^Expected a calibration file of camera_calibration in .* but received no YAML: /],
    ['nothing', '', /but received a wrong one: file: /],
    ['a matrix of another shape', CALIBRATION.replace('data: [430.1,', 'data: ['), /: camera_matrix\.data: /],
    ['no size', CALIBRATION.replace('image_width: 640', 'image_width: 0'), /: image_width: /],
    ['no focal length', CALIBRATION.replace('430.1', '0'), /k\[0\], k\[4\]/],
    ['an unknown lens', CALIBRATION.replace('plumb_bob', 'fisheye62'), /distortion/],
  ];
  for (const [what, text, expected] of refused) {
    it(`with ${what} are refused`, async () => {
      await assert.rejects(load(text), ({ message }: Error) => {
        assert.match(message, expected);
        assert.match(message, /^Expected a calibration file/);
        return true;
      });
    });
  }

  it('that are not there are named', async () => {
    await assert.rejects(
      loadCameraInfo('/no/such.yaml', 'front_optical', 'raw'),
      /^Error: Expected a calibration file of camera_calibration in \/no\/such\.yaml but could not read it: ENOENT/,
    );
  });
});

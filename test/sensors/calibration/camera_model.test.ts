import assert from 'node:assert/strict';
import type { CameraInfo } from '../../../src/messages/types.js';
import { CameraModel, type ImageGeometry } from '../../../src/sensors/calibration/index.js';
import { goldens } from '../support/goldens.js';
import { cameraInfo } from '../support/messages.js';

function modelOf(info: CameraInfo, geometry?: ImageGeometry): CameraModel {
  const outcome = CameraModel.fromCameraInfo(info, geometry);
  assert.ok(outcome.kind === 'model', outcome.kind === 'invalid' ? outcome.reason : '');
  return outcome.model;
}

describe('CameraModel', () => {
  describe('agrees with OpenCV', () => {
    const { k, width, height, points, cases } = goldens.projections;
    for (const { model: name, d, pixels } of cases) {
      const camera = modelOf(cameraInfo({ width, height, k, d, distortion_model: name }));

      it(`projects points through ${name} as cv2.projectPoints does`, () => {
        const pixel = new Float64Array(2);
        let compared = 0;
        for (const [i, [u, v]] of pixels.entries()) {
          // Points beyond where the polynomial rises are refused here and folded back there.
          if (!camera.project(...points[i]!, pixel)) continue;
          assert.ok(Math.hypot(pixel[0]! - u, pixel[1]! - v) < 1e-9, `point ${i}`);
          compared++;
        }
        assert.ok(compared >= 30, `only ${compared} of ${points.length} points could be compared`);
      });

      it(`finds the ray that ${name} bent`, () => {
        const ray = new Float64Array(3);
        for (const [i, [x, y, z]] of points.entries()) {
          const [u, v] = pixels[i]!;
          if (u < 0 || v < 0 || u >= width || v >= height) continue;
          assert.ok(camera.unproject(u, v, ray), `pixel ${u}, ${v}`);
          assert.ok(Math.hypot(ray[0]! - x / z, ray[1]! - y / z) < 1e-8, `pixel ${u}, ${v}`);
        }
      });
    }
  });

  describe('agrees with OpenCV on what drivers add', () => {
    const { k, width, height, points, cases } = goldens.fullProjections;
    for (const { name, model, d, baseline, pixels } of cases) {
      const p = [k[0]!, 0, k[2]!, -k[0]! * baseline, 0, k[4]!, k[5]!, 0, 0, 0, 1, 0];
      const camera = modelOf(cameraInfo({ width, height, k, d, p, distortion_model: model }));

      it(`projects points: ${name}`, () => {
        const pixel = new Float64Array(2);
        let compared = 0;
        for (const [i, [u, v]] of pixels.entries()) {
          if (!camera.project(...points[i]!, pixel)) continue;
          assert.ok(Math.hypot(pixel[0]! - u, pixel[1]! - v) < 1e-8, `point ${i}: ${pixel} and not ${u}, ${v}`);
          compared++;
        }
        assert.ok(compared >= 30, `only ${compared} of ${points.length} points could be compared`);
      });

      it(`finds the ray: ${name}`, () => {
        const ray = new Float64Array(3);
        for (const [i, [x, y, z]] of points.entries()) {
          const [u, v] = pixels[i]!;
          if (u < 0 || v < 0 || u >= width || v >= height) continue;
          assert.ok(camera.unproject(u, v, ray), `pixel ${u}, ${v}`);
          const [cx, cy] = camera.centre;
          assert.ok(Math.hypot(ray[0]! - (x - cx) / z, ray[1]! - (y - cy) / z) < 1e-8, `pixel ${u}, ${v}`);
        }
      });
    }

    it('reads plumb_bob with 8 coefficients as image_geometry does, by their number', () => {
      const { d, pixels } = goldens.projections.cases.find(({ model }) => model === 'rational_polynomial')!;
      const camera = modelOf(cameraInfo({ width, height, k, d, distortion_model: 'plumb_bob' }));
      const pixel = new Float64Array(2);
      assert.ok(camera.project(...goldens.projections.points[0]!, pixel));
      assert.ok(Math.hypot(pixel[0]! - pixels[0]![0], pixel[1]! - pixels[0]![1]) < 1e-9);
    });
  });

  describe('agrees with the numbers of image_geometry', () => {
    // vision_opencv, image_geometry/test/utest.cpp and utest_equi.cpp: calibrations of real cameras. OpenCV's own
    // inverse stops after a few iterations, hence the tolerance.
    const real = {
      plumb_bob: cameraInfo({
        width: 640,
        height: 480,
        distortion_model: 'plumb_bob',
        d: [-0.363528858080088, 0.16117037733986861, -8.1109585007538829e-5, -0.00044776712298447841, 0],
        k: [430.15433020105519, 0, 311.71339830549732, 0, 430.60920415473657, 221.06824942698509, 0, 0, 1],
        r: [
          0.99806560714807102, 0.0068562422224214027, 0.061790256276695904, -0.0067522959054715113, 0.99997541519165112,
          -0.0018909025066874664, -0.061801701660692349, 0.0014700186639396652, 0.99808736527268516,
        ],
        p: [295.53402059708782, 0, 285.55760765075684, 0, 0, 295.53402059708782, 223.29617881774902, 0, 0, 0, 1, 0],
      }),
      equidistant: cameraInfo({
        width: 640,
        height: 512,
        distortion_model: 'equidistant',
        d: [-0.08857683871674071, 0.0708113094372378, -0.09127623055964429, 0.04006922269778478],
        k: [403.603063319358, 0, 306.15842863283063, 0, 403.7028851121003, 261.09715697592696, 0, 0, 1],
        r: [
          0.999963944103842, -0.008484152966323483, 0.00036005656766869323, 0.008484153516269438, 0.9999640089218772, 0,
          -0.0003600436088446379, 3.0547751946422504e-6, 0.999999935179632,
        ],
        p: [347.2569964503485, 0, 350.5, 0, 0, 347.2569964503485, 256, 0, 0, 0, 1, 0],
      }),
    };
    const published = [
      { info: real.plumb_bob, rectified: [142.30311584472656, 132.061065673828], tolerance: 0.01 },
      { info: real.equidistant, rectified: [135.45747375488281, 84.945091247558594], tolerance: 0.01 },
    ];
    for (const { info, rectified, tolerance } of published) {
      it(`rectifies pixel 100, 100 of a ${info.distortion_model} camera, R and P included`, () => {
        const ray = new Float64Array(3);
        const pixel = new Float64Array(2);
        assert.ok(modelOf(info).unproject(100, 100, ray));
        assert.ok(modelOf(info, 'rectified').project(ray[0]!, ray[1]!, ray[2]!, pixel));
        assert.ok(Math.abs(pixel[0]! - rectified[0]!) < tolerance, `${pixel[0]}`);
        assert.ok(Math.abs(pixel[1]! - rectified[1]!) < tolerance, `${pixel[1]}`);
      });
    }

    it('gives the rays of rectified pixels', () => {
      const ray = new Float64Array(3);
      modelOf(real.plumb_bob, 'rectified').unproject(100, 100, ray);
      assert.deepEqual([...ray], [-0.62787224048135637, -0.41719792045817677, 1]);
      modelOf(real.equidistant, 'rectified').unproject(100, 100, ray);
      assert.deepEqual(
        [...ray].map((value) => value.toFixed(12)),
        [(-0.72136775518018115).toFixed(12), (-0.449235009214005).toFixed(12), (1).toFixed(12)],
      );
    });
  });

  it('refuses what is behind it, not finite, or so far aside that the lens polynomial folds it back', () => {
    // k1 = -0.4: r (1 - 0.4 r²) rises only up to r = 0.913.
    const camera = modelOf(cameraInfo({ d: [-0.4, 0, 0, 0, 0] }));
    const pixel = new Float64Array(2);
    const points: [string, number, number, number, boolean][] = [
      ['in front', 0.1, 0.1, 1, true],
      ['just inside the fold', 0.91, 0, 1, true],
      ['beyond the fold', 0.95, 0, 1, false],
      ['far beyond, folded right into the middle', 1.58, 0, 1, false],
      ['behind', 0.1, 0.1, -1, false],
      ['in the image plane', 1, 1, 0, false],
      ['NaN', Number.NaN, 0, 1, false],
      ['at infinity', 0, Number.POSITIVE_INFINITY, 1, false],
      ['NaN depth', 0, 0, Number.NaN, false],
    ];
    for (const [what, x, y, z, seen] of points) assert.equal(camera.project(x, y, z, pixel), seen, what);
  });

  it('has no ray where the lens lets no light through, and says so with zeros', async () => {
    const camera = modelOf(cameraInfo({ width: 2000, height: 100, d: [-0.4, 0, 0, 0, 0] }));
    const ray = new Float64Array([9, 9, 9]);
    assert.equal(camera.unproject(0, 50, ray), false);
    assert.deepEqual([...ray], [0, 0, 0]);
    const rays = await camera.rays();
    assert.deepEqual([...rays.subarray(50 * 2000 * 3, 50 * 2000 * 3 + 3)], [0, 0, 0]);
    assert.ok(rays.every((value) => Number.isFinite(value)));
    const middle = (50 * 2000 + 1000) * 3;
    assert.ok(camera.unproject(1000, 50, ray));
    assert.deepEqual([...rays.subarray(middle, middle + 3)], [...Float32Array.from(ray)]);
  });

  it('subtracts the ROI before it divides by the binning', () => {
    const roi = { x_offset: 100, y_offset: 40, width: 400, height: 300, do_rectify: false };
    const k = [500, 0, 320, 0, 510, 240, 0, 0, 1];
    const camera = modelOf(cameraInfo({ k, roi, binning_x: 2, binning_y: 4 }));
    const { width, height, fx, fy, cx, cy } = camera;
    assert.deepEqual(
      { width, height, fx, fy, cx, cy },
      { width: 200, height: 75, fx: 250, fy: 127.5, cx: 110, cy: 50 },
    );
  });

  it('scales so that the edges of the picture stay its edges', () => {
    const camera = modelOf(cameraInfo({ width: 640, height: 384, d: [-0.1, 0.01, 0, 0, 0] }));
    const half = camera.scaledTo({ width: 320, height: 192 });
    const [pixel, halfPixel] = [new Float64Array(2), new Float64Array(2)];
    for (const [x, y, z] of [
      [0, 0, 1],
      [0.5, -0.3, 1],
      [-2, 1, 5],
    ] as const) {
      camera.project(x, y, z, pixel);
      half.project(x, y, z, halfPixel);
      // Two pixels at 10 and 11 become one whose centre lies between them, at 10.5.
      assert.ok(Math.abs(halfPixel[0]! * 2 + 0.5 - pixel[0]!) < 1e-9);
      assert.ok(Math.abs(halfPixel[1]! * 2 + 0.5 - pixel[1]!) < 1e-9);
    }
    assert.equal(camera.scaledTo(camera), camera);
  });

  it('accepts what drivers of good cameras send', () => {
    const accepted: [string, Partial<CameraInfo>][] = [
      ['no coefficients', { d: [] }],
      ['no model and zeros', { distortion_model: '', d: [0, 0, 0, 0, 0] }],
      ['plumb_bob without k3', { d: [-0.1, 0.01, 0, 0] }],
      ['R left zero', { r: new Array(9).fill(0) }],
      ['typed arrays', { d: new Float64Array(5), k: Float64Array.of(500, 0, 320, 0, 500, 240, 0, 0, 1) }],
    ];
    for (const [what, changes] of accepted) {
      assert.equal(CameraModel.fromCameraInfo(cameraInfo(changes)).kind, 'model', what);
    }
  });

  describe('refuses a CameraInfo that lies, saying which field and what it got', () => {
    const k = [500, 0, 320, 0, 500, 240, 0, 0, 1];
    const bad: [string, Partial<CameraInfo>, RegExp, ImageGeometry?][] = [
      ['uncalibrated', { k: new Array(9).fill(0) }, /focal lengths above 0 .*k\[0\].* received 0, 0: calibrate/],
      ['NaN intrinsics', { k: k.with(2, Number.NaN) }, /9 finite numbers for CameraInfo\.k .*NaN/],
      ['negative focal length', { k: k.with(4, -500) }, /focal lengths/],
      ['too few intrinsics', { k: [500, 0, 320] }, /9 finite numbers/],
      ['no size', { width: 0 }, /1 to 65535 pixels a side but received 0x480/],
      ['a size no memory holds', { width: 4294967295, height: 4294967295 }, /65535/],
      ['unknown model', { distortion_model: 'thin_prism', d: [1] }, /plumb_bob, .* but received 'thin_prism'/],
      ['no model with coefficients', { distortion_model: '', d: [0.1, 0, 0, 0, 0] }, /but received ''/],
      ['wrong number of coefficients', { d: [0.1, 0.2] }, /0 or 4 or 5 or 8 or 12 or 14 coefficients .* received 2/],
      ['fifteen', { d: [0.1, ...new Array(13).fill(0), 0.2] }, /12 or 14 .* received 15/],
      ['a sensor tilted too far', { d: [0.1, ...new Array(11).fill(0), 1.2, 0] }, /tilt of at most 0.5 rad/],
      ['NaN coefficient', { d: [0.1, Number.NaN, 0, 0, 0] }, /finite numbers for CameraInfo\.d/],
      ['R that is no rotation', { r: [2, 0, 0, 0, 1, 0, 0, 0, 1] }, /rotation matrix for CameraInfo\.r/],
      [
        'ROI outside',
        { roi: { x_offset: 600, y_offset: 0, width: 100, height: 100, do_rectify: false } },
        /roi inside 640x480 but received 100x100 at 600,0/,
      ],
      ['absurd binning', { binning_x: 10_000 }, /binning/],
      [
        'binning that leaves nothing of the ROI',
        { binning_y: 101, roi: { x_offset: 10, y_offset: 20, width: 200, height: 100, do_rectify: true } },
        /binning of a few pixels but received 101/,
      ],
      ['rectified without P', { p: new Array(12).fill(0) }, /p\[0\].*received 0, 0/, 'rectified'],
    ];
    for (const [what, changes, reason, geometry] of bad) {
      it(what, () => {
        const outcome = CameraModel.fromCameraInfo(cameraInfo(changes), geometry);
        assert.equal(outcome.kind, 'invalid');
        assert.match(outcome.kind === 'invalid' ? outcome.reason : '', reason);
      });
    }
  });
});

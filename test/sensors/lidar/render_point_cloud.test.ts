import assert from 'node:assert/strict';
import { CameraModel, identityTransform, type RigidTransform } from '../../../src/sensors/calibration/index.js';
import { type LidarImage, type PointCloud, renderPointCloud } from '../../../src/sensors/lidar/index.js';

/** LiDAR x forward, y left, z up; camera z forward, x right, y down, at the same place. */
const toOptical: RigidTransform = {
  rotation: Float64Array.of(0, -1, 0, 0, 0, -1, 1, 0, 0),
  translation: new Float64Array(3),
};
const onPole: RigidTransform = { ...identityTransform(), translation: Float64Array.of(0, 0, 1.8) };
/** 9 x 7 pixels; a point at azimuth a, elevation e is at column 4 - 8 tan a, row 3 - 8 tan e / cos a. */
const grid = new CameraModel({ width: 9, height: 7, fx: 8, fy: 8, cx: 4, cy: 3 });

function cloudOf(points: [x: number, y: number, z: number, intensity: number][]): PointCloud {
  const column = (axis: 0 | 1 | 2 | 3) => Float32Array.from(points, (point) => point[axis]);
  const [x, y, z, intensity] = [column(0), column(1), column(2), column(3)];
  return { length: points.length, x, y, z, intensity };
}

function render(points: [number, number, number, number][], dilation = 0, placement = {}): Promise<LidarImage> {
  return renderPointCloud(
    cloudOf(points),
    { grid, lidarToCamera: toOptical, lidarToBase: onPole, ...placement },
    { kind: 'range-intensity-height', rangeMetres: [1, 80], heightMetres: [-1, 7], dilation },
  );
}

/** Lit pixels as [column, row, r, g, b]. */
function lit({ data }: LidarImage): number[][] {
  const found: number[][] = [];
  for (let i = 0; i < data.length; i += 3) {
    const [r, g, b] = data.subarray(i, i + 3);
    if (r || g || b) found.push([(i / 3) % 9, Math.floor(i / 27), r!, g!, b!]);
  }
  return found;
}

describe('renderPointCloud', () => {
  it('puts a point where the camera sees it, with range, intensity and height', async () => {
    // 8 m ahead, 2 m left, 1 m up: column 4 - 8 * 2 / 8, row 3 - 8 * 1 / 8. Range sqrt(69) = 8.3066:
    // 255 * (1 - ln 8.3066 / ln 80) = 131.80. Height 1.8 + 1 = 2.8: 1 + 254 * 3.8 / 8 = 121.65.
    const image = await render([[8, 2, 1, 77.4]]);
    assert.deepEqual(lit(image), [[2, 2, 132, 77, 122]]);
    assert.deepEqual([image.visiblePoints, image.quality], [1, { kind: 'good' }]);
  });

  it('bounds range and height, and keeps a far dark point different from nothing', async () => {
    assert.deepEqual(
      lit(await render([[0.5, 0, 0, 255]])).map((pixel) => pixel.slice(2)),
      [[255, 255, 90]],
    );
    assert.deepEqual(
      lit(await render([[200, 0, 0, 0]])).map((pixel) => pixel.slice(2)),
      [[0, 0, 90]],
    );
    assert.deepEqual(
      lit(await render([[80, 0, -20, 9]])).map((pixel) => pixel.slice(2)),
      [[0, 9, 1]],
    );
    assert.deepEqual(
      lit(await render([[80, 0, 20, 9]])).map((pixel) => pixel.slice(2)),
      [[0, 9, 255]],
    );
  });

  it('drops points behind the camera, also those that would fall into the picture', async () => {
    const image = await render([
      [-8, 2, 1, 77],
      [0, 0, 0, 77],
      [-1e-9, 0, 0, 77],
    ]);
    assert.deepEqual(lit(image), []);
    assert.deepEqual(image.quality, { kind: 'blind', reason: 'empty' });
  });

  it('drops points beside the picture and keeps those on its last half pixel', async () => {
    // Column 4 - 8 y / 8 for x = 8: y = 4.49 is column -0.49, which rounds to 0; y = 4.51 is outside.
    assert.deepEqual(
      lit(await render([[8, 4.49, 0, 1]])).map(([column]) => column),
      [0],
    );
    assert.deepEqual(lit(await render([[8, 4.51, 0, 1]])), []);
    assert.deepEqual(
      lit(await render([[8, -4.49, 0, 1]])).map(([column]) => column),
      [8],
    );
    assert.deepEqual(lit(await render([[8, -4.51, 0, 1]])), []);
    assert.deepEqual(
      lit(await render([[8, 0, 3.49, 1]])).map(([, row]) => row),
      [0],
    );
    assert.deepEqual(lit(await render([[8, 0, -3.51, 1]])), []);
  });

  it('lets the nearest point win in whatever order they come', async () => {
    const near: [number, number, number, number] = [4, 0, 0, 10];
    const far: [number, number, number, number] = [40, 0, 0, 20];
    for (const points of [
      [near, far],
      [far, near],
    ]) {
      const image = await render(points);
      assert.deepEqual(
        lit(image).map(([, , , g]) => g),
        [10],
      );
      assert.equal(image.visiblePoints, 2);
    }
  });

  it('covers a square of pixels around a point, cut at the edges', async () => {
    const covered = async (points: [number, number, number, number][], dilation: number) =>
      lit(await render(points, dilation)).map(([column, row]) => `${column},${row}`);
    assert.deepEqual(await covered([[8, 0, 0, 1]], 1), ['3,2', '4,2', '5,2', '3,3', '4,3', '5,3', '3,4', '4,4', '5,4']);
    assert.deepEqual(await covered([[8, 4, 3, 1]], 1), ['0,0', '1,0', '0,1', '1,1']);
    assert.equal((await covered([[8, -4, -3, 1]], 2)).length, 9);
    assert.equal((await covered([[8, 0, 0, 1]], 16)).length, 63);
  });

  it('lets the nearest point win where dilated squares meet, and over a farther point itself', async () => {
    const points: [number, number, number, number][] = [
      [8, 0, 0, 10],
      [16, -2, 0, 20],
      [4, -1, 0, 30],
    ];
    // Columns: 4 at 8 m; 5 at 16 m; 6 at 4 m. With radius 1 the pixels of row 3 go to the nearest within reach.
    const row = lit(await render(points, 1)).filter(([, line]) => line === 3);
    assert.deepEqual(
      row.map(([column, , , g]) => [column, g]),
      [
        [3, 10],
        [4, 10],
        [5, 30],
        [6, 30],
        [7, 30],
      ],
    );
  });

  it('equals a dilation done the slow way', async () => {
    let state = 9;
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    const points = Array.from({ length: 25 }, (_, i): [number, number, number, number] => {
      const x = 3 + 30 * random();
      return [x, x * (random() - 0.5), x * 0.8 * (random() - 0.5), i + 1];
    });
    for (const radius of [0, 1, 2, 3]) {
      const expected: number[] = [];
      for (let row = 0; row < 7; row++) {
        for (let column = 0; column < 9; column++) {
          const reaching = points.filter(([x, y, z]) => {
            const u = Math.floor(4 - (8 * y) / x + 0.5);
            const v = Math.floor(3 - (8 * z) / x + 0.5);
            const inside = u >= 0 && u < 9 && v >= 0 && v < 7;
            return inside && Math.abs(u - column) <= radius && Math.abs(v - row) <= radius;
          });
          reaching.sort((a, b) => a[0] - b[0]);
          expected.push(reaching[0]?.[3] ?? 0);
        }
      }
      const { data } = await render(points, radius);
      assert.deepEqual(
        Array.from({ length: 63 }, (_, i) => data[3 * i + 1]),
        expected,
        `radius ${radius}`,
      );
    }
  });

  it('measures range from the LiDAR and height in the base frame, whatever lies between them and the camera', async () => {
    // The camera stands 6 m ahead of the LiDAR, and the LiDAR is upside down and 2 m above ground.
    const ahead = { ...toOptical, translation: Float64Array.of(0, 0, -6) };
    const flipped = { rotation: Float64Array.of(1, 0, 0, 0, -1, 0, 0, 0, -1), translation: Float64Array.of(0, 0, 2) };
    const image = await render(
      [
        [10, 0, 1, 50],
        [5, 0, 0, 99],
      ],
      0,
      { lidarToCamera: ahead, lidarToBase: flipped },
    );
    // Depth 4 m: row 3 - 8 / 4. Range sqrt(101) = 10.0499: 255 * (1 - ln 10.0499 / ln 80) = 120.72. Height 2 - 1 = 1:
    // 1 + 254 * 2 / 8 = 64.5.
    assert.deepEqual(lit(image), [[4, 1, 121, 50, 65]]);
  });

  it('takes height along the base frame of a LiDAR that hangs tilted', async () => {
    // Base z = 9 - x of the LiDAR: 1 + 254 * (9 - 6 + 1) / 8 = 128.
    const tilted = { rotation: Float64Array.of(0, 0, 1, 0, 1, 0, -1, 0, 0), translation: Float64Array.of(1, 2, 9) };
    const blue = lit(await render([[6, 0.5, 0.25, 9]], 0, { lidarToBase: tilted })).map((pixel) => pixel[4]);
    assert.deepEqual(blue, [128]);
  });

  it('calls a cloud without points empty', async () => {
    assert.deepEqual((await render([])).quality, { kind: 'blind', reason: 'empty' });
  });
});

import assert from 'node:assert/strict';
import type { SensorNotice } from '../../../src/sensors/index.js';
import { IntensityScale, type PointCloud } from '../../../src/sensors/lidar/index.js';

const FLOAT = { name: 'intensity', datatype: 7, passedOver: undefined };
const UINT16 = { name: 'intensity', datatype: 4, passedOver: undefined };

/** Points 4 to 60 m ahead; reflectivities of 4 to 200 that do not depend on the distance, through `measure`. */
function cloudOf(measure: (reflectivity: number, range: number) => number, count = 600): PointCloud {
  const x = Float32Array.from({ length: count }, (_, i) => 4 + (56 * i) / count);
  const intensity = Float32Array.from({ length: count }, (_, i) => measure(4 + ((i * 37) % 50) * 4, x[i]!));
  return { length: count, x, y: new Float32Array(count), z: new Float32Array(count), intensity };
}

function scaleWith() {
  const notices: SensorNotice[] = [];
  return { scale: new IntensityScale('lidar', (notice) => notices.push(notice)), notices };
}

describe('IntensityScale', () => {
  const table: [
    what: string,
    measure: (v: number, r: number) => number,
    field: typeof FLOAT,
    expected: number,
    told: number,
  ][] = [
    ['0 to 1', (v) => v / 255, FLOAT, 1, 1],
    ['0 to 255 as floats', (v) => v, FLOAT, 255, 0],
    ['0 to 255 in a field of 16 bits', (v) => v, UINT16, 255, 1],
    ['0 to 65535 in a field of 16 bits', (v) => v * 257, UINT16, 65535, 0],
    ['0 to 65535 as floats', (v) => v * 257, FLOAT, 65535, 1],
    // The 95th percentile, 192, times 30 and times 2.
    ['photon counts', (v) => v * 30, FLOAT, 11_520, 1],
  ];
  for (const [what, measure, field, expected, told] of table) {
    it(`finds ${what}, and tells it where that is not what the datatype says`, () => {
      const { scale, notices } = scaleWith();
      for (let i = 0; i < 5; i++) assert.equal(scale.fullScale(cloudOf(measure), field), expected);
      assert.equal(notices.length, told);
    });
  }

  it('puts counts right that fall with the square of the distance', () => {
    const { scale, notices } = scaleWith();
    const cloud = cloudOf((v, r) => (v * 3000) / (r * r));
    const full = scale.fullScale(cloud, FLOAT);
    // What is beyond the receiver's overlap is reflectivity again, up to one factor for all.
    const ratios = Array.from(cloud.intensity, (value, i) => value / full / ((4 + ((i * 37) % 50) * 4) / 255)).filter(
      (_, i) => cloud.x[i]! > 8,
    );
    assert.ok(Math.max(...ratios) / Math.min(...ratios) < 1.01);
    assert.match(
      notices.map((notice) => (notice.code === 'scale-found' ? notice.because : '')).join(),
      /square of the distance/,
    );
  });

  it('leaves counts alone that do not fall with the distance', () => {
    const cloud = cloudOf((v) => v * 30);
    const before = cloud.intensity.slice();
    scaleWith().scale.fullScale(cloud, FLOAT);
    assert.deepEqual(cloud.intensity, before);
  });

  it('keeps what it decided in a dark scene, and goes up where values cannot be of the scale', () => {
    const { scale, notices } = scaleWith();
    const full = (measure: (v: number) => number) => scale.fullScale(cloudOf(measure), FLOAT);
    assert.equal(
      full((v) => v / 255),
      1,
    );
    assert.equal(
      full((v) => v / 2550),
      1,
    );
    assert.equal(
      full((v) => v),
      255,
    );
    assert.equal(
      full((v) => v / 255),
      255,
    );
    // A few retro-reflectors above say nothing.
    assert.equal(
      scale.fullScale(
        cloudOf((v, r) => (r < 4.05 ? 4000 : v), 2000),
        FLOAT,
      ),
      255,
    );
    assert.equal(notices.length, 1, 'back at the usual scale there is nothing to tell');
  });

  it('decides nothing by nothing: no points, no values, ones only', () => {
    const { scale, notices } = scaleWith();
    for (const cloud of [cloudOf(() => 0), cloudOf((v) => v, 3), cloudOf(() => 1), cloudOf(() => Number.NaN)]) {
      assert.equal(scale.fullScale(cloud, FLOAT), 255);
    }
    assert.equal(
      scale.fullScale(
        cloudOf((v) => v / 255),
        FLOAT,
      ),
      1,
    );
    assert.equal(notices.length, 1);
  });
});

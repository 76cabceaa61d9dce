import assert from 'node:assert/strict';
import { describeSensorNotice, type Representation } from '../../src/sensors/index.js';
import { InputWatch } from '../../src/sensors/input_watch.js';

const LIDAR: Representation = {
  kind: 'range-intensity-height',
  rangeMetres: [1, 80],
  heightMetres: [-1, 7],
  dilation: 1,
};
const TRAINED = {
  channels: [
    { mean: 80, std: 10 },
    { mean: 44, std: 3 },
    { mean: 60, std: 10 },
  ],
} as const;

/** An image of which one pixel in ten is known. */
function points(red: number, green: number, blue: number): Uint8Array {
  const data = new Uint8Array(3 * 1000);
  for (let i = 0; i < data.length; i += 30) data.set([red, green, blue], i);
  return data;
}

describe('InputWatch', () => {
  const observe = (watch: InputWatch, data: Uint8Array, times: number) =>
    Array.from({ length: times }, () => watch.observe(data)).filter((notice) => notice !== undefined);

  it('says once that intensities are of another scale, after thirty images of it, and that it is over', () => {
    const watch = new InputWatch('lidar', LIDAR, TRAINED);
    assert.deepEqual(observe(watch, points(80, 1, 60), 29), []);
    const [notice, ...more] = observe(watch, points(80, 1, 60), 50);
    assert.deepEqual(more, []);
    assert.deepEqual(notice, {
      code: 'not-as-trained',
      modality: 'lidar',
      channel: 1,
      mean: 1,
      trainedMean: 44,
      trainedStd: 3,
    });
    assert.match(
      describeSensorNotice(notice!),
      /alive, but not as trained.* channel 1 is 1, in training it was 44 ± 3/,
    );
    assert.equal(watch.concern, notice);
    observe(watch, points(80, 44, 60), 1);
    assert.equal(watch.concern, undefined);
  });

  it('bears single odd images, means near the trained ones, and images that know nothing', () => {
    const watch = new InputWatch('lidar', LIDAR, TRAINED);
    for (let i = 0; i < 100; i++) observe(watch, i % 29 === 28 ? points(80, 44, 60) : points(80, 200, 60), 1);
    observe(watch, points(80, 44, 60), 1);
    // Fifteen levels are within what a watch bears however small the deviation.
    observe(watch, points(80, 59, 60), 100);
    observe(watch, new Uint8Array(3000), 100);
    assert.equal(watch.concern, undefined);
  });

  it('counts every pixel of a picture, the black ones too', () => {
    const watch = new InputWatch('camera', { kind: 'rgb' }, TRAINED);
    assert.equal(observe(watch, points(80, 44, 60), 30).length, 1);
  });

  it('says nothing where the bundle says nothing', () => {
    const watch = new InputWatch('lidar', LIDAR, undefined);
    assert.deepEqual(observe(watch, points(255, 255, 255), 100), []);
  });
});

import assert from 'node:assert/strict';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import sharp from 'sharp';
import { reduceForView, sensorView } from '../../src/report/index.js';
import { encodeGreyWebp, encodeWebp, packLabelImage } from '../../src/report/picture_codec.js';

const image = (...pixels: [number, number, number][]) => ({
  width: pixels.length,
  height: 1,
  data: Uint8Array.from(pixels.flat()),
});
const pixelsOf = ({ data }: { data: Uint8Array }) =>
  Array.from({ length: data.length / 3 }, (_, i) => [...data.subarray(3 * i, 3 * i + 3)]);

describe('what a sensor gave, drawn for people', () => {
  for (const kind of ['inverse', 'hha', 'hha-published', 'range-intensity-height']) {
    it(`${kind}: near is red, far is blue, unknown is dark`, () => {
      const view = sensorView(image([250, 9, 9], [3, 9, 9], [0, 0, 0]), kind);
      const [near, far, unknown] = pixelsOf(view);
      assert.ok(near![0]! > near![2]! + 60, `near ${near}`);
      assert.ok(far![2]! > far![0]! + 20, `far ${far}`);
      assert.ok(Math.max(...unknown!) < 30, `unknown ${unknown}`);
    });
  }

  it('linear: grows with distance, so that it is turned round', () => {
    const [near, far] = pixelsOf(sensorView(image([3, 3, 3], [250, 250, 250]), 'linear'));
    assert.ok(near![0]! > near![2]! && far![2]! > far![0]!, `${near} ${far}`);
  });

  for (const kind of ['polarity', 'counts-recency']) {
    it(`${kind}: ON and OFF are told apart, single events can be seen`, () => {
      const [on, off, none] = pixelsOf(sensorView(image([64, 0, 0], [0, 0, 64], [0, 0, 0]), kind));
      assert.ok(on![0]! > on![2]! && off![2]! > off![0]!, `${on} ${off}`);
      assert.ok(Math.max(...on!) > 120 && Math.max(...none!) < 30, `${on} ${none}`);
    });
  }

  it('leaves pictures as they are', () => {
    const picture = image([1, 2, 3]);
    assert.equal(sensorView(picture, 'rgb'), picture);
  });

  it('keeps single points where it reduces a large image', () => {
    const data = new Uint8Array(1024 * 1024 * 3);
    for (let i = 0; i < 50; i++) data[3 * (1024 * (i * 20 + 3) + i * 20 + 5)] = 200;
    const small = reduceForView({ width: 1024, height: 1024, data });
    assert.deepEqual([small.width, small.height], [341, 341]);
    assert.equal(small.data.filter((value) => value === 200).length, 50);
    const own = image([1, 2, 3]);
    assert.equal(reduceForView(own), own);
  });
});

describe('pictures as the page holds them', () => {
  it('gives labels back exactly', async () => {
    const labels = Uint8Array.from({ length: 60 * 40 }, (_, i) => (i * 31) % 256);
    const packed = await packLabelImage({ width: 60, height: 40, labels });
    assert.deepEqual(new Uint8Array(await promisify(inflateRaw)(packed.data)), labels);
  });

  it('writes WebP, wide pictures scaled down and never up', async () => {
    const grey = { width: 1280, height: 720, data: new Uint8Array(1280 * 720 * 3).fill(90) };
    const { format, width, height } = await sharp(await encodeWebp(grey, { quality: 60, maxWidth: 960 })).metadata();
    assert.deepEqual([format, width, height], ['webp', 960, 540]);
    const map = await encodeGreyWebp(new Uint8Array(64 * 32).fill(200), { width: 64, height: 32 }, { quality: 50 });
    const { data, info } = await sharp(map).raw().toBuffer({ resolveWithObject: true });
    assert.deepEqual([info.width, info.height], [64, 32]);
    assert.ok(Math.abs(data[0]! - 200) <= 4, `${data[0]}`);
  });
});

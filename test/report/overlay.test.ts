import assert from 'node:assert/strict';
import sharp from 'sharp';
import { colourTable, encodeJpeg, encodeMaskPng, type RgbImage, renderOverlay } from '../../src/report/index.js';
import { classes, paintStreet } from './synthetic_replay.js';

const colours = colourTable(classes);

function grey(width: number, height: number, value: number): RgbImage {
  return { width, height, data: new Uint8Array(width * height * 3).fill(value) };
}

describe('renderOverlay', () => {
  const mask = { width: 3, height: 1, labels: Uint8Array.of(0, 10, 255) };
  const cases = [
    { opacity: 0, expected: [100, 100, 100, 100, 100, 100, 100, 100, 100] },
    // road 128,64,128, sky 70,130,180, unlabeled shows the camera
    { opacity: 1, expected: [128, 64, 128, 70, 130, 180, 100, 100, 100] },
    { opacity: 0.5, expected: [114, 82, 114, 85, 115, 140, 100, 100, 100] },
  ];
  for (const { opacity, expected } of cases) {
    it(`mixes at opacity ${opacity}`, () => {
      assert.deepEqual([...renderOverlay(grey(3, 1, 100), mask, colours, opacity).data], expected);
    });
  }

  it('is what sharp composites, within one level', async () => {
    const scene = paintStreet(64, 40, 3);
    const camera = grey(64, 40, 0);
    for (let i = 0; i < camera.data.length; i++) camera.data[i] = (i * 37) % 256;
    const opaque = await sharp(await encodeMaskPng(scene, colours))
      .removeAlpha()
      .raw()
      .toBuffer();
    const translucent = Buffer.alloc(64 * 40 * 4);
    for (let i = 0; i < 64 * 40; i++) translucent.set([...opaque.subarray(i * 3, i * 3 + 3), 128], i * 4);
    const expected = await sharp(camera.data, { raw: { width: 64, height: 40, channels: 3 } })
      .composite([{ input: translucent, raw: { width: 64, height: 40, channels: 4 } }])
      .removeAlpha()
      .raw()
      .toBuffer();
    const actual = renderOverlay(camera, scene, colours, 128 / 255).data;
    for (const [i, value] of actual.entries()) assert.ok(Math.abs(value - expected[i]!) <= 1, `byte ${i}`);
  });

  it('leaves camera and mask as they are', () => {
    const camera = grey(3, 1, 100);
    renderOverlay(camera, mask, colours);
    assert.ok(camera.data.every((value) => value === 100));
  });

  it('refuses a mask of another size and buffers that are too short', () => {
    assert.throws(() => renderOverlay(grey(4, 1, 0), mask, colours), /Expected 4x1 for the mask but received 3x1/);
    const short = { width: 3, height: 1, data: new Uint8Array(8) };
    assert.throws(() => renderOverlay(short, mask, colours), /Expected 9 bytes and 3 labels/);
  });
});

describe('encoded pictures', () => {
  it('writes masks without loss: every pixel is exactly its class colour, no class is transparent', async () => {
    const scene = paintStreet(160, 96, 7);
    scene.labels.fill(255, 0, 40);
    const { data, info } = await sharp(await encodeMaskPng(scene, colours))
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    assert.deepEqual([info.width, info.height, info.channels], [160, 96, 4]);
    for (const [i, label] of scene.labels.entries()) {
      const pixel = [...data.subarray(i * 4, i * 4 + 4)];
      if (label === 255) assert.equal(pixel[3], 0, `pixel ${i}`);
      else assert.deepEqual(pixel, [...classes[label]!.color, 255], `pixel ${i}`);
    }
  });

  it('keeps all colours of a mask with many classes', async () => {
    const many = Array.from({ length: 254 }, (_, id) => ({
      id,
      name: `c${id}`,
      color: [id, (id * 7) % 256, 255 - id] as const,
    }));
    const labels = Uint8Array.from({ length: 254 }, (_, id) => id);
    const png = await encodeMaskPng({ width: 254, height: 1, labels }, colourTable(many));
    const raw = await sharp(png).removeAlpha().raw().toBuffer();
    for (const { id, color } of many) assert.deepEqual([...raw.subarray(id * 3, id * 3 + 3)], [...color]);
  });

  it('scales wide pictures down and never up', async () => {
    const size = async (image: RgbImage) => {
      const { width, height, format } = await sharp(await encodeJpeg(image, { maxWidth: 640 })).metadata();
      return [width, height, format];
    };
    assert.deepEqual(await size(grey(1280, 720, 9)), [640, 360, 'jpeg']);
    assert.deepEqual(await size(grey(320, 192, 9)), [320, 192, 'jpeg']);
  });
});

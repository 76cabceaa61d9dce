import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { decodeImage, decodePicture } from '../../../src/sensors/camera/index.js';
import { SOURCE_SHA256 } from '../../../src/sensors/camera/kernel/pixels_wasm.js';
import type { ImageSize } from '../../../src/sensors/modality_image.js';
import { projectRoot } from '../../support/shared_data.js';
import { image, raw } from '../support/messages.js';
import { naivePicture, SAMPLE_BYTES } from './support/naive_pictures.js';

/** What libvips makes of a picture that was decoded at full size. */
async function byLibvips(rgb: Uint8Array, { width, height }: ImageSize, size: ImageSize): Promise<Uint8Array> {
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .resize(size.width, size.height, { fit: 'fill', kernel: 'linear' })
    .raw()
    .toBuffer();
}

async function reduced(message: Parameters<typeof image>[0], size: ImageSize): Promise<Uint8Array> {
  const outcome = await decodePicture(raw('/camera', 'sensor_msgs/msg/Image', image(message)), size);
  assert.ok(outcome.kind === 'rgb', outcome.kind === 'invalid' ? outcome.reason : '');
  return outcome.data;
}

function noise(length: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

/** An image message of noise, with padded rows. */
function message(encoding: string, { width, height }: ImageSize, padding: number, isBig: boolean, seed: number) {
  const { bytes, rows } = SAMPLE_BYTES[encoding]!;
  const step = width * bytes + padding;
  const data = noise(Math.ceil(step * height * rows), seed);
  return { encoding, width, height, step, is_bigendian: Number(isBig), data };
}

const side = (most: number) => fc.integer({ min: 1, max: most });
const pictures = fc.record({
  encoding: fc.constantFrom(...Object.keys(SAMPLE_BYTES)),
  // Even, as 4:2:0 has to be.
  width: side(70).map((half) => 2 * half),
  height: side(50).map((half) => 2 * half),
  padding: fc.constantFrom(0, 2, 6),
  isBig: fc.boolean(),
  seed: fc.integer({ min: 1, max: 1e9 }),
});

describe('reduceRows', () => {
  it('decodes every encoding as a loop over its pixels does', async () => {
    await fc.assert(
      fc.asyncProperty(pictures, async ({ encoding, width, height, padding, isBig, seed }) => {
        const sent = message(encoding, { width, height }, padding, isBig, seed);
        const outcome = await decodeImage(image(sent));
        assert.ok(outcome.kind === 'pixels');
        const { data, channels } = outcome.pixels;
        const rgb = channels === 3 ? data : Uint8Array.from({ length: 3 * data.length }, (_, i) => data[(i / 3) | 0]!);
        assert.deepEqual(rgb, naivePicture(sent));
      }),
      { numRuns: 150 },
    );
  });

  it('reduces as libvips does a picture of full size, to the bit', async () => {
    await fc.assert(
      fc.asyncProperty(pictures, side(100), side(100), async (picture, across, down) => {
        const { encoding, width, height, padding, isBig, seed } = picture;
        const size = { width: Math.ceil((width * across) / 100), height: Math.ceil((height * down) / 100) };
        const sent = message(encoding, { width, height }, padding, isBig, seed);
        const expected = await byLibvips(naivePicture(sent), { width, height }, size);
        assert.deepEqual(await reduced(sent, size), Uint8Array.from(expected));
      }),
      { numRuns: 200 },
    );
  });

  for (const [from, to] of [
    ['1920x1080', '320x192'],
    ['1920x1080', '512x288'],
    ['1920x1200', '320x192'],
    ['1280x720', '320x192'],
    ['640x480', '320x192'],
    ['640x384', '320x192'],
    ['848x480', '320x192'],
    ['640x480', '640x480'],
    ['1280x960', '640x480'],
  ] as const) {
    it(`gives the bytes of libvips from ${from} to ${to}`, async () => {
      const [source, size] = [sizeOf(from), sizeOf(to)];
      const sent = message('rgb8', source, 0, false, 7);
      const expected = await byLibvips(sent.data, source, size);
      assert.equal(Buffer.compare(await reduced(sent, size), expected), 0);
    });
  }

  it('enlarges, and reduces one side while it enlarges the other', async () => {
    const source = { width: 40, height: 30 };
    const sent = message('bgr8', source, 2, false, 3);
    for (const size of [
      { width: 80, height: 90 },
      { width: 20, height: 60 },
    ]) {
      assert.deepEqual(await reduced(sent, size), Uint8Array.from(await byLibvips(naivePicture(sent), source, size)));
    }
  });

  it('keeps pictures apart that are decoded side by side', async () => {
    const size = { width: 32, height: 20 };
    const sent = [1, 2, 3, 4, 5, 6].map((seed) => message('bayer_rggb8', { width: 1500, height: 900 }, 0, false, seed));
    const together = await Promise.all(sent.map((one) => reduced(one, size)));
    for (const [i, one] of sent.entries()) assert.deepEqual(together[i], await reduced(one, size));
  });

  it('is compiled from the source beside it', () => {
    const source = readFileSync(join(projectRoot, 'src', 'sensors', 'camera', 'kernel', 'pixels.as'));
    assert.equal(SOURCE_SHA256, createHash('sha256').update(source).digest('hex'), 'run `npm run kernel`');
  });
});

function sizeOf(text: string): ImageSize {
  const [width, height] = text.split('x').map(Number);
  return { width: width!, height: height! };
}

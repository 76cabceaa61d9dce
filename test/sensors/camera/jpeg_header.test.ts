import assert from 'node:assert/strict';
import fc from 'fast-check';
import sharp from 'sharp';
import { readJpegHeader } from '../../../src/sensors/camera/jpeg_header.js';

async function jpeg(
  width: number,
  height: number,
  colour: 'colour' | 'grey',
  isProgressive: boolean,
): Promise<Uint8Array> {
  const picture = sharp({ create: { width, height, channels: 3, background: '#357' } });
  return picture
    .toColourspace(colour === 'grey' ? 'b-w' : 'srgb')
    .withMetadata({ orientation: 6 })
    .jpeg({ progressive: isProgressive })
    .toBuffer();
}

describe('header of a JPEG', () => {
  it('says what libvips says', async () => {
    const sides = fc.integer({ min: 1, max: 3000 });
    await fc.assert(
      fc.asyncProperty(sides, sides, fc.constantFrom('colour', 'grey'), fc.boolean(), async (width, height, ...how) => {
        const data = await jpeg(width, height, ...how);
        const { channels } = await sharp(data).metadata();
        assert.deepEqual(readJpegHeader(data), { width, height, channels, bitsPerSample: 8 });
      }),
      { numRuns: 12 },
    );
  });

  it('is left to libvips where it is of four channels, cut or damaged', async () => {
    const data = await jpeg(40, 30, 'colour', false);
    const known = { width: 40, height: 30, channels: 3, bitsPerSample: 8 };
    assert.deepEqual(readJpegHeader(data), known);
    const frame = Buffer.from(data).indexOf(Buffer.of(0xff, 0xc0));
    for (let length = 0; length < frame + 10; length++)
      assert.equal(readJpegHeader(data.subarray(0, length)), undefined);
    fc.assert(
      fc.property(fc.nat(frame + 1), fc.nat(255), (at, byte) => {
        const damaged = Uint8Array.from(data);
        damaged[at] = byte;
        const read = readJpegHeader(damaged);
        if (read !== undefined) assert.ok(read.width > 0 && read.height > 0);
      }),
    );
    for (const [at, bytes] of [
      [frame + 4, [12]],
      [frame + 5, [0, 0]],
      [frame + 9, [2]],
      [frame + 9, [4]],
      [3, [0xff]],
    ] as const) {
      const damaged = Uint8Array.from(data);
      damaged.set(bytes, at);
      assert.equal(readJpegHeader(damaged), undefined, `${bytes} at ${at - frame}`);
    }
  });
});

import assert from 'node:assert/strict';
import type { Image } from '../../../src/messages/types.js';
import { decodeImage } from '../../../src/sensors/camera/index.js';
import { turnsDuring } from '../support/event_loop.js';
import { goldens } from '../support/goldens.js';
import { image } from '../support/messages.js';

async function decode(message: Image): Promise<number[]> {
  const outcome = await decodeImage(message);
  assert.ok(outcome.kind === 'pixels', outcome.kind === 'invalid' ? outcome.reason : '');
  const { width, height, channels, data } = outcome.pixels;
  assert.equal(width, message.width);
  assert.equal(height, message.height);
  assert.equal(data.length, width * height * channels);
  return [...data];
}

async function reasonOf(message: Image): Promise<string> {
  const outcome = await decodeImage(message);
  assert.equal(outcome.kind, 'invalid');
  return outcome.kind === 'invalid' ? outcome.reason : '';
}

/** Two pixels beside each other, in every encoding without subsampling. */
describe('decodeImage', () => {
  describe('interleaved encodings, pixels (1,2,3) and (250,251,252)', () => {
    const rgb = [1, 2, 3, 250, 251, 252];
    const bgr = [3, 2, 1, 252, 251, 250];
    const withAlpha = (values: number[]) => [...values.slice(0, 3), 77, ...values.slice(3), 78];
    // Low bytes that must not matter.
    const little = (values: number[]) => values.flatMap((value) => [99, value]);
    const big = (values: number[]) => values.flatMap((value) => [value, 99]);
    const cases: [string, number[], number[], bigendian?: 1][] = [
      ['rgb8', rgb, rgb],
      ['bgr8', bgr, rgb],
      ['8UC3', bgr, rgb],
      ['rgba8', withAlpha(rgb), rgb],
      ['bgra8', withAlpha(bgr), rgb],
      ['8UC4', withAlpha(bgr), rgb],
      ['rgb16', little(rgb), rgb],
      ['bgr16', little(bgr), rgb],
      ['rgb16', big(rgb), rgb, 1],
      ['rgba16', little(withAlpha(rgb)), rgb],
      ['bgra16', big(withAlpha(bgr)), rgb, 1],
      ['mono8', [5, 200], [5, 200]],
      ['8UC1', [5, 200], [5, 200]],
      ['mono16', [99, 5, 99, 200], [5, 200]],
      ['mono16', [5, 99, 200, 99], [5, 200], 1],
      ['16UC1', [99, 5, 99, 200], [5, 200]],
    ];
    for (const [encoding, bytes, expected, is_bigendian = 0] of cases) {
      it(`${encoding}${is_bigendian ? ', big-endian' : ''}`, async () => {
        const message = { encoding, is_bigendian, width: 2, height: 1, step: bytes.length };
        assert.deepEqual(await decode(image({ ...message, data: Uint8Array.from(bytes) })), expected);
      });

      it(`${encoding}${is_bigendian ? ', big-endian' : ''}, one above the other with padded rows at an odd address`, async () => {
        const half = bytes.length / 2;
        const row = (from: number) => [...bytes.slice(from, from + half), 13, 13, 13];
        const data = Uint8Array.from([0, ...row(0), ...row(half)]).subarray(1);
        const message = { encoding, is_bigendian, width: 1, height: 2, step: half + 3 };
        assert.deepEqual(await decode(image({ ...message, data })), expected);
      });
    }
  });

  describe('Bayer mosaics as OpenCV demosaics them', () => {
    for (const { pattern, bits, width, height, mosaic, rgb } of goldens.demosaics) {
      it(`bayer_${pattern}${bits}`, async () => {
        const data = bits === 8 ? Uint8Array.from(mosaic) : new Uint8Array(Uint16Array.from(mosaic).buffer);
        const encoding = `bayer_${pattern}${bits}`;
        const decoded = await decode(image({ encoding, width, height, step: (width * bits) / 8, data }));
        // OpenCV copies the ring inside to the border; here the border has neighbours mirrored, see below.
        for (let y = 1; y < height - 1; y++) {
          for (let x = 1; x < width - 1; x++) {
            const at = (y * width + x) * 3;
            assert.deepEqual(decoded.slice(at, at + 3), rgb.slice(at, at + 3), `pixel ${x}, ${y}`);
          }
        }
      });
    }

    it('keeps one colour one colour up to the corners', async () => {
      const colour = [200, 100, 50];
      const channelAt = { r: 0, g: 1, b: 2 } as const;
      for (const pattern of ['rggb', 'bggr', 'gbrg', 'grbg']) {
        const [width, height] = [5, 4];
        const data = Uint8Array.from({ length: width * height }, (_, i) => {
          const letter = pattern[(Math.floor(i / width) % 2) * 2 + ((i % width) % 2)] as 'r' | 'g' | 'b';
          return colour[channelAt[letter]]!;
        });
        const decoded = await decode(image({ encoding: `bayer_${pattern}8`, width, height, step: width, data }));
        assert.deepEqual(
          decoded,
          Array(width * height)
            .fill(colour)
            .flat(),
          pattern,
        );
      }
    });

    it('does not read outside a mosaic of one pixel', async () => {
      const one = { encoding: 'bayer_rggb8', width: 1, height: 1, step: 1, data: Uint8Array.of(90) };
      assert.deepEqual(await decode(image(one)), [90, 90, 90]);
    });
  });

  describe('YUV as OpenCV converts it', () => {
    const aliases: Record<string, string[]> = { uyvy: ['yuv422'], yuyv: ['yuv422_yuy2'] };
    for (const { encoding, width, height, data, rgb } of goldens.yuv) {
      for (const name of [encoding, ...(aliases[encoding] ?? [])]) {
        it(name, async () => {
          const isPacked = encoding === 'uyvy' || encoding === 'yuyv';
          const rowBytes = isPacked ? width * 2 : width;
          const near = (decoded: number[]) => {
            assert.equal(decoded.length, rgb.length);
            // OpenCV's fixed point has other digits; a grey level of difference is rounding.
            for (const [i, value] of rgb.entries()) assert.ok(Math.abs(decoded[i]! - value) <= 1, `byte ${i}`);
          };
          const message = { encoding: name, width, height };
          near(await decode(image({ ...message, step: rowBytes, data: Uint8Array.from(data) })));
          const padded: number[] = [];
          for (let i = 0; i < data.length; i += rowBytes) padded.push(...data.slice(i, i + rowBytes), 7, 7);
          near(await decode(image({ ...message, step: rowBytes + 2, data: Uint8Array.from(padded) })));
        });
      }
    }

    it('nv24 is nv12 without subsampling', async () => {
      const { width, height, data } = goldens.yuv.find(({ encoding }) => encoding === 'nv12')!;
      const luma = data.slice(0, width * height);
      const chroma = data.slice(width * height);
      const full: number[] = [];
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) full.push(...chroma.slice((y >> 1) * width + (x & ~1)).slice(0, 2));
      }
      const size = { width, height, step: width };
      const nv12 = await decode(image({ ...size, encoding: 'nv12', data: Uint8Array.from(data) }));
      const nv24 = await decode(image({ ...size, encoding: 'nv24', data: Uint8Array.from([...luma, ...full]) }));
      assert.deepEqual(nv24, nv12);
    });
  });

  it('keeps the event loop turning while it converts a large picture', async () => {
    const size = { width: 1920, height: 1080 };
    for (const [encoding, bytesPerPixel] of [
      ['bayer_rggb8', 1],
      ['uyvy', 2],
      ['bgra8', 4],
      ['mono16', 2],
      ['nv24', 3],
    ] as const) {
      const step = encoding === 'nv24' ? size.width : size.width * bytesPerPixel;
      const data = new Uint8Array(size.width * size.height * bytesPerPixel);
      const turns = await turnsDuring(decodeImage(image({ ...size, encoding, step, data })));
      assert.ok(turns >= 4, `${turns} turns for ${encoding}`);
    }
  });

  describe('refuses a message that lies, before it allocates', () => {
    const good = { encoding: 'rgb8', width: 4, height: 3, step: 12, data: new Uint8Array(36) };
    const bad: [string, Partial<Image>, RegExp][] = [
      ['data shorter than height * step', { data: new Uint8Array(35) }, /36 bytes of data for 4x3 rgb8.*received 35/],
      ['step shorter than a row', { step: 11 }, /step of at least 12 bytes for rgb8 4 pixels wide but received 11/],
      ['step 0', { step: 0 }, /step of at least 12/],
      ['unknown encoding', { encoding: 'jpeg2000' }, /Expected one of rgb8, .* but received 'jpeg2000'/],
      ['no encoding', { encoding: '' }, /but received ''/],
      ['a property every object has', { encoding: 'constructor' }, /but received 'constructor'/],
      ['depth where a picture belongs', { encoding: '32FC1' }, /but received '32FC1'/],
      ['no pixels', { width: 0, step: 0 }, /at least one pixel but received 0x3/],
      ['2 GB', { width: 0x7fffffff, height: 0x7fffffff, step: 0xffffffff }, /step of at least/],
      ['4 G rows', { height: 0xffffffff }, /bytes of data for 4x4294967295/],
      ['16 bit, data for 8', { encoding: 'rgb16', step: 24 }, /72 bytes of data .* received 36/],
      ['odd width of 4:2:2', { encoding: 'uyvy', width: 3, step: 6 }, /even width .* received 3x3/],
      ['odd height of 4:2:0', { encoding: 'nv21', step: 4 }, /even width and height for nv21 but received 4x3/],
      ['4:2:0 without chroma', { encoding: 'nv21', height: 2, step: 4, data: new Uint8Array(11) }, /12 bytes/],
      ['4:4:4 without chroma', { encoding: 'nv24', step: 4, data: new Uint8Array(35) }, /36 bytes/],
      ['a mosaic without its last row', { encoding: 'bayer_rggb16', step: 8, data: new Uint8Array(16) }, /24 bytes/],
    ];
    for (const [what, changes, reason] of bad) {
      it(what, async () => assert.match(await reasonOf(image({ ...good, ...changes })), reason));
    }
  });
});

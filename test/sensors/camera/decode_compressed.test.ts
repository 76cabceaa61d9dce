import assert from 'node:assert/strict';
import sharp from 'sharp';
import { decodeCompressed, decodeImage, resizePixels } from '../../../src/sensors/camera/index.js';
import { goldens } from '../support/goldens.js';
import { header, image } from '../support/messages.js';

const SIZE = { width: 64, height: 48 };
const HALF = { width: 32, height: 24 };

/** A smooth picture, which JPEG keeps, with three channels that differ. */
function picture({ width, height }: { width: number; height: number }): Uint8Array {
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      rgb.set([40 + 2 * x, 200 - 3 * y, 128 + 60 * Math.sin((x + y) / 9)], (y * width + x) * 3);
    }
  }
  return rgb;
}

function encoder(rgb: Uint8Array, channels: 1 | 3 = 3) {
  const encoded = sharp(rgb, { raw: { ...SIZE, channels } });
  return channels === 1 ? encoded.toColourspace('b-w') : encoded;
}

async function decode(data: Uint8Array, format = '', size = SIZE): Promise<Uint8Array> {
  const outcome = await decodeCompressed({ header: header('camera'), format, data }, size);
  assert.ok(outcome.kind === 'rgb', outcome.kind === 'invalid' ? outcome.reason : '');
  assert.deepEqual(outcome.source, SIZE);
  assert.equal(outcome.data.length, size.width * size.height * 3);
  assert.equal(outcome.data.buffer.byteLength, outcome.data.length, 'a buffer of its own, fit to be transferred');
  return outcome.data;
}

async function reasonOf(data: Uint8Array, format = 'jpeg'): Promise<string> {
  const outcome = await decodeCompressed({ header: header('camera'), format, data }, SIZE);
  assert.equal(outcome.kind, 'invalid');
  return outcome.kind === 'invalid' ? outcome.reason : '';
}

function largestDifference(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0);
}

describe('decodeCompressed', () => {
  const rgb = picture(SIZE);

  it('reads lossless formats bit for bit, whatever the format string says', async () => {
    for (const bytes of [await encoder(rgb).png().toBuffer(), await encoder(rgb).webp({ lossless: true }).toBuffer()]) {
      for (const format of ['', 'jpeg', 'rgb8; jpeg compressed bgr8', 'nonsense']) {
        assert.deepEqual(await decode(bytes, format), rgb);
      }
    }
    assert.deepEqual(await decode(await encoder(rgb).tiff({ compression: 'lzw' }).toBuffer()), rgb);
  });

  it('reads JPEG in the right channel order', async () => {
    const jpeg = await encoder(rgb).jpeg({ quality: 98, chromaSubsampling: '4:4:4' }).toBuffer();
    assert.ok(largestDifference(await decode(jpeg, 'bgr8; jpeg compressed bgr8'), rgb) <= 6);
  });

  it('makes grey, 16-bit and transparent pictures RGB', async () => {
    const grey = rgb.filter((_, i) => i % 3 === 0);
    const greyAsRgb = rgb.map((_, i) => grey[Math.floor(i / 3)]!);
    assert.deepEqual(await decode(await encoder(grey, 1).png().toBuffer()), greyAsRgb);
    const wide = Uint16Array.from(grey, (value) => value * 256 + 128);
    const greyPng16 = await sharp(wide, { raw: { ...SIZE, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    assert.deepEqual(await decode(greyPng16, 'mono16; png compressed '), greyAsRgb);
    assert.deepEqual(await decode(await encoder(rgb).ensureAlpha(0.5).png().toBuffer()), rgb);
  });

  it('demosaics a Bayer picture that was compressed as grey', async () => {
    const mosaic = rgb.filter((_, i) => i % 3 === 0);
    const raw = await decodeImage(image({ ...SIZE, encoding: 'bayer_gbrg8', step: SIZE.width, data: mosaic }));
    assert.ok(raw.kind === 'pixels');
    const png = await encoder(mosaic, 1).png().toBuffer();
    assert.deepEqual(await decode(png, 'bayer_gbrg8; png compressed '), raw.pixels.data);
  });

  it('resizes compressed and raw pictures the same way', async () => {
    const fromRaw = await resizePixels({ ...SIZE, channels: 3, data: rgb }, HALF);
    assert.deepEqual(await decode(await encoder(rgb).png().toBuffer(), '', HALF), fromRaw);
    const jpeg = await encoder(rgb).jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer();
    // Left to itself, the JPEG decoder would reduce by a filter of its own before the resize.
    const full = await decode(jpeg);
    for (const size of [HALF, { width: 8, height: 6 }]) {
      assert.deepEqual(await decode(jpeg, '', size), await resizePixels({ ...SIZE, channels: 3, data: full }, size));
    }
  });

  it('forgives what costs no pixel: a few stray bytes before a restart marker, and a missing end marker', async () => {
    const jpeg = Uint8Array.from(Buffer.from(goldens.restartJpeg, 'base64'));
    const whole = await decode(jpeg, 'jpeg');
    const markers = [...jpeg.keys()].filter((i) => jpeg[i] === 0xff && (jpeg[i + 1]! & 0xf8) === 0xd0);
    assert.equal(markers.length, 2);
    const withStray = (marker: number, ...stray: number[]) =>
      Uint8Array.from([...jpeg.subarray(0, marker), ...stray, ...jpeg.subarray(marker)]);
    for (const [what, bytes] of [
      ['one stray byte', withStray(markers[0]!, 0x5a)],
      ['two stray bytes', withStray(markers[1]!, 0x5a, 0x11)],
      ['no end marker', jpeg.subarray(0, -2)],
    ] as const) {
      assert.deepEqual(await decode(bytes, 'jpeg'), whole, what);
    }
    // Also while others are decoded, which share what the decoder has to say.
    const png = await encoder(rgb).png().toBuffer();
    const beside = Array.from({ length: 40 }, (_, i) =>
      i % 2 === 0 ? decode(withStray(markers[0]!, 0x5a), 'jpeg') : decode(png, 'png'),
    );
    for (const [i, decoded] of (await Promise.all(beside)).entries())
      assert.deepEqual(decoded, i % 2 === 0 ? whole : rgb);
    // More than a few are the rest of a damaged interval.
    const many = withStray(markers[0]!, ...new Array<number>(40).fill(0x5a));
    assert.match(await reasonOf(many), /whole jpeg picture but its decoder says: .*extraneous bytes/);
  });

  it('averages what it leaves out', async () => {
    const stripes = new Uint8Array(SIZE.width * SIZE.height).map((_, i) => (i % 2 === 0 ? 0 : 200));
    const halved = await resizePixels({ ...SIZE, channels: 1, data: stripes }, HALF);
    const inside = halved.filter((_, i) => (i / 3) % HALF.width > 1 && (i / 3) % HALF.width < HALF.width - 2);
    assert.ok(inside.every((value) => Math.abs(value - 100) <= 1));
  });

  it('does not turn pictures by their EXIF orientation: the calibration knows the sensor as it is', async () => {
    const turned = await encoder(rgb).withMetadata({ orientation: 6 }).png().toBuffer();
    assert.deepEqual(await decode(turned), rgb);
  });

  describe('refuses', () => {
    it('a JPEG cut anywhere, instead of half a picture', async () => {
      const jpeg = await encoder(rgb).jpeg().toBuffer();
      for (const share of [0.05, 0.3, 0.7, 0.95]) {
        const cut = jpeg.subarray(0, Math.floor(jpeg.length * share));
        assert.match(
          await reasonOf(cut),
          /^Expected (a whole jpeg picture but its decoder says: |JPEG, PNG)/,
          `${share}`,
        );
      }
    });

    it('a cut PNG', async () => {
      const png = await encoder(rgb).png().toBuffer();
      assert.match(await reasonOf(png.subarray(0, png.length / 2), 'png'), /a whole png picture/);
    });

    it('bytes that are no picture, showing how they start', async () => {
      assert.match(
        await reasonOf(Uint8Array.of(1, 2, 3, 4, 5), 'h264'),
        /5 bytes starting 01020304 with format 'h264'/,
      );
      assert.match(await reasonOf(new Uint8Array(0)), /0 bytes starting nowhere/);
      assert.match(await reasonOf(new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg"/>')), /JPEG, PNG/);
    });

    it('a picture that unfolds to more than any camera has, without unfolding it', async () => {
      const jpeg = await encoder(rgb).jpeg().toBuffer();
      // The frame header's height and width: after marker FFC0, length and precision.
      const frame = jpeg.indexOf(Buffer.of(0xff, 0xc0));
      jpeg.writeUInt16BE(65_500, frame + 5);
      jpeg.writeUInt16BE(65_500, frame + 7);
      assert.match(await reasonOf(jpeg), /Expected a picture of 1 to 33554432 pixels .* but received 65500x65500/);
    });
  });
});

import assert from 'node:assert/strict';
import sharp from 'sharp';
import type { Image } from '../../../src/messages/types.js';
import {
  type DepthOutcome,
  decodeCompressedDepth,
  decodeDepthImage,
  encodeRvl,
} from '../../../src/sensors/depth/index.js';
import { goldens } from '../support/goldens.js';
import { header, image } from '../support/messages.js';

function metresOf(outcome: DepthOutcome): number[] {
  assert.ok(outcome.kind === 'depth', outcome.kind === 'invalid' ? outcome.reason : '');
  const { width, height, metres } = outcome.depth;
  assert.equal(metres.length, width * height);
  return [...metres];
}

function assertMetres(outcome: DepthOutcome, expected: readonly number[], tolerance = 1e-5): void {
  const metres = metresOf(outcome);
  assert.equal(metres.length, expected.length);
  for (const [i, value] of expected.entries()) {
    assert.ok(Math.abs(metres[i]! - value) <= tolerance, `pixel ${i}: ${metres[i]} instead of ${value}`);
  }
}

function assertInvalid(outcome: DepthOutcome, reason: RegExp): void {
  assert.equal(outcome.kind, 'invalid');
  assert.match(outcome.kind === 'invalid' ? outcome.reason : '', reason);
}

describe('decodeDepthImage', () => {
  it('reads 16UC1 as millimetres in both byte orders, padded', async () => {
    const size = { width: 2, height: 2, step: 6, encoding: '16UC1' };
    const little = Uint8Array.from([0xe8, 0x03, 0, 0, 9, 9, 0xff, 0xff, 0x01, 0x00, 9, 9]);
    const big = Uint8Array.from([0x03, 0xe8, 0, 0, 9, 9, 0xff, 0xff, 0x00, 0x01, 9, 9]);
    assertMetres(await decodeDepthImage(image({ ...size, data: little })), [1, 0, 65.535, 0.001]);
    assertMetres(await decodeDepthImage(image({ ...size, data: big, is_bigendian: 1 })), [1, 0, 65.535, 0.001]);
  });

  it('reads 32FC1 as metres; NaN, both infinities and what is not in front are "nothing known" (REP-117, REP-118)', async () => {
    const values = [1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -2, 80];
    const expected = [1.5, 0, 0, 0, 0, 0, 80];
    const view = new DataView(new ArrayBuffer(values.length * 4 + 1));
    const message = { width: values.length, height: 1, step: values.length * 4, encoding: '32FC1' };
    for (const is_bigendian of [0, 1]) {
      for (const [i, value] of values.entries()) view.setFloat32(1 + i * 4, value, is_bigendian === 0);
      const data = new Uint8Array(view.buffer, 1);
      assertMetres(await decodeDepthImage(image({ ...message, data, is_bigendian })), expected);
    }
  });

  const bad: [string, Partial<Image>, RegExp][] = [
    ['a picture', { encoding: 'rgb8' }, /Expected 16UC1 or 32FC1 .* received 'rgb8'/],
    ['too little data', { data: new Uint8Array(7) }, /8 bytes of data for 2x2 16UC1 .* received 7/],
    ['2 GB', { width: 1 << 15, height: 1 << 15, step: 1 << 16 }, /2147483648 bytes of data .* received 8/],
    ['a step for 8 bits', { step: 2 }, /step of at least 4 bytes/],
  ];
  for (const [what, changes, reason] of bad) {
    it(`refuses ${what}`, async () => {
      const good = { width: 2, height: 2, step: 4, encoding: '16UC1', data: new Uint8Array(8) };
      assertInvalid(await decodeDepthImage(image({ ...good, ...changes })), reason);
    });
  }
});

describe('decodeCompressedDepth', () => {
  const { width, height, millimetres, png: base64 } = goldens.depthPng;
  const png = Uint8Array.from(Buffer.from(base64, 'base64'));
  const metres = millimetres.map((value) => value / 1000);
  const rvl = encodeRvl(Uint16Array.from(millimetres), width, height);

  /** The 12-byte header of compressed_depth_image_transport. */
  function withHeader(payload: Uint8Array, quantA = 0, quantB = 0): Uint8Array {
    const head = new DataView(new ArrayBuffer(12));
    head.setFloat32(4, quantA, true);
    head.setFloat32(8, quantB, true);
    return Uint8Array.from([...new Uint8Array(head.buffer), ...payload]);
  }

  function decode(data: Uint8Array, format: string): Promise<DepthOutcome> {
    return decodeCompressedDepth({ header: header('depth'), format, data });
  }

  for (const format of ['16UC1; compressedDepth png', '16UC1; compressedDepth', '16UC1', '']) {
    it(`reads a PNG OpenCV wrote, format '${format}'`, async () => {
      const outcome = await decode(withHeader(png), format);
      assert.ok(outcome.kind === 'depth');
      assert.deepEqual([outcome.depth.width, outcome.depth.height], [width, height]);
      assertMetres(outcome, metres);
    });
  }

  for (const format of ['16UC1; compressedDepth rvl', '16UC1;compressedDepth rvl']) {
    it(`reads RVL, format '${format}'`, async () => assertMetres(await decode(withHeader(rvl), format), metres));
  }

  it('reads a bare 16-bit PNG as millimetres', async () => {
    assertMetres(await decode(png, '16UC1; png compressed '), metres);
  });

  // Z0 = 100, depth_max = 10: A = 100 * 101 = 10100, B = 1 - 10100 / 10 = -1009. 2 m is 10100 / 2 - 1009 = 4041.
  for (const transport of ['png', 'rvl']) {
    it(`dequantises inverse depth of 32FC1, ${transport}`, async () => {
      const values = Uint16Array.of(4041, 0, 1, 65535);
      const expected = [2, 0, 10, 10100 / 66544];
      const payload =
        transport === 'rvl'
          ? encodeRvl(values, 2, 2)
          : await sharp(values, { raw: { width: 2, height: 2, channels: 1 } })
              .toColourspace('grey16')
              .png()
              .toBuffer();
      const outcome = await decode(withHeader(payload, 10100, -1009), `32FC1; compressedDepth ${transport}`);
      assertMetres(outcome, expected, 1e-6);
    });
  }

  it('refuses', async () => {
    const grey8 = await sharp(new Uint8Array(4), { raw: { width: 2, height: 2, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    const colour = await sharp(new Uint8Array(12), { raw: { width: 2, height: 2, channels: 3 } })
      .png()
      .toBuffer();
    const bad: [string, Uint8Array, string, RegExp][] = [
      [
        'a header alone',
        withHeader(new Uint8Array(0)),
        '16UC1; compressedDepth png',
        /more than 12 bytes .* received 12/,
      ],
      ['nothing', new Uint8Array(0), '', /received 0/],
      ['a cut PNG', withHeader(png.subarray(0, png.length - 30)), '', /whole PNG .* its decoder says/],
      ['8 bits', withHeader(grey8), '16UC1; compressedDepth png', /16-bit grey PNG .* received 1 x 8 bits/],
      ['colour', withHeader(colour), '16UC1; compressedDepth png', /received 3 x 8 bits/],
      ['noise without a name', withHeader(rvl), '16UC1; compressedDepth png', /PNG, or 'rvl' in the format/],
      ['cut RVL', withHeader(rvl.subarray(0, 20)), '16UC1; compressedDepth rvl', /damaged or cut/],
      ['no quantisation', withHeader(png), '32FC1; compressedDepth png', /positive quantA .* received 0, 0/],
      ['NaN quantisation', withHeader(png, 10100, Number.NaN), '32FC1; compressedDepth', /received 10100, NaN/],
    ];
    for (const [what, data, format, reason] of bad) {
      const outcome = await decode(data, format);
      assert.equal(outcome.kind, 'invalid', what);
      assertInvalid(outcome, reason);
    }
  });
});

import assert from 'node:assert/strict';
import zlib from 'node:zlib';
import fc from 'fast-check';
import sharp from 'sharp';
import { readPlainPng } from '../../../src/sensors/depth/plain_png.js';

interface Picture {
  width: number;
  height: number;
  /** Filter of each row, 0 to 4. */
  filters: readonly number[];
  /** Bytes as they are filtered, which are any samples. */
  filtered: Uint8Array;
}

function chunk(type: string, content: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  crc.writeUInt32BE(zlib.crc32(named));
  return Buffer.concat([length, named, crc]);
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** A PNG of one IDAT chunk, or of several. */
function writePng(
  { width, height, filters, filtered }: Picture,
  { bits = 16, idat = 1, extra = [] as Buffer[], behind = Buffer.alloc(0) } = {},
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = bits;
  const rowBytes = (width * bits) / 8;
  const lines = Buffer.alloc((1 + rowBytes) * height);
  for (let row = 0; row < height; row++) {
    lines[row * (1 + rowBytes)] = filters[row % filters.length]!;
    lines.set(filtered.subarray(row * rowBytes, (row + 1) * rowBytes), row * (1 + rowBytes) + 1);
  }
  const data = Buffer.concat([zlib.deflateSync(lines), behind]);
  const size = Math.ceil(data.length / idat);
  const parts = Array.from({ length: idat }, (_, i) => chunk('IDAT', data.subarray(i * size, (i + 1) * size)));
  return Buffer.concat([SIGNATURE, chunk('IHDR', header), ...extra, ...parts, chunk('IEND', Buffer.alloc(0))]);
}

/** What libvips reads: the oracle. */
async function readBySharp(png: Uint8Array): Promise<number[] | undefined> {
  try {
    const { data } = await sharp(png, { failOn: 'warning' })
      .toColourspace('grey16')
      .raw({ depth: 'ushort' })
      .toBuffer({ resolveWithObject: true });
    return [...new Uint16Array(Uint8Array.from(data).buffer)];
  } catch {
    return undefined;
  }
}

const pictures: fc.Arbitrary<Picture> = fc
  .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 12 }))
  .chain(([width, height]) =>
    fc.record({
      width: fc.constant(width),
      height: fc.constant(height),
      filters: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: height }),
      filtered: fc.uint8Array({ minLength: 2 * width * height, maxLength: 2 * width * height }),
    }),
  );

describe('depth: plain PNG', () => {
  it('gives the samples libvips gives, whatever filters rows have and however data is cut', async function () {
    this.timeout(120_000);
    await fc.assert(
      fc.asyncProperty(pictures, fc.integer({ min: 1, max: 5 }), async (picture, idat) => {
        const png = writePng(picture, { idat });
        const read = await readPlainPng(png);
        assert.deepEqual([...(read?.samples ?? [])], await readBySharp(png));
        assert.deepEqual([read?.width, read?.height], [picture.width, picture.height]);
      }),
      { numRuns: 60 },
    );
  });

  it('reads large pictures in slices, expanded in a thread, alike', async () => {
    const [width, height] = [500, 700];
    const filtered = Uint8Array.from({ length: 2 * width * height }, (_, i) => (i * 2654435761) >>> 24);
    const png = writePng({ width, height, filters: [4, 3, 2, 1, 0], filtered }, { idat: 3 });
    const read = await readPlainPng(png);
    assert.deepEqual([...read!.samples], await readBySharp(png));
  });

  it('leaves to libvips what is damaged, or takes it as libvips does', async function () {
    this.timeout(120_000);
    const picture = { width: 9, height: 5, filters: [4, 3, 1], filtered: Uint8Array.from({ length: 90 }, (_, i) => i) };
    const whole = writePng(picture, { idat: 2 });
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), fc.boolean(), async (at, byte, isCut) => {
        const png = isCut ? whole.subarray(0, at) : Buffer.from(whole);
        if (!isCut) png[at] = byte;
        const read = await readPlainPng(png);
        if (read !== undefined) assert.deepEqual([...read.samples], await readBySharp(png));
      }),
      { numRuns: 200 },
    );
  });

  const picture: Picture = { width: 2, height: 2, filters: [0], filtered: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
  const others: [string, Buffer][] = [
    ['8 bits', writePng(picture, { bits: 8 })],
    ['a filter that is not there', writePng({ ...picture, filters: [5] })],
    ['bytes behind the data', writePng(picture, { behind: Buffer.from([1, 2, 3]) })],
    ['a transparent grey', writePng(picture, { extra: [chunk('tRNS', Uint8Array.of(0, 1))] })],
    ['a colour profile', writePng(picture, { extra: [chunk('iCCP', Uint8Array.of(65, 0, 0, 1))] })],
  ];
  for (const [what, png] of others) {
    it(`leaves ${what} to libvips`, async () => assert.equal(await readPlainPng(png), undefined));
  }

  it('leaves a header that lies about the size to libvips, without memory for it', async () => {
    for (const [width, height] of [
      [2, 3],
      [3, 2],
      [100_000, 100_000],
      [0, 2],
    ]) {
      const png = writePng(picture);
      png.writeUInt32BE(width!, 16);
      png.writeUInt32BE(height!, 20);
      png.writeUInt32BE(zlib.crc32(png.subarray(12, 29)), 29);
      assert.equal(await readPlainPng(png), undefined, `${width}x${height}`);
    }
  });
});

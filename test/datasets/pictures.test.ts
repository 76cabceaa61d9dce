import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { readColumns } from '../../src/datasets/hdf5.js';
import { labelsFromOne, plainLabels, readLabels } from '../../src/datasets/labels.js';
import { readNpy } from '../../src/datasets/npy.js';
import { readLabelPicture, readPicture, toRgb } from '../../src/datasets/picture.js';
import { crop, resizeBilinear, resizeNearest } from '../../src/datasets/resample.js';
import { projectRoot } from '../support/shared_data.js';
import { samples, savePng } from './support/trees.js';

describe('files of data sets', () => {
  let folder: string;
  const at = (name: string) => join(folder, name);
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mle-sam-files-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  describe('readLabels', () => {
    const cases = [
      { name: 'grey', channels: 1, value: (x: number) => x },
      { name: 'grey with alpha 0', channels: 2, value: (x: number, _: number, c: number) => (c === 0 ? x : 0) },
      { name: 'colour', channels: 3, value: (x: number, _: number, c: number) => (c === 0 ? x : 200) },
      { name: 'four channels', channels: 4, value: (x: number, _: number, c: number) => [x, 90, 3, x % 2][c]! },
    ] as const;
    for (const { name, channels, value } of cases) {
      it(`takes the first channel of ${name} as it is stored`, async () => {
        await savePng(at('label.png'), samples(26, 2, channels, value));
        const { width, labels } = await readLabels(at('label.png'), labelsFromOne(25));
        assert.equal(width, 26);
        assert.deepEqual([...labels.subarray(0, 26)], [255, ...Array.from({ length: 25 }, (_, i) => i)]);
      });
    }

    it('takes the indices of a palette, also where two entries have one colour', async () => {
      const indices = samples(8, 1, 1, (x) => x);
      await savePng(at('grey.png'), indices);
      writeFileSync(at('palette.png'), withPalette(readFileSync(at('grey.png'))));
      const { labels } = await readLabels(at('palette.png'), plainLabels(8));
      assert.deepEqual([...labels], [0, 1, 2, 3, 4, 5, 6, 7]);
    });

    it('does not apply a colour profile to ids', async () => {
      const plain = samples(20, 1, 3, (x) => 12 * x);
      await savePng(at('plain.png'), plain);
      const { data, width, height, channels } = plain;
      await sharp(data, { raw: { width, height, channels } }).withIccProfile('p3').png().toFile(at('profile.png'));
      const donor = readFileSync(at('profile.png'));
      const from = donor.indexOf('iCCP', 'latin1') - 4;
      const profile = donor.subarray(from, from + 12 + donor.readUInt32BE(from));
      const file = readFileSync(at('plain.png'));
      writeFileSync(at('profile.png'), Buffer.concat([file.subarray(0, 33), profile, file.subarray(33)]));
      const { data: ids } = await readLabelPicture(at('profile.png'));
      assert.deepEqual(
        [...ids],
        Array.from({ length: 20 }, (_, i) => 12 * i),
      );
    });

    for (const [stored, rule, sentence] of [
      [26, labelsFromOne(25), /Expected label values 0\.\.25 or 255 in .*bad\.png but received 26\. Check/],
      [19, plainLabels(19), /Expected label values 0\.\.18 or 255 in .* but received 19\./],
    ] as const) {
      it(`refuses a value of ${stored}`, async () => {
        await savePng(at('bad.png'), samples(4, 4, 1, stored));
        await assert.rejects(readLabels(at('bad.png'), rule), sentence);
      });
    }

    it('reads ids of 16 bits, and refuses those that are none', async () => {
      await savePng(at('wide.png'), { width: 2, height: 1, channels: 1, data: Uint16Array.of(3, 255) });
      assert.deepEqual([...(await readLabels(at('wide.png'), plainLabels(4))).labels], [3, 255]);
      await savePng(at('wide.png'), { width: 2, height: 1, channels: 1, data: Uint16Array.of(3, 259) });
      await assert.rejects(readLabels(at('wide.png'), plainLabels(4)), /but received 259\./);
    });

    it('says which file is cut short, missing, or of another size', async () => {
      await savePng(
        at('cut.png'),
        samples(64, 64, 1, (x, y) => (x * y) % 5),
      );
      truncateSync(at('cut.png'), 80);
      await assert.rejects(
        readLabels(at('cut.png'), plainLabels(5)),
        /Expected a whole picture at .*cut\.png but could not/,
      );
      await assert.rejects(readLabels(at('none.png'), plainLabels(5)), /Expected a whole picture at .*none\.png/);
      await savePng(at('size.png'), samples(3, 2, 1, 0));
      await assert.rejects(
        readLabels(at('size.png'), plainLabels(5), { width: 4, height: 2 }),
        /Expected 4x2 pixels for .*size\.png but received 3x2\. Use the files as they are published\./,
      );
    });
  });

  describe('toRgb', () => {
    it('repeats grey, leaves alpha out, and takes 16 bits as Pillow does', async () => {
      await savePng(
        at('grey.png'),
        samples(2, 1, 1, (x) => 7 + x),
      );
      assert.deepEqual([...toRgb(await readPicture(at('grey.png'))).data], [7, 7, 7, 8, 8, 8]);
      await savePng(
        at('rgba.png'),
        samples(1, 1, 4, (_x, _y, c) => [1, 2, 3, 0][c]!),
      );
      assert.deepEqual([...toRgb(await readPicture(at('rgba.png'))).data], [1, 2, 3]);
      const data = Uint16Array.of(0x12ff, 0x3400, 0xffff);
      await savePng(at('rgb16.png'), { width: 1, height: 1, channels: 3, data });
      assert.deepEqual([...toRgb(await readPicture(at('rgb16.png'))).data], [0x12, 0x34, 0xff]);
      await savePng(at('grey16.png'), { width: 1, height: 1, channels: 1, data: Uint16Array.of(0x12ff) });
      // 4863 / 257 = 18.9
      assert.deepEqual([...toRgb(await readPicture(at('grey16.png'))).data], [19, 19, 19]);
    });
  });

  describe('resampling', () => {
    const raster = fc
      .record({ width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 40 }), seed: fc.nat(255) })
      .map(({ width, height, seed }) => samples(width, height, 3, (x, y, c) => (seed + x * 31 + y * 17 + c * 5) % 256));
    const size = fc.record({ width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 40 }) });

    it('keeps even pictures even, stays between the extremes, and changes nothing at the same size', () => {
      fc.assert(
        fc.property(raster, size, fc.nat(255), (picture, to, value) => {
          const { data, ...shape } = picture as { data: Uint8Array } & typeof picture;
          const even = resizeBilinear({ ...shape, data: new Uint8Array(data.length).fill(value) }, to);
          assert.ok(even.data.every((byte) => byte === value));
          const resized = resizeBilinear({ ...shape, data }, to);
          assert.equal(resized.data.length, to.width * to.height * 3);
          assert.ok(Math.max(...resized.data) <= Math.max(...data) && Math.min(...resized.data) >= Math.min(...data));
          const nearest = resizeNearest({ ...shape, data }, to);
          const known = new Set(data);
          assert.ok(nearest.data.every((byte) => known.has(byte)));
          assert.deepEqual(resizeBilinear({ ...shape, data }, shape).data, data);
          assert.deepEqual(resizeNearest({ ...shape, data }, shape).data, data);
        }),
        { numRuns: 50 },
      );
    });

    it('halves by weights 1 3 3 1, and cuts out what was asked for', () => {
      const row = { width: 8, height: 1, channels: 1, data: Uint8Array.of(0, 0, 80, 80, 160, 160, 240, 240) };
      assert.deepEqual([...resizeBilinear(row, { width: 4, height: 1 }).data], [11, 80, 160, 229]);
      const grid = { width: 3, height: 2, channels: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
      assert.deepEqual([...crop(grid, 1, 0, { width: 2, height: 2 }).data], [2, 3, 5, 6]);
    });
  });

  describe('readNpy', () => {
    const npy = (descr: string, shape: string, body: Uint8Array, order = 'False') => {
      const header = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`;
      const length = Buffer.alloc(2);
      length.writeUInt16LE(header.length);
      return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), length, Buffer.from(header), body]);
    };
    const bytes = (view: ArrayBufferView) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    for (const [descr, body] of [
      ['<f8', bytes(Float64Array.of(-1, 0.5, 0, 1, 2, -0.25))],
      ['<f4', bytes(Float32Array.of(-1, 0.5, 0, 1, 2, -0.25))],
      [
        '>f4',
        bytes(Float32Array.of(-1, 0.5, 0, 1, 2, -0.25))
          .slice()
          .reverse(),
      ],
      ['<f2', bytes(Uint16Array.of(0xbc00, 0x3800, 0, 0x3c00, 0x4000, 0xb400))],
    ] as const) {
      it(`reads ${descr}`, async () => {
        writeFileSync(at('array.npy'), npy(descr, '(2, 3)', body));
        const { width, height, data } = await readNpy(at('array.npy'));
        assert.deepEqual([width, height], [3, 2]);
        const expected = [-1, 0.5, 0, 1, 2, -0.25];
        assert.deepEqual([...data], descr.startsWith('>') ? expected.toReversed() : expected);
      });
    }

    for (const [name, content, why] of [
      ['text', Buffer.from('no array at all'), /it is no \.npy file/],
      ['three dimensions', npy('<f4', '(1, 1, 1)', new Uint8Array(4)), /it has not two dimensions/],
      ['columns first', npy('<f4', '(1, 1)', new Uint8Array(4), 'True'), /its columns come first/],
      ['another type', npy('<c8', '(1, 1)', new Uint8Array(8)), /its type is none of/],
      ['a cut file', npy('<f4', '(100, 100)', new Uint8Array(8)), /it is cut short/],
    ] as const) {
      it(`refuses ${name}`, async () => {
        writeFileSync(at('array.npy'), content);
        await assert.rejects(readNpy(at('array.npy')), why);
      });
    }
  });

  describe('readColumns', () => {
    const names = ['events/x', 'events/y', 'events/p', 'events/t'];
    const fixture = (name: string) => join(projectRoot, 'test', 'fixtures', 'events-h5', `${name}.h5`);
    for (const codec of ['plain', 'gzip', 'blosc_zstd', 'blosc_lz4', 'blosc_blosclz']) {
      it(`reads ${codec}, as h5py and hdf5plugin wrote it`, async () => {
        const [x, y, p, t] = await readColumns(fixture(codec), names);
        assert.equal(t!.length, 2000);
        for (let i = 0; i < 2000; i++) {
          const event = [x, y, p, t].map((column) => Number(column![i]!));
          assert.deepEqual(event, [(7 * i) % 1280, (11 * i) % 720, i % 2, 5_000_000 + 20 * i]);
        }
      });
    }

    it('says what is wrong with a file, and reads the next one all the same', async () => {
      await assert.rejects(readColumns(fixture('blosc_zlib'), names), /blosc with zlib inside is not supported/);
      await assert.rejects(
        readColumns(fixture('plain'), ['events/q']),
        /Expected events\/q in .* events\/q is missing/,
      );
      await assert.rejects(readColumns(fixture('plain'), ['events']), /events is missing/);
      writeFileSync(at('text.h5'), 'no HDF5');
      await assert.rejects(readColumns(at('text.h5'), names), /in .*text\.h5 but could not read them: /);
      await assert.rejects(readColumns(at('nothing.h5'), names), /but could not read them: /);
      const cut = readFileSync(fixture('blosc_zstd'));
      writeFileSync(at('cut.h5'), cut.subarray(0, cut.length / 2));
      await assert.rejects(readColumns(at('cut.h5'), names), /in .*cut\.h5 but could not read them: [^\n]*\.$/);
      const damaged = Buffer.from(cut);
      damaged.fill(0x55, damaged.length - 9000, damaged.length - 3000);
      writeFileSync(at('damaged.h5'), damaged);
      await assert.rejects(readColumns(at('damaged.h5'), names), /in .*damaged\.h5 but could not read them: [^\n]*\.$/);
      assert.equal((await readColumns(fixture('blosc_zstd'), names))[0]!.length, 2000);
    });
  });
});

/** Makes a PNG of eight grey values one with a palette, in which all colours are the same but one. */
function withPalette(grey: Buffer): Buffer {
  const palette = Buffer.alloc(8 * 3, 128);
  palette[3] = 7;
  const chunk = (name: string, body: Buffer) => {
    const framed = Buffer.alloc(body.length + 12);
    framed.writeUInt32BE(body.length);
    framed.write(name, 4, 'latin1');
    body.copy(framed, 8);
    framed.writeUInt32BE(crc(framed.subarray(4, -4)), framed.length - 4);
    return framed;
  };
  const header = Buffer.from(grey.subarray(16, 29));
  header[9] = 3;
  return Buffer.concat([grey.subarray(0, 8), chunk('IHDR', header), chunk('PLTE', palette), grey.subarray(33)]);
}

function crc(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return (value ^ 0xffffffff) >>> 0;
}

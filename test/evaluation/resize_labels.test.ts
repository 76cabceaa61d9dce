import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { resizeLabelsNearest } from '../../src/evaluation/index.js';
import type { ImageSize } from '../../src/sensors/modality_image.js';
import { projectRoot } from '../support/shared_data.js';

/** Computed by Pillow's NEAREST and OpenCV's INTER_NEAREST_EXACT: see fixtures/make_fixtures.py. */
const cases = JSON.parse(readFileSync(join(projectRoot, 'test/evaluation/fixtures/nearest.json'), 'utf8')) as {
  from: ImageSize;
  to: ImageSize;
  labels: number[];
  pillow: number[];
  opencv: number[];
}[];

describe('resizeLabelsNearest', () => {
  for (const { from, to, labels, pillow, opencv } of cases) {
    it(`equals Pillow and OpenCV from ${from.width}x${from.height} to ${to.width}x${to.height}`, () => {
      const resized = [...resizeLabelsNearest(Uint8Array.from(labels), from, to)];
      assert.deepEqual(resized, pillow);
      assert.deepEqual(resized, opencv);
    });
  }

  it('takes the pixel whose cell holds the centre, not the corner', () => {
    // Three from five: centres at 0.83, 2.5, 4.17. A corner convention would take 0, 1, 3.
    const row = Uint8Array.of(10, 11, 12, 13, 14);
    const resized = resizeLabelsNearest(row, { width: 5, height: 1 }, { width: 3, height: 1 });
    assert.deepEqual([...resized], [10, 12, 14]);
  });

  it('undoes an enlargement by a whole factor', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 4 }),
        (width, height, factor) => {
          const labels = Uint8Array.from({ length: width * height }, (_, i) => i);
          const small = { width, height };
          const large = { width: width * factor, height: height * factor };
          const back = resizeLabelsNearest(resizeLabelsNearest(labels, small, large), large, small);
          assert.deepEqual(back, labels);
        },
      ),
    );
  });

  it('never invents a label', () => {
    const labels = Uint8Array.from({ length: 35 }, (_, i) => (i % 2 === 0 ? 3 : 250));
    const resized = resizeLabelsNearest(labels, { width: 7, height: 5 }, { width: 16, height: 11 });
    assert.deepEqual([...new Set(resized)].sort(), [250, 3]);
  });

  it('copies when nothing changes, so that the caller may keep writing', () => {
    const labels = Uint8Array.of(1, 2);
    const copy = resizeLabelsNearest(labels, { width: 2, height: 1 }, { width: 2, height: 1 });
    labels[0] = 9;
    assert.deepEqual([...copy], [1, 2]);
  });

  it('refuses sizes that do not fit', () => {
    const size = { width: 2, height: 2 };
    assert.throws(() => resizeLabelsNearest(new Uint8Array(3), size, size), /Expected 4 labels for 2x2 pixels/);
    for (const width of [0, -1, 1.5, Number.NaN]) {
      assert.throws(() => resizeLabelsNearest(new Uint8Array(4), size, { width, height: 2 }), /positive size for to/);
    }
  });
});

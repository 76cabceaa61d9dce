import assert from 'node:assert/strict';
import fc from 'fast-check';
import { InputFiller } from '../../../src/model/whole/fill_input.js';
import { halfBits, halfTable } from '../../../src/model/whole/half.js';
import { gridFor, type NetworkInput, type NetworkRecipe } from '../../../src/model/whole/recipe.js';

const INPUT: NetworkInput = {
  name: 'x',
  modality: 'camera',
  type: 'float32',
  layout: 'NCHW',
  channels: 3,
  grey: 'luma',
  order: 'rgb',
  scale: 1 / 255,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
  absent: 'zero',
};

function recipeOf(input: NetworkInput, more: Partial<NetworkRecipe> = {}): NetworkRecipe {
  return {
    size: { width: 6, height: 4 },
    batch: 1,
    fit: 'stretch',
    inputs: [input],
    constants: [],
    output: { kind: 'labels', name: 'y' },
    classIds: [0],
    confidence: 'none',
    ...more,
  };
}

const picture = (width: number, height: number) =>
  Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37 + 11) % 256);

describe('InputFiller', () => {
  const variants = fc.record({
    type: fc.constantFrom('float32', 'float16', 'uint8'),
    layout: fc.constantFrom('NCHW', 'NHWC', 'CHW', 'HWC'),
    order: fc.constantFrom('rgb', 'bgr'),
    fit: fc.constantFrom('stretch', 'letterbox', 'crop'),
  });

  it('writes (byte * scale - mean) / std where layout, order, type and fit want it, and zero elsewhere', () => {
    fc.assert(
      fc.property(variants, ({ type, layout, order, fit }) => {
        const input: NetworkInput = { ...INPUT, type, layout, order };
        const recipe = recipeOf(input, { fit });
        const grid = gridFor(fit, recipe.size, { width: 16, height: 9 });
        const image = picture(grid.width, grid.height);
        const filler = new InputFiller(input, recipe, grid);
        filler.fill(image);
        const { width, height } = recipe.size;
        assert.deepEqual(
          filler.dims,
          [...layout].map((letter) => ({ N: 1, C: 3, H: height, W: width })[letter]),
        );
        const [dx, dy] = [Math.floor((width - grid.width) / 2), Math.floor((height - grid.height) / 2)];
        for (let c = 0; c < 3; c++) {
          const colour = order === 'rgb' ? c : 2 - c;
          for (let y = 0; y < height; y++) {
            for (let x = 0; x < width; x++) {
              const at = layout.endsWith('CHW') ? (c * height + y) * width + x : (y * width + x) * 3 + c;
              const raw = filler.data[at]!;
              const value = type === 'float16' ? halfTable()[raw]! : raw;
              const [gx, gy] = [x - dx, y - dy];
              const isInside = gx >= 0 && gx < grid.width && gy >= 0 && gy < grid.height;
              const byte = image[(gy * grid.width + gx) * 3 + colour]!;
              const normal = (byte / 255 - INPUT.mean[colour]!) / INPUT.std[colour]!;
              const expected = !isInside ? 0 : type === 'uint8' ? byte : normal;
              assert.ok(Math.abs(value - expected) < (type === 'float16' ? 2e-3 : 1e-5), `${value} for ${expected}`);
            }
          }
        }
      }),
    );
  });

  it('makes one channel of the luma of a picture, or of the first channel', () => {
    const image = Uint8Array.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30]);
    const size = { width: 2, height: 2 };
    const values = (grey: 'luma' | 'first') => {
      const input: NetworkInput = { ...INPUT, channels: 1, grey, type: 'uint8', layout: 'HWC', scale: 1 };
      const filler = new InputFiller(input, recipeOf(input, { size }), size);
      filler.fill(image);
      return [...filler.data];
    };
    assert.deepEqual(values('luma'), [76, 150, 29, 18]);
    assert.deepEqual(values('first'), [255, 0, 0, 10]);
  });

  it('gives zeros or the mean colour for a missing sensor, beside the last image', () => {
    const size = { width: 2, height: 1 };
    const image = Uint8Array.from([1, 2, 3, 4, 5, 6]);
    const absent = (more: Partial<NetworkInput>) => {
      const input: NetworkInput = { ...INPUT, ...more };
      const filler = new InputFiller(input, recipeOf(input, { size }), size);
      filler.fill(image);
      const before = [...filler.data];
      const given = [...filler.absent()];
      assert.deepEqual([...filler.data], before);
      return given;
    };
    assert.deepEqual(absent({ absent: 'zero' }), [0, 0, 0, 0, 0, 0]);
    assert.deepEqual(absent({ absent: 'mean' }), [0, 0, 0, 0, 0, 0]);
    const bytes = { type: 'uint8', layout: 'NHWC', scale: 1, mean: [124, 116, 104] } as const;
    assert.deepEqual(absent({ ...bytes, mean: [...bytes.mean], absent: 'mean' }), [124, 116, 104, 124, 116, 104]);
    assert.throws(() => absent({ absent: 'refuse' }), /no mask without camera/);
  });
});

describe('halfBits', () => {
  it('is the inverse of reading, for all 65536 patterns that are numbers', () => {
    const table = halfTable();
    for (let bits = 0; bits < 65536; bits++) {
      if (Number.isNaN(table[bits]!)) continue;
      assert.equal(halfBits(table[bits]!), bits);
    }
  });

  const cases: [value: number, bits: number][] = [
    [1 / 3, 0x3555],
    [65504, 0x7bff],
    [65520, 0x7c00],
    [2 ** -25, 0],
    [2 ** -24 * 1.5, 2],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [-0, 0x8000],
  ];
  for (const [value, bits] of cases) {
    it(`rounds ${value} to nearest even`, () => assert.equal(halfBits(value), bits));
  }
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeRvl, encodeRvl } from '../../../src/sensors/depth/index.js';

/** A payload from hand-written nibbles, first nibble highest in each little-endian word. */
function payload(width: number, height: number, nibbles: string): Uint8Array {
  const digits = nibbles.replaceAll(' ', '');
  const words = digits.padEnd(Math.ceil(digits.length / 8) * 8, '0').match(/.{8}/g) ?? [];
  const size = Buffer.alloc(8);
  size.writeUInt32LE(width, 0);
  size.writeUInt32LE(height, 4);
  return Uint8Array.from(Buffer.concat([size, ...words.map((word) => Buffer.from(word, 'hex').reverse())]));
}

function reasonOf(bytes: Uint8Array): string {
  const outcome = decodeRvl(bytes);
  assert.equal(outcome.kind, 'invalid');
  return outcome.kind === 'invalid' ? outcome.reason : '';
}

/** Nibble by nibble, as the format is described. @returns samples, or the pixel at which the data is damaged or ends */
function readNibbleByNibble(bytes: Uint8Array): number[] | number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint32(0, true) * view.getUint32(4, true);
  const nibbles: number[] = [];
  for (let at = 8; at + 4 <= bytes.length; at += 4) {
    const word = view.getUint32(at, true);
    for (let shift = 28; shift >= 0; shift -= 4) nibbles.push((word >>> shift) & 15);
  }
  let at = 0;
  const next = (): number | undefined => {
    let value = 0;
    for (let i = 0; i < 11 && at < nibbles.length; i++) {
      const nibble = nibbles[at++]!;
      value += (nibble & 7) * 8 ** i;
      if (nibble < 8) return value;
    }
    return undefined;
  };
  const samples: number[] = [];
  let previous = 0;
  while (samples.length < count) {
    const [zeros, others] = [next(), next()];
    if (zeros === undefined || others === undefined || zeros + others === 0) return samples.length;
    if (zeros + others > count - samples.length) return samples.length;
    for (let i = 0; i < zeros; i++) samples.push(0);
    for (let i = 0; i < others; i++) {
      const value = next();
      if (value === undefined) return samples.length;
      const zigzag = value % 2 ** 32;
      previous += zigzag % 2 === 1 ? -(zigzag + 1) / 2 : zigzag / 2;
      if (previous < 0 || previous > 0xffff) return samples.length;
      samples.push(previous);
    }
  }
  return samples;
}

function assertLikeNibbleByNibble(bytes: Uint8Array): void {
  const expected = readNibbleByNibble(bytes);
  const decoded = decodeRvl(bytes);
  if (typeof expected === 'number') {
    assert.ok(decoded.kind === 'invalid' && decoded.reason.endsWith(` at pixel ${expected}`), JSON.stringify(decoded));
  } else {
    assert.deepEqual(decoded.kind === 'samples' && [...decoded.samples], expected);
  }
}

/** Depths of a surface with noise of a size of its own, and holes, as often as is said. */
const surfaces = fc
  .record({
    seed: fc.nat(),
    count: fc.integer({ min: 1, max: 400 }),
    start: fc.constantFrom(1, 60, 1000, 65_400),
    noise: fc.constantFrom(0, 3, 8, 40, 3000),
    holes: fc.constantFrom(0, 0.05, 0.5),
  })
  .map(({ seed, count, start, noise, holes }) => {
    let state = seed;
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    return Uint16Array.from({ length: count }, () => {
      if (random() < holes) return 0;
      return Math.min(65_535, start + Math.floor(random() * (noise + 1)));
    });
  });

describe('RVL', () => {
  // Worked out by hand. Numbers are nibbles of 3 data bits, low bits first, 8 = "more follows"; differences are
  // zig-zag: +d -> 2d, -d -> 2d - 1. 42 = 2 + 8*5: a5. 300 = 4 + 8*5 + 64*4: cd4. 5280 = 8caa1's digits 0,4,2,2,1.
  const cases: { what: string; width: number; height: number; nibbles: string; samples: number[] }[] = [
    { what: 'one run: +21 (42), +1 (2)', width: 2, height: 1, nibbles: '0 2 a5 2', samples: [21, 22] },
    {
      what: 'zeros around: +150 (300), -1 (1)',
      width: 4,
      height: 1,
      nibbles: '1 2 cd4 1 1 0',
      samples: [0, 150, 149, 0],
    },
    {
      what: 'difference across a gap: +2640 (5280)',
      width: 3,
      height: 1,
      nibbles: '0 1 8caa1 1 1 1',
      samples: [2640, 0, 2639],
    },
    { what: 'a run longer than a nibble', width: 9, height: 1, nibbles: '91 0', samples: new Array(9).fill(0) },
    { what: 'several rows', width: 2, height: 2, nibbles: '0 4 4 0 0 0', samples: [2, 2, 2, 2] },
    { what: 'the largest value', width: 1, height: 1, nibbles: '0 1 effff3', samples: [65535] },
  ];
  for (const { what, width, height, nibbles, samples } of cases) {
    it(`${what}: ${nibbles}`, () => {
      const bytes = payload(width, height, nibbles);
      assert.deepEqual(decodeRvl(bytes), { kind: 'samples', width, height, samples: Uint16Array.from(samples) });
      assert.deepEqual(encodeRvl(Uint16Array.from(samples), width, height), bytes);
    });
  }

  it('reads back whatever it wrote, from any address', () => {
    const depth = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 65535 }), fc.integer({ min: 1000, max: 1010 }));
    fc.assert(
      fc.property(fc.array(depth, { minLength: 1, maxLength: 300 }), (samples) => {
        const encoded = encodeRvl(Uint16Array.from(samples), samples.length, 1);
        const shifted = new Uint8Array(encoded.length + 1);
        shifted.set(encoded, 1);
        const decoded = decodeRvl(shifted.subarray(1));
        assert.deepEqual(decoded.kind === 'samples' && [...decoded.samples], samples);
      }),
    );
  });

  it('gives what reading nibble by nibble gives, of surfaces with any noise and holes', () => {
    fc.assert(
      fc.property(surfaces, (samples) => {
        const encoded = encodeRvl(samples, samples.length, 1);
        assertLikeNibbleByNibble(encoded);
        const decoded = decodeRvl(encoded);
        assert.deepEqual(decoded.kind === 'samples' && [...decoded.samples], [...samples]);
      }),
      { numRuns: 1000 },
    );
  });

  it('ends at the same pixel where such data is damaged or cut', () => {
    fc.assert(
      fc.property(surfaces, fc.nat(), fc.nat(255), fc.boolean(), (samples, place, byte, isCut) => {
        const encoded = encodeRvl(samples, samples.length, 1);
        const at = 8 + (place % (encoded.length - 8));
        if (!isCut) encoded[at] = byte;
        assertLikeNibbleByNibble(isCut ? encoded.subarray(0, at) : encoded);
      }),
      { numRuns: 1000 },
    );
  });

  it('takes an empty frame of 640x480 in a few bytes, which upstream refuses', () => {
    const zeros = new Uint16Array(640 * 480);
    const bytes = encodeRvl(zeros, 640, 480);
    assert.ok(bytes.length <= 24);
    assert.deepEqual(decodeRvl(bytes), { kind: 'samples', width: 640, height: 480, samples: zeros });
  });

  describe('refuses', () => {
    const bad: [string, Uint8Array, RegExp][] = [
      ['no header', new Uint8Array(7), /at least 8 bytes of RVL but received 7/],
      ['a size no memory holds', payload(0xffffffff, 0xffffffff, '0'), /1 to \d+ pixels .* 4294967295x4294967295/],
      ['no pixels', payload(0, 5, '0'), /received 0x5/],
      ['no data', payload(4, 4, ''), /16 pixels but it is damaged or cut at pixel 0/],
      ['data cut after a run', payload(16, 1, '0 81 2 2 2 2 2'), /cut at pixel 5/],
      ['a run beyond the last pixel', payload(4, 1, '0 5 2 2 2 2 2'), /damaged or cut at pixel 0/],
      ['empty runs without end', payload(4, 4, '00000000 00000000'), /damaged or cut at pixel 0/],
      ['a number without end', payload(4, 4, 'ffffffff ffffffff ffffffff'), /damaged/],
      ['a difference below 0', payload(2, 1, '0 2 2 3'), /cut at pixel 1/],
    ];
    for (const [what, bytes, reason] of bad) it(what, () => assert.match(reasonOf(bytes), reason));

    it('or decodes, but never throws or hangs on damage', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 500 }), (bytes, width) => {
          const damaged = Uint8Array.from([...payload(width, 3, ''), ...bytes]);
          assertLikeNibbleByNibble(damaged);
        }),
      );
    });
  });
});

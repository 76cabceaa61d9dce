import type { FuzzRandom } from './target.js';

/** Values at which lengths, sizes and counters go wrong. */
const EXTREMES = [
  0, 1, 2, 3, 7, 8, 12, 16, 127, 128, 255, 256, 4095, 4096, 32767, 32768, 65535, 65536, 0x7fffffff, 0x80000000,
  0xfffffffe, 0xffffffff,
];
const MOST_BYTES = 1 << 20;

type Mutation = (bytes: Uint8Array, random: FuzzRandom, others: readonly Uint8Array[]) => Uint8Array;

const binary: readonly Mutation[] = [
  function flipBit(bytes, random) {
    const changed = bytes.slice();
    const at = random.integer(0, bytes.length - 1);
    changed[at]! ^= 1 << random.integer(0, 7);
    return changed;
  },
  function setByte(bytes, random) {
    const changed = bytes.slice();
    changed[random.integer(0, bytes.length - 1)] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.integer(0, 255)]);
    return changed;
  },
  function truncate(bytes, random) {
    return bytes.slice(0, random.integer(0, bytes.length - 1));
  },
  /** Lengths, counts and sizes are such numbers. */
  function setWord(bytes, random) {
    const changed = bytes.slice();
    if (bytes.length < 4) return changed;
    // Near the front lie headers.
    const reach = random.chance(0.6) ? Math.min(bytes.length, 160) : bytes.length;
    const at = random.integer(0, reach - 4) & ~(random.chance(0.8) ? 3 : 0);
    const value = random.chance(0.7) ? random.pick(EXTREMES) : random.integer(0, 0xffffffff);
    new DataView(changed.buffer).setUint32(at, value, random.chance(0.9));
    return changed;
  },
  function setHalfWord(bytes, random) {
    const changed = bytes.slice();
    if (bytes.length < 2) return changed;
    const at = random.integer(0, bytes.length - 2) & ~1;
    new DataView(changed.buffer).setUint16(at, random.pick(EXTREMES) & 0xffff, true);
    return changed;
  },
  function setLongWord(bytes, random) {
    const changed = bytes.slice();
    if (bytes.length < 8) return changed;
    const at = random.integer(0, bytes.length - 8) & ~3;
    const value = random.pick([0n, 1n, 2n ** 31n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n]);
    new DataView(changed.buffer).setBigUint64(at, value, true);
    return changed;
  },
  function repeatStretch(bytes, random) {
    const from = random.integer(0, bytes.length - 1);
    const to = Math.min(bytes.length, from + random.integer(1, 64));
    const stretch = bytes.slice(from, to);
    const times = random.pick([1, 2, 16, 200]);
    return join(bytes.slice(0, to), ...Array.from({ length: times }, () => stretch), bytes.slice(to));
  },
  function removeStretch(bytes, random) {
    const from = random.integer(0, bytes.length - 1);
    return join(bytes.slice(0, from), bytes.slice(from + random.integer(1, 64)));
  },
  function splice(bytes, random, others) {
    const other = random.pick(others);
    const cut = random.integer(0, Math.min(bytes.length, other.length));
    return join(bytes.slice(0, cut), other.slice(cut));
  },
  function noise(bytes, random) {
    const changed = bytes.slice();
    const from = random.integer(0, bytes.length - 1);
    const to = Math.min(bytes.length, from + random.integer(1, 40));
    for (let i = from; i < to; i++) changed[i] = random.integer(0, 255);
    return changed;
  },
];

const WORDS = [
  '0',
  '-1',
  '1e999',
  '.nan',
  '.inf',
  'null',
  '~',
  'true',
  '[]',
  '{}',
  '[[[[[[[[]]]]]]]]',
  '""',
  '*a',
  '&a',
  '<<: *a',
  '!!binary aa',
  '!!js/function',
  '__proto__',
  'constructor',
  'toString',
  '9007199254740993',
  '-0',
  '0x7fffffff',
  '---',
  '...',
  '\u0000',
  '\ufeff',
  '\u202e',
  '../../../etc/passwd',
  '/dev/zero',
  '%',
  '?',
  ':',
  '|',
  '>',
  '\t',
  'é',
];

const text: readonly Mutation[] = [
  function removeLine(bytes, random) {
    return ofLines(bytes, (lines) => lines.splice(random.integer(0, lines.length - 1), random.pick([1, 1, 3])));
  },
  function repeatLine(bytes, random) {
    return ofLines(bytes, (lines) => {
      const at = random.integer(0, lines.length - 1);
      lines.splice(at, 0, ...Array.from({ length: random.pick([1, 2, 300]) }, () => lines[at]!));
    });
  },
  function swapLines(bytes, random) {
    return ofLines(bytes, (lines) => {
      const [a, b] = [random.integer(0, lines.length - 1), random.integer(0, lines.length - 1)];
      [lines[a], lines[b]] = [lines[b]!, lines[a]!];
    });
  },
  function indent(bytes, random) {
    return ofLines(bytes, (lines) => {
      const at = random.integer(0, lines.length - 1);
      lines[at] = random.chance(0.5) ? ` ${lines[at]}` : lines[at]!.slice(1);
    });
  },
  function replaceValue(bytes, random) {
    return ofText(bytes, (whole) => replaceOne(whole, /(?<=[:[,\s])[\w."'-]+/g, random, () => random.pick(WORDS)));
  },
  function replaceNumber(bytes, random) {
    return ofText(bytes, (whole) =>
      replaceOne(whole, /-?\d+(\.\d+)?/g, random, (number) =>
        random.pick(['0', '-1', '1e308', `${number}${number}`, `-${number}`, '4294967296', '1.5', 'NaN']),
      ),
    );
  },
  function replaceName(bytes, random) {
    return ofText(bytes, (whole) => replaceOne(whole, /[\w/]+(?=:)/g, random, () => random.pick(WORDS)));
  },
  function insertWord(bytes, random) {
    return ofText(bytes, (whole) => {
      const at = random.integer(0, whole.length);
      return whole.slice(0, at) + random.pick(WORDS) + whole.slice(at);
    });
  },
];

/** A seed with one to four things wrong with it. */
export function mutate(
  seeds: readonly Uint8Array[],
  form: 'binary' | 'text',
  random: FuzzRandom,
  from?: Uint8Array,
): Uint8Array {
  let bytes = from ?? random.pick(seeds);
  const count = random.pick([1, 1, 1, 2, 2, 3, 4]);
  for (let i = 0; i < count; i++) {
    if (bytes.length === 0) return bytes;
    const mutations = form === 'text' && random.chance(0.8) ? text : binary;
    bytes = random.pick(mutations)(bytes, random, seeds);
  }
  return bytes.length > MOST_BYTES ? bytes.slice(0, MOST_BYTES) : bytes;
}

/** A copy of a message with one to three of its fields wrong. */
export function mutateFields<Message extends object>(message: Message, random: FuzzRandom): Message {
  const copy = structuredClone(message);
  const count = random.pick([1, 1, 2, 3]);
  for (let i = 0; i < count; i++) changeField(copy as Record<string, unknown>, random);
  return copy;
}

const STRINGS = [
  '',
  'f',
  '/',
  'rgb8',
  '16UC1',
  '32FC1',
  'mono16',
  'evt3',
  'evt2',
  'libcaer',
  'equidistant',
  '__proto__',
  '\u0000',
  'x'.repeat(300),
];
const FLOATS = [0, -0, 1, -1, 1e-300, 1e300, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 53];

function changeField(holder: Record<string, unknown>, random: FuzzRandom): void {
  const names = Object.keys(holder);
  if (names.length === 0) return;
  const name = random.pick(names);
  const value = holder[name];
  if (value instanceof Uint8Array)
    holder[name] = value.length === 0 ? new Uint8Array(5) : mutate([value], 'binary', random);
  else if (typeof value === 'number') {
    holder[name] =
      Number.isInteger(value) && random.chance(0.8)
        ? random.pick([...EXTREMES, value + 1, value - 1, value * 2])
        : random.pick(FLOATS);
  } else if (typeof value === 'bigint')
    holder[name] = random.pick([0n, 1n, 2n ** 31n, 2n ** 63n, 2n ** 64n - 1n, value + 1n]);
  else if (typeof value === 'string') holder[name] = random.pick([...STRINGS, `${value}x`]);
  else if (typeof value === 'boolean') holder[name] = !value;
  else if (Array.isArray(value)) {
    if (value.length > 0 && random.chance(0.6)) changeField(value as unknown as Record<string, unknown>, random);
    else if (random.chance(0.5)) value.pop();
    else value.push(...structuredClone(value));
  } else if (typeof value === 'object' && value !== null) changeField(value as Record<string, unknown>, random);
}

function ofLines(bytes: Uint8Array, change: (lines: string[]) => void): Uint8Array {
  return ofText(bytes, (whole) => {
    const lines = whole.split('\n');
    change(lines);
    return lines.join('\n');
  });
}

function ofText(bytes: Uint8Array, change: (whole: string) => string): Uint8Array {
  return new TextEncoder().encode(change(new TextDecoder().decode(bytes)));
}

function replaceOne(whole: string, pattern: RegExp, random: FuzzRandom, by: (found: string) => string): string {
  const places = [...whole.matchAll(pattern)];
  if (places.length === 0) return whole;
  const { 0: found, index } = random.pick(places);
  return whole.slice(0, index) + by(found) + whole.slice(index + found.length);
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/** The bits of a number as IEEE 754 binary16, rounded to nearest even. */
export function halfBits(value: number): number {
  single[0] = value;
  const word = bits[0]!;
  const sign = (word >>> 16) & 0x8000;
  const exponent = (word >>> 23) & 0xff;
  const fraction = word & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200);
  const shifted = exponent - 112;
  if (shifted >= 31) return sign | 0x7c00;
  if (shifted <= 0) {
    if (shifted < -10) return sign;
    const whole = fraction | 0x800000;
    return sign + roundShift(whole, 14 - shifted);
  }
  return sign + (shifted << 10) + roundShift(fraction, 13);
}

/** Divides by a power of two, rounding to nearest even; a carry goes on into the exponent, as it has to. */
function roundShift(value: number, places: number): number {
  const kept = value >>> places;
  const rest = value & ((1 << places) - 1);
  const half = 1 << (places - 1);
  return kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0);
}

/** Every binary16 as a float, by its bits. 256 KB, made when first asked for. */
let singles: Float32Array | undefined;

export function halfTable(): Float32Array {
  singles ??= Float32Array.from({ length: 65536 }, (_, half) => singleOf(half));
  return singles;
}

function singleOf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

// AssemblyScript, compiled by `npm run kernel` to `scores_wasm.ts`: what runs once for each class of each pixel, four
// pixels at a time. All places are byte offsets in the memory; all widths are multiples of 4.

// Between two rows of scores: out = upper + (lower - upper) * share, for `count` floats.
export function mix(upper: usize, lower: usize, share: f32, out: usize, count: i32): void {
  const part = f32x4.splat(share);
  for (let i: usize = 0; i < (<usize>count) * 4; i += 16) {
    const a = v128.load(upper + i);
    v128.store(out + i, f32x4.add(a, f32x4.mul(f32x4.sub(v128.load(lower + i), a), part)));
  }
}

// Stretches `channels` rows of `width` floats, one behind the other, to rows of width * ratio, by interpolation between
// centres with repeated edges; `ratio` is a multiple of 4.
export function stretchWhole(row: usize, channels: i32, width: i32, ratio: i32, out: usize): void {
  const step: f32 = 1.0 / <f32>ratio;
  const half = ratio / 2;
  const first = f32x4.mul(f32x4(0.5, 1.5, 2.5, 3.5), f32x4.splat(step));
  const next = f32x4.splat(4.0 * step);
  for (let c = 0; c < channels; c++) {
    const from = row + <usize>(c * width) * 4;
    const to = out + <usize>(c * width * ratio) * 4;
    const left = f32x4.splat(f32.load(from));
    const right = f32x4.splat(f32.load(from + <usize>(width - 1) * 4));
    // A half that is no multiple of 4 is written over by its neighbour, or lies at the end of the row.
    for (let x = 0; x < half; x += 4) v128.store(to + <usize>x * 4, left);
    let place = to + <usize>half * 4;
    for (let i = 0; i < width - 1; i++) {
      const a = f32x4.splat(f32.load(from + <usize>i * 4));
      const difference = f32x4.sub(f32x4.splat(f32.load(from + <usize>(i + 1) * 4)), a);
      let share = first;
      for (let k = 0; k < ratio; k += 4) {
        v128.store(place, f32x4.add(a, f32x4.mul(difference, share)));
        share = f32x4.add(share, next);
        place += 16;
      }
    }
    const end = to + <usize>(width * ratio) * 4;
    for (; place + 16 <= end; place += 16) v128.store(place, right);
    for (; place < end; place += 4) f32.store(place, f32x4.extract_lane(right, 0));
  }
}

// The same for any ratio: between[x] are two places in a row (i32 each), share[x] the weight of the second.
export function stretchAny(
  row: usize,
  channels: i32,
  width: i32,
  before: usize,
  after: usize,
  share: usize,
  out: usize,
  count: i32,
): void {
  for (let c = 0; c < channels; c++) {
    const from = row + <usize>(c * width) * 4;
    const to = out + <usize>(c * count) * 4;
    for (let x: usize = 0; x < <usize>count * 4; x += 4) {
      const a = f32.load(from + (<usize>i32.load(before + x) << 2));
      const b = f32.load(from + (<usize>i32.load(after + x) << 2));
      f32.store(to + x, a + (b - a) * f32.load(share + x));
    }
  }
}

// exp(x) for x <= 0, to 4 digits: 2^whole by the exponent's bits, 2^part by a polynomial (least squares on [0, 1]).
// @ts-ignore: decorator
@inline
function exponential(x: v128): v128 {
  const t = f32x4.mul(f32x4.max(x, f32x4.splat(-80.0)), f32x4.splat(1.44269504));
  const whole = f32x4.floor(t);
  const part = f32x4.sub(t, whole);
  let p = f32x4.splat(0.0790204);
  p = f32x4.add(f32x4.mul(p, part), f32x4.splat(0.224126));
  p = f32x4.add(f32x4.mul(p, part), f32x4.splat(0.696762));
  p = f32x4.add(f32x4.mul(p, part), f32x4.splat(0.999892));
  const bits = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(whole), i32x4.splat(127)), 23);
  return f32x4.mul(p, bits);
}

// For `count` pixels the class of the largest score and how certain it is: the largest share of the softmax (mode 1),
// the score itself (mode 2), or nothing (mode 0). Returns for how many pixels no score is a number.
export function choose(
  values: usize,
  channels: i32,
  count: i32,
  winners: usize,
  certainties: usize,
  mode: i32,
): i32 {
  let unknown = 0;
  const row = <usize>count * 4;
  for (let x = 0; x < count; x += 4) {
    const column = values + <usize>x * 4;
    let best = f32x4.splat(-Infinity);
    let winner = i32x4.splat(0);
    let at = column;
    for (let c = 0; c < channels; c++) {
      const value = v128.load(at);
      const isLarger = f32x4.gt(value, best);
      best = v128.bitselect(value, best, isLarger);
      winner = v128.bitselect(i32x4.splat(c), winner, isLarger);
      at += row;
    }
    const none = f32x4.eq(best, f32x4.splat(-Infinity));
    unknown += popcnt<i32>(i32x4.bitmask(none));
    const narrow = i16x8.narrow_i32x4_u(winner, winner);
    v128.store32_lane(winners + <usize>x, i8x16.narrow_i16x8_u(narrow, narrow), 0);
    if (mode == 0) continue;
    if (mode == 1) {
      let sum = f32x4.splat(0.0);
      at = column;
      for (let c = 0; c < channels; c++) {
        sum = f32x4.add(sum, exponential(f32x4.sub(v128.load(at), best)));
        at += row;
      }
      best = f32x4.div(f32x4.splat(1.0), sum);
    }
    v128.store(certainties + <usize>x * 4, best);
  }
  return unknown;
}

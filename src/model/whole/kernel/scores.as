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

// exp(x) for x <= 0, to 4 digits: 2^whole by the exponent's bits, 2^part by a polynomial (least squares on [-1/2, 1/2]).
// Adding 1.5 * 2^23 rounds to a whole number, whose bits are then the lowest of the sum.
// @ts-ignore: decorator
@inline
function exponential(x: v128): v128 {
  const t = f32x4.mul(f32x4.pmax(f32x4.splat(-80.0), x), f32x4.splat(1.44269504));
  const rounded = f32x4.add(t, f32x4.splat(12582912.0));
  const part = f32x4.sub(t, f32x4.sub(rounded, f32x4.splat(12582912.0)));
  let p = f32x4.splat(0.05502927);
  p = f32x4.add(f32x4.mul(p, part), f32x4.splat(0.24225698));
  p = f32x4.add(f32x4.mul(p, part), f32x4.splat(0.69325305));
  p = f32x4.add(f32x4.mul(p, part), f32x4.splat(0.99995134));
  return i32x4.add(p, i32x4.shl(rounded, 23));
}

// Writes winners and certainties of four pixels; returns for how many no score is a number.
// @ts-ignore: decorator
@inline
function finish(x: i32, best: v128, winner: v128, sum: v128, winners: usize, certainties: usize, mode: i32): i32 {
  const narrow = i16x8.narrow_i32x4_u(winner, winner);
  v128.store32_lane(winners + <usize>x, i8x16.narrow_i16x8_u(narrow, narrow), 0);
  if (mode == 1) v128.store(certainties + <usize>x * 4, f32x4.div(f32x4.splat(1.0), sum));
  else if (mode == 2) v128.store(certainties + <usize>x * 4, best);
  return popcnt<i32>(i32x4.bitmask(f32x4.eq(best, f32x4.splat(-Infinity))));
}

// For `count` pixels the class of the largest score and how certain it is: the largest share of the softmax (mode 1),
// the score itself (mode 2), or nothing (mode 0). Returns for how many pixels no score is a number. Sixteen pixels side by
// side, so that no comparison has to wait for the one before it.
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
  let x = 0;
  for (; x + 16 <= count; x += 16) {
    const column = values + <usize>x * 4;
    let best0 = f32x4.splat(-Infinity), best1 = best0, best2 = best0, best3 = best0;
    let winner0 = i32x4.splat(0), winner1 = winner0, winner2 = winner0, winner3 = winner0;
    let at = column;
    for (let c = 0; c < channels; c++) {
      const index = i32x4.splat(c);
      const value0 = v128.load(at), value1 = v128.load(at, 16), value2 = v128.load(at, 32), value3 = v128.load(at, 48);
      const larger0 = f32x4.gt(value0, best0), larger1 = f32x4.gt(value1, best1);
      const larger2 = f32x4.gt(value2, best2), larger3 = f32x4.gt(value3, best3);
      best0 = f32x4.pmax(best0, value0);
      best1 = f32x4.pmax(best1, value1);
      best2 = f32x4.pmax(best2, value2);
      best3 = f32x4.pmax(best3, value3);
      winner0 = v128.bitselect(index, winner0, larger0);
      winner1 = v128.bitselect(index, winner1, larger1);
      winner2 = v128.bitselect(index, winner2, larger2);
      winner3 = v128.bitselect(index, winner3, larger3);
      at += row;
    }
    let sum0 = f32x4.splat(0.0), sum1 = sum0, sum2 = sum0, sum3 = sum0;
    if (mode == 1) {
      at = column;
      for (let c = 0; c < channels; c++) {
        sum0 = f32x4.add(sum0, exponential(f32x4.sub(v128.load(at), best0)));
        sum1 = f32x4.add(sum1, exponential(f32x4.sub(v128.load(at, 16), best1)));
        sum2 = f32x4.add(sum2, exponential(f32x4.sub(v128.load(at, 32), best2)));
        sum3 = f32x4.add(sum3, exponential(f32x4.sub(v128.load(at, 48), best3)));
        at += row;
      }
    }
    unknown += finish(x, best0, winner0, sum0, winners, certainties, mode);
    unknown += finish(x + 4, best1, winner1, sum1, winners, certainties, mode);
    unknown += finish(x + 8, best2, winner2, sum2, winners, certainties, mode);
    unknown += finish(x + 12, best3, winner3, sum3, winners, certainties, mode);
  }
  for (; x < count; x += 4) {
    const column = values + <usize>x * 4;
    let best = f32x4.splat(-Infinity);
    let winner = i32x4.splat(0);
    let at = column;
    for (let c = 0; c < channels; c++, at += row) {
      const value = v128.load(at);
      winner = v128.bitselect(i32x4.splat(c), winner, f32x4.gt(value, best));
      best = f32x4.pmax(best, value);
    }
    let sum = f32x4.splat(0.0);
    at = column;
    if (mode == 1) {
      for (let c = 0; c < channels; c++, at += row) sum = f32x4.add(sum, exponential(f32x4.sub(v128.load(at), best)));
    }
    unknown += finish(x, best, winner, sum, winners, certainties, mode);
  }
  return unknown;
}

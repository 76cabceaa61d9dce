// AssemblyScript, compiled by `npm run kernel` to `pixels_wasm.ts`: rows of a camera's picture to planes of red, green and
// blue, and the reduction of rows to the model's size. All places are byte offsets in the memory. Every function may read
// and write up to 16 bytes beyond the end of a row.

// Bytes of two rows in turn.
// @ts-ignore: decorator
@inline
function interleaveLow(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

// @ts-ignore: decorator
@inline
function interleaveHigh(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

// (a + b + c + d + 2) >> 2 of bytes.
// @ts-ignore: decorator
@inline
function quarter8(a: v128, b: v128, c: v128, d: v128): v128 {
  const two = i16x8.splat(2);
  const low = i16x8.add(
    i16x8.add(i16x8.extend_low_i8x16_u(a), i16x8.extend_low_i8x16_u(b)),
    i16x8.add(i16x8.extend_low_i8x16_u(c), i16x8.extend_low_i8x16_u(d)),
  );
  const high = i16x8.add(
    i16x8.add(i16x8.extend_high_i8x16_u(a), i16x8.extend_high_i8x16_u(b)),
    i16x8.add(i16x8.extend_high_i8x16_u(c), i16x8.extend_high_i8x16_u(d)),
  );
  return i8x16.narrow_i16x8_u(i16x8.shr_u(i16x8.add(low, two), 2), i16x8.shr_u(i16x8.add(high, two), 2));
}

// The same of 16-bit samples.
// @ts-ignore: decorator
@inline
function quarter16(a: v128, b: v128, c: v128, d: v128): v128 {
  const two = i32x4.splat(2);
  const low = i32x4.add(
    i32x4.add(i32x4.extend_low_i16x8_u(a), i32x4.extend_low_i16x8_u(b)),
    i32x4.add(i32x4.extend_low_i16x8_u(c), i32x4.extend_low_i16x8_u(d)),
  );
  const high = i32x4.add(
    i32x4.add(i32x4.extend_high_i16x8_u(a), i32x4.extend_high_i16x8_u(b)),
    i32x4.add(i32x4.extend_high_i16x8_u(c), i32x4.extend_high_i16x8_u(d)),
  );
  return i16x8.narrow_i32x4_u(i32x4.shr_u(i32x4.add(low, two), 2), i32x4.shr_u(i32x4.add(high, two), 2));
}

// One row of a Bayer mosaic, bilinear. Before and behind each row of samples lies its mirror image, one sample each.
// `own` is the plane of the row's colour that is not green, whose first pixel is at column `first`, 0 or 1; `other` that
// of the rows around.
export function demosaic8(
  above: usize,
  row: usize,
  below: usize,
  width: i32,
  first: i32,
  own: usize,
  green: usize,
  other: usize,
): void {
  const measured = first == 0 ? i16x8.splat(0x00ff) : i16x8.splat(<i16>0xff00);
  for (let x: usize = 0; x < <usize>width; x += 16) {
    const centre = v128.load(row + x);
    const left = v128.load(row + x - 1), right = v128.load(row + x + 1);
    const upper = v128.load(above + x), lower = v128.load(below + x);
    const cross = quarter8(left, right, upper, lower);
    const corners = quarter8(
      v128.load(above + x - 1),
      v128.load(above + x + 1),
      v128.load(below + x - 1),
      v128.load(below + x + 1),
    );
    v128.store(own + x, v128.bitselect(centre, i8x16.avgr_u(left, right), measured));
    v128.store(green + x, v128.bitselect(cross, centre, measured));
    v128.store(other + x, v128.bitselect(corners, i8x16.avgr_u(upper, lower), measured));
  }
}

// @ts-ignore: decorator
@inline
function storeUpper(place: usize, values: v128, shift: i32): void {
  const bytes = i16x8.shr_u(values, shift);
  v128.store64_lane(place, i8x16.narrow_i16x8_u(bytes, bytes), 0);
}

// The same of 16-bit samples; what comes out is shifted to 8 bits.
export function demosaic16(
  above: usize,
  row: usize,
  below: usize,
  width: i32,
  first: i32,
  own: usize,
  green: usize,
  other: usize,
  shift: i32,
): void {
  const measured = first == 0 ? i32x4.splat(0x0000ffff) : i32x4.splat(0xffff0000);
  for (let x: usize = 0; x < <usize>width; x += 8) {
    const at = x << 1;
    const centre = v128.load(row + at);
    const left = v128.load(row + at - 2), right = v128.load(row + at + 2);
    const upper = v128.load(above + at), lower = v128.load(below + at);
    const cross = quarter16(left, right, upper, lower);
    const corners = quarter16(
      v128.load(above + at - 2),
      v128.load(above + at + 2),
      v128.load(below + at - 2),
      v128.load(below + at + 2),
    );
    storeUpper(own + x, v128.bitselect(centre, i16x8.avgr_u(left, right), measured), shift);
    storeUpper(green + x, v128.bitselect(cross, centre, measured), shift);
    storeUpper(other + x, v128.bitselect(corners, i16x8.avgr_u(upper, lower), measured), shift);
  }
}

// No sample above `highest`: one row of `count` 16-bit samples.
export function limit16(row: usize, count: i32, highest: i32): void {
  const limit = i16x8.splat(<i16>highest);
  for (let x: usize = 0; x < <usize>count; x += 8) v128.store(row + 2 * x, i16x8.min_u(v128.load(row + 2 * x), limit));
}

// Samples of 16 bits as bytes: shifted, and 255 where that is more.
export function narrow16(row: usize, count: i32, shift: i32, out: usize): void {
  const most = i16x8.splat(255);
  for (let x: usize = 0; x < <usize>count; x += 8) {
    const bytes = i16x8.min_u(i16x8.shr_u(v128.load(row + 2 * x), shift), most);
    v128.store64_lane(out + x, i8x16.narrow_i16x8_u(bytes, bytes), 0);
  }
}

// Eight pixels of one channel: (luminance + colour) / 2^16, clamped.
// @ts-ignore: decorator
@inline
function storeChannel(place: usize, low: v128, high: v128, colourLow: v128, colourHigh: v128): void {
  const values = i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.add(low, colourLow), 16),
    i32x4.shr_s(i32x4.add(high, colourHigh), 16),
  );
  v128.store64_lane(place, i8x16.narrow_i16x8_u(values, values), 0);
}

// ITU-R BT.601 with Y in 16..235 and chroma in 16..240, as cameras deliver it and OpenCV reads it; 16-bit fractions.
// What Y adds to all three channels of four pixels, a half for rounding included; y is what it is above 16.
// @ts-ignore: decorator
@inline
function luminance(y: v128): v128 {
  return i32x4.add(i32x4.mul(y, i32x4.splat(76309)), i32x4.splat(32768));
}

// @ts-ignore: decorator
@inline
function redOf(v: v128): v128 {
  return i32x4.mul(v, i32x4.splat(104597));
}

// @ts-ignore: decorator
@inline
function greenOf(u: v128, v: v128): v128 {
  return i32x4.add(i32x4.mul(u, i32x4.splat(-25675)), i32x4.mul(v, i32x4.splat(-53279)));
}

// @ts-ignore: decorator
@inline
function blueOf(u: v128): v128 {
  return i32x4.mul(u, i32x4.splat(132201));
}

// Eight pixels of which two have the same chroma: y as i16, the pairs' chroma as i32.
// @ts-ignore: decorator
@inline
function convertPairs(y: v128, cb: v128, cr: v128, x: usize, r: usize, g: usize, b: usize): void {
  const offset = i32x4.splat(128);
  const u = i32x4.sub(cb, offset), v = i32x4.sub(cr, offset);
  const above = i16x8.sub_sat_u(y, i16x8.splat(16));
  const low = luminance(i32x4.extend_low_i16x8_u(above)), high = luminance(i32x4.extend_high_i16x8_u(above));
  const red = redOf(v), green = greenOf(u, v), blue = blueOf(u);
  storeChannel(r + x, low, high, v128.shuffle<i32>(red, red, 0, 0, 1, 1), v128.shuffle<i32>(red, red, 2, 2, 3, 3));
  storeChannel(
    g + x,
    low,
    high,
    v128.shuffle<i32>(green, green, 0, 0, 1, 1),
    v128.shuffle<i32>(green, green, 2, 2, 3, 3),
  );
  storeChannel(b + x, low, high, v128.shuffle<i32>(blue, blue, 0, 0, 1, 1), v128.shuffle<i32>(blue, blue, 2, 2, 3, 3));
}

// YUV 4:2:2 with two pixels in four bytes; `luma` is the position of the first Y, 0 or 1.
export function packedYuv(packed: usize, luma: i32, width: i32, r: usize, g: usize, b: usize): void {
  for (let x: usize = 0; x < <usize>width; x += 8) {
    const bytes = v128.load(packed + 2 * x);
    const even = v128.and(bytes, i16x8.splat(0xff)), odd = i16x8.shr_u(bytes, 8);
    const chroma = luma == 0 ? odd : even;
    convertPairs(
      luma == 0 ? even : odd,
      v128.and(chroma, i32x4.splat(0xffff)),
      i32x4.shr_u(chroma, 16),
      x,
      r,
      g,
      b,
    );
  }
}

// A row of Y and one of chroma pairs, each for two pixels; `u` is the position of U in a pair.
export function halfChromaYuv(y: usize, chroma: usize, u: i32, width: i32, r: usize, g: usize, b: usize): void {
  for (let x: usize = 0; x < <usize>width; x += 8) {
    const pairs = v128.load8x8_u(chroma + x);
    const first = v128.and(pairs, i32x4.splat(0xffff)), second = i32x4.shr_u(pairs, 16);
    convertPairs(v128.load8x8_u(y + x), u == 0 ? first : second, u == 0 ? second : first, x, r, g, b);
  }
}

// A row of Y and one of chroma pairs, one for each pixel.
export function fullChromaYuv(y: usize, chroma: usize, u: i32, width: i32, r: usize, g: usize, b: usize): void {
  const offset = i32x4.splat(128), mask = i32x4.splat(0xffff);
  for (let x: usize = 0; x < <usize>width; x += 8) {
    const low = v128.load8x8_u(chroma + 2 * x), high = v128.load8x8_u(chroma + 2 * x + 8);
    const firstLow = i32x4.sub(v128.and(low, mask), offset), secondLow = i32x4.sub(i32x4.shr_u(low, 16), offset);
    const firstHigh = i32x4.sub(v128.and(high, mask), offset), secondHigh = i32x4.sub(i32x4.shr_u(high, 16), offset);
    const uLow = u == 0 ? firstLow : secondLow, vLow = u == 0 ? secondLow : firstLow;
    const uHigh = u == 0 ? firstHigh : secondHigh, vHigh = u == 0 ? secondHigh : firstHigh;
    const above = i16x8.sub_sat_u(v128.load8x8_u(y + x), i16x8.splat(16));
    const lumaLow = luminance(i32x4.extend_low_i16x8_u(above)), lumaHigh = luminance(i32x4.extend_high_i16x8_u(above));
    storeChannel(r + x, lumaLow, lumaHigh, redOf(vLow), redOf(vHigh));
    storeChannel(g + x, lumaLow, lumaHigh, greenOf(uLow, vLow), greenOf(uHigh, vHigh));
    storeChannel(b + x, lumaLow, lumaHigh, blueOf(uLow), blueOf(uHigh));
  }
}

// Mean of `count` rows of `length` bytes, `stride` apart: (sum + count / 2) * multiplier / 2^24, multiplier = 2^24 / count.
export function meanOfRows(first: usize, stride: i32, count: i32, length: i32, out: usize): void {
  if (count == 2) {
    for (let x: usize = 0; x < <usize>length; x += 16) {
      v128.store(out + x, i8x16.avgr_u(v128.load(first + x), v128.load(first + <usize>stride + x)));
    }
    return;
  }
  const amend = i16x8.splat(<i16>(count / 2));
  const multiplier = i32x4.splat((1 << 24) / count);
  for (let x: usize = 0; x < <usize>length; x += 16) {
    let low = amend, high = amend;
    let at = first + x;
    for (let i = 0; i < count; i++, at += <usize>stride) {
      const bytes = v128.load(at);
      low = i16x8.add(low, i16x8.extend_low_i8x16_u(bytes));
      high = i16x8.add(high, i16x8.extend_high_i8x16_u(bytes));
    }
    const a = i32x4.shr_u(i32x4.mul(i32x4.extend_low_i16x8_u(low), multiplier), 24);
    const b = i32x4.shr_u(i32x4.mul(i32x4.extend_high_i16x8_u(low), multiplier), 24);
    const c = i32x4.shr_u(i32x4.mul(i32x4.extend_low_i16x8_u(high), multiplier), 24);
    const d = i32x4.shr_u(i32x4.mul(i32x4.extend_high_i16x8_u(high), multiplier), 24);
    v128.store(out + x, i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_u(a, b), i16x8.narrow_i32x4_u(c, d)));
  }
}

// Weighted sum of rows: `rows` are the places of 2 * pairs rows (i32 each), `weights` as many i16 in 1/4096.
export function weighRows(rows: usize, weights: usize, pairs: i32, length: i32, out: usize): void {
  const half = i32x4.splat(2048);
  for (let x: usize = 0; x < <usize>length; x += 16) {
    let a = half, b = half, c = half, d = half;
    for (let pair: usize = 0; pair < <usize>pairs; pair++) {
      const weight = v128.load32_splat(weights + 4 * pair);
      const upper = v128.load(<usize>i32.load(rows + 8 * pair) + x);
      const lower = v128.load(<usize>i32.load(rows + 8 * pair, 4) + x);
      const low = interleaveLow(upper, lower), high = interleaveHigh(upper, lower);
      a = i32x4.add(a, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(low), weight));
      b = i32x4.add(b, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(low), weight));
      c = i32x4.add(c, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(high), weight));
      d = i32x4.add(d, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(high), weight));
    }
    v128.store(
      out + x,
      i8x16.narrow_i16x8_u(
        i16x8.narrow_i32x4_s(i32x4.shr_s(a, 12), i32x4.shr_s(b, 12)),
        i16x8.narrow_i32x4_s(i32x4.shr_s(c, 12), i32x4.shr_s(d, 12)),
      ),
    );
  }
}

// One channel of a row as a plane of means of `count` pixels each; the last cell repeats the last pixel. `before` and
// `after` cells repeat the outermost ones.
export function meanOfColumns(
  row: usize,
  stride: i32,
  width: i32,
  count: i32,
  before: i32,
  after: i32,
  out: usize,
): void {
  const whole = width / count;
  const step = <usize>stride;
  const plane = out + <usize>before;
  let at = row;
  if (count == 1) {
    if (stride == 1) memory.copy(plane, row, width);
    else for (let x = 0; x < width; x++, at += step) store<u8>(plane + <usize>x, load<u8>(at));
  } else if (count == 2) {
    for (let x = 0; x < whole; x++, at += 2 * step) {
      store<u8>(plane + <usize>x, (<u32>load<u8>(at) + <u32>load<u8>(at + step) + 1) >> 1);
    }
  } else if (count == 3) {
    for (let x = 0; x < whole; x++, at += 3 * step) {
      const sum = <u32>load<u8>(at) + <u32>load<u8>(at + step) + <u32>load<u8>(at + 2 * step) + 1;
      store<u8>(plane + <usize>x, (sum * 5592405) >> 24);
    }
  } else {
    const multiplier: u32 = (1 << 24) / <u32>count;
    for (let x = 0; x < whole; x++) {
      let sum: u32 = <u32>count / 2;
      for (let i = 0; i < count; i++, at += step) sum += <u32>load<u8>(at);
      store<u8>(plane + <usize>x, (sum * multiplier) >> 24);
    }
  }
  let cells = whole;
  const rest = width - whole * count;
  if (rest > 0) {
    let sum: u32 = <u32>count / 2;
    for (let i = 0; i < count; i++) {
      sum += <u32>load<u8>(at);
      if (i < rest - 1) at += step;
    }
    store<u8>(plane + <usize>whole, (sum * ((1 << 24) / <u32>count)) >> 24);
    cells++;
  }
  memory.fill(out, load<u8>(plane), before);
  memory.fill(plane + <usize>cells, load<u8>(plane + <usize>(cells - 1)), after);
}

// Weighted sums of eight neighbours: `starts` are places in the row (i32), `weights` eight i16 in 1/4096 for each of the
// `count` pixels, which are written `step` bytes apart.
export function weighColumns(row: usize, starts: usize, weights: usize, count: i32, out: usize, step: i32): void {
  for (let x: usize = 0; x < <usize>count; x++) {
    const pixels = v128.load8x8_u(row + <usize>i32.load(starts + 4 * x));
    const sums = i32x4.dot_i16x8_s(pixels, v128.load(weights + 16 * x));
    const pairs = i32x4.add(sums, v128.shuffle<i32>(sums, sums, 2, 3, 0, 1));
    const sum = i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1) + 2048;
    store<u8>(out, <u8>(sum >> 12));
    out += <usize>step;
  }
}

// One channel of a row, `stride` bytes apart, into bytes `step` apart.
export function spreadColumns(row: usize, stride: i32, width: i32, out: usize, step: i32): void {
  for (let x = 0; x < width; x++, row += <usize>stride, out += <usize>step) store<u8>(out, load<u8>(row));
}

// The highest of `count` 16-bit samples, and in the upper half all of them combined by OR.
export function range16(row: usize, count: i32): i32 {
  let most = i16x8.splat(0), union = most;
  let x: usize = 0;
  for (; x + 8 <= <usize>count; x += 8) {
    const samples = v128.load(row + (x << 1));
    most = i16x8.max_u(most, samples);
    union = v128.or(union, samples);
  }
  let highest: u32 = 0, bits: u32 = 0;
  for (; x < <usize>count; x++) {
    const sample = <u32>load<u16>(row + (x << 1));
    highest = max(highest, sample);
    bits |= sample;
  }
  most = i16x8.max_u(most, v128.shuffle<i16>(most, most, 4, 5, 6, 7, 0, 1, 2, 3));
  most = i16x8.max_u(most, v128.shuffle<i16>(most, most, 2, 3, 0, 1, 6, 7, 4, 5));
  most = i16x8.max_u(most, v128.shuffle<i16>(most, most, 1, 0, 3, 2, 5, 4, 7, 6));
  const halves = i64x2.extract_lane(union, 0) | i64x2.extract_lane(union, 1);
  const quarters = <u32>(halves | (halves >>> 32));
  bits |= (quarters | (quarters >>> 16)) & 0xffff;
  highest = max(highest, <u32>i16x8.extract_lane_u(most, 0));
  return <i32>(highest | (bits << 16));
}

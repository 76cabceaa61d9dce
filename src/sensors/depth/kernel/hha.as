// AssemblyScript, compiled by `npm run kernel` to `hha_wasm.ts`: HHA of a depth map, two pixels at a time, in double
// precision. All places are byte offsets in the memory. Maps have rows of `pitch` pixels with a margin of two pixels of
// inverse depth 0 on all sides; `setUp` tells where they are.

const RADIUS: usize = 2;
const SIDE: usize = 5;
const SAMPLES: f64 = 25;
const FLOAT: usize = 4;
const DOUBLE: usize = 8;
// Numbers of a pair of pixels in the map of planes.
const PLANE_BYTES: usize = 80;

let width: usize = 0;
let pitch: usize = 0;
let metres: usize = 0;
let inverse: usize = 0;
let rayX: usize = 0;
let rayY: usize = 0;
let rayKnown: usize = 0;
let planes: usize = 0;
let columns: usize = 0;
let steps: usize = 0;
let image: usize = 0;
let open: usize = 0;

let isPublished: bool = false;
let near: f64 = 0;
let low: f64 = 0;
let high: f64 = 0;
let upX: f64 = 0;
let upY: f64 = 0;
let upZ: f64 = 0;
let cameraHeight: f64 = 0;

// `metres` [height, width] and `inverse`, `rayX`, `rayY` (maps) are float32, `rayKnown` [height, width] and `image` [height,
// width, 3] bytes. `planes` has ten doubles for each pair of pixels, `columns` five rows of doubles, `steps` the levels of
// angles as 16-bit numbers, `open` two doubles for each pixel of a row.
export function setUp(
  aWidth: i32,
  aPitch: i32,
  aMetres: usize,
  aInverse: usize,
  aRayX: usize,
  aRayY: usize,
  aRayKnown: usize,
  aPlanes: usize,
  aColumns: usize,
  aSteps: usize,
  aImage: usize,
  aOpen: usize,
): void {
  width = aWidth;
  pitch = aPitch;
  metres = aMetres;
  inverse = aInverse;
  rayX = aRayX;
  rayY = aRayY;
  rayKnown = aRayKnown;
  planes = aPlanes;
  columns = aColumns;
  steps = aSteps;
  image = aImage;
  open = aOpen;
}

// `aNear`, `aLow` and `aHigh` are for the reference's own encoding only.
export function setView(
  published: i32,
  aNear: f64,
  aLow: f64,
  aHigh: f64,
  aUpX: f64,
  aUpY: f64,
  aUpZ: f64,
  aCameraHeight: f64,
): void {
  isPublished = published != 0;
  near = aNear;
  low = aLow;
  high = aHigh;
  upX = aUpX;
  upY = aUpY;
  upZ = aUpZ;
  cameraHeight = aCameraHeight;
}

// Inverse depth of a row, 0 where depth is not known.
export function invertRow(v: i32): void {
  let from = metres + FLOAT * <usize>v * width;
  let to = inverse + FLOAT * placeOf(v);
  const end = to + FLOAT * width;
  for (; to + 16 <= end; to += 16, from += 16) {
    const depth = v128.load(from);
    const isKnown = f32x4.gt(depth, f32x4.splat(0));
    v128.store(to, v128.and(f32x4.div(f32x4.splat(1), depth), isKnown));
  }
  for (; to < end; to += 4, from += 4) {
    const depth = load<f32>(from);
    store<f32>(to, depth > 0 ? <f32>1 / depth : 0);
  }
}

// What the fit of a plane to all 25 samples needs of the rays alone, once for each grid: sums of the differences in x and y,
// and the inverse of the matrix of moments; not a number where the samples lie on one line.
export function preparePlanes(v: i32, minDeterminant: f64): void {
  let out = planes + <usize>v * ((width + 1) / 2) * PLANE_BYTES;
  const step = FLOAT * pitch;
  for (let u: usize = 0; u < width; u += 2, out += PLANE_BYTES) {
    const at = FLOAT * (placeOf(v) + u);
    const x0 = pair(rayX + at), y0 = pair(rayY + at);
    let sx = f64x2.splat(0), sy = sx, sxx = sx, sxy = sx, syy = sx;
    let row = at - 2 * step - FLOAT * RADIUS;
    for (let j: usize = 0; j < SIDE; j++, row += step) {
      for (let i: usize = 0; i < FLOAT * SIDE; i += FLOAT) {
        const dx = f64x2.sub(pair(rayX + row + i), x0), dy = f64x2.sub(pair(rayY + row + i), y0);
        sx = f64x2.add(sx, dx);
        sy = f64x2.add(sy, dy);
        sxx = f64x2.add(sxx, f64x2.mul(dx, dx));
        sxy = f64x2.add(sxy, f64x2.mul(dx, dy));
        syy = f64x2.add(syy, f64x2.mul(dy, dy));
      }
    }
    const n = f64x2.splat(SAMPLES);
    const mxx = f64x2.sub(sxx, f64x2.div(f64x2.mul(sx, sx), n));
    const mxy = f64x2.sub(sxy, f64x2.div(f64x2.mul(sx, sy), n));
    const myy = f64x2.sub(syy, f64x2.div(f64x2.mul(sy, sy), n));
    const determinant = f64x2.sub(f64x2.mul(mxx, myy), f64x2.mul(mxy, mxy));
    const scale = f64x2.add(mxx, myy);
    const isPlane = f64x2.gt(determinant, f64x2.mul(f64x2.splat(minDeterminant), f64x2.mul(scale, scale)));
    v128.store(out, sx);
    v128.store(out, sy, 16);
    v128.store(out, v128.bitselect(f64x2.div(myy, determinant), f64x2.splat(NaN), isPlane), 32);
    v128.store(out, f64x2.div(f64x2.neg(mxy), determinant), 48);
    v128.store(out, f64x2.div(mxx, determinant), 64);
  }
}

// HHA of a row. A plane is fitted to the inverse depths of the neighbours that differ from the pixel's own by less than
// `gate` parts of it, at least `minSamples`. Returns how many levels of angles are left open: for each of these the index of
// its pixel and its cosine are in `open`.
export function encodeRow(v: i32, gate: f64, minSamples: f64, minDeterminant: f64): i32 {
  sumColumns(v);
  let opened = 0;
  let plane = planes + <usize>v * ((width + 1) / 2) * PLANE_BYTES;
  const first = <usize>v * width;
  for (let u: usize = 0; u < width; u += 2, plane += PLANE_BYTES) {
    const out = image + 3 * (first + u);
    const depth = pair(metres + FLOAT * (first + u));
    const isLast = u + 1 == width;
    const knownDepth = f64x2.ne(depth, f64x2.splat(0));
    if (!v128.any_true(knownDepth)) {
      writePixel(out, 0, 0, 0);
      if (!isLast) writePixel(out + 3, 0, 0, 0);
      continue;
    }
    const at = FLOAT * (placeOf(v) + u);
    const w0 = pair(inverse + at), x0 = pair(rayX + at), y0 = pair(rayY + at);
    const limit = f64x2.mul(f64x2.splat(gate), w0);
    const column = columns + DOUBLE * u;
    const row = DOUBLE * pitch;

    let a: v128, b: v128, e: v128, isPlane: v128;
    const highest = best(column + 3 * row, true), lowest = best(column + 4 * row, false);
    const areAllNear = v128.and(
      f64x2.le(f64x2.sub(highest, w0), limit),
      f64x2.le(f64x2.sub(w0, lowest), limit),
    );
    const ixx = v128.load(plane, 32);
    if (i64x2.all_true(v128.and(areAllNear, f64x2.eq(ixx, ixx)))) {
      const n = f64x2.splat(SAMPLES);
      const sx = v128.load(plane), sy = v128.load(plane, 16);
      const ixy = v128.load(plane, 48), iyy = v128.load(plane, 64);
      const sumW = total(column), sumXW = total(column + row), sumYW = total(column + 2 * row);
      const sw = f64x2.sub(sumW, f64x2.mul(n, w0));
      const sxw = f64x2.sub(f64x2.sub(sumXW, f64x2.mul(x0, sumW)), f64x2.mul(w0, sx));
      const syw = f64x2.sub(f64x2.sub(sumYW, f64x2.mul(y0, sumW)), f64x2.mul(w0, sy));
      const mean = f64x2.mul(sw, f64x2.splat(1 / SAMPLES));
      const mxw = f64x2.sub(sxw, f64x2.mul(sx, mean));
      const myw = f64x2.sub(syw, f64x2.mul(sy, mean));
      a = f64x2.add(f64x2.mul(ixx, mxw), f64x2.mul(ixy, myw));
      b = f64x2.add(f64x2.mul(ixy, mxw), f64x2.mul(iyy, myw));
      const rest = f64x2.div(f64x2.sub(f64x2.sub(sw, f64x2.mul(a, sx)), f64x2.mul(b, sy)), n);
      e = f64x2.sub(f64x2.sub(f64x2.add(w0, rest), f64x2.mul(a, x0)), f64x2.mul(b, y0));
      isPlane = f64x2.ne(w0, f64x2.splat(0));
    } else {
      const step = FLOAT * pitch;
      const one = f64x2.splat(1);
      let n = f64x2.splat(0);
      let sx = n, sy = n, sw = n, sxx = n, sxy = n, syy = n, sxw = n, syw = n;
      let place = at - 2 * step - FLOAT * RADIUS;
      for (let j: usize = 0; j < SIDE; j++, place += step) {
        for (let i: usize = 0; i < FLOAT * SIDE; i += FLOAT) {
          const difference = f64x2.sub(pair(inverse + place + i), w0);
          // A missing sample has inverse depth 0, which is never within the gate.
          const isNear = f64x2.le(f64x2.abs(difference), limit);
          const dw = v128.and(difference, isNear);
          const dx = v128.and(f64x2.sub(pair(rayX + place + i), x0), isNear);
          const dy = v128.and(f64x2.sub(pair(rayY + place + i), y0), isNear);
          n = f64x2.add(n, v128.and(one, isNear));
          sx = f64x2.add(sx, dx);
          sy = f64x2.add(sy, dy);
          sw = f64x2.add(sw, dw);
          sxx = f64x2.add(sxx, f64x2.mul(dx, dx));
          sxy = f64x2.add(sxy, f64x2.mul(dx, dy));
          syy = f64x2.add(syy, f64x2.mul(dy, dy));
          sxw = f64x2.add(sxw, f64x2.mul(dx, dw));
          syw = f64x2.add(syw, f64x2.mul(dy, dw));
        }
      }
      const mxx = f64x2.sub(sxx, f64x2.div(f64x2.mul(sx, sx), n));
      const mxy = f64x2.sub(sxy, f64x2.div(f64x2.mul(sx, sy), n));
      const myy = f64x2.sub(syy, f64x2.div(f64x2.mul(sy, sy), n));
      const determinant = f64x2.sub(f64x2.mul(mxx, myy), f64x2.mul(mxy, mxy));
      const scale = f64x2.add(mxx, myy);
      const least = f64x2.mul(f64x2.splat(minDeterminant), f64x2.mul(scale, scale));
      isPlane = v128.and(
        v128.and(f64x2.gt(determinant, least), f64x2.ge(n, f64x2.splat(minSamples))),
        f64x2.ne(w0, f64x2.splat(0)),
      );
      const mxw = f64x2.sub(sxw, f64x2.div(f64x2.mul(sx, sw), n));
      const myw = f64x2.sub(syw, f64x2.div(f64x2.mul(sy, sw), n));
      a = f64x2.div(f64x2.sub(f64x2.mul(myy, mxw), f64x2.mul(mxy, myw)), determinant);
      b = f64x2.div(f64x2.sub(f64x2.mul(mxx, myw), f64x2.mul(mxy, mxw)), determinant);
      const rest = f64x2.div(f64x2.sub(f64x2.sub(sw, f64x2.mul(a, sx)), f64x2.mul(b, sy)), n);
      e = f64x2.sub(f64x2.sub(f64x2.add(w0, rest), f64x2.mul(a, x0)), f64x2.mul(b, y0));
    }

    const length = f64x2.sqrt(f64x2.add(f64x2.add(f64x2.mul(a, a), f64x2.mul(b, b)), f64x2.mul(e, e)));
    const scale = f64x2.div(f64x2.splat(-1), length);
    const nx = single(f64x2.mul(a, scale)), ny = single(f64x2.mul(b, scale)), nz = single(f64x2.mul(e, scale));
    const slope = f64x2.add(
      f64x2.add(f64x2.mul(nx, f64x2.splat(upX)), f64x2.mul(ny, f64x2.splat(upY))),
      f64x2.mul(nz, f64x2.splat(upZ)),
    );
    const cosine = f64x2.pmin(f64x2.splat(1), f64x2.pmax(f64x2.splat(-1), slope));
    const nearness = v128.and(disparityLevel(depth), knownDepth);
    const along = f64x2.add(
      f64x2.add(f64x2.mul(f64x2.splat(upX), x0), f64x2.mul(f64x2.splat(upY), y0)),
      f64x2.splat(upZ),
    );
    const above = heightLevel(f64x2.add(f64x2.mul(depth, along), f64x2.splat(cameraHeight)));
    const step = stepOf(cosine);
    const pairs = i32x4.trunc_sat_f64x2_s_zero(nearness);
    const levels = i32x4.trunc_sat_f64x2_s_zero(v128.and(above, knownDepth));
    const isFitted = v128.and(isPlane, knownDepth);

    for (let lane: usize = 0; lane < 2; lane++) {
      const isFirst = lane == 0;
      if (!isFirst && isLast) break;
      const pixel = first + u + lane;
      const disparity = isFirst ? i32x4.extract_lane(pairs, 0) : i32x4.extract_lane(pairs, 1);
      if (load<u8>(rayKnown + pixel) == 0) {
        writePixel(out + 3 * lane, disparity, 0, 0);
        continue;
      }
      const level = isFirst ? i32x4.extract_lane(levels, 0) : i32x4.extract_lane(levels, 1);
      let angle: i32 = 0;
      if ((isFirst ? i64x2.extract_lane(isFitted, 0) : i64x2.extract_lane(isFitted, 1)) != 0) {
        const index = isFirst ? i32x4.extract_lane(step, 0) : i32x4.extract_lane(step, 1);
        angle = load<i16>(steps + ((<usize>index) << 1));
        if (angle < 0) {
          const entry = open + 16 * <usize>opened;
          opened++;
          store<f64>(entry, <f64>pixel);
          store<f64>(entry, isFirst ? f64x2.extract_lane(cosine, 0) : f64x2.extract_lane(cosine, 1), 8);
        }
      }
      writePixel(out + 3 * lane, disparity, level, angle);
    }
  }
  return opened;
}

// Sums of w, x w and y w over the five rows around each pixel of a row, and the largest and least w.
function sumColumns(v: i32): void {
  const step = FLOAT * pitch;
  const row = DOUBLE * pitch;
  for (let u: usize = 0; u < pitch; u += 2) {
    let at = FLOAT * (<usize>v * pitch + u);
    let w = pair(inverse + at);
    let sumW = w, highest = w, lowest = w;
    let sumXW = f64x2.mul(w, pair(rayX + at)), sumYW = f64x2.mul(w, pair(rayY + at));
    for (let j: usize = 1; j < SIDE; j++) {
      at += step;
      w = pair(inverse + at);
      sumW = f64x2.add(sumW, w);
      sumXW = f64x2.add(sumXW, f64x2.mul(w, pair(rayX + at)));
      sumYW = f64x2.add(sumYW, f64x2.mul(w, pair(rayY + at)));
      highest = f64x2.pmax(highest, w);
      lowest = f64x2.pmin(lowest, w);
    }
    const out = columns + DOUBLE * u;
    v128.store(out, sumW);
    v128.store(out + row, sumXW);
    v128.store(out + 2 * row, sumYW);
    v128.store(out + 3 * row, highest);
    v128.store(out + 4 * row, lowest);
  }
}

// Sum over five neighbours of a pair.
// @ts-ignore: decorator
@inline
function total(place: usize): v128 {
  return f64x2.add(
    f64x2.add(f64x2.add(v128.load(place), v128.load(place, 8)), f64x2.add(v128.load(place, 16), v128.load(place, 24))),
    v128.load(place, 32),
  );
}

// The largest or least of five neighbours of a pair.
// @ts-ignore: decorator
@inline
function best(place: usize, isLargest: bool): v128 {
  const b = v128.load(place, 8), c = v128.load(place, 16), d = v128.load(place, 24), e = v128.load(place, 32);
  const a = v128.load(place);
  return isLargest
    ? f64x2.pmax(f64x2.pmax(f64x2.pmax(a, b), f64x2.pmax(c, d)), e)
    : f64x2.pmin(f64x2.pmin(f64x2.pmin(a, b), f64x2.pmin(c, d)), e);
}

// @ts-ignore: decorator
@inline
function disparityLevel(depth: v128): v128 {
  if (isPublished) {
    return toByte(f64x2.div(f64x2.splat(31000), f64x2.mul(f64x2.splat(100), depth)));
  }
  const share = f64x2.pmin(f64x2.splat(1), f64x2.div(f64x2.splat(near), depth));
  return f64x2.pmax(f64x2.splat(1), round(f64x2.mul(f64x2.splat(255), share)));
}

// @ts-ignore: decorator
@inline
function heightLevel(height: v128): v128 {
  if (isPublished) return toByte(f64x2.mul(f64x2.splat(100), height));
  const share = f64x2.div(f64x2.sub(height, f64x2.splat(low)), f64x2.splat(high - low));
  const clamped = f64x2.pmin(f64x2.splat(1), f64x2.pmax(f64x2.splat(0), share));
  return f64x2.add(f64x2.splat(1), round(f64x2.mul(f64x2.splat(254), clamped)));
}

// Index of a cosine in `steps`: 4096 steps of the root of its distance to 1 or -1, where levels are about equally wide.
// @ts-ignore: decorator
@inline
function stepOf(cosine: v128): v128 {
  const root = f64x2.sqrt(f64x2.sub(f64x2.splat(1), f64x2.abs(cosine)));
  const step = f64x2.floor(f64x2.mul(f64x2.splat(4096), root));
  const isNegative = f64x2.lt(cosine, f64x2.splat(0));
  return i32x4.trunc_sat_f64x2_s_zero(f64x2.add(step, v128.and(f64x2.splat(4097), isNegative)));
}

// A published byte: decimals are cut off, but a thousandth below a whole number is a rounding error.
// @ts-ignore: decorator
@inline
function toByte(value: v128): v128 {
  const whole = f64x2.floor(f64x2.add(value, f64x2.splat(0.001)));
  return f64x2.pmax(f64x2.splat(0), f64x2.pmin(f64x2.splat(255), whole));
}

// As `Math.round`.
// @ts-ignore: decorator
@inline
function round(x: v128): v128 {
  const up = f64x2.ceil(x);
  const isDown = f64x2.gt(f64x2.sub(up, f64x2.splat(0.5)), x);
  return f64x2.sub(up, v128.and(f64x2.splat(1), isDown));
}

// Rounded to single precision, in which normals have been kept from the first bundle on.
// @ts-ignore: decorator
@inline
function single(x: v128): v128 {
  return f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(x));
}

// @ts-ignore: decorator
@inline
function pair(place: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(place));
}

// Index of a row's first pixel in a map.
// @ts-ignore: decorator
@inline
function placeOf(v: i32): usize {
  return (<usize>v + RADIUS) * pitch + RADIUS;
}

// @ts-ignore: decorator
@inline
function writePixel(place: usize, r: i32, g: i32, b: i32): void {
  store<u8>(place, r);
  store<u8>(place, g, 1);
  store<u8>(place, b, 2);
}

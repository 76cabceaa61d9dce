// AssemblyScript, compiled by `npm run kernel` to `project_wasm.ts`: depth pictures laid onto another camera's grid, two
// points at a time, in double precision. All places are byte offsets in the memory.

// Lays the points of the rows from `fromRow` up to `toRow` onto the grid, of every `stride`th row and column. `metres` is
// float32 [height, width], `rays` float32 [height, width, 3], `out` float32 [gridHeight, gridWidth], 0 where nothing is
// known. `numbers` has in double precision: rotation (9) and translation (3) to the frame of the grid's lens; lens k1..k6,
// p1, p2, s1..s4; the square of its largest radius; fx, fy, cx, cy; half the width and the height of a splat of a point
// that is as far from both cameras; the most that is of either.
export function projectRows(
  metres: usize,
  rays: usize,
  numbers: usize,
  width: i32,
  fromRow: i32,
  toRow: i32,
  stride: i32,
  out: usize,
  gridWidth: i32,
  gridHeight: i32,
): void {
  const r00 = numberAt(numbers, 0), r01 = numberAt(numbers, 1), r02 = numberAt(numbers, 2);
  const r10 = numberAt(numbers, 3), r11 = numberAt(numbers, 4), r12 = numberAt(numbers, 5);
  const r20 = numberAt(numbers, 6), r21 = numberAt(numbers, 7), r22 = numberAt(numbers, 8);
  const tx = numberAt(numbers, 9), ty = numberAt(numbers, 10), tz = numberAt(numbers, 11);
  const k1 = numberAt(numbers, 12), k2 = numberAt(numbers, 13), k3 = numberAt(numbers, 14);
  const k4 = numberAt(numbers, 15), k5 = numberAt(numbers, 16), k6 = numberAt(numbers, 17);
  const p1 = numberAt(numbers, 18), p2 = numberAt(numbers, 19);
  const s1 = numberAt(numbers, 20), s2 = numberAt(numbers, 21), s3 = numberAt(numbers, 22), s4 = numberAt(numbers, 23);
  const maxRadiusSquared = numberAt(numbers, 24);
  const fx = numberAt(numbers, 25), fy = numberAt(numbers, 26), cx = numberAt(numbers, 27), cy = numberAt(numbers, 28);
  const halfWidth = numberAt(numbers, 29), halfHeight = numberAt(numbers, 30), most = numberAt(numbers, 31);
  const two = f64x2.splat(2), half = f64x2.splat(0.5);

  for (let row = fromRow; row < toRow; row += stride) {
    for (let column = 0; column < width; column += 2 * stride) {
      const first = <usize>(row * width + column);
      const second = column + stride < width ? first + <usize>stride : first;
      const d0 = load<f32>(metres + (first << 2));
      const d1: f32 = second == first ? 0 : load<f32>(metres + (second << 2));
      const isThere0 = d0 != 0 && load<f32>(rays + 12 * first, 8) != 0;
      const isThere1 = d1 != 0 && load<f32>(rays + 12 * second, 8) != 0;
      if (!isThere0 && !isThere1) continue;

      const d = pairOf(d0, d1);
      const x = f64x2.mul(pairOf(load<f32>(rays + 12 * first), load<f32>(rays + 12 * second)), d);
      const y = f64x2.mul(pairOf(load<f32>(rays + 12 * first, 4), load<f32>(rays + 12 * second, 4)), d);
      const z = dot(r20, r21, r22, tz, x, y, d);
      const nx = f64x2.div(dot(r00, r01, r02, tx, x, y, d), z);
      const ny = f64x2.div(dot(r10, r11, r12, ty, x, y, d), z);
      const r2 = f64x2.add(f64x2.mul(nx, nx), f64x2.mul(ny, ny));
      const isSeen = v128.and(f64x2.gt(z, f64x2.splat(1e-4)), f64x2.le(r2, f64x2.splat(maxRadiusSquared)));
      const factor = f64x2.div(cubic(r2, k1, k2, k3), cubic(r2, k4, k5, k6));
      const xy2 = f64x2.mul(f64x2.mul(two, nx), ny);
      const u = f64x2.add(
        f64x2.add(
          f64x2.add(f64x2.mul(nx, factor), f64x2.mul(f64x2.splat(p1), xy2)),
          f64x2.mul(f64x2.splat(p2), f64x2.add(r2, f64x2.mul(f64x2.mul(two, nx), nx))),
        ),
        f64x2.mul(r2, f64x2.add(f64x2.splat(s1), f64x2.mul(r2, f64x2.splat(s2)))),
      );
      const v = f64x2.add(
        f64x2.add(
          f64x2.add(f64x2.mul(ny, factor), f64x2.mul(f64x2.splat(p1), f64x2.add(r2, f64x2.mul(f64x2.mul(two, ny), ny)))),
          f64x2.mul(f64x2.splat(p2), xy2),
        ),
        f64x2.mul(r2, f64x2.add(f64x2.splat(s3), f64x2.mul(r2, f64x2.splat(s4)))),
      );
      const centreU = f64x2.add(f64x2.mul(f64x2.splat(fx), u), f64x2.splat(cx));
      const centreV = f64x2.add(f64x2.mul(f64x2.splat(fy), v), f64x2.splat(cy));
      const scale = f64x2.div(d, z);
      const limit = f64x2.splat(most);
      const extentU = f64x2.pmin(limit, f64x2.pmax(half, f64x2.mul(f64x2.splat(halfWidth), scale)));
      const extentV = f64x2.pmin(limit, f64x2.pmax(half, f64x2.mul(f64x2.splat(halfHeight), scale)));
      const zero = f64x2.splat(0);
      const left = wholes(f64x2.pmax(zero, f64x2.ceil(f64x2.sub(centreU, extentU))));
      const top = wholes(f64x2.pmax(zero, f64x2.ceil(f64x2.sub(centreV, extentV))));
      const lastU = f64x2.splat(<f64>(gridWidth - 1)), lastV = f64x2.splat(<f64>(gridHeight - 1));
      const outside = f64x2.splat(-1);
      const right = wholes(f64x2.pmax(outside, f64x2.pmin(lastU, f64x2.floor(f64x2.add(centreU, extentU)))));
      const bottom = wholes(f64x2.pmax(outside, f64x2.pmin(lastV, f64x2.floor(f64x2.add(centreV, extentV)))));
      if (isThere0 && i64x2.extract_lane(isSeen, 0) != 0) {
        splat(
          out,
          gridWidth,
          i32x4.extract_lane(left, 0),
          i32x4.extract_lane(right, 0),
          i32x4.extract_lane(top, 0),
          i32x4.extract_lane(bottom, 0),
          f64x2.extract_lane(z, 0),
        );
      }
      if (isThere1 && i64x2.extract_lane(isSeen, 1) != 0) {
        splat(
          out,
          gridWidth,
          i32x4.extract_lane(left, 1),
          i32x4.extract_lane(right, 1),
          i32x4.extract_lane(top, 1),
          i32x4.extract_lane(bottom, 1),
          f64x2.extract_lane(z, 1),
        );
      }
    }
  }
}

// Writes `z` to the pixels of a rectangle, unless something nearer is there.
// @ts-ignore: decorator
@inline
function splat(out: usize, gridWidth: i32, left: i32, right: i32, top: i32, bottom: i32, z: f64): void {
  for (let v = top; v <= bottom; v++) {
    const row = out + ((<usize>(v * gridWidth)) << 2);
    for (let u = left; u <= right; u++) {
      const place = row + ((<usize>u) << 2);
      const there = load<f32>(place);
      if (there == 0 || z < <f64>there) store<f32>(place, <f32>z);
    }
  }
}

// @ts-ignore: decorator
@inline
function dot(a: f64, b: f64, c: f64, t: f64, x: v128, y: v128, z: v128): v128 {
  const sum = f64x2.add(f64x2.mul(f64x2.splat(a), x), f64x2.mul(f64x2.splat(b), y));
  return f64x2.add(f64x2.add(sum, f64x2.mul(f64x2.splat(c), z)), f64x2.splat(t));
}

// 1 + r (a + r (b + r c))
// @ts-ignore: decorator
@inline
function cubic(r: v128, a: f64, b: f64, c: f64): v128 {
  const inner = f64x2.add(f64x2.splat(b), f64x2.mul(r, f64x2.splat(c)));
  const middle = f64x2.add(f64x2.splat(a), f64x2.mul(r, inner));
  return f64x2.add(f64x2.splat(1), f64x2.mul(r, middle));
}

// @ts-ignore: decorator
@inline
function wholes(x: v128): v128 {
  return i32x4.trunc_sat_f64x2_s_zero(x);
}

// @ts-ignore: decorator
@inline
function pairOf(a: f32, b: f32): v128 {
  return f64x2.replace_lane(f64x2.splat(<f64>a), 1, <f64>b);
}

// @ts-ignore: decorator
@inline
function numberAt(numbers: usize, index: usize): f64 {
  return load<f64>(numbers + (index << 3));
}

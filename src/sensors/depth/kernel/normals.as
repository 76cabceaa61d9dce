// AssemblyScript, compiled by `npm run kernel` to `normals_wasm.ts`: planes fitted to inverse depth, two pixels at a time, in
// double precision. All places are byte offsets in the memory.

// @ts-ignore: decorator
@inline
function writeNormal(place: usize, x: f64, y: f64, z: f64, isKnown: bool): void {
  f32.store(place, isKnown ? <f32>x : 0);
  f32.store(place, isKnown ? <f32>y : 0, 4);
  f32.store(place, isKnown ? <f32>z : 0, 8);
}

// Normals of one row of `width` pixels, x, y, z interleaved; zeros where there is none. `inverse`, `x` and `y` are places of the
// row's first pixel in maps of inverse depth and of rays, whose rows are `pitch` bytes apart and have two pixels of inverse
// depth 0 around them. Neighbours are taken whose inverse depth differs by less than `gate` parts of the pixel's own.
export function fitRow(
  inverse: usize,
  x: usize,
  y: usize,
  pitch: i32,
  width: i32,
  gate: f64,
  minSamples: f64,
  minDeterminant: f64,
  out: usize,
): void {
  const one = f64x2.splat(1.0);
  const step = <usize>pitch;
  for (let u: usize = 0; u < <usize>width; u += 2) {
    const at = u * 8;
    const w0 = v128.load(inverse + at);
    if (!v128.any_true(w0)) {
      writeNormal(out + 12 * u, 0, 0, 0, false);
      writeNormal(out + 12 * u + 12, 0, 0, 0, false);
      continue;
    }
    const x0 = v128.load(x + at), y0 = v128.load(y + at);
    const limit = f64x2.mul(f64x2.splat(gate), w0);
    let n = f64x2.splat(0.0);
    let sx = n, sy = n, sw = n, sxx = n, sxy = n, syy = n, sxw = n, syw = n;
    let row = at - 2 * step - 16;
    for (let v = 0; v < 5; v++, row += step) {
      for (let i: usize = 0; i < 40; i += 8) {
        const difference = f64x2.sub(v128.load(inverse + row + i), w0);
        // A missing sample has inverse depth 0, which is never within the gate.
        const isNear = f64x2.le(f64x2.abs(difference), limit);
        const dw = v128.and(difference, isNear);
        const dx = v128.and(f64x2.sub(v128.load(x + row + i), x0), isNear);
        const dy = v128.and(f64x2.sub(v128.load(y + row + i), y0), isNear);
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
    const scaleOfIt = f64x2.add(mxx, myy);
    const least = f64x2.mul(f64x2.splat(minDeterminant), f64x2.mul(scaleOfIt, scaleOfIt));
    const isPlane = v128.and(
      v128.and(f64x2.gt(determinant, least), f64x2.ge(n, f64x2.splat(minSamples))),
      f64x2.ne(w0, f64x2.splat(0.0)),
    );
    const mxw = f64x2.sub(sxw, f64x2.div(f64x2.mul(sx, sw), n));
    const myw = f64x2.sub(syw, f64x2.div(f64x2.mul(sy, sw), n));
    const a = f64x2.div(f64x2.sub(f64x2.mul(myy, mxw), f64x2.mul(mxy, myw)), determinant);
    const b = f64x2.div(f64x2.sub(f64x2.mul(mxx, myw), f64x2.mul(mxy, mxw)), determinant);
    const rest = f64x2.div(f64x2.sub(f64x2.sub(sw, f64x2.mul(a, sx)), f64x2.mul(b, sy)), n);
    const e = f64x2.sub(f64x2.sub(f64x2.add(w0, rest), f64x2.mul(a, x0)), f64x2.mul(b, y0));
    const length = f64x2.sqrt(
      f64x2.add(f64x2.add(f64x2.mul(a, a), f64x2.mul(b, b)), f64x2.mul(e, e)),
    );
    const scale = f64x2.div(f64x2.splat(-1.0), length);
    const nx = f64x2.mul(a, scale), ny = f64x2.mul(b, scale), nz = f64x2.mul(e, scale);
    const place = out + 12 * u;
    writeNormal(
      place,
      f64x2.extract_lane(nx, 0),
      f64x2.extract_lane(ny, 0),
      f64x2.extract_lane(nz, 0),
      i64x2.extract_lane(isPlane, 0) != 0,
    );
    writeNormal(
      place + 12,
      f64x2.extract_lane(nx, 1),
      f64x2.extract_lane(ny, 1),
      f64x2.extract_lane(nz, 1),
      i64x2.extract_lane(isPlane, 1) != 0,
    );
  }
}

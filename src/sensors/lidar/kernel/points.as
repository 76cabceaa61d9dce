// AssemblyScript, compiled by `npm run kernel` to `points_wasm.ts`. All places are byte offsets in the memory.

// One field of `count` points, float32 in little-endian order, `step` bytes apart from `place` on.
export function gatherFloats(place: usize, step: usize, count: i32, out: usize): void {
  const end = out + (<usize>count << 2);
  for (; out < end; out += 4, place += step) store<f32>(out, load<f32>(place));
}

// Points of 24 bytes: x, y, z, intensity, colour, and label and confidence in the lowest two bytes of the last word.
// `colours` has a word for each of 256 labels.
export function weavePoints(
  x: usize,
  y: usize,
  z: usize,
  intensity: usize,
  label: usize,
  confidence: usize,
  colours: usize,
  count: i32,
  out: usize,
): void {
  for (let i: usize = 0; i < <usize>count; i++, out += 24) {
    const word = i << 2;
    const id = <u32>load<u8>(label + i);
    store<u32>(out, load<u32>(x + word));
    store<u32>(out, load<u32>(y + word), 4);
    store<u32>(out, load<u32>(z + word), 8);
    store<u32>(out, load<u32>(intensity + word), 12);
    store<u32>(out, load<u32>(colours + (<usize>id << 2)), 16);
    store<u32>(out, id | (<u32>load<u8>(confidence + i) << 8), 20);
  }
}

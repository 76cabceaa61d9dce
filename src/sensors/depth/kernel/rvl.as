// AssemblyScript, compiled by `npm run kernel` to `rvl_wasm.ts`.

// Decodes RVL words (little-endian, eight nibbles each, the first one highest) into `count` 16-bit samples. All places are byte
// offsets in the memory. A number has `mostNibbles` at most.
// Returns `count`, or the pixel at which the data is damaged or ends.
export function decodeRvl(words: usize, wordCount: i32, count: i32, mostNibbles: i32, out: usize): i32 {
  const end = words + (<usize>wordCount << 2);
  let word: u32 = 0;
  let left = 0;
  let previous: i32 = 0;
  let zeros: u64 = 0;
  let others = 0;
  let isCountOfOthers = false;
  for (let i = 0; i < count || others > 0; ) {
    // Most differences are one or two nibbles of the same word.
    let place = out + (<usize>i << 1);
    const stop = place + (<usize>others << 1);
    while (place < stop) {
      if (left == 0) {
        if (words == end) break;
        word = load<u32>(words);
        words += 4;
        left = 8;
      }
      let zigzag = word >>> 28;
      if (zigzag < 8) {
        word <<= 4;
        left--;
      } else {
        const second = (word >>> 24) & 15;
        if (second >= 8 || left == 1) break;
        zigzag = (zigzag & 7) | (second << 3);
        word <<= 8;
        left -= 2;
      }
      previous += <i32>((zigzag >>> 1) ^ (0 - (zigzag & 1)));
      if (<u32>previous > 0xffff) return <i32>((place - out) >> 1);
      store<u16>(place, <u16>previous);
      place += 2;
    }
    i = <i32>((place - out) >> 1);
    others = <i32>((stop - place) >> 1);
    if (i == count && others == 0) break;
    let value: u64 = 0;
    let nibble: u32 = 8;
    for (let shift: u64 = 0; nibble >= 8; shift += 3) {
      if (shift == <u64>(3 * mostNibbles)) return i;
      if (left == 0) {
        if (words == end) return i;
        word = load<u32>(words);
        words += 4;
        left = 8;
      }
      nibble = word >>> 28;
      word <<= 4;
      left--;
      value |= <u64>(nibble & 7) << shift;
    }
    if (others > 0) {
      const zigzag = <u32>value;
      previous += <i32>((zigzag >>> 1) ^ (0 - (zigzag & 1)));
      if (<u32>previous > 0xffff) return i;
      store<u16>(out + (<usize>i << 1), <u16>previous);
      i++;
      others--;
    } else if (!isCountOfOthers) {
      zeros = value;
      isCountOfOthers = true;
    } else {
      isCountOfOthers = false;
      // Two empty runs would never end.
      if (zeros + value == 0 || zeros + value > <u64>(count - i)) return i;
      memory.fill(out + (<usize>i << 1), 0, <usize>zeros << 1);
      i += <i32>zeros;
      others = <i32>value;
    }
  }
  return count;
}

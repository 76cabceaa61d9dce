// AssemblyScript, compiled by `npm run kernel` to `rvl_wasm.ts`.

// The same as differences: 0, -1, 1, -2, 2 ..., of one nibble without its continue bit.
// @ts-ignore: decorator
@inline
function differences(nibbles: v128): v128 {
  return i8x16.swizzle(i8x16(0, -1, 1, -2, 2, -3, 3, -4, 0, 0, 0, 0, 0, 0, 0, 0), nibbles);
}

// Eight nibbles, the first one highest, as eight bytes.
// @ts-ignore: decorator
@inline
function spreadNibbles(word: u32): v128 {
  const pairs = i8x16.swizzle(i32x4.splat(word), i8x16(3, 3, 2, 2, 1, 1, 0, 0, 16, 16, 16, 16, 16, 16, 16, 16));
  return v128.or(v128.and(i16x8.shr_u(pairs, 4), i16x8.splat(0x000f)), v128.and(pairs, i16x8.splat(0x0f00)));
}

// The sums of the first one, two, ... eight bytes.
// @ts-ignore: decorator
@inline
function runningSums(bytes: v128): v128 {
  let sums = i8x16.add(bytes, i64x2.shl(bytes, 8));
  sums = i8x16.add(sums, i64x2.shl(sums, 16));
  return i8x16.add(sums, i64x2.shl(sums, 32));
}

// Nibbles of the number at the beginning of a word.
// @ts-ignore: decorator
@inline
function lengthOf(word: u32): u32 {
  return (<u32>clz<u32>(~word & 0x88888888) >>> 2) + 1;
}

// The number at the beginning of a word, of one to three nibbles.
// @ts-ignore: decorator
@inline
function shortNumber(word: u32, length: u32): u32 {
  const bits = (word >>> 28 & 7) | (word >>> 21 & 0x38) | (word >>> 14 & 0x1c0);
  return bits & ((1 << (3 * length)) - 1);
}

// Differences of one nibble that are worked off together, so many at least.
const FEW_NIBBLES: u32 = 3;
// Eight differences of one nibble sum up to less.
const MOST_SUM: i32 = 64;

// Decodes RVL words (little-endian, eight nibbles each, the first one highest) into `count` 16-bit samples. All places are byte
// offsets in the memory; up to 16 bytes behind the samples are written. A number has `mostNibbles` at most.
// Returns `count`, or the pixel at which the data is damaged or ends.
export function decodeRvl(words: usize, wordCount: i32, count: i32, mostNibbles: i32, out: usize): i32 {
  const nibbles = <u32>wordCount << 3;
  const end = out + (<usize>count << 1);
  let at: u32 = 0;
  let place = out;
  // Where the run of differences ends.
  let stop = out;
  let previous: i32 = 0;
  let zeros: u64 = 0;
  let isCountOfOthers = false;
  while (place < end) {
    while (place < stop && at + 16 <= nibbles) {
      // The next nine nibbles at least.
      let window = rotl<u64>(load<u64>(words + ((at >>> 3) << 2)), 32) << ((at & 7) << 2);
      const first = <u32>(window >>> 32);
      let single = <u32>clz<u32>(first & 0x88888888) >>> 2;
      if (single >= FEW_NIBBLES && <u32>(previous - MOST_SUM) < <u32>(0xffff - 2 * MOST_SUM)) {
        const sums = runningSums(differences(spreadNibbles(first)));
        v128.store(place, i16x8.add(i16x8.extend_low_i8x16_s(sums), i16x8.splat(<i16>previous)));
        const rest = <u32>((stop - place) >> 1);
        if (single >= rest) {
          at += rest;
          place = stop;
          previous = <i32>load<u16>(place - 2);
          break;
        }
        at += single;
        place += single << 1;
        previous = <i32>load<u16>(place - 2);
        if (single == 8) continue;
        // What stopped them is mostly one of two nibbles.
        const pair = <u32>(window >>> (56 - (single << 2))) & 0xff;
        if ((pair & 0x88) == 0x80) {
          const zigzag = ((pair >>> 4) & 7) | ((pair & 7) << 3);
          previous += <i32>((zigzag >>> 1) ^ (0 - (zigzag & 1)));
          if (<u32>previous > 0xffff) return <i32>((place - out) >> 1);
          store<u16>(place, <u16>previous);
          at += 2;
          place += 2;
        }
        continue;
      }
      // Differences of one to three nibbles, as long as the window holds three.
      let used: u32 = 0;
      let isLonger = false;
      do {
        let zigzag = <u32>(window >>> 60);
        let length: u32 = 1;
        if (zigzag >= 8) {
          const second = <u32>(window >>> 56) & 15;
          zigzag = (zigzag & 7) | ((second & 7) << 3);
          length = 2;
          if (second >= 8) {
            const third = <u32>(window >>> 52) & 15;
            if (third >= 8) {
              isLonger = true;
              break;
            }
            zigzag |= third << 6;
            length = 3;
          }
        }
        window <<= length << 2;
        used += length;
        previous += <i32>((zigzag >>> 1) ^ (0 - (zigzag & 1)));
        if (<u32>previous > 0xffff) return <i32>((place - out) >> 1);
        store<u16>(place, <u16>previous);
        place += 2;
      } while (used <= 6 && place < stop);
      at += used;
      if (isLonger) break;
    }
    if (place == end) break;
    // Both counts of a run in one go: mostly they are short.
    if (place == stop && !isCountOfOthers && at + 16 <= nibbles) {
      const window = rotl<u64>(load<u64>(words + ((at >>> 3) << 2)), 32) << ((at & 7) << 2);
      const first = <u32>(window >>> 32);
      const length = lengthOf(first);
      const second = <u32>((window << (length << 2)) >>> 32);
      const secondLength = lengthOf(second);
      if (length <= 3 && secondLength <= 3) {
        const none = shortNumber(first, length), some = shortNumber(second, secondLength);
        if (none <= 8 && none + some > 0 && none + some <= <u32>((end - place) >> 1)) {
          v128.store(place, i16x8.splat(0));
          place += none << 1;
          stop = place + (some << 1);
          at += length + secondLength;
          continue;
        }
      }
    }
    const pixel = <i32>((place - out) >> 1);
    let value: u64 = 0;
    let nibble: u32 = 8;
    for (let shift: u64 = 0; nibble >= 8; shift += 3) {
      if (shift == <u64>(3 * mostNibbles) || at == nibbles) return pixel;
      nibble = (load<u32>(words + ((at >>> 3) << 2)) >>> (28 - ((at & 7) << 2))) & 15;
      at++;
      value |= <u64>(nibble & 7) << shift;
    }
    if (place < stop) {
      const zigzag = <u32>value;
      previous += <i32>((zigzag >>> 1) ^ (0 - (zigzag & 1)));
      if (<u32>previous > 0xffff) return pixel;
      store<u16>(place, <u16>previous);
      place += 2;
    } else if (!isCountOfOthers) {
      zeros = value;
      isCountOfOthers = true;
    } else {
      isCountOfOthers = false;
      // Two empty runs would never end.
      if (zeros + value == 0 || zeros + value > <u64>(count - pixel)) return pixel;
      memory.fill(place, 0, <usize>zeros << 1);
      place += <usize>zeros << 1;
      stop = place + (<usize>value << 1);
    }
  }
  return count;
}

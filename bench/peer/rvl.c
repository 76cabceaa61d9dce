/* RVL depth decoding (A. Wilson, "Fast Lossless Depth Image Compression", 2017), as it is usually written in C: the peer
 * of `npm run bench -- decoding`, compiled with -O2. It trusts its input. */
#include <stddef.h>
#include <stdint.h>

struct reader {
  const uint32_t *next;
  uint32_t word;
  int left;
};

static inline uint32_t number(struct reader *in) {
  uint32_t value = 0, nibble;
  int shift = 0;
  do {
    if (in->left == 0) {
      in->word = *in->next++;
      in->left = 8;
    }
    nibble = in->word >> 28;
    in->word <<= 4;
    in->left--;
    value |= (nibble & 7) << shift;
    shift += 3;
  } while (nibble & 8);
  return value;
}

/** `words` are those behind the eight bytes of width and height. */
void decode_rvl(const uint32_t *words, uint16_t *samples, size_t count) {
  struct reader in = {words, 0, 0};
  uint16_t *end = samples + count;
  int32_t previous = 0;
  while (samples < end) {
    for (uint32_t zeros = number(&in); zeros > 0; zeros--) *samples++ = 0;
    for (uint32_t others = number(&in); others > 0; others--) {
      uint32_t zigzag = number(&in);
      previous += (int32_t)(zigzag >> 1) ^ -(int32_t)(zigzag & 1);
      *samples++ = (uint16_t)previous;
    }
  }
}

import type { ImageSize } from '../modality_image.js';
import type { BayerPattern } from './encodings.js';

/**
 * Bilinear demosaicing: a colour a pixel did not measure is the mean of its two or four nearest neighbours that did.
 * At the border the picture is mirrored about its outermost pixels, which keeps the pattern's phase.
 *
 * @param mosaic - height * width samples of one colour each
 * @param pattern - colours of the top left 2x2 pixels in reading order, as in ROS' `bayer_rggb8`; OpenCV's constants
 *   name the same mosaic by its second row and column (rggb = `COLOR_BayerBG2RGB`)
 * @param shift - bits to shift a sample right to make it 8-bit: 0, or 8 for 16-bit samples
 * @returns height * width * 3 bytes, RGB
 */
export function demosaic(
  mosaic: Uint8Array | Uint16Array,
  { width, height }: ImageSize,
  pattern: BayerPattern,
  shift: 0 | 8,
): Uint8Array {
  const rgb = new Uint8Array(width * height * 3);
  const redAt = pattern.indexOf('r');
  const redRow = redAt >> 1;
  const redColumn = redAt & 1;
  // Mirrored neighbours; in a picture one pixel wide or high there is none but the pixel itself.
  const last = { x: width - 1, y: height - 1 };
  for (let y = 0; y < height; y++) {
    const row = y * width;
    const above = (y > 0 ? y - 1 : Math.min(1, last.y)) * width;
    const below = (y < last.y ? y + 1 : Math.max(0, last.y - 1)) * width;
    const isRedRow = (y & 1) === redRow;
    // Of the two colours that are not green this row holds one (its "own"), the rows around hold the other.
    const own = isRedRow ? 0 : 2;
    const other = 2 - own;
    const ownColumn = isRedRow ? redColumn : 1 - redColumn;
    for (let x = 0; x < width; x++) {
      const left = x > 0 ? x - 1 : Math.min(1, last.x);
      const right = x < last.x ? x + 1 : Math.max(0, last.x - 1);
      const pixel = (row + x) * 3;
      const centre = mosaic[row + x]!;
      if ((x & 1) === ownColumn) {
        const sides = mosaic[row + left]! + mosaic[row + right]!;
        const ends = mosaic[above + x]! + mosaic[below + x]!;
        const corners = mosaic[above + left]! + mosaic[above + right]! + mosaic[below + left]! + mosaic[below + right]!;
        rgb[pixel + own] = centre >> shift;
        rgb[pixel + 1] = ((sides + ends + 2) >> 2) >> shift;
        rgb[pixel + other] = ((corners + 2) >> 2) >> shift;
      } else {
        rgb[pixel + own] = ((mosaic[row + left]! + mosaic[row + right]! + 1) >> 1) >> shift;
        rgb[pixel + 1] = centre >> shift;
        rgb[pixel + other] = ((mosaic[above + x]! + mosaic[below + x]! + 1) >> 1) >> shift;
      }
    }
  }
  return rgb;
}

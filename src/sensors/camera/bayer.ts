import type { ImageSize } from '../modality_image.js';
import type { BayerPattern } from './encodings.js';
import { type PictureRows, planeBytes, planes, type RowSpace, VECTOR_BYTES, type WriteRow } from './picture_rows.js';
import type { ReadRow } from './sample_rows.js';

/** Rows of samples held: one, and those above and below; a power of two. */
const HELD_ROWS = 4;

/** Samples of one colour each. */
export interface Mosaic extends ImageSize {
  /** Colours of the top left 2x2 pixels in reading order, as in ROS' `bayer_rggb8`. */
  pattern: BayerPattern;
  bytesPerSample: 1 | 2;
  /** Bits of a sample that are used, 8 at least; larger samples are cut to the largest of so many bits. */
  bits: number;
  read: ReadRow;
}

/**
 * Bilinear demosaicing: a colour a pixel did not measure is the mean of its two or four nearest neighbours that did.
 * At the border the picture is mirrored about its outermost pixels, which keeps the pattern's phase. OpenCV's constants
 * name the same mosaic by its second row and column (rggb = `COLOR_BayerBG2RGB`).
 * @returns rows of three planes, of the upper eight bits
 */
export function demosaicedRows(mosaic: Mosaic): PictureRows {
  const { width, height, bytesPerSample } = mosaic;
  const { rowBytes, channels } = planes(width);
  const scratchBytes = HELD_ROWS * heldBytes(mosaic) + bytesPerSample * width;
  return { width, height, rowBytes, channels, scratchBytes, bind: (space) => new Demosaicing(mosaic, space).write };
}

/** A row and its mirrored samples. */
function heldBytes({ width, bytesPerSample }: Mosaic): number {
  return planeBytes(width * bytesPerSample) + 2 * VECTOR_BYTES;
}

class Demosaicing {
  readonly #mosaic: Mosaic;
  readonly #space: RowSpace;
  readonly #pitch: number;
  readonly #red: number;
  /** Which row each place holds. */
  readonly #held = new Int32Array(HELD_ROWS).fill(-1);

  constructor(mosaic: Mosaic, space: RowSpace) {
    this.#mosaic = mosaic;
    this.#space = space;
    this.#pitch = heldBytes(mosaic);
    this.#red = mosaic.pattern.indexOf('r');
  }

  readonly write: WriteRow = (y, at) => {
    const { width, height, bytesPerSample, bits } = this.#mosaic;
    const { kernel } = this.#space;
    // In a picture one pixel high or wide there is no neighbour but the pixel itself.
    const above = this.#hold(y > 0 ? y - 1 : Math.min(1, height - 1));
    const row = this.#hold(y);
    const below = this.#hold(y < height - 1 ? y + 1 : Math.max(0, height - 2));
    // Of the two colours that are not green this row holds one (its "own"), the rows around hold the other.
    const isRedRow = (y & 1) === this.#red >> 1;
    const first = isRedRow ? this.#red & 1 : 1 - (this.#red & 1);
    const plane = planeBytes(width);
    const own = isRedRow ? at : at + 2 * plane;
    const other = isRedRow ? at + 2 * plane : at;
    if (bytesPerSample === 1) kernel.demosaic8(above, row, below, width, first, own, at + plane, other);
    else kernel.demosaic16(above, row, below, width, first, own, at + plane, other, bits - 8);
  };

  /** @returns where the samples of a row are, with their mirror images around them */
  #hold(y: number): number {
    const slot = y % HELD_ROWS;
    const { width, bytesPerSample, bits, read } = this.#mosaic;
    const { kernel, bytes, scratch } = this.#space;
    const at = scratch + slot * this.#pitch + VECTOR_BYTES;
    if (this.#held[slot] === y) return at;
    this.#held[slot] = y;
    read(y, bytes, at);
    if (bytesPerSample === 2 && bits < 16) kernel.limit16(at, width, 2 ** bits - 1);
    const rowBytes = width * bytesPerSample;
    const second = at + (width > 1 ? bytesPerSample : 0);
    const lastButOne = at + rowBytes - bytesPerSample * (width > 1 ? 2 : 1);
    bytes.copyWithin(at - bytesPerSample, second, second + bytesPerSample);
    bytes.copyWithin(at + rowBytes, lastButOne, lastButOne + bytesPerSample);
    return at;
  }
}

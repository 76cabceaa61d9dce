/**
 * The samples of a picture as they stand in a message, to be changed in place: rows `rowStep` samples apart, of which
 * the first `rowLength` are picture.
 */
export interface Samples {
  values: Uint8Array | Uint16Array | Float32Array;
  rows: number;
  rowStep: number;
  rowLength: number;
  /** Samples from one to the next of the same channel in a row: 3 in rgb8, 2 in a Bayer mosaic. */
  stride: number;
  /** Value of full light, or for depth of the farthest distance in the picture. */
  full: number;
  /**
   * Value that means "no light" at each position of a row, over and over; luma and chroma of YUV differ. Where it is
   * {@link UNTOUCHED} the sample is no light at all (alpha).
   */
  black(row: number): readonly number[];
}

/** Mark of samples that faults leave alone. */
export const UNTOUCHED = -1;

/** Changes samples in place. */
export type PictureEdit = (samples: Samples) => void;

import type { ImageSize } from '../modality_image.js';

/** A decoded picture at the size it was taken: 8-bit grey or RGB, row-major, without padding. May be a view. */
export interface Pixels extends ImageSize {
  channels: 1 | 3;
  data: Uint8Array;
}

export type PixelsOutcome = { kind: 'pixels'; pixels: Pixels } | { kind: 'invalid'; reason: string };

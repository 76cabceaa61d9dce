import type { Stamp } from '../messages/stamp.js';
import type { ImageSize } from '../sensors/modality_image.js';

/** The model's answer for one {@link FrameSet}. */
export interface Segmentation extends ImageSize {
  stamp: Stamp;
  frameId: string;
  /** height * width class ids. */
  labels: Uint8Array;
  /** height * width, 255 = certain; absent where the model gives none. */
  confidence?: Uint8Array;
  /** Modalities the mask was made from, in the bundle's order. */
  present: readonly string[];
  /** Per modality its weight at each feature level, fine to coarse; over the present ones a level sums to 1. Absent where nothing is routed. */
  routing?: ReadonlyMap<string, readonly number[]>;
  timings: { encodeMs: number; headMs: number; totalMs: number };
}

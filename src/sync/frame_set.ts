import type { Stamp } from '../messages/stamp.js';
import type { ModalityImage } from '../sensors/modality_image.js';

/**
 * Why a modality is missing from a set. `late`: it should have come by now; `unmatched`: it is alive and well, but has
 * no sample within tolerance of this stamp (a slow sensor with a tight tolerance); `unused`: it is there, but the model
 * that made the mask does not take it; the others are its state of health.
 */
export type AbsentReason =
  | 'disabled'
  | 'waiting'
  | 'late'
  | 'unmatched'
  | 'unused'
  | 'dropped'
  | 'recovering'
  | 'invalid'
  | 'black'
  | 'saturated'
  | 'frozen'
  | 'empty'
  | 'no-return'
  | 'noisy';

/** What goes into the model: the images of all modalities present at one reference stamp. */
export interface FrameSet {
  /** Stamp of the reference image; masks carry it. */
  stamp: Stamp;
  /** `frame_id` of the grid all images lie on. */
  frameId: string;
  /** One image per present modality; at least one. */
  images: ReadonlyMap<string, ModalityImage>;
  absent: ReadonlyMap<string, AbsentReason>;
}

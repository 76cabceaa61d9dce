import type { Stamp } from '../messages/stamp.js';
import type { ModalityImage } from '../sensors/modality_image.js';

/** Why a modality is missing from a set. */
export type AbsentReason =
  | 'disabled'
  | 'waiting'
  | 'late'
  | 'dropped'
  | 'recovering'
  | 'invalid'
  | 'black'
  | 'saturated'
  | 'frozen'
  | 'empty'
  | 'no-return';

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

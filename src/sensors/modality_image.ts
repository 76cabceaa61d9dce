import type { Stamp } from '../messages/stamp.js';
import type { BlindReason, SensorReason } from './reason.js';

/** The pixel grid all modalities of a set share: the camera's, scaled to the model's input size. */
export interface ImageSize {
  width: number;
  height: number;
}

/** What looking at the decoded content says about the sensor. `blind` images carry nothing a model could use. */
export type ContentQuality = { kind: 'good' } | { kind: 'blind'; reason: BlindReason };

/** One modality's observation, in the form its expert was trained on. */
export interface ModalityImage extends ImageSize {
  modality: string;
  /** Sensor time: `header.stamp` of the message, for events the end of the window. */
  stamp: Stamp;
  /** height * width * 3 bytes, row-major, channels in RGB order, on the reference grid; owned by the receiver. */
  data: Uint8Array;
  quality: ContentQuality;
}

/** Result of decoding one message: an image, or the reason there is none. Bad data never throws. */
export type DecodeOutcome =
  | { kind: 'image'; image: ModalityImage }
  | { kind: 'invalid'; reason: string; cause: SensorReason };

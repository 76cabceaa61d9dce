import type { RawMessage } from '../../messages/raw_message.js';
import type { Stamp } from '../../messages/stamp.js';
import type { PointCloud2 } from '../../messages/types.js';
import type { GridMask } from '../lidar/index.js';
import type { ContentQuality } from '../modality_image.js';
import type { SensorReason } from '../reason.js';

/** An image on the grid, before the rig adds what it knows about the stream; or the reason there is none. */
export type DecodedContent =
  | { kind: 'content'; data: Uint8Array; quality: ContentQuality; stamp: Stamp }
  /** Without a cause the message itself cannot be read, and `reason` says which value is wrong. */
  | { kind: 'invalid'; reason: string; cause?: SensorReason };

/** A mask on the grid, and what its labels mean to points. */
export interface PointMask extends GridMask {
  /** Stamp of the picture the mask belongs to. */
  stamp: Stamp;
  /** Label of pixels and points without class. */
  unlabeled: number;
  /** RGBA of every label, 256 * 4 bytes. */
  colours: Uint8Array;
}

/** A cloud whose points have classes, in the sensor's own frame and with its own stamp; or the reason there is none. */
export type LabelledPoints =
  | { kind: 'points'; cloud: PointCloud2; inView: number; hidden: number }
  | { kind: 'invalid'; reason: string };

/** A message with its header read. */
export interface Sample {
  raw: RawMessage;
  stamp: Stamp;
  frameId: string;
}

/** Turns one modality's messages into images on the grid; which one it is, the representation decides. */
export interface ModalityDecoder {
  /** Message types it reads, e.g. `sensor_msgs/msg/Image`. */
  readonly messageTypes: readonly string[];
  /**
   * `unnatural` where the same content under a new stamp means a frozen sensor; `natural` where it means that
   * nothing happened.
   */
  readonly repetition: 'unnatural' | 'natural';
  /** Whether what it measured is carried to the reference stamp, where the vehicle's motion is known. */
  readonly isCarried?: boolean;
  /**
   * Looks at every message as it arrives, cheaply; returns why it cannot be used, or undefined.
   * @param decoding - `when-needed`: what would have to be decoded is kept until an image is asked for
   */
  ingest?(sample: Sample, decoding: 'now' | 'when-needed'): string | undefined;
  /** May throw on bad data; the rig turns that into `invalid`. */
  decode(sample: Sample, referenceStamp: Stamp): Promise<DecodedContent>;
  /** Gives the points of a message the classes of a mask; only where the sensor measures points. */
  labelPoints?(sample: Sample, mask: PointMask): Promise<LabelledPoints>;
  /** Forgets what belongs to a moment, after a jump of the clock. */
  reset?(): void;
}

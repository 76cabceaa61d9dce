import type { Stamp } from '../messages/stamp.js';
import type { Segmentation } from '../model/segmentation.js';
import type { AbsentReason } from '../sync/index.js';
import type { LabelImage, RgbImage } from './overlay.js';

/** Where a frame's time went; see `FrameLatency` of the pipeline for what `total` holds. */
export interface FrameLatencyMs {
  decode: number;
  syncWait: number;
  inference: number;
  total: number;
}

/** A mask that was published. Buffers must not change until `published` has resolved. */
export interface PublishedFrame {
  segmentation: Segmentation;
  /** The model that made it; the first one by default. */
  model?: { sha256: string; name?: string };
  /**
   * When its reference sample arrived. Frames are shown by this and not by their stamp: it is the clock of the bag and
   * of modality states, while sensors may count from anywhere.
   */
  arrivedAt: Stamp;
  absent: ReadonlyMap<string, AbsentReason>;
  latencyMs: FrameLatencyMs;
  /** Any size: the mask is brought to it by nearest neighbour, then scored. */
  groundTruth?: LabelImage;
  /** Name of the condition the frame belongs to (`night`), for scores and routing by condition. */
  stretch?: string;
  /** The camera image, any size; called only for the frames the report shows. */
  camera?: () => RgbImage | undefined | Promise<RgbImage | undefined>;
  /** What the other sensors gave, drawn for people to look at; called only for the frames the report shows. */
  sensors?: () => ReadonlyMap<string, RgbImage>;
}

import type { CompressedImage, Header, Image, LabelInfo } from '../messages/index.js';
import { type Stamp, timeFromStamp } from '../messages/index.js';
import type { Bundle } from '../model/index.js';
import { UNLABELED_ID } from '../model/index.js';
import type { ImageSize } from '../sensors/modality_image.js';
import type { ModalityState } from '../sync/index.js';

/** Header of everything published for one reference image: its stamp, its frame. */
export function outputHeader(stamp: Stamp, frameId: string): Header {
  return { stamp: timeFromStamp(stamp), frame_id: frameId };
}

/**
 * A one-byte-per-pixel picture as sensor_msgs/Image: class ids of a mask, or confidence 0..255.
 * @param pixels - height * width bytes, row-major
 */
export function mono8Image(header: Header, size: ImageSize, pixels: Uint8Array): Image {
  return {
    header,
    height: size.height,
    width: size.width,
    encoding: 'mono8',
    is_bigendian: 0,
    step: size.width,
    data: pixels,
  };
}

/** A JPEG as sensor_msgs/CompressedImage, with the format string compressed_image_transport writes. */
export function jpegImage(header: Header, jpeg: Uint8Array): CompressedImage {
  return { header, format: 'rgb8; jpeg compressed bgr8', data: jpeg };
}

/**
 * What the ids in a mask mean, as vision_msgs/LabelInfo: the contract of nav2's semantic segmentation layer.
 * Includes the id of unlabeled pixels, so that a consumer needs no convention of ours.
 */
export function labelInfo(header: Header, bundle: Bundle): LabelInfo {
  const classes = bundle.classes.map(({ id, name }) => ({ class_id: id, class_name: name }));
  return { header, class_map: [...classes, { class_id: UNLABELED_ID, class_name: 'unlabeled' }], threshold: 0 };
}

/** diagnostic_msgs/DiagnosticStatus levels. */
const LEVEL = { ok: 0, warn: 1, error: 2 } as const;

const LEVEL_OF_STATE: Readonly<Record<ModalityState, number>> = {
  active: LEVEL.ok,
  disabled: LEVEL.ok,
  waiting: LEVEL.warn,
  late: LEVEL.warn,
  recovering: LEVEL.warn,
  dropped: LEVEL.error,
  invalid: LEVEL.error,
};

/** The health of one modality as it goes into diagnostics. */
export interface ModalityHealth {
  modality: string;
  state: ModalityState;
  /** What the state stems from, in words. */
  reason: string | undefined;
}

/**
 * The health of all modalities as diagnostic_msgs/DiagnosticArray, one status each; `<modality>/is_fused` is the key
 * Autoware's fusion nodes use, so existing dashboards show it.
 */
export function diagnosticArray(stamp: Stamp, healths: readonly ModalityHealth[]): object {
  const status = healths.map(({ modality, state, reason }) => ({
    level: LEVEL_OF_STATE[state],
    name: `mle_sam: ${modality}`,
    message: reason === undefined ? state : `${state}: ${reason}`,
    hardware_id: '',
    values: [
      { key: 'state', value: state },
      { key: `${modality}/is_fused`, value: state === 'active' || state === 'late' ? 'True' : 'False' },
    ],
  }));
  return { header: outputHeader(stamp, ''), status };
}

import type { CompressedImage, Header, Image, LabelInfo } from '../messages/index.js';
import { type Stamp, timeFromStamp } from '../messages/index.js';
import type { Bundle } from '../model/index.js';
import { UNLABELED_ID } from '../model/index.js';
import type { ImageSize } from '../sensors/modality_image.js';

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

/** A PNG as sensor_msgs/CompressedImage, with the format string compressed_image_transport writes. */
export function pngImage(header: Header, png: Uint8Array): CompressedImage {
  return { header, format: 'rgba8; png compressed bgra8', data: png };
}

/**
 * What the ids in a mask mean, as vision_msgs/LabelInfo: the contract of nav2's semantic segmentation layer.
 * Includes the id of unlabeled pixels, so that a consumer needs no convention of ours.
 */
export function labelInfo(header: Header, bundle: Bundle): LabelInfo {
  const classes = bundle.classes.map(({ id, name }) => ({ class_id: id, class_name: name }));
  return { header, class_map: [...classes, { class_id: UNLABELED_ID, class_name: 'unlabeled' }], threshold: 0 };
}

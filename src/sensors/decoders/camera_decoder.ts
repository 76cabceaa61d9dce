import { BitDepth, type BitDepthChoice, decodePicture, judgePicture } from '../camera/index.js';
import type { ImageSize } from '../modality_image.js';
import type { SensorNotice } from '../notice.js';
import { unusable } from '../reason.js';
import type { RigCalibration } from '../rig_calibration.js';
import type { SensorOptions } from '../sensor_options.js';
import type { DecodedContent, ModalityDecoder, Sample } from './modality_decoder.js';

/** Pictures, `rgb`: resized to the grid, which for the reference camera is its own picture. Needs no calibration. */
export class CameraDecoder implements ModalityDecoder {
  readonly messageTypes = ['sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'];
  readonly repetition = 'unnatural';
  readonly #modality: string;
  readonly #size: ImageSize;
  readonly #calibration: RigCalibration;
  readonly #bitDepth: BitDepthChoice;

  constructor(
    modality: string,
    size: ImageSize,
    calibration: RigCalibration,
    { bitDepth }: SensorOptions,
    tell: (notice: SensorNotice) => void,
  ) {
    this.#modality = modality;
    this.#size = size;
    this.#calibration = calibration;
    const found = new BitDepth(modality, tell);
    this.#bitDepth = bitDepth ?? ((range) => found.bits(range));
  }

  async decode({ raw, stamp, frameId }: Sample): Promise<DecodedContent> {
    const rgb = await decodePicture(raw, this.#size, this.#bitDepth);
    if (rgb.kind === 'invalid') return rgb;
    const odd = this.#calibration.notePicture(this.#modality, { size: rgb.source, frameId }, raw.receiveStamp);
    if (odd !== undefined) return unusable(odd);
    return { kind: 'content', data: rgb.data, quality: judgePicture(rgb.data), stamp };
  }
}

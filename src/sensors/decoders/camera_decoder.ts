import { decodeMessage } from '../../messages/index.js';
import type { CompressedImage, Image } from '../../messages/types.js';
import { decodeCompressed, decodeImage, judgePicture, type RgbOutcome, resizePixels } from '../camera/index.js';
import type { ImageSize } from '../modality_image.js';
import type { RigCalibration } from '../rig_calibration.js';
import type { DecodedContent, ModalityDecoder, Sample } from './modality_decoder.js';

/** Pictures, `rgb`: resized to the grid, which for the reference camera is its own picture. Needs no calibration. */
export class CameraDecoder implements ModalityDecoder {
  readonly messageTypes = ['sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'];
  readonly repetition = 'unnatural';
  readonly #modality: string;
  readonly #size: ImageSize;
  readonly #calibration: RigCalibration;

  constructor(modality: string, size: ImageSize, calibration: RigCalibration) {
    this.#modality = modality;
    this.#size = size;
    this.#calibration = calibration;
  }

  async decode({ raw, stamp, frameId }: Sample): Promise<DecodedContent> {
    const rgb = raw.type.endsWith('/CompressedImage')
      ? await decodeCompressed(decodeMessage<CompressedImage>(raw), this.#size)
      : await this.#decodeRaw(decodeMessage<Image>(raw));
    if (rgb.kind === 'invalid') return rgb;
    this.#calibration.notePicture(this.#modality, rgb.source, frameId);
    return { kind: 'content', data: rgb.data, quality: judgePicture(rgb.data), stamp };
  }

  async #decodeRaw(image: Image): Promise<RgbOutcome> {
    const decoded = decodeImage(image);
    if (decoded.kind === 'invalid') return decoded;
    const { width, height } = decoded.pixels;
    return { kind: 'rgb', data: await resizePixels(decoded.pixels, this.#size), source: { width, height } };
  }
}

import type { ImageSize } from '../modality_image.js';
import type { SensorNotice } from '../notice.js';
import type { Representation } from '../representation.js';
import type { RigCalibration } from '../rig_calibration.js';
import type { SensorOptions } from '../sensor_options.js';
import { CameraDecoder } from './camera_decoder.js';
import { DepthDecoder } from './depth_decoder.js';
import { EventsDecoder } from './events_decoder.js';
import { LidarDecoder } from './lidar_decoder.js';
import type { ModalityDecoder } from './modality_decoder.js';

/**
 * The decoder for a modality: what kind of sensor it is follows from how its expert wants to see it.
 * @throws Error for a representation that no message carries
 */
export function createDecoder(
  modality: string,
  representation: Representation,
  size: ImageSize,
  calibration: RigCalibration,
  options: SensorOptions,
  tell: (notice: SensorNotice) => void,
): ModalityDecoder {
  switch (representation.kind) {
    case 'rgb':
    case 'nir':
      return new CameraDecoder(modality, size, calibration, options, tell);
    case 'inverse':
    case 'linear':
    case 'hha':
    case 'hha-published':
      return new DepthDecoder(modality, size, calibration, representation, options, tell);
    case 'polarity':
    case 'counts-recency':
      return new EventsDecoder(modality, calibration, representation, options.events);
    case 'range-intensity-height':
      return new LidarDecoder(modality, calibration, representation, options, tell);
    case 'aolp':
    case 'dolp':
      throw new Error(
        `Expected a modality that comes in messages for ${modality} but received representation '${representation.kind}', ` +
          'which is read from data sets only. Score this bundle with mle-sam evaluate ROOT.',
      );
  }
}

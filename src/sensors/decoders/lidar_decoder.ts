import { decodeMessage } from '../../messages/index.js';
import type { PointCloud2 } from '../../messages/types.js';
import { type LidarRepresentation, readPointCloud, renderPointCloud } from '../lidar/index.js';
import { unusable } from '../reason.js';
import type { RigCalibration } from '../rig_calibration.js';
import type { SensorOptions } from '../sensor_options.js';
import type { DecodedContent, ModalityDecoder, Sample } from './modality_decoder.js';

/** Point clouds, `range-intensity-height`: drawn into the grid. */
export class LidarDecoder implements ModalityDecoder {
  readonly messageTypes = ['sensor_msgs/msg/PointCloud2'];
  readonly repetition = 'unnatural';
  readonly #calibration: RigCalibration;
  readonly #representation: LidarRepresentation;
  readonly #options: SensorOptions;

  constructor(calibration: RigCalibration, representation: LidarRepresentation, options: SensorOptions = {}) {
    this.#calibration = calibration;
    this.#representation = { ...representation, dilation: options.dilation ?? representation.dilation };
    this.#options = options;
  }

  async decode({ raw, stamp, frameId }: Sample): Promise<DecodedContent> {
    const read = await readPointCloud(decodeMessage<PointCloud2>(raw), this.#options);
    if (read.kind === 'invalid') return read;
    const grid = this.#calibration.grid();
    if (grid.kind === 'invalid') return grid;
    const toCamera = this.#calibration.transform(grid.frameId, frameId, stamp);
    if (toCamera.kind === 'missing') return unusable(toCamera.cause);
    const toBase = this.#calibration.transform(this.#calibration.baseFrame, frameId, stamp);
    if (toBase.kind === 'missing') return unusable(toBase.cause);
    const placement = { grid: grid.model, lidarToCamera: toCamera.transform, lidarToBase: toBase.transform };
    const { data, quality } = await renderPointCloud(read.cloud, placement, this.#representation);
    return { kind: 'content', data, quality, stamp };
  }
}

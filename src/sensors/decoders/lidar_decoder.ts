import { decodeMessage } from '../../messages/index.js';
import type { RawMessage } from '../../messages/raw_message.js';
import type { PointCloud2 } from '../../messages/types.js';
import {
  type IntensityField,
  IntensityScale,
  type LidarRepresentation,
  livoxTypes,
  type PointCloudOutcome,
  type ReadPointCloudOptions,
  readLivoxCloud,
  readPointCloud,
  renderPointCloud,
} from '../lidar/index.js';
import type { SensorNotice } from '../notice.js';
import { unusable } from '../reason.js';
import type { RigCalibration } from '../rig_calibration.js';
import type { SensorOptions } from '../sensor_options.js';
import type { DecodedContent, ModalityDecoder, Sample } from './modality_decoder.js';

/** Point clouds, `range-intensity-height`: drawn into the grid. */
export class LidarDecoder implements ModalityDecoder {
  readonly messageTypes = ['sensor_msgs/msg/PointCloud2', ...livoxTypes];
  readonly repetition = 'unnatural';
  readonly #modality: string;
  readonly #calibration: RigCalibration;
  readonly #representation: LidarRepresentation;
  readonly #readOptions: ReadPointCloudOptions;
  readonly #tell: (notice: SensorNotice) => void;
  #fieldTold: string | undefined;

  constructor(
    modality: string,
    calibration: RigCalibration,
    representation: LidarRepresentation,
    { dilation = representation.dilation, intensityFullScale }: SensorOptions,
    tell: (notice: SensorNotice) => void,
  ) {
    this.#modality = modality;
    this.#calibration = calibration;
    this.#representation = { ...representation, dilation };
    this.#tell = tell;
    const scale = new IntensityScale(modality, tell);
    this.#readOptions = {
      onIntensityField: (field) => this.#tellField(field),
      intensityFullScale: intensityFullScale ?? ((values, field) => scale.fullScale(values, field)),
    };
  }

  async decode({ raw, stamp, frameId }: Sample): Promise<DecodedContent> {
    const read = await readCloud(raw, this.#readOptions);
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

  #tellField({ name: field, passedOver: insteadOf }: IntensityField): void {
    if (insteadOf === undefined || this.#fieldTold === field) return;
    this.#fieldTold = field;
    const because = 'it is calibrated by the sensor';
    this.#tell({ code: 'field-chosen', modality: this.#modality, field, insteadOf, because });
  }
}

function readCloud(raw: RawMessage, options: ReadPointCloudOptions): Promise<PointCloudOutcome> {
  return livoxTypes.includes(raw.type)
    ? readLivoxCloud(raw.data, options)
    : readPointCloud(decodeMessage<PointCloud2>(raw), options);
}

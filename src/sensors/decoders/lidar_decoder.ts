import { decodeMessage } from '../../messages/index.js';
import type { RawMessage } from '../../messages/raw_message.js';
import { type Stamp, timeFromStamp } from '../../messages/stamp.js';
import type { PointCloud2 } from '../../messages/types.js';
import {
  carryCloud,
  type IntensityField,
  IntensityScale,
  type LidarRepresentation,
  labelledCloud,
  labelPoints,
  livoxTypes,
  type PointCloud,
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
import type { DecodedContent, LabelledPoints, ModalityDecoder, PointMask, Sample } from './modality_decoder.js';

/** Point clouds, `range-intensity-height`: drawn into the grid. */
export class LidarDecoder implements ModalityDecoder {
  readonly messageTypes = ['sensor_msgs/msg/PointCloud2', ...livoxTypes];
  readonly repetition = 'unnatural';
  readonly isCarried = true;
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
      intensityFullScale: intensityFullScale ?? ((cloud, field) => scale.fullScale(cloud, field)),
    };
  }

  async decode({ raw, stamp, frameId }: Sample, referenceStamp: Stamp): Promise<DecodedContent> {
    const { motion } = this.#calibration;
    const isCarried = motion.fixedFrame !== undefined;
    const read = await readCloud(raw, { ...this.#readOptions, ...(isCarried && { timesAfter: stamp }) });
    if (read.kind === 'invalid') return read;
    const { cloud } = read;
    const grid = this.#calibration.grid();
    if (grid.kind === 'invalid') return grid;
    if (!isCarried) motion.noteOffset(this.#modality, stamp, referenceStamp, grid.model);
    const outcome = isCarried ? await this.#carry(cloud, frameId, stamp, referenceStamp) : 'unknown';
    const at = outcome === 'carried' ? referenceStamp : stamp;
    const toCamera = this.#calibration.transform(grid.frameId, frameId, at);
    if (toCamera.kind === 'missing') return unusable(toCamera.cause);
    const toBase = this.#calibration.transform(this.#calibration.baseFrame, frameId, at);
    if (toBase.kind === 'missing') return unusable(toBase.cause);
    const placement = { grid: grid.model, lidarToCamera: toCamera.transform, lidarToBase: toBase.transform };
    const { data, quality } = await renderPointCloud(cloud, placement, this.#representation);
    return { kind: 'content', data, quality, stamp };
  }

  async labelPoints({ raw, stamp, frameId }: Sample, mask: PointMask): Promise<LabelledPoints> {
    const { motion } = this.#calibration;
    const isCarried = motion.fixedFrame !== undefined;
    const read = await readCloud(raw, { intensityFullScale: 'as-is', ...(isCarried && { timesAfter: stamp }) });
    if (read.kind === 'invalid') return read;
    const { cloud } = read;
    const grid = this.#calibration.grid();
    if (grid.kind === 'invalid') return grid;
    // Points are looked up where they are when the picture is taken, and published where they were measured.
    const seen = isCarried ? { ...cloud, x: cloud.x.slice(), y: cloud.y.slice(), z: cloud.z.slice() } : cloud;
    const outcome = isCarried ? await this.#carry(seen, frameId, stamp, mask.stamp) : 'unknown';
    const at = outcome === 'carried' ? mask.stamp : stamp;
    const toCamera = this.#calibration.transform(grid.frameId, frameId, at);
    if (toCamera.kind === 'missing') return unusable(toCamera.cause);
    const labels = await labelPoints(seen, grid.model, toCamera.transform, mask, mask.unlabeled);
    const header = { stamp: timeFromStamp(stamp), frame_id: frameId };
    const points = await labelledCloud(header, cloud, labels, mask.colours);
    return { kind: 'points', cloud: points, inView: labels.inView, hidden: labels.hidden };
  }

  #carry(cloud: PointCloud, frame: string, stamp: Stamp, to: Stamp): Promise<'carried' | 'unknown'> {
    return carryCloud(cloud, (seconds) => {
      const from = stamp + BigInt(Math.round(seconds * 1e9));
      return this.#calibration.motion.carry(this.#modality, frame, from, to);
    });
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

import { decodeMessage } from '../../messages/index.js';
import type { RawMessage } from '../../messages/raw_message.js';
import type { Stamp } from '../../messages/stamp.js';
import type { CompressedImage, Image } from '../../messages/types.js';
import { composeTransforms } from '../calibration/index.js';
import {
  type DepthMap,
  type DepthOutcome,
  DepthScale,
  decodeCompressedDepth,
  decodeDepthImage,
  encodeDepth,
  encodeHha,
  encodePublishedHha,
  judgeDepth,
  projectDepth,
  resampleDepth,
  scaleDepth,
} from '../depth/index.js';
import type { ImageSize } from '../modality_image.js';
import type { SensorNotice } from '../notice.js';
import { sameAspect } from '../picture_shape.js';
import { type SensorReason, unusable } from '../reason.js';
import type { Representation } from '../representation.js';
import type { GridOutcome, RigCalibration } from '../rig_calibration.js';
import type { SensorOptions } from '../sensor_options.js';
import type { DecodedContent, ModalityDecoder, Sample } from './modality_decoder.js';
import { sameView } from './same_view.js';

type DepthRepresentation = Extract<Representation, { kind: 'inverse' | 'linear' | 'hha' | 'hha-published' }>;
type Decoded = Extract<DepthOutcome, { kind: 'depth' }>;
type Grid = Extract<GridOutcome, { kind: 'grid' }>;
type AlignOutcome = { kind: 'depth'; depth: DepthMap } | { kind: 'invalid'; reason: string; cause?: SensorReason };

/** Depth, `inverse`, `linear`, `hha` or `hha-published`: laid onto the grid where it was taken from elsewhere. */
export class DepthDecoder implements ModalityDecoder {
  readonly messageTypes = ['sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'];
  readonly repetition = 'unnatural';
  readonly isCarried = true;
  readonly #modality: string;
  readonly #size: ImageSize;
  readonly #calibration: RigCalibration;
  readonly #representation: DepthRepresentation;
  /** Metres of one unit of the samples, where that was set. */
  readonly #unit: number | undefined;
  readonly #scale: DepthScale;
  readonly #maxScatter: number | undefined;

  constructor(
    modality: string,
    size: ImageSize,
    calibration: RigCalibration,
    representation: DepthRepresentation,
    { depthScale, maxScatter }: SensorOptions,
    tell: (notice: SensorNotice) => void,
  ) {
    this.#modality = modality;
    this.#size = size;
    this.#calibration = calibration;
    this.#representation = representation;
    this.#unit = depthScale;
    this.#maxScatter = maxScatter;
    this.#scale = new DepthScale(modality, tell);
  }

  async decode(sample: Sample, referenceStamp: Stamp): Promise<DecodedContent> {
    const { raw, stamp } = sample;
    const decoded = await decodeDepth(raw);
    if (decoded.kind === 'invalid') return decoded;
    const grid = this.#calibration.grid();
    if (grid.kind === 'invalid') return grid;
    const aligned = await this.#alignInMetres(decoded, sample, referenceStamp, grid);
    if (aligned.kind === 'invalid') return aligned;
    // Judged on the grid: depth of which nothing lies in the camera's picture tells the model as little as none.
    const quality = judgeDepth(aligned.depth, this.#maxScatter);
    const representation = this.#representation;
    if (representation.kind === 'inverse' || representation.kind === 'linear') {
      return { kind: 'content', data: await encodeDepth(aligned.depth, representation), quality, stamp };
    }
    const toBase = this.#calibration.transform(this.#calibration.baseFrame, grid.frameId, stamp);
    if (toBase.kind === 'missing') return unusable(toBase.cause);
    const data =
      representation.kind === 'hha'
        ? await encodeHha(aligned.depth, grid.model, toBase.transform, representation)
        : await encodePublishedHha(aligned.depth, grid.model, toBase.transform);
    return { kind: 'content', data, quality, stamp };
  }

  /** Lays depth on the grid in metres; the unit of its samples is found out from the first pictures. */
  async #alignInMetres(decoded: Decoded, sample: Sample, reference: Stamp, grid: Grid): Promise<AlignOutcome> {
    const { unit } = decoded;
    const depth = await scaleDepth(decoded.depth, this.#unit === undefined ? this.#scale.factor : this.#unit / unit);
    const aligned = await this.#align(depth, sample, reference, grid);
    if (aligned.kind === 'invalid' || this.#unit !== undefined || !this.#scale.isOpen) return aligned;
    const toBase = this.#calibration.transform(this.#calibration.baseFrame, grid.frameId, sample.stamp);
    const ground = toBase.kind === 'missing' ? undefined : { grid: grid.model, toBase: toBase.transform };
    await this.#scale.observe(aligned.depth, unit, ground);
    if (this.#scale.factor === 1) return aligned;
    return this.#align(await scaleDepth(depth, this.#scale.factor), sample, reference, grid);
  }

  async #align(depth: DepthMap, { frameId, stamp }: Sample, reference: Stamp, grid: Grid): Promise<AlignOutcome> {
    const camera = this.#calibration.camera(this.#modality, depth);
    if (camera.kind === 'invalid') return camera;
    const isInCameraFrame = frameId === grid.frameId;
    if (isInCameraFrame && camera.kind === 'uncalibrated' && !sameAspect(depth, grid.nativeSize)) {
      const { width, height } = depth;
      return unusable({
        code: 'shape-unplaced',
        modality: this.#modality,
        expected: grid.nativeSize,
        received: { width, height },
      });
    }
    if (isInCameraFrame && (camera.kind === 'uncalibrated' || sameView(camera.model, grid.model))) {
      return { kind: 'depth', depth: await resampleDepth(depth, this.#size) };
    }
    if (camera.kind === 'uncalibrated') {
      const placed = { frame: frameId, gridFrame: grid.frameId };
      return unusable({ code: 'camera-info-missing', modality: this.#modality, placed });
    }
    const { motion } = this.#calibration;
    const isCarried = motion.fixedFrame !== undefined;
    if (!isCarried) motion.noteOffset(this.#modality, stamp, reference, grid.model);
    const carried = isCarried ? motion.carry(this.#modality, frameId, stamp, reference) : undefined;
    const mount = this.#calibration.transform(grid.frameId, frameId, carried === undefined ? stamp : reference);
    if (mount.kind === 'missing') return unusable(mount.cause);
    const toGrid = carried === undefined ? mount.transform : composeTransforms(mount.transform, carried);
    return { kind: 'depth', depth: await projectDepth(depth, camera.model, toGrid, grid.model) };
  }
}

async function decodeDepth(raw: RawMessage): Promise<DepthOutcome> {
  return raw.type.endsWith('/CompressedImage')
    ? decodeCompressedDepth(decodeMessage<CompressedImage>(raw))
    : decodeDepthImage(decodeMessage<Image>(raw));
}

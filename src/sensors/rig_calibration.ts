import { decodeMessage } from '../messages/index.js';
import type { RawMessage } from '../messages/raw_message.js';
import type { Stamp } from '../messages/stamp.js';
import type { CameraInfo, TFMessage, TransformStamped } from '../messages/types.js';
import { BOUNDS } from './bounds.js';
import {
  CameraModel,
  type ImageGeometry,
  TfTree,
  type TfTreeOptions,
  type TransformLookup,
} from './calibration/index.js';
import type { ImageSize } from './modality_image.js';
import { Motion } from './motion.js';
import type { SensorNotice } from './notice.js';
import { PictureShape, type ReferencePicture, sameAspect } from './picture_shape.js';
import { type SensorReason, type Unusable, unusable } from './reason.js';
import type { MotionOptions } from './sensor_options.js';

/** Calibration to start with, for what is not published: what arrives on the topics replaces it. */
export interface ConfiguredCalibration {
  /** By modality. */
  cameraInfos?: ReadonlyMap<string, CameraInfo>;
  transforms?: readonly TransformStamped[];
}

export interface RigCalibrationOptions {
  grid: ImageSize;
  /** The modality whose picture is the grid. */
  referenceCamera: string;
  baseFrame: string;
  configured?: ConfiguredCalibration;
  /** Modalities whose pictures are rectified already, so that P and not K and D describes them. */
  geometries?: ReadonlyMap<string, ImageGeometry>;
  tf?: TfTreeOptions;
  motion?: MotionOptions;
  tell?: (notice: SensorNotice) => void;
}

/** A camera's model at the size its CameraInfo describes. */
export interface CalibratedCamera {
  model: CameraModel;
  info: CameraInfo;
}

export type GridOutcome =
  /** `model` is at model size, `nativeSize` that of the camera's own pictures. */
  { kind: 'grid'; model: CameraModel; frameId: string; info: CameraInfo; nativeSize: ImageSize } | Unusable;

/** How far from the first eye's place a frame may lie to be taken for it, as a share of the distance of the eyes. */
const EYE_TOLERANCE = 0.05;

/** What is known about where the sensors are and how they see: CameraInfo by modality, TF, and the grid they make. */
export class RigCalibration {
  readonly baseFrame: string;
  /** The vehicle's motion between stamps. */
  readonly motion: Motion;
  readonly #options: RigCalibrationOptions;
  readonly #cameras = new Map<string, CalibratedCamera>();
  readonly #problems = new Map<string, string>();
  readonly #lastInfos = new Map<string, Uint8Array>();
  readonly #tf: TfTree;
  readonly #scaled = new WeakMap<CameraModel, readonly CameraModel[]>();
  readonly #secondEyes = new WeakMap<CameraModel, { frames: number; model: CameraModel }>();
  readonly #shape = new PictureShape();

  constructor(options: RigCalibrationOptions) {
    this.#options = options;
    this.baseFrame = options.baseFrame;
    this.#tf = new TfTree(options.tf);
    this.motion = new Motion(this.#tf, options.motion ?? {}, options.tell ?? (() => undefined));
    for (const [modality, info] of options.configured?.cameraInfos ?? []) this.#setCameraInfo(modality, info);
    this.#tf.update({ transforms: [...(options.configured?.transforms ?? [])] }, 'static');
  }

  /** Size and frame of the reference camera's latest picture, before scaling. */
  get picture(): ReferencePicture | undefined {
    return this.#shape.picture;
  }

  /** Lets time pass, by the clock messages are received by. */
  advance(now: Stamp): void {
    this.#shape.advance(now);
  }

  /**
   * Looks at a camera's next picture.
   * @returns why it is not to be used, where it is not what the camera's CameraInfo describes
   */
  notePicture(modality: string, picture: ReferencePicture, receivedAt: Stamp): SensorReason | undefined {
    if (modality !== this.#options.referenceCamera) return undefined;
    const model = this.#cameras.get(modality)?.model;
    const verdict = this.#shape.note(picture, model, receivedAt);
    return verdict === 'odd' && model !== undefined ? sizeMismatch(modality, model, picture.size) : undefined;
  }

  /**
   * Takes in a CameraInfo message. A bad one leaves the last good one in place.
   * @returns what is wrong with it, or undefined
   */
  observeCameraInfo(modality: string, raw: RawMessage): string | undefined {
    // All but encapsulation and stamp: drivers repeat the same calibration with every picture.
    const content = raw.data.subarray(12);
    const last = this.#lastInfos.get(modality);
    if (last !== undefined && Buffer.compare(last, content) === 0) return this.#problems.get(modality);
    this.#lastInfos.set(modality, content);
    try {
      return this.#setCameraInfo(modality, decodeMessage<CameraInfo>(raw));
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      this.#problems.set(modality, problem);
      return problem;
    }
  }

  /** Takes in a message of /tf or /tf_static; returns one sentence for each transform that cannot be used. */
  observeTransforms(raw: RawMessage, mobility: 'static' | 'dynamic'): string[] {
    const count = countTransforms(raw);
    if (count > BOUNDS.transforms) {
      return [`Expected at most ${BOUNDS.transforms} transforms in a message of ${raw.topic} but received ${count}`];
    }
    return this.#tf.update(decodeMessage<TFMessage>(raw), mobility);
  }

  /** Forgets what belongs to a moment; mounts and lenses stay. */
  clearMoving(): void {
    this.#tf.clearDynamic();
    this.motion.reset();
  }

  transform(target: string, source: string, stamp: Stamp): TransformLookup {
    return this.#tf.lookup(target, source, stamp);
  }

  /** The reference camera scaled to model size, or what to publish so that it becomes known. */
  grid(): GridOutcome {
    const { referenceCamera, grid } = this.#options;
    const camera = this.#cameras.get(referenceCamera);
    if (camera === undefined) return unusable(this.#missingInfo(referenceCamera));
    const { model, info } = camera;
    const contradicting = this.#shape.contradicting(model);
    if (contradicting !== undefined) return unusable(sizeMismatch(referenceCamera, model, contradicting));
    // The picture says where it was taken; some drivers leave the frame out of the CameraInfo, or write another one.
    const frameId = this.picture?.frameId || info.header.frame_id;
    return { kind: 'grid', model: this.#scaleTo(this.#placed(model, frameId), grid), frameId, info, nativeSize: model };
  }

  /**
   * The model of a sensor's picture of a given size, `uncalibrated` where it never told its CameraInfo, or
   * `invalid` where what it told does not fit.
   */
  camera(
    modality: string,
    size: ImageSize,
  ): { kind: 'model'; model: CameraModel } | { kind: 'uncalibrated' } | Unusable {
    const camera = this.#cameras.get(modality);
    if (camera === undefined) {
      const problem = this.#problems.get(modality);
      return problem === undefined
        ? { kind: 'uncalibrated' }
        : unusable({ code: 'camera-info-unusable', modality, detail: problem });
    }
    if (!sameAspect(camera.model, size)) {
      return unusable(sizeMismatch(modality, camera.model, size));
    }
    const { model, info } = camera;
    return { kind: 'model', model: this.#scaleTo(this.#placed(model, info.header.frame_id), size) };
  }

  /** What is wrong with the CameraInfo of a modality whose messages have the given frame, if one is in force. */
  warning(modality: string, frameId: string | undefined): SensorReason | undefined {
    const camera = this.#cameras.get(modality);
    if (camera === undefined) return undefined;
    const detail = this.#problems.get(modality);
    if (detail !== undefined) return { code: 'camera-info-outdated', modality, detail };
    const infoFrame = camera.info.header.frame_id;
    if (!frameId || infoFrame === '' || infoFrame === frameId) return undefined;
    return { code: 'camera-info-frame', modality, expected: frameId, received: infoFrame };
  }

  /** Why nothing is known about a sensor's lens. */
  #missingInfo(modality: string): SensorReason {
    const detail = this.#problems.get(modality);
    return detail === undefined
      ? { code: 'camera-info-missing', modality }
      : { code: 'camera-info-unusable', modality, detail };
  }

  #setCameraInfo(modality: string, info: CameraInfo): string | undefined {
    const outcome = CameraModel.fromCameraInfo(info, this.#options.geometries?.get(modality));
    if (outcome.kind === 'invalid') {
      this.#problems.set(modality, outcome.reason);
      return outcome.reason;
    }
    this.#problems.delete(modality);
    this.#cameras.set(modality, { model: outcome.model, info });
    if (modality === this.#options.referenceCamera) this.#shape.describedAnew(outcome.model);
    return undefined;
  }

  /**
   * Where the second eye of a stereo camera is. Its P says how far beside the first eye, in whose frame its pictures
   * are to be stamped (REP-104). Many drivers stamp them in a frame of its own instead: then TF has a frame at the
   * place of the first eye, and the lens is in the origin.
   */
  #placed(model: CameraModel, frameId: string): CameraModel {
    const [x, y] = model.centre;
    if (x === 0 && y === 0) return model;
    const known = this.#secondEyes.get(model);
    if (known !== undefined && known.frames === this.#tf.size) return known.model;
    const isOwnFrame = this.#tf.frames().some((frame) => {
      const lookup = this.#tf.lookup(frameId, frame, 0n);
      if (frame === frameId || lookup.kind === 'missing') return false;
      const [tx, ty, tz] = Array.from(lookup.transform.translation) as [number, number, number];
      return Math.hypot(tx + x, ty + y, tz) < EYE_TOLERANCE * Math.hypot(x, y);
    });
    const placed = isOwnFrame ? model.centred() : model;
    this.#secondEyes.set(model, { frames: this.#tf.size, model: placed });
    return placed;
  }

  /**
   * Scaled models carry tables of rays that are costly to make, so the latest two are kept: where the reference is no
   * picture but depth, its model is needed both at its own size and at the grid's.
   */
  #scaleTo(model: CameraModel, size: ImageSize): CameraModel {
    const known = this.#scaled.get(model) ?? [];
    const fitting = known.find(({ width, height }) => width === size.width && height === size.height);
    if (fitting !== undefined) return fitting;
    const scaled = model.scaledTo(size);
    this.#scaled.set(model, [scaled, ...known].slice(0, 2));
    return scaled;
  }
}

function sizeMismatch(modality: string, { width, height }: ImageSize, received: ImageSize): SensorReason {
  return { code: 'camera-info-size', modality, expected: { width, height }, received };
}

/** The number that a TFMessage begins with: read before the message is decoded, which takes long for very many. */
function countTransforms({ data }: RawMessage): number {
  if (data.byteLength < 8) return 0;
  return new DataView(data.buffer, data.byteOffset, data.byteLength).getUint32(4, (data[1]! & 1) === 1);
}

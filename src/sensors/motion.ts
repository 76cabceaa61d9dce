import type { Stamp } from '../messages/stamp.js';
import { millisecondsBetween } from '../messages/stamp.js';
import type { Odometry } from '../messages/types.js';
import {
  type CameraModel,
  composeTransforms,
  invertTransform,
  type RigidTransform,
  TfTree,
  type TransformLookup,
} from './calibration/index.js';
import type { SensorNotice } from './notice.js';
import type { MotionOptions } from './sensor_options.js';

/** So many messages of a sensor are looked at before it is told how far its stamps lie aside. */
const MESSAGES = 10;
/** Nearer stamps than this are taken as the picture's own. */
const LEAST_OFFSET_MS = 2;
/** How far away the point is that the notice speaks of, in metres. */
const NOTICE_METRES = 10;

/**
 * The vehicle's motion between two stamps, by a frame that does not move with it: `p(to) = F(to)⁻¹ F(from) p(from)`
 * with F from the sensor's frame to the fixed one (tf2's lookup with a fixed frame). The pose in the fixed frame comes
 * from TF, or else from odometry.
 */
export class Motion {
  /** Undefined where motion is not compensated. */
  readonly fixedFrame: string | undefined;
  readonly #tf: TfTree;
  readonly #odometry = new TfTree();
  readonly #tell: (notice: SensorNotice) => void;
  readonly #offsets = new Map<string, { messages: number; largestMs: number }>();
  readonly #unknown = new Set<string>();
  /** The frame odometry tells the pose of. */
  #vehicleFrame: string | undefined;

  constructor(tf: TfTree, { fixedFrame }: MotionOptions, tell: (notice: SensorNotice) => void) {
    this.fixedFrame = fixedFrame;
    this.#tf = tf;
    this.#tell = tell;
  }

  /** Takes in a pose; returns what is wrong with it. */
  observeOdometry({ header, child_frame_id, pose }: Odometry, baseFrame: string): string[] {
    if (this.fixedFrame === undefined) return [];
    if (header.frame_id !== this.fixedFrame) {
      return [`Expected poses in frame '${this.fixedFrame}' (fixed_frame) but received some in '${header.frame_id}'`];
    }
    const child = child_frame_id === '' ? baseFrame : child_frame_id;
    this.#vehicleFrame = child;
    const { position: translation, orientation: rotation } = pose.pose;
    const transform = { header, child_frame_id: child, transform: { translation, rotation } };
    return this.#odometry.update({ transforms: [transform] }, 'dynamic');
  }

  /**
   * Takes points of a sensor from where they were at one stamp to where they are at another, both in the sensor's frame.
   * @returns undefined where the motion is not known; that is told once
   */
  carry(modality: string, frame: string, from: Stamp, to: Stamp): RigidTransform | undefined {
    const start = this.#pose(frame, from);
    const end = start.kind === 'missing' ? start : this.#pose(frame, to);
    if (start.kind === 'missing' || end.kind === 'missing') {
      this.#tellUnknown(modality, end as Extract<TransformLookup, { kind: 'missing' }>);
      return undefined;
    }
    return composeTransforms(invertTransform(end.transform), start.transform);
  }

  /** Notes how far a sensor's stamp lies from the picture's where that is not compensated, and tells it once. */
  noteOffset(modality: string, stamp: Stamp, reference: Stamp, grid: CameraModel): void {
    const offset = this.#offsets.get(modality) ?? { messages: 0, largestMs: 0 };
    if (offset.messages >= MESSAGES) return;
    offset.messages++;
    offset.largestMs = Math.max(offset.largestMs, Math.abs(millisecondsBetween(stamp, reference)));
    this.#offsets.set(modality, offset);
    if (offset.messages < MESSAGES || offset.largestMs < LEAST_OFFSET_MS) return;
    this.#tell({
      code: 'motion-not-compensated',
      modality,
      offsetMs: offset.largestMs,
      pixelsPerMetrePerSecond: (grid.fx * offset.largestMs) / 1000 / NOTICE_METRES,
    });
  }

  /** Forgets poses, after a jump of the clock. */
  reset(): void {
    this.#odometry.clearDynamic();
  }

  #pose(frame: string, stamp: Stamp): TransformLookup {
    const fixed = this.fixedFrame ?? '';
    const direct = this.#tf.lookup(fixed, frame, stamp, 'extrapolated');
    const vehicle = this.#vehicleFrame;
    if (direct.kind === 'transform' || vehicle === undefined) return direct;
    const mount = this.#tf.lookup(vehicle, frame, stamp);
    const pose = mount.kind === 'missing' ? mount : this.#odometry.lookup(fixed, vehicle, stamp, 'extrapolated');
    if (mount.kind === 'missing' || pose.kind === 'missing') return pose;
    return { kind: 'transform', transform: composeTransforms(pose.transform, mount.transform) };
  }

  #tellUnknown(modality: string, { reason }: { reason: string }): void {
    if (this.#unknown.has(modality)) return;
    this.#unknown.add(modality);
    this.#tell({ code: 'motion-unknown', modality, reason });
  }
}

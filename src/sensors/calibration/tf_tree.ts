import { millisecondsBetween, type Stamp, stampFromTime } from '../../messages/stamp.js';
import type { Quaternion, TFMessage, TransformStamped, Vector3 } from '../../messages/types.js';
import { BOUNDS } from '../bounds.js';
import { describeSensorReason, type SensorReason } from '../reason.js';
import {
  composeTransforms,
  identityTransform,
  invertTransform,
  type RigidTransform,
  slerp,
  transformFromPose,
} from './rigid_transform.js';

export type TransformLookup =
  | { kind: 'transform'; transform: RigidTransform }
  | { kind: 'missing'; reason: string; cause: SensorReason };

export interface TfTreeOptions {
  /** How much of a moving transform's past is kept. Default 10 s, as tf2's buffer. */
  historyMs?: number;
  /**
   * How far outside the known span the nearest transform is still used. TF of a moving mount usually arrives a
   * little after the image it belongs to; waiting for it would cost the deadline. Default 200 ms.
   */
  toleranceMs?: number;
}

export type Beyond = 'nearest' | 'extrapolated';

interface Pose {
  stamp: Stamp;
  translation: Vector3;
  rotation: Quaternion;
}

/** The edge from a child frame up to its parent; `poses` rise in time, a static edge has one. */
interface Edge {
  parent: string;
  mobility: 'static' | 'dynamic';
  poses: Pose[];
}

/**
 * The robot's frames and how they lie to each other, from /tf and /tf_static. A small, synchronous counterpart of
 * tf2's buffer: it answers from what it has and never waits.
 */
export class TfTree {
  readonly #edges = new Map<string, Edge>();
  readonly #historyMs: number;
  readonly #toleranceMs: number;

  constructor({ historyMs = 10_000, toleranceMs = 200 }: TfTreeOptions = {}) {
    this.#historyMs = historyMs;
    this.#toleranceMs = toleranceMs;
  }

  /** Takes in one message. Transforms that cannot be used are skipped; returns one sentence for each. */
  update(message: TFMessage, mobility: 'static' | 'dynamic'): string[] {
    const problems: string[] = [];
    for (const transform of message.transforms) {
      const problem = this.#insert(transform, mobility);
      if (problem !== undefined) problems.push(problem);
    }
    return problems;
  }

  /** How many frames have a parent. */
  get size(): number {
    return this.#edges.size;
  }

  /** All frames named so far. */
  frames(): string[] {
    const frames = new Set(this.#edges.keys());
    for (const { parent } of this.#edges.values()) frames.add(parent);
    return [...frames];
  }

  /** Forgets moving transforms, as after a jump of the clock; mounts stay. */
  clearDynamic(): void {
    for (const [child, edge] of this.#edges) {
      if (edge.mobility === 'dynamic') this.#edges.delete(child);
    }
  }

  /**
   * The transform that takes points in frame `source` into frame `target`, at `stamp`.
   * @param beyond - what counts after the newest pose of a moving frame, within the tolerance: that pose, or its motion
   *   gone on with evenly, as a vehicle's does
   */
  lookup(target: string, source: string, stamp: Stamp, beyond: Beyond = 'nearest'): TransformLookup {
    const targetFrame = frameName(target);
    const sourceFrame = frameName(source);
    if (targetFrame === sourceFrame) return { kind: 'transform', transform: identityTransform() };
    const targetPath = this.#pathToRoot(targetFrame);
    const sourcePath = this.#pathToRoot(sourceFrame);
    const targetFrames = new Set(targetPath);
    const common = sourcePath.find((frame) => targetFrames.has(frame));
    if (common === undefined) {
      const loop = this.#loopAbove(sourcePath) ?? this.#loopAbove(targetPath);
      if (loop !== undefined) return missing({ code: 'transform-loop', frames: loop });
      return missing({
        code: 'transform-missing',
        source: sourceFrame,
        target: targetFrame,
        ...(sourcePath.length > 1 && { sourceRoot: sourcePath.at(-1)! }),
        ...(targetPath.length > 1 && { targetRoot: targetPath.at(-1)! }),
      });
    }
    const up = this.#climb(sourcePath, common, stamp, beyond);
    if (up.kind === 'missing') return up;
    const down = this.#climb(targetPath, common, stamp, beyond);
    if (down.kind === 'missing') return down;
    return { kind: 'transform', transform: composeTransforms(invertTransform(down.transform), up.transform) };
  }

  #insert({ header, child_frame_id, transform }: TransformStamped, mobility: Edge['mobility']): string | undefined {
    const parent = frameName(header.frame_id);
    const child = frameName(child_frame_id);
    if (parent === '' || child === '' || parent === child) {
      return `Expected two different frames in a transform but received '${parent}' -> '${child}'`;
    }
    if (!this.#edges.has(child) && this.#edges.size >= BOUNDS.frames) {
      return `Expected at most ${BOUNDS.frames} frames but received '${child}' as one more: it is left out`;
    }
    const { translation, rotation } = transform;
    const norm = Math.hypot(rotation.x, rotation.y, rotation.z, rotation.w);
    if (!Number.isFinite(translation.x + translation.y + translation.z) || !(Math.abs(norm - 1) < 0.01)) {
      return `Expected finite numbers and a unit quaternion in the transform '${parent}' -> '${child}'`;
    }
    const pose: Pose = {
      stamp: stampFromTime(header.stamp),
      translation: { x: translation.x, y: translation.y, z: translation.z },
      rotation: { x: rotation.x / norm, y: rotation.y / norm, z: rotation.z / norm, w: rotation.w / norm },
    };
    const edge = this.#edges.get(child);
    if (mobility === 'static' || edge === undefined || edge.mobility === 'static' || edge.parent !== parent) {
      this.#edges.set(child, { parent, mobility, poses: [pose] });
      const path = this.#pathToRoot(child);
      if (path.length > BOUNDS.frameLevels) {
        this.#edges.delete(child);
        return `Expected at most ${BOUNDS.frameLevels} frames one above the other but '${child}' has more: it is left out`;
      }
      const loop = this.#loopAbove(path);
      return loop && describeSensorReason({ code: 'transform-loop', frames: loop });
    }
    insertByStamp(edge.poses, pose);
    if (edge.poses.length > BOUNDS.poses) edge.poses.shift();
    const newest = edge.poses.at(-1)!.stamp;
    while (millisecondsBetween(edge.poses[0]!.stamp, newest) > this.#historyMs) edge.poses.shift();
    return undefined;
  }

  /** The frame itself, its parent, and so on. A loop, which a wrong configuration can publish, ends the path. */
  #pathToRoot(frame: string): string[] {
    const path = new Set([frame]);
    for (let edge = this.#edges.get(frame); edge !== undefined; edge = this.#edges.get(edge.parent)) {
      if (path.has(edge.parent) || path.size > BOUNDS.frameLevels) break;
      path.add(edge.parent);
    }
    return [...path];
  }

  /** The frames of the loop a path ends in, or undefined where it ends at a root. */
  #loopAbove(path: readonly string[]): string[] | undefined {
    const parent = this.#edges.get(path.at(-1)!)?.parent;
    const start = parent === undefined ? -1 : path.indexOf(parent);
    return start < 0 ? undefined : path.slice(start);
  }

  /** Transform from the first frame of `path` up to `ancestor`. */
  #climb(path: string[], ancestor: string, stamp: Stamp, beyond: Beyond): TransformLookup {
    let transform = identityTransform();
    for (const child of path) {
      if (child === ancestor) break;
      const edge = this.#edges.get(child)!;
      const pose = this.#poseAt(edge, stamp, beyond);
      if (typeof pose === 'number') {
        const { parent } = edge;
        return missing({
          code: 'transform-stale',
          parent,
          child,
          distanceMs: pose,
          toleranceMs: this.#toleranceMs,
        });
      }
      transform = composeTransforms(transformFromPose(pose.translation, pose.rotation), transform);
    }
    return { kind: 'transform', transform };
  }

  /** The pose at a stamp, or how many milliseconds the nearest one is away when that is too far. */
  #poseAt({ mobility, poses }: Edge, stamp: Stamp, beyond: Beyond): Pose | number {
    const first = poses[0]!;
    if (mobility === 'static') return first;
    const after = countUpTo(poses, stamp);
    const before = poses[after - 1];
    const next = poses[after];
    if (before !== undefined && next !== undefined) return interpolate(before, next, stamp);
    const nearest = before ?? first;
    const distanceMs = Math.abs(millisecondsBetween(nearest.stamp, stamp));
    if (distanceMs > this.#toleranceMs) return distanceMs;
    const earlier = poses[after - 2];
    if (beyond === 'extrapolated' && before !== undefined && earlier !== undefined) {
      const stepMs = millisecondsBetween(earlier.stamp, before.stamp);
      if (stepMs > 0 && stepMs <= this.#toleranceMs) return interpolate(earlier, before, stamp);
    }
    return nearest;
  }
}

function missing(cause: SensorReason): TransformLookup {
  return { kind: 'missing', reason: describeSensorReason(cause), cause };
}

/** Frame ids of ROS 1 age start with a slash; tf2 drops it. */
function frameName(id: string): string {
  return id.startsWith('/') ? id.slice(1) : id;
}

function insertByStamp(poses: Pose[], pose: Pose): void {
  const index = countUpTo(poses, pose.stamp);
  const isRepeat = index > 0 && poses[index - 1]!.stamp === pose.stamp;
  // Beyond the bound the oldest goes, and that would be this one.
  if (index === 0 && poses.length >= BOUNDS.poses) return;
  if (isRepeat) poses[index - 1] = pose;
  else poses.splice(index, 0, pose);
}

/** How many poses are not later than a stamp; they rise in time. */
function countUpTo(poses: readonly Pose[], stamp: Stamp): number {
  if (poses.length > 0 && poses.at(-1)!.stamp <= stamp) return poses.length;
  let from = 0;
  let to = poses.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (poses[middle]!.stamp <= stamp) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Between two poses, or beyond the later one. */
function interpolate(before: Pose, next: Pose, stamp: Stamp): Pose {
  const fraction = Number(stamp - before.stamp) / Number(next.stamp - before.stamp);
  const mix = (from: number, to: number) => from + (to - from) * fraction;
  return {
    stamp,
    translation: {
      x: mix(before.translation.x, next.translation.x),
      y: mix(before.translation.y, next.translation.y),
      z: mix(before.translation.z, next.translation.z),
    },
    rotation: slerp(before.rotation, next.rotation, fraction),
  };
}

import type { ImageSize } from './modality_image.js';

/** Why a picture, a depth image or a cloud that can be read carries nothing a model could use. */
export type BlindReason = 'black' | 'saturated' | 'frozen' | 'empty' | 'no-return' | 'noisy';

/**
 * Why a sensor's message cannot be used, as a code with its data: advice is chosen by the code, and
 * {@link describeSensorReason} is the only place where it becomes a sentence.
 */
export type SensorReason =
  /** The message itself cannot be read; `detail` says which value is wrong. */
  | { code: 'undecodable'; detail: string }
  /** No CameraInfo of the camera has arrived, and the sensor cannot be laid on the picture without it. */
  | { code: 'camera-info-missing'; modality: string; placed?: { frame: string; gridFrame: string } }
  /** What the CameraInfo says cannot be used; `detail` says which value is wrong. */
  | { code: 'camera-info-unusable'; modality: string; detail: string }
  /** The latest CameraInfo cannot be used, and the one before it stays in force. */
  | { code: 'camera-info-outdated'; modality: string; detail: string }
  /** The CameraInfo belongs to another frame than the messages it is for. */
  | { code: 'camera-info-frame'; modality: string; expected: string; received: string }
  /** The pictures have another shape than the CameraInfo says. */
  | { code: 'camera-info-size'; modality: string; expected: ImageSize; received: ImageSize }
  /** Registered to the camera, as it seems, but of another shape than its picture: stretching it would misplace it. */
  | { code: 'shape-unplaced'; modality: string; expected: ImageSize; received: ImageSize }
  /** Frames that are each other's parents; `frames` goes once round. */
  | { code: 'transform-loop'; frames: readonly string[] }
  /** Two frames are not connected. `source` and `target` are those asked for, each with the root of its tree. */
  | { code: 'transform-missing'; source: string; target: string; sourceRoot?: string; targetRoot?: string }
  /** A moving transform has no value near enough to the sample. */
  | { code: 'transform-stale'; parent: string; child: string; distanceMs: number; toleranceMs: number }
  | { code: BlindReason }
  /** A part of the picture, as a share of it, stands still while the rest moves. */
  | { code: 'part-stuck'; share: number }
  /** Message for message what it showed so long ago. */
  | { code: 'content-repeats'; seconds: number }
  /** It shows what the others showed so long ago. */
  | { code: 'content-old'; seconds: number; against: readonly string[] }
  /** It lies beside what the others show, by so much of the picture's width and height; positive: right, below. */
  | { code: 'misplaced'; right: number; down: number; against: readonly string[] };

/** A message that cannot be used: the sentence, and what it was made from. */
export interface Unusable {
  kind: 'invalid';
  /** {@link describeSensorReason} of the cause. */
  reason: string;
  cause: SensorReason;
}

/** The outcome of decoding for a reason. */
export function unusable(cause: SensorReason): Unusable {
  return { kind: 'invalid', reason: describeSensorReason(cause), cause };
}

const BLIND_WORDS: Readonly<Record<BlindReason, string>> = {
  black: 'the image is black',
  saturated: 'the image is overexposed',
  frozen: 'the content does not change',
  empty: 'there is nothing in the message',
  'no-return': 'not one measurement is valid',
  noisy: 'the measurements contradict each other',
};

/**
 * What is the case, in one sentence without a full stop: log, status, summary, report and diagnostics use the same.
 * What to do about it depends on the place: {@link adviseSensorReason}.
 */
export function describeSensorReason(reason: SensorReason): string {
  switch (reason.code) {
    case 'undecodable':
      return reason.detail;
    case 'part-stuck':
      return `${percent(reason.share)} of the picture stand still while the rest of it moves`;
    case 'content-repeats':
      return `the content is that of ${reason.seconds.toFixed(1)} s ago, message for message`;
    case 'content-old':
      return `the content is about ${reason.seconds.toFixed(1)} s older than that of ${list(reason.against)}`;
    case 'misplaced':
      return `what it sees lies ${sides(reason)} what ${list(reason.against)} ${reason.against.length === 1 ? 'sees' : 'see'}`;
    case 'camera-info-unusable':
      return `The CameraInfo of '${reason.modality}' cannot be used: ${reason.detail}`;
    case 'camera-info-outdated':
      return `The latest CameraInfo of '${reason.modality}' cannot be used, the last good one is: ${reason.detail}`;
    case 'camera-info-frame':
      return (
        `Expected the CameraInfo of '${reason.modality}' to be of the frame of its messages, '${reason.expected}', ` +
        `but received '${reason.received}'`
      );
    case 'camera-info-missing': {
      const where = reason.placed === undefined ? '' : ` in frame '${reason.placed.frame}'`;
      return `Expected a CameraInfo for '${reason.modality}'${where} but none has arrived`;
    }
    case 'camera-info-size':
      return (
        `Expected pictures of '${reason.modality}' with the shape of its CameraInfo, ${sizeText(reason.expected)}, ` +
        `but received ${sizeText(reason.received)}`
      );
    case 'shape-unplaced':
      return (
        `Expected '${reason.modality}' in the camera's frame to have the shape of its picture, ` +
        `${sizeText(reason.expected)}, but received ${sizeText(reason.received)} and no CameraInfo that says where it lies`
      );
    case 'transform-loop': {
      const round = [...reason.frames, reason.frames[0]].map((frame) => `'${frame}'`).join(' -> ');
      return `Expected a tree of frames but ${round} is a loop`;
    }
    case 'transform-missing': {
      const { source, target, sourceRoot, targetRoot } = reason;
      const tree = (root: string | undefined) => (root === undefined ? 'no tree' : `the tree of '${root}'`);
      return (
        `Expected a transform from '${source}' to '${target}' but '${source}' is in ${tree(sourceRoot)} and ` +
        `'${target}' in ${tree(targetRoot)}`
      );
    }
    case 'transform-stale':
      return (
        `Expected the transform '${reason.parent}' -> '${reason.child}' within ${reason.toleranceMs} ms of the sample ` +
        `but the nearest is ${Math.round(reason.distanceMs)} ms away`
      );
    default:
      return BLIND_WORDS[reason.code];
  }
}

/** Where something can be done: on a `robot` drivers can be started and set, in a `recording` only settings help. */
export type Place = 'robot' | 'recording';

/**
 * What to do about a reason, one or two sentences, never anything that is impossible at that place.
 * @returns undefined where the sensor itself has to be looked at and the reason already says so
 */
export function adviseSensorReason(reason: SensorReason, place: Place): string | undefined {
  switch (reason.code) {
    case 'camera-info-missing': {
      const { modality, placed } = reason;
      const set = `modalities.${modality}.camera_info_file and camera_info_frame`;
      const register = placed === undefined ? '' : `, or let the driver register its data into '${placed.gridFrame}'`;
      return place === 'recording'
        ? `Give its calibration in ${set}, or name the topic in modalities.${modality}.camera_info_topic.`
        : `Publish it, name its topic in modalities.${modality}.camera_info_topic, or give a file in ${set}${register}.`;
    }
    case 'camera-info-unusable':
      return `Calibrate the camera and give the file in modalities.${reason.modality}.camera_info_file.`;
    case 'camera-info-outdated':
      return place === 'recording'
        ? `Give the calibration in modalities.${reason.modality}.camera_info_file and take its topic out of the bag.`
        : 'See why its publisher sends another one now, as after a restart without its calibration file.';
    case 'camera-info-frame':
      return place === 'recording'
        ? `Give the calibration in modalities.${reason.modality}.camera_info_file with that frame as camera_info_frame.`
        : `Let the driver stamp both with one frame, or name the right topic in modalities.${reason.modality}.camera_info_topic.`;
    case 'camera-info-size':
      return place === 'recording'
        ? `Give the calibration of that picture in modalities.${reason.modality}.camera_info_file.`
        : `Publish the CameraInfo of that picture, with its ROI and binning, or give it in modalities.${reason.modality}.camera_info_file.`;
    case 'shape-unplaced':
      return place === 'recording'
        ? `Give its calibration in modalities.${reason.modality}.camera_info_file.`
        : `Publish its CameraInfo, or let the driver register the depth into the camera's picture.`;
    case 'transform-loop':
      return place === 'recording'
        ? 'Whoever recorded it had two sources of the mount that disagree: take one of them out of the bag.'
        : 'Two publishers disagree: stop the one that is wrong.';
    case 'transform-missing':
      return place === 'recording'
        ? 'Give the mount in static_transforms: a URDF, a recording that has /tf_static, or numbers.'
        : 'Start robot_state_publisher or a static_transform_publisher for the mount, or give it in static_transforms.';
    case 'part-stuck':
      return place === 'recording'
        ? undefined
        : 'See whether its driver or its stream loses parts of pictures, or whether dirt covers them.';
    case 'content-repeats':
    case 'content-old':
      return place === 'recording' ? undefined : 'See what holds messages back between the sensor and this node.';
    case 'misplaced':
      return place === 'recording'
        ? 'If its mount is wrong in the recording, give the right one in static_transforms.'
        : 'See whether its mount has been knocked, and whether its transform is right.';
    case 'transform-stale':
      return place === 'recording'
        ? 'If that mount does not move, give it in static_transforms.'
        : 'See whether its publisher is alive and on the same clock.';
    default:
      return undefined;
  }
}

function sides({ right, down }: { right: number; down: number }): string {
  const across = right === 0 ? [] : [`${percent(Math.abs(right))} of the width ${right < 0 ? 'left' : 'right'} of`];
  const along = down === 0 ? [] : [`${percent(Math.abs(down))} of the height ${down < 0 ? 'above' : 'below'}`];
  return [...across, ...along].join(' and ');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

function list(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function sizeText({ width, height }: ImageSize): string {
  return `${width}x${height}`;
}

import type { TopicAssignment, TopicContent } from '../../pipeline/index.js';
import { CameraModel, describeSensorNotice, type ImageGeometry } from '../../sensors/index.js';
import type { InspectionContext } from './bag_inspection.js';
import { contentText } from './content_text.js';
import type { DrySensor } from './dry_run.js';
import type { Delay, Rate, RateMeter } from './rate_meter.js';

/** Whether a camera's lens is known, in words. */
export interface CalibrationFinding {
  state: 'usable' | 'unusable' | 'missing' | 'as the camera' | 'not needed';
  text: string;
}

/** What was found out about one sensor. */
export interface SensorInspection {
  topic: string | undefined;
  type: string | undefined;
  /** Whether its data reach masks. */
  used: boolean;
  /** Frames of the dry run it was part of, and all of them. */
  frames: { used: number; of: number };
  /** State at the end of the dry run, as in status and diagnostics. */
  state: string;
  /** Why it is not used, or not in all frames: the sentences of a replay. */
  reasons: { code: string; text: string }[];
  encoding: string | undefined;
  frame: string | undefined;
  rate: Rate | undefined;
  /** From the stamp to the arrival. */
  delay: Delay | undefined;
  /** What is found out and worked by, such as the scale of its values. */
  notices: string[];
  calibration: CalibrationFinding;
  /** Frames from the sensor's to the camera's; undefined where they are not connected or not known. */
  mount: string[] | undefined;
  /** Mean share of the picture it says something about, 0..1. */
  coverage: number | undefined;
  /** What is odd about it although it is used. */
  warnings: string[];
  toDo: string[];
}

/** Puts together what is known about one modality's sensor. */
export function inspectSensor(name: string, context: InspectionContext): SensorInspection {
  const { selection, contents, measured, run } = context;
  const assignment = selection.modalities.get(name)!;
  const topic = assignment.kind === 'assigned' ? assignment.topic : undefined;
  const dry = run.sensors.get(name);
  const problems = run.problems.filter(({ modality }) => modality === name);
  const content = topic === undefined ? undefined : contents.get(topic);
  const meter = topic === undefined ? undefined : measured.topics.get(topic);
  const isLate = topic !== undefined && run.lateTopics.has(topic);
  const reasons =
    assignment.kind === 'missing'
      ? [{ code: 'no-topic', text: assignment.reason }]
      : problems.map(({ code, text }) => ({ code, text: text.slice(`${name}: `.length) }));
  if (reasons.length === 0 && dry !== undefined && dry.frames === 0) reasons.push(unexplained(dry));
  const warnings = rectifiedWarning(name, context);
  return {
    topic,
    type: assignment.kind === 'assigned' ? assignment.type : undefined,
    used: (dry?.frames ?? 0) > 0,
    frames: { used: dry?.frames ?? 0, of: isLate ? (dry?.frames ?? 0) : run.frames },
    state: dry?.state ?? 'waiting',
    reasons,
    encoding: content === undefined ? undefined : contentText(content),
    frame: frameOf(content),
    rate: meter?.rate(),
    delay: meter?.delay(),
    notices: run.notices.filter(({ modality }) => modality === name).map(describeSensorNotice),
    calibration: calibrationOf(name, assignment, context),
    mount: mountOf(name, context),
    coverage: dry?.coverage,
    warnings: [...warnings.map(({ text }) => text), ...silenceWarning(name, meter, context)],
    toDo: [...problems.flatMap(({ advice }) => advice ?? []), ...warnings.map(({ toDo }) => toDo)],
  };
}

/** What is known of a sensor that reaches no mask although nothing was held against a message of it. */
function unexplained({ state, reason, messages }: DrySensor): { code: string; text: string } {
  if (messages === 0) return { code: 'no-messages', text: 'no message in the time looked at' };
  const why = reason === undefined ? '' : `: ${reason}`;
  return {
    code: 'in-no-frame',
    text: `none of its first ${messages} messages is part of a frame, it is ${state}${why}`,
  };
}

/** The frame its messages are in. */
export function frameOf(content: TopicContent | undefined): string | undefined {
  if (content === undefined || content.kind === 'unreadable') return undefined;
  return content.frameId === '' ? undefined : content.frameId.replace(/^\//, '');
}

/** The frame all sensors are laid into: that of the reference camera. */
export function gridFrame({ selection, contents, measured, configured }: InspectionContext): string | undefined {
  for (const [name, assignment] of selection.modalities) {
    if (assignment.role !== 'camera') continue;
    const info = assignment.cameraInfo === undefined ? undefined : measured.cameraInfos.get(assignment.cameraInfo);
    const given = typeof info === 'object' ? info : configured.cameraInfos?.get(name);
    const picture = assignment.kind === 'assigned' ? frameOf(contents.get(assignment.topic)) : undefined;
    return given?.header.frame_id.replace(/^\//, '') || picture;
  }
  return undefined;
}

function calibrationOf(name: string, assignment: TopicAssignment, context: InspectionContext): CalibrationFinding {
  const { measured, configured } = context;
  if (assignment.role === 'lidar') return { state: 'not needed', text: 'not needed' };
  const info = assignment.cameraInfo === undefined ? undefined : measured.cameraInfos.get(assignment.cameraInfo);
  if (typeof info === 'string') return { state: 'unusable', text: info };
  const given = info ?? configured.cameraInfos?.get(name);
  if (given === undefined) {
    const isCameras = assignment.role !== 'camera' && frameOfModality(name, context) === gridFrame(context);
    if (isCameras) return { state: 'as the camera', text: 'that of the camera, in whose frame it is' };
    return { state: 'missing', text: 'no CameraInfo' };
  }
  const outcome = CameraModel.fromCameraInfo(given, geometryOf(name, context));
  if (outcome.kind === 'invalid') return { state: 'unusable', text: outcome.reason };
  const source = info === undefined ? 'of the configuration' : `on ${assignment.cameraInfo}`;
  const lens = given.distortion_model === '' ? 'ideal lens' : given.distortion_model;
  return { state: 'usable', text: `${lens} ${given.width}x${given.height} ${source}` };
}

function frameOfModality(name: string, { selection, contents }: InspectionContext): string | undefined {
  const assignment = selection.modalities.get(name);
  return assignment?.kind === 'assigned' ? frameOf(contents.get(assignment.topic)) : undefined;
}

function geometryOf(name: string, { config: { sensors } }: InspectionContext): ImageGeometry {
  return Object.hasOwn(sensors, name) ? sensors[name]!.geometry : 'raw';
}

/** The way from the sensor's frame up to where it meets the camera's, and down to it. */
function mountOf(name: string, context: InspectionContext): string[] | undefined {
  const from = frameOfModality(name, context);
  const to = gridFrame(context);
  if (from === undefined || to === undefined) return undefined;
  if (from === to) return [from];
  const up = context.measured.frames.pathToRoot(from);
  const down = context.measured.frames.pathToRoot(to);
  const common = up.find((frame) => down.includes(frame));
  if (common === undefined) return undefined;
  return [...up.slice(0, up.indexOf(common) + 1), ...down.slice(0, down.indexOf(common)).toReversed()];
}

/** A silence that drops the sensor, by the thresholds of a replay. */
function silenceWarning(name: string, meter: RateMeter | undefined, { config: { sync } }: InspectionContext): string[] {
  const rate = meter?.rate();
  if (meter === undefined || rate === undefined) return [];
  const silenceMs = meter.longestSilenceMs;
  if (silenceMs <= Math.max(sync.dropSilenceMs, (sync.dropPeriods * 1000) / rate.hz)) return [];
  return [
    `${name}: no message for ${(silenceMs / 1000).toFixed(2)} s in between; masks are made without it meanwhile.`,
  ];
}

/** A topic whose name says that its pictures are rectified, while they are read as the lens makes them. */
function rectifiedWarning(name: string, context: InspectionContext): { text: string; toDo: string }[] {
  const assignment = context.selection.modalities.get(name);
  if (assignment?.kind !== 'assigned' || assignment.role === 'lidar' || geometryOf(name, context) !== 'raw') return [];
  if (!isNamedRectified(assignment.topic)) return [];
  const info =
    assignment.cameraInfo === undefined ? undefined : context.measured.cameraInfos.get(assignment.cameraInfo);
  const given = typeof info === 'object' ? info : context.configured.cameraInfos?.get(name);
  // Where K and P agree and nothing is distorted, both readings are the same.
  if (given === undefined || describesSame(given)) return [];
  return [
    {
      text: `${name}: ${assignment.topic} is named as rectified, but its CameraInfo is read as that of raw pictures.`,
      toDo: `Set modalities.${name}.geometry to rectified if its pictures are.`,
    },
  ];
}

/** Whether a topic is called as image_proc and drivers call what they have rectified. */
export function isNamedRectified(topic: string): boolean {
  return /(^|[/_])rect(ified)?([/_]|$)/.test(topic) && !/unrect/.test(topic);
}

function describesSame({ d, k, p }: { d: ArrayLike<number>; k: ArrayLike<number>; p: ArrayLike<number> }): boolean {
  const isIdeal = Array.from(d).every((coefficient) => coefficient === 0);
  return isIdeal && [0, 2, 4, 5].every((i) => k[i] === p[i < 3 ? i : i + 1]);
}

import { stringify } from 'yaml';
import type { ModalityRole, ParameterValue } from '../../configuration/index.js';
import { parameterSections } from '../../ros/parameter_sections.js';
import { printable } from '../../text/index.js';
import type { BagInspection } from './bag_inspection.js';
import { isNamedRectified, type SensorInspection } from './sensor_inspection.js';
import { wrap } from './wrap.js';

const TITLE = '# A rig as mle-sam inspect found it';
/** How every file `inspect --write` makes begins: such a one may be written anew. */
export const RIG_MARK = new RegExp(`^${TITLE}`);

/** What the configuration of the inspection says beside the bag. */
export interface GivenSettings {
  /** By modality. */
  cameraInfos: Readonly<Record<string, { file: string; frameId: string }>>;
  staticTransforms: readonly string[];
  sensors: Readonly<Record<string, { geometry?: string | undefined }>>;
  /** Everything a configuration file said; what the rig does not say itself is kept. */
  values: ReadonlyMap<string, ParameterValue>;
}

/**
 * A configuration to start from, for desk and node alike: what was found, what was chosen and why, and a place for what
 * is missing.
 */
export function renderRig(bag: BagInspection, modalities: readonly ModalityRole[], given: GivenSettings): string {
  const lines = [
    `${TITLE} in ${printable(bag.path)}.`,
    '# It serves desk and node:',
    '#   mle-sam replay BAG --config FILE',
    '#   ros2 launch mle_sam_ros mle_sam.launch.py params_file:=FILE',
    '# config/mle_sam.yaml explains every parameter.',
    '/**:',
    '  ros__parameters:',
    ...baseFrameLines(bag),
    ...mountLines(bag, given.staticTransforms),
    '    modalities:',
    ...modalities.flatMap((modality) => ['', ...modalityLines(modality, bag.sensors[modality.name]!, bag, given)]),
    ...(bag.groundTruth === undefined
      ? []
      : ['', '    # only a replay scores', setting(2, 'ground_truth_topic', bag.groundTruth.topic)]),
  ];
  return `${[...lines, ...keptLines(lines, given.values)].join('\n')}\n`;
}

/** Settings of the configuration the inspection was given that the rig has no line of its own for. */
function keptLines(lines: readonly string[], values: GivenSettings['values']): string[] {
  const said = new Set(
    parameterSections(lines.join('\n'))?.sections.flatMap(({ parameters }) => parameters.map(({ name }) => name)),
  );
  const kept = [...values].filter(([name]) => !said.has(name));
  if (kept.length === 0) return [];
  return [
    '',
    '    # of the configuration it was inspected with',
    ...kept.map(([name, value]) => setting(2, name, value)),
  ];
}

function baseFrameLines({ baseFrame: { name, isThere, likely } }: BagInspection): string[] {
  if (isThere)
    return [...comment(2, 'frame on the ground, z up, that heights are measured in'), setting(2, 'base_frame', name)];
  if (likely !== undefined) {
    const why = `there is no ${name} here; ${likely} carries the sensors. It has to lie on the ground, z up`;
    return [...comment(2, why), setting(2, 'base_frame', likely)];
  }
  return [
    ...comment(2, `there is no ${name} here and nothing else carries the sensors: name a frame on the ground, z up`),
    setting(2, 'base_frame', name),
  ];
}

function mountLines({ sensors, frames, baseFrame }: BagInspection, given: readonly string[]): string[] {
  if (given.length > 0) {
    return ['    # mounts beside those on /tf_static', setting(2, 'static_transforms', [...given])];
  }
  const isKnown = (frame: string) => frames.some(({ name }) => name === frame);
  const unmounted = Object.entries(sensors).flatMap(([name, { frame, mount }]) =>
    frame !== undefined && (mount === undefined || !isKnown(frame)) ? [{ name, frame }] : [],
  );
  if (unmounted.length === 0) return [];
  const base = baseFrame.likely ?? baseFrame.name;
  const names = unmounted.map(({ name, frame }) => `${name} (${frame})`).join(', ');
  return [
    ...comment(2, `no mount was found for ${names}: give a URDF, a recording that has /tf_static, or numbers`),
    '    # static_transforms: [robot.urdf]',
    '    # static_transforms:',
    ...[...new Set(unmounted.map(({ frame }) => frame))].map(
      (frame) =>
        `    #   - '--x 0 --y 0 --z 0 --roll 0 --pitch 0 --yaw 0 --frame-id ${printable(base)} --child-frame-id ${printable(frame)}'`,
    ),
  ];
}

function modalityLines(
  { name, role }: ModalityRole,
  sensor: SensorInspection,
  bag: BagInspection,
  given: GivenSettings,
): string[] {
  const { topic, calibration, frame } = sensor;
  const assignment = bag.modalities[name];
  const lines = [`      ${name}:`];
  if (topic === undefined) {
    lines.push(
      ...comment(4, `no topic of this kind here: ${sensor.reasons[0]?.text ?? ''}`),
      setting(4, 'enabled', false),
    );
    return lines;
  }
  const why = assignment?.kind === 'assigned' ? assignment.reason : '';
  const others =
    assignment?.kind === 'assigned' && assignment.alternatives.length > 0
      ? `; others: ${assignment.alternatives.join(', ')}`
      : '';
  lines.push(...comment(4, `chosen for its ${why}${others}`), setting(4, 'topic', topic));
  if (!sensor.used) lines.push(...comment(4, `NOT USED: ${sensor.reasons.map(({ text }) => text).join('; ')}`));
  if (role === 'lidar') return [...lines, ...scaleLines(name, bag)];
  if (assignment?.cameraInfo !== undefined) lines.push(setting(4, 'camera_info_topic', assignment.cameraInfo));
  const info = given.cameraInfos[name];
  if (info !== undefined) {
    lines.push(setting(4, 'camera_info_file', info.file), setting(4, 'camera_info_frame', info.frameId));
  } else if (calibration.state === 'missing' || calibration.state === 'unusable') {
    lines.push(
      ...comment(4, `calibration ${calibration.state}: ${calibration.text}. Give a file of camera_calibration:`),
      `        # camera_info_file: FILE.yaml`,
      `        # camera_info_frame: ${frame ?? 'FRAME'}`,
    );
  }
  if (given.sensors[name]?.geometry === 'rectified' || isNamedRectified(topic)) {
    lines.push(...comment(4, 'as the name of the topic says: P of the CameraInfo describes these pictures'));
    lines.push(setting(4, 'geometry', 'rectified'));
  }
  return [...lines, ...scaleLines(name, bag)];
}

/** Scales that were found out, fixed, so that the next recording is read alike. */
function scaleLines(name: string, { scales }: BagInspection): string[] {
  return scales
    .filter(({ modality }) => modality === name)
    .flatMap(({ setting: key, value, because }) => [...comment(4, `found out: ${because}`), setting(4, key, value)]);
}

/** A comment at a depth of two blanks a level, wrapped. */
function comment(depth: number, text: string): string[] {
  return wrap(text, `${'  '.repeat(depth)}# `).map((line, index) =>
    index === 0 ? line : `${'  '.repeat(depth)}# ${line.trim()}`,
  );
}

function setting(depth: number, key: string, value: ParameterValue): string {
  const text = stringify(value, {
    defaultStringType: 'PLAIN',
    collectionStyle: 'flow',
    lineWidth: 0,
    version: '1.1',
  }).trimEnd();
  return `${'  '.repeat(depth)}${key}: ${text.replaceAll(/\n\s*/g, ' ')}`;
}

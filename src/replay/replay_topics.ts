import type { BagInfo } from '../bags/index.js';
import type { Bundle } from '../model/index.js';
import type { TopicSelection } from '../pipeline/index.js';
import { NothingMadeError } from './nothing_made.js';

/** Topic on which the simulator says which condition it drives under; only simulated bags have it. */
export const CONDITION_TOPIC = '/simulation/condition';

/** Whether the simulator made a bag. */
export function isSimulated({ topics }: BagInfo): boolean {
  return topics.some(({ name, type }) => name === CONDITION_TOPIC && type === 'std_msgs/msg/String');
}

/** All topics a replay reads: inputs, calibration, ground truth. */
export function replayedTopics(
  { modalities, transforms, groundTruth }: TopicSelection,
  info: BagInfo,
  odometryTopic?: string,
): string[] {
  const inputs = [...modalities.values()].filter((assignment) => assignment.kind === 'assigned');
  const cameraInfos = info.topics.filter(
    ({ type, serialization }) => type === 'sensor_msgs/msg/CameraInfo' && serialization === 'cdr',
  );
  return [
    ...inputs.map(({ topic }) => topic),
    ...cameraInfos.map(({ name }) => name),
    ...transforms.static,
    ...transforms.dynamic,
    ...info.topics
      .filter(({ name, type }) => type === 'nav_msgs/msg/Odometry' && isNamed(name, odometryTopic))
      .map(({ name }) => name),
    ...(groundTruth ? [groundTruth.topic] : []),
    ...(isSimulated(info) ? [CONDITION_TOPIC] : []),
  ];
}

/** Names from a configuration may lack the leading slash. */
function isNamed(topic: string, wanted: string | undefined): boolean {
  return wanted !== undefined && topic.replace(/^\//, '') === wanted.replace(/^\//, '');
}

/** Messages that go into masks.mcap unchanged: the camera with its calibration, the frames, and the ground truth. */
export function copiedTopics(
  { modalities, transforms, groundTruth }: TopicSelection,
  sensors: Bundle['modalities'],
): Set<string> {
  const copied = new Set([...transforms.static, ...transforms.dynamic, ...(groundTruth ? [groundTruth.topic] : [])]);
  for (const { name, representation } of sensors) {
    const assignment = modalities.get(name);
    if (representation.kind !== 'rgb' || assignment === undefined) continue;
    if (assignment.kind === 'assigned') copied.add(assignment.topic);
    if (assignment.cameraInfo !== undefined) copied.add(assignment.cameraInfo);
  }
  return copied;
}

/**
 * Names under which the cameras go into masks.mcap: those under which the node reads them, so that one layout shows both.
 * A name that another topic of the bag has stays with that topic.
 */
export function layoutNames(
  { modalities }: TopicSelection,
  sensors: Bundle['modalities'],
  { topics }: Pick<BagInfo, 'topics'>,
): Map<string, string> {
  const taken = new Set(topics.map(({ name }) => name));
  const renamed = new Map<string, string>();
  const rename = (topic: string, name: string): void => {
    if (!taken.has(name)) renamed.set(topic, name);
  };
  for (const { name, representation } of sensors) {
    const assignment = modalities.get(name);
    if (representation.kind !== 'rgb' || assignment?.kind !== 'assigned') continue;
    const base = name.replace(/[^A-Za-z0-9_]/g, '_');
    rename(assignment.topic, `/${base}/image`);
    if (assignment.cameraInfo !== undefined) rename(assignment.cameraInfo, `/${base}/camera_info`);
  }
  return renamed;
}

/**
 * Says what to do where nothing in the bag can be an input.
 * @throws NothingMadeError with one sentence
 */
export function requireInput({ modalities }: TopicSelection, { path, start }: BagInfo): void {
  if (start === undefined)
    throw new NothingMadeError(`Expected messages in ${path} but it holds none: record it again.`);
  if ([...modalities.values()].some(({ kind }) => kind === 'assigned')) return;
  const names = [...modalities.keys()].join(', ');
  throw new NothingMadeError(
    `Expected a topic for ${names} or some of them in ${path} but found none: ` +
      `see what it holds with "mle-sam inspect ${path}", and name topics with --config.`,
  );
}

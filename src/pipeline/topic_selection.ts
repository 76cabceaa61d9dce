import { ownValue } from '../records/own_value.js';
import type { Representation } from '../sensors/representation.js';
import { unknownModality } from '../sync/index.js';
import { foreignTopic } from './foreign_topics.js';
import { findNamed } from './topic_names.js';
import {
  type Fit,
  hasTypeFor,
  isNamedForOther,
  judge,
  roleOf,
  type TopicCandidate,
  type TopicRole,
} from './topic_roles.js';

/**
 * Topics a person chose; everything left out is found by type, encoding and name. A relative name is looked for below
 * every namespace, and an image's name also stands for its compressed copy.
 */
export interface TopicConfiguration {
  /** Topic by modality name. */
  modalities?: Readonly<Record<string, string>>;
  /** CameraInfo topic by modality name. */
  cameraInfo?: Readonly<Record<string, string>>;
  /** Topic by modality name that is taken where it is there, before any other. */
  preferred?: Readonly<Record<string, string>>;
  /** The same for CameraInfo. */
  preferredCameraInfo?: Readonly<Record<string, string>>;
  /** Message type by modality name. */
  types?: Readonly<Record<string, string>>;
  groundTruth?: string;
  /** Modalities whose calibration is given, so that nothing is missing where the bag has no CameraInfo of them. */
  calibrated?: readonly string[];
  /** Modalities that are switched off: nothing is missing where they have no topic. */
  disabled?: readonly string[];
}

/** What a modality will be read from. */
export type TopicAssignment =
  | {
      kind: 'assigned';
      role: TopicRole;
      topic: string;
      type: string;
      /** Why this topic, in words. */
      reason: string;
      /** Other topics that could serve, best first. */
      alternatives: string[];
      /** The topic with this sensor's CameraInfo; LiDARs have none. */
      cameraInfo?: string;
    }
  | {
      kind: 'missing';
      role: TopicRole;
      reason: string;
      /** CameraInfo of a camera without pictures: it says where the pixels are that others are laid on. */
      cameraInfo?: string;
    };

export interface TopicSelection {
  /** One entry for each modality of the bundle, in its order. */
  modalities: ReadonlyMap<string, TopicAssignment>;
  /** Label images to score masks against. */
  groundTruth?: { topic: string; reason: string };
  /** Topics of type TFMessage; a name ending in `static` tells mounts from moving parts. */
  transforms: { static: string[]; dynamic: string[] };
  /** One sentence each: what was ambiguous, what is missing and what that means. */
  problems: string[];
}

const ROLE_WORDS: Readonly<Record<TopicRole, string>> = {
  camera: 'a camera',
  depth: 'a depth camera',
  events: 'an event camera',
  lidar: 'a LiDAR',
  'ground-truth': 'label images',
};

interface Judged extends Fit {
  topic: TopicCandidate;
}

/**
 * Chooses which topic each modality is read from. By message type first, then by encoding, then by name; a topic
 * serves one modality only. Where several fit equally well the one with the most messages wins, then a raw image
 * before its compressed copy, then the shorter name, and the others are told as alternatives.
 * @throws Error when the configuration names a modality the model does not have
 */
export function selectTopics(
  topics: readonly TopicCandidate[],
  modalities: readonly { name: string; representation: Representation }[],
  configured: TopicConfiguration = {},
): TopicSelection {
  requireKnown(modalities, configured);
  const problems: string[] = [];
  const chosen = new Map<string, Judged & { by: 'configuration' | 'choice' }>();
  const taken = new Set<string>();
  const truth = selectGroundTruth(topics, configured.groundTruth, problems);
  if (truth) taken.add(truth.topic);

  for (const { name, representation } of modalities) {
    const named = ownValue(configured.modalities, name);
    const wanted = named ?? ownValue(configured.preferred, name);
    if (wanted === undefined) continue;
    const role = roleOf(representation);
    const topic = findNamed(topics, wanted, role);
    const type = ownValue(configured.types, name);
    const isUsable = topic !== undefined && hasTypeFor(topic, role) && (type === undefined || topic.type === type);
    if (isUsable) {
      chosen.set(name, { topic, score: 0, because: ['named in the configuration'], by: 'configuration' });
      taken.add(topic.name);
    } else if (named !== undefined) {
      const received = topic ? `its type is ${topic.type}` : 'there is no such topic';
      const kind = type === undefined ? '' : ` of ${type}`;
      problems.push(
        `Expected the topic${kind} of ${ROLE_WORDS[role]} for ${name} but received ${wanted}: ${received}.`,
      );
    }
  }

  const pairs = modalities
    .filter(({ name }) => ownValue(configured.modalities, name) === undefined)
    .flatMap(({ name, representation }) => {
      const type = ownValue(configured.types, name);
      return candidates(topics, roleOf(representation), name)
        .filter(({ topic }) => type === undefined || topic.type === type)
        .map((judged) => ({ name, judged }));
    })
    .sort((a, b) => better(a.judged, b.judged));
  for (const { name, judged } of pairs) {
    if (chosen.has(name) || taken.has(judged.topic.name)) continue;
    chosen.set(name, { ...judged, by: 'choice' });
    taken.add(judged.topic.name);
  }

  const isDisabled = (name: string) => configured.disabled?.includes(name) ?? false;
  const camera = modalities.find(({ representation }) => roleOf(representation) === 'camera')?.name ?? '';
  const cameraTopic = chosen.get(camera)?.topic;
  const cameraFrame = cameraTopic && frameOf(cameraTopic);
  // What is in the camera's own frame is registered to it, and needs no calibration of its own.
  const isOnCamera = (topic: TopicCandidate, role: TopicRole) =>
    role !== 'camera' && cameraFrame !== undefined && frameOf(topic) === cameraFrame;
  const assignments = new Map<string, TopicAssignment>();
  for (const { name, representation } of modalities) {
    const role = roleOf(representation);
    const judged = chosen.get(name);
    if (!judged) {
      const reason = missingReason(role, topics);
      if (!isDisabled(name)) problems.push(`No topic for ${name}: ${reason}. Masks are made without it.`);
      assignments.set(name, { kind: 'missing', role, reason });
      continue;
    }
    const others = candidates(topics, role, name).filter(({ topic }) => !taken.has(topic.name));
    const rivals = others.filter(({ score }) => judged.by === 'choice' && score === judged.score);
    if (rivals.length > 0) {
      problems.push(
        `${name}: ${judged.topic.name} and ${rivals.map(({ topic }) => topic.name).join(', ')} fit equally well; ` +
          `${judged.topic.name} is used. Name the topic in the configuration to choose another.`,
      );
    }
    const cameraInfo = role === 'lidar' ? undefined : chooseCameraInfo(judged.topic, topics, name, configured);
    const wantedInfo = ownValue(configured.cameraInfo, name);
    const isCalibrated = configured.calibrated?.includes(name) ?? false;
    if (wantedInfo !== undefined && cameraInfo === undefined) {
      problems.push(`Expected a CameraInfo topic for ${name} but received ${wantedInfo}: there is no such topic.`);
    } else if (role !== 'lidar' && cameraInfo === undefined && !isCalibrated && !isOnCamera(judged.topic, role)) {
      problems.push(`No CameraInfo for ${name} (${judged.topic.name}): its place in the camera image is not known.`);
    }
    assignments.set(name, {
      kind: 'assigned',
      role,
      topic: judged.topic.name,
      type: judged.topic.type,
      reason: judged.because.join(', '),
      alternatives: others.map(({ topic }) => topic.name),
      ...(cameraInfo !== undefined && { cameraInfo }),
    });
  }

  for (const [name, assignment] of assignments) {
    if (assignment.kind !== 'missing' || assignment.role !== 'camera') continue;
    const cameraInfo = findSpareCameraInfo(topics, [...assignments.values()], ownValue(configured.cameraInfo, name));
    if (cameraInfo !== undefined) assignment.cameraInfo = cameraInfo;
  }

  const transforms = topics.filter(({ type }) => type === 'tf2_msgs/msg/TFMessage').map(({ name }) => name);
  return {
    modalities: assignments,
    ...(truth && { groundTruth: truth }),
    transforms: {
      static: transforms.filter((name) => name.endsWith('static')),
      dynamic: transforms.filter((name) => !name.endsWith('static')),
    },
    problems,
  };
}

function requireKnown(modalities: readonly { name: string }[], configured: TopicConfiguration): void {
  const known = modalities.map(({ name }) => name);
  for (const section of ['modalities', 'cameraInfo', 'preferred', 'preferredCameraInfo', 'types'] as const) {
    const stranger = Object.keys(configured[section] ?? {}).find((name) => !known.includes(name));
    if (stranger !== undefined) throw unknownModality(`topics.${section}`, stranger, known);
  }
}

function selectGroundTruth(
  topics: readonly TopicCandidate[],
  wanted: string | undefined,
  problems: string[],
): TopicSelection['groundTruth'] {
  if (wanted !== undefined) {
    const topic = findNamed(topics, wanted);
    if (topic?.type === 'sensor_msgs/msg/Image') return { topic: topic.name, reason: 'named in the configuration' };
    const received = topic ? `its type is ${topic.type}` : 'there is no such topic';
    problems.push(`Expected a topic of sensor_msgs/msg/Image for groundTruth but received ${wanted}: ${received}.`);
    return undefined;
  }
  const best = candidates(topics, 'ground-truth')[0];
  return best && { topic: best.topic.name, reason: best.because.join(', ') };
}

/** All topics that fit a role, best first. */
function candidates(topics: readonly TopicCandidate[], role: TopicRole, modality?: string): Judged[] {
  return topics
    .map((topic) => ({ topic, ...judge(topic, role, modality) }))
    .filter(({ score }) => score > 0)
    .sort(better);
}

function better(a: Judged, b: Judged): number {
  const isCompressed = ({ topic }: Judged): number => Number(topic.type === 'sensor_msgs/msg/CompressedImage');
  return (
    b.score - a.score ||
    (b.topic.messageCount ?? 0) - (a.topic.messageCount ?? 0) ||
    isCompressed(a) - isCompressed(b) ||
    a.topic.name.length - b.topic.name.length ||
    (a.topic.name < b.topic.name ? -1 : 1)
  );
}

function missingReason(role: TopicRole, topics: readonly TopicCandidate[]): string {
  const silent = topics.filter(
    (topic) => topic.messageCount === 0 && judge({ ...topic, messageCount: 1 }, role).score > 0,
  );
  if (silent.length > 0) return `${silent.map(({ name }) => name).join(', ')} would fit but has no messages`;
  for (const topic of topics) {
    const foreign = foreignTopic(topic);
    if (foreign?.role === role) return `${topic.name} ${foreign.what}. ${foreign.toDo.replace(/\.$/, '')}`;
  }
  return `no topic here looks like ${ROLE_WORDS[role]}`;
}

/** The CameraInfo topic that was named, or one that is preferred and there, or the one that belongs to the image. */
function chooseCameraInfo(
  image: TopicCandidate,
  topics: readonly TopicCandidate[],
  modality: string,
  configured: TopicConfiguration,
): string | undefined {
  const infos = topics.filter(({ type }) => type === 'sensor_msgs/msg/CameraInfo');
  const wanted = ownValue(configured.cameraInfo, modality);
  if (wanted !== undefined) return findNamed(infos, wanted)?.name;
  const preferred = ownValue(configured.preferredCameraInfo, modality);
  const known = preferred === undefined ? undefined : findNamed(infos, preferred)?.name;
  return known ?? findCameraInfo(image, infos);
}

/**
 * The CameraInfo that belongs to an image: by convention `camera_info` in the image's own namespace
 * (image_transport), else in one of the namespaces around it, else the only one with the image's frame.
 */
function findCameraInfo(image: TopicCandidate, infos: readonly TopicCandidate[]): string | undefined {
  const parts = image.name.split('/');
  for (let depth = parts.length; depth > 0; depth--) {
    const name = [...parts.slice(0, depth), 'camera_info'].join('/');
    const found = infos.find((info) => info.name === name);
    // The one at the root is everybody's neighbour: it is this image's only if the frames do not say otherwise.
    const isRoot = parts[depth - 1] === '';
    if (found && !(isRoot && frameOf(found) !== frameOf(image))) return found.name;
  }
  const frame = frameOf(image);
  const sameFrame = frame === undefined ? [] : infos.filter((info) => frameOf(info) === frame);
  return sameFrame.length === 1 ? sameFrame[0]!.name : undefined;
}

/** Without pictures there is no namespace to go by: the CameraInfo is the only one that is nobody else's. */
function findSpareCameraInfo(
  topics: readonly TopicCandidate[],
  assignments: readonly TopicAssignment[],
  wanted: string | undefined,
): string | undefined {
  const infos = topics.filter(({ type }) => type === 'sensor_msgs/msg/CameraInfo').map(({ name }) => name);
  if (wanted !== undefined) return findNamed(topics, wanted)?.name;
  const spare = infos.filter(
    (name) => !isNamedForOther(name, 'camera') && assignments.every(({ cameraInfo }) => cameraInfo !== name),
  );
  return spare.length === 1 ? spare[0] : undefined;
}

function frameOf({ content }: TopicCandidate): string | undefined {
  return content && content.kind !== 'unreadable' ? content.frameId : undefined;
}

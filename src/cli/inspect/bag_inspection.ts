import type { BagReader } from '../../bags/index.js';
import { decodeMessage, type RawMessage, type Stamp, type TFMessage } from '../../messages/index.js';
import type { TopicContent } from '../../pipeline/topic_content.js';
import {
  selectTopics,
  type TopicAssignment,
  type TopicConfiguration,
  type TopicSelection,
} from '../../pipeline/topic_selection.js';
import { surveyTopics } from '../../replay/index.js';
import { type Representation, TfTree } from '../../sensors/index.js';
import { type Rate, RateMeter } from './rate_meter.js';

/** One topic of a bag as `inspect` shows it. */
export interface InspectedTopic {
  name: string;
  type: string;
  serialization: string;
  /** Undefined where the bag does not say. */
  count: number | undefined;
  /** Undefined with fewer than two messages. */
  rate: Rate | undefined;
  /** What its first message says, for the types the core reads. */
  content: TopicContent | undefined;
  /** What a replay would use it for, such as `camera` or `CameraInfo of depth`. */
  use: string | undefined;
}

/** What `inspect` finds out about a bag; written as it is by `--json`. */
export interface BagInspection {
  kind: 'bag';
  path: string;
  storage: string;
  files: readonly string[];
  durationSeconds: number;
  messageCount: number | undefined;
  /** Seconds from the start in which rates were measured: long bags are not read to the end. */
  measuredSeconds: number;
  topics: InspectedTopic[];
  /** By modality of the model, in its order. */
  modalities: Record<string, TopicAssignment>;
  groundTruth: TopicSelection['groundTruth'];
  problems: string[];
}

/** What a bag is inspected for: the modalities of a model, and topics a person chose. */
export interface InspectionTarget {
  modalities: readonly { name: string; representation: Representation }[];
  configuration?: TopicConfiguration;
  /** Frame on the ground, z up, that heights are measured in; `base_link` by default (REP-105). */
  baseFrame?: string;
}

/** Rates settle within a minute; a bag of hours need not be read for them. */
const MEASURED_SECONDS = 60;
const TF_TYPE = 'tf2_msgs/msg/TFMessage';

/** Looks at the first message of every topic, and at all of the first minute. */
export async function inspectBag(bag: BagReader, target: InspectionTarget): Promise<BagInspection> {
  const { info } = bag;
  const candidates = await surveyTopics(bag);
  const contents = new Map<string, TopicContent>();
  for (const { name, content } of candidates) if (content) contents.set(name, content);
  const { meters, transforms } = await measure(bag);
  const selection = selectTopics(candidates, target.modalities, target.configuration);
  const topics = info.topics.map(({ name, type, serialization, count }) => ({
    name,
    type,
    serialization,
    count,
    rate: meters.get(name)?.rate(),
    content: contents.get(name),
    use: useOf(name, selection),
  }));
  const unreadable = topics.flatMap(({ name, content }) =>
    content?.kind === 'unreadable' ? [`First message of ${name}: ${content.reason}`] : [],
  );
  return {
    kind: 'bag',
    path: info.path,
    storage: info.storage,
    files: info.files,
    durationSeconds: info.durationSeconds,
    messageCount: info.messageCount,
    measuredSeconds: Math.min(info.durationSeconds, MEASURED_SECONDS),
    topics,
    modalities: Object.fromEntries(selection.modalities),
    groundTruth: selection.groundTruth,
    problems: [
      ...info.problems,
      ...selection.problems,
      ...transformProblems(selection, contents, transforms, target.baseFrame ?? 'base_link'),
      ...unreadable,
    ],
  };
}

interface Measurements {
  meters: ReadonlyMap<string, RateMeter>;
  transforms: readonly RawMessage[];
}

/** Reads the first minute of a bag. */
async function measure(bag: BagReader): Promise<Measurements> {
  const { topics, start } = bag.info;
  const readable = topics.filter(({ serialization }) => serialization === 'cdr');
  const meters = new Map(readable.map(({ name }) => [name, new RateMeter()]));
  const transforms: RawMessage[] = [];
  const end = start === undefined ? undefined : start + BigInt(MEASURED_SECONDS) * 1_000_000_000n;
  for await (const raw of bag.messages({ topics: [...meters.keys()], ...(end !== undefined && { end }) })) {
    meters.get(raw.topic)?.add(raw);
    if (raw.type === TF_TYPE) transforms.push(raw);
  }
  return { meters, transforms };
}

function useOf(topic: string, { modalities, groundTruth, transforms }: TopicSelection): string | undefined {
  for (const [name, assignment] of modalities) {
    if (assignment.kind === 'assigned' && assignment.topic === topic) return name;
    if (assignment.cameraInfo === topic) return `CameraInfo of ${name}`;
  }
  if (groundTruth?.topic === topic) return 'ground truth';
  if (transforms.static.includes(topic) || transforms.dynamic.includes(topic)) return 'transforms';
  return undefined;
}

/** Checks that every sensor's frame is linked to the camera's, and the camera's to the ground. */
function transformProblems(
  { modalities }: TopicSelection,
  contents: ReadonlyMap<string, TopicContent>,
  messages: readonly RawMessage[],
  baseFrame: string,
): string[] {
  const tree = new TfTree({ historyMs: Number.POSITIVE_INFINITY, toleranceMs: Number.POSITIVE_INFINITY });
  const problems: string[] = [];
  let last: Stamp = 0n;
  for (const raw of messages) {
    try {
      problems.push(...tree.update(decodeMessage<TFMessage>(raw), raw.topic.endsWith('static') ? 'static' : 'dynamic'));
    } catch (error) {
      problems.push((error as Error).message);
    }
    last = raw.receiveStamp;
  }
  const frames = [...modalities].flatMap(([name, assignment]) => {
    const content = assignment.kind === 'assigned' ? contents.get(assignment.topic) : undefined;
    const known = content && content.kind !== 'unreadable' && assignment.kind === 'assigned';
    return known ? [{ name, role: assignment.role, frame: content.frameId }] : [];
  });
  const reference = frames.find(({ role }) => role === 'camera');
  if (!reference) return problems;
  for (const { name, frame } of frames) {
    if (name === reference.name) continue;
    const lookup = tree.lookup(reference.frame, frame, last);
    if (lookup.kind === 'missing') problems.push(`${name} cannot be laid on the camera image: ${lookup.reason}.`);
  }
  const needsGround = frames.some(({ role }) => role === 'depth' || role === 'lidar');
  const ground = tree.lookup(baseFrame, reference.frame, last);
  if (needsGround && ground.kind === 'missing')
    problems.push(`Heights above the ground are not known: ${ground.reason}.`);
  return [...new Set(problems)];
}

import type { TopicInfo } from './bag.js';
import type { BagMetadata } from './metadata.js';
import type { ReportProblem, StorageFile } from './storage.js';

/** Whether the messages of a topic can be decoded. */
export function isReadable(topic: TopicInfo): boolean {
  return topic.serialization === 'cdr';
}

/**
 * Refuses topics of which none is CDR. A bag of which some are not can be read without them.
 * @throws Error naming topic and serialisation
 */
export function refuseUnreadable(path: string, topics: readonly TopicInfo[]): void {
  const first = topics.find((topic) => !isReadable(topic));
  if (!first || topics.some(isReadable)) return;
  if (first.serialization === 'ros1') {
    throw new Error(
      `Expected messages of ROS 2 in ${path} but they are of ROS 1: ` +
        'convert the bag it was made from with "rosbags-convert --src RECORDING.bag --dst FOLDER"',
    );
  }
  throw new Error(
    `Expected messages serialised as cdr in ${path} but ${first.name} has ${first.serialization || 'no serialisation named'}: ` +
      'record it with a CDR middleware, or convert it with "ros2 bag convert"',
  );
}

/**
 * The topics of all files as one list, sorted by name. Where metadata.yaml names another serialisation than the files,
 * it wins: a recorder knows what its middleware wrote, while SQLite files have been seen to say `cdr` regardless.
 */
export function combineTopics(
  files: readonly StorageFile[],
  metadata: BagMetadata | undefined,
  report: ReportProblem,
): TopicInfo[] {
  const combined = new Map<string, TopicInfo>();
  for (const topic of files.flatMap((file) => file.topics)) {
    const other = combined.get(topic.name);
    if (other && other.type !== topic.type) {
      report(`Topic ${topic.name} has messages of ${other.type} and of ${topic.type}`);
    }
    combined.set(topic.name, other ? mergeTopics(other, topic) : publicFields(topic));
  }
  for (const listed of metadata?.topics ?? []) {
    const topic = combined.get(listed.name);
    if (!topic) combined.set(listed.name, { ...listed, count: 0 });
    else combined.set(listed.name, overrule(topic, listed));
  }
  const topics = [...combined.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const unreadable = topics.filter((topic) => !isReadable(topic));
  for (const { name, serialization } of unreadable) {
    report(`Topic ${name} is serialised as ${serialization || 'nothing named'}, not as cdr: it is left out`);
  }
  return topics;
}

function publicFields({ name, type, serialization, count, qos }: TopicInfo): TopicInfo {
  return { name, type, serialization, count, qos };
}

function mergeTopics(a: TopicInfo, b: TopicInfo): TopicInfo {
  return {
    name: a.name,
    type: a.type,
    serialization: isReadable(a) ? b.serialization : a.serialization,
    count: a.count === undefined || b.count === undefined ? undefined : a.count + b.count,
    qos: a.qos.length > 0 ? a.qos : b.qos,
  };
}

function overrule(topic: TopicInfo, listed: BagMetadata['topics'][number]): TopicInfo {
  return {
    ...topic,
    serialization: isReadable(topic) ? listed.serialization : topic.serialization,
    qos: topic.qos.length > 0 ? topic.qos : listed.qos,
  };
}

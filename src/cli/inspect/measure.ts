import type { BagReader } from '../../bags/index.js';
import { type CameraInfo, decodeMessage, type RawMessage, type TFMessage } from '../../messages/index.js';
import type { TopicSelection } from '../../pipeline/index.js';
import { type ConfiguredCalibration, TfTree } from '../../sensors/index.js';
import { FrameTree } from './frame_tree.js';
import { RateMeter } from './rate_meter.js';

/** What reading the first minute of a bag tells. */
export interface Measurements {
  /** Seconds that were read. */
  seconds: number;
  topics: ReadonlyMap<string, RateMeter>;
  /** First CameraInfo by topic; a text where it cannot be read. */
  cameraInfos: ReadonlyMap<string, CameraInfo | string>;
  /** Everything that transforms say, of this minute and of the configuration, for lookups at any time. */
  transforms: TfTree;
  frames: FrameTree;
  /** What is wrong with transforms, one sentence each. */
  problems: string[];
}

/** Rates settle within a minute; a bag of hours need not be read for them. */
const MEASURED_SECONDS = 60;

/** Reads the first minute after the first message of a sensor, and all calibration that was logged before it. */
export async function measureBag(
  bag: BagReader,
  selection: TopicSelection,
  configured: ConfiguredCalibration,
): Promise<Measurements> {
  const { topics, durationSeconds } = bag.info;
  const inputs = new Set([...selection.modalities.values()].flatMap((a) => (a.kind === 'assigned' ? [a.topic] : [])));
  const readable = topics.filter(({ serialization }) => serialization === 'cdr').map(({ name }) => name);
  const meters = new Map(readable.map((name) => [name, new RateMeter()]));
  const cameraInfos = new Map<string, CameraInfo | string>();
  const transforms = new TfTree({ historyMs: Number.POSITIVE_INFINITY, toleranceMs: Number.POSITIVE_INFINITY });
  const frames = new FrameTree();
  const problems: string[] = [];
  const given = [...(configured.transforms ?? [])];
  problems.push(...transforms.update({ transforms: given }, 'static'));
  for (const { header, child_frame_id } of given) frames.connect(header.frame_id, child_frame_id, 'static');
  let end: bigint | undefined;
  for await (const raw of bag.messages({ topics: readable })) {
    if (inputs.has(raw.topic)) end ??= raw.receiveStamp + BigInt(MEASURED_SECONDS) * 1_000_000_000n;
    if (end !== undefined && raw.receiveStamp > end) break;
    meters.get(raw.topic)?.add(raw);
    const problem = observe(raw);
    problems.push(...problem);
  }
  return {
    seconds: Math.min(durationSeconds, MEASURED_SECONDS),
    topics: meters,
    cameraInfos,
    transforms,
    frames,
    problems: [...new Set(problems)],
  };

  function observe(raw: RawMessage): string[] {
    try {
      if (raw.type === 'sensor_msgs/msg/CameraInfo' && !cameraInfos.has(raw.topic)) {
        cameraInfos.set(raw.topic, decodeMessage<CameraInfo>(raw));
      }
      if (raw.type !== 'tf2_msgs/msg/TFMessage') return [];
      frames.add(raw);
      return transforms.update(decodeMessage<TFMessage>(raw), raw.topic.endsWith('static') ? 'static' : 'dynamic');
    } catch (error) {
      const reason = (error as Error).message;
      if (raw.type === 'sensor_msgs/msg/CameraInfo') cameraInfos.set(raw.topic, reason);
      return [`${raw.topic}: ${reason}`];
    }
  }
}

import type { MessageQuery } from '../bags/index.js';
import type { RawMessage, Stamp } from '../messages/index.js';
import {
  createPipeline,
  type FrameSegmenter,
  type PipelineParts,
  type PipelineSink,
  type RunningModel,
} from '../pipeline/index.js';
import type { ConfiguredCalibration } from '../sensors/index.js';
import type { SynchronizerStatus } from '../sync/index.js';
import { lateMounts } from './late_mounts.js';
import { playBag } from './play_bag.js';
import type { ReplaySource } from './replay_source.js';
import { CONDITION_TOPIC, replayedTopics } from './replay_topics.js';

/** Changes messages on their way into the pipeline; receive stamps must not fall in what comes out. */
export type MessageTransform = (messages: AsyncIterable<RawMessage>) => AsyncIterable<RawMessage>;

/** Where a run's results go, and what the bag tells besides its sensors. */
export interface RunListener extends PipelineSink {
  groundTruth(raw: RawMessage): void | Promise<void>;
  condition(raw: RawMessage): void;
}

export interface RunOptions {
  rate: 'max' | 'realtime';
  listener: RunListener;
  /** Stands in front of everything, e.g. a fault injector. */
  transform?: MessageTransform;
  /** Ends the run before the next message; what was received until then becomes masks. */
  signal?: AbortSignal;
  /** Told how the sensors are at the end, also where the run ends with an error. */
  onEnd?: (status: SynchronizerStatus) => void;
  /** Told of each message before anything is done with it. */
  onMessage?: (raw: RawMessage) => void | Promise<void>;
}

/** How a run went. */
export interface PipelineRun {
  status: SynchronizerStatus;
  /** How far it fell behind the pace of the bag at most. */
  lagMs: number;
  /** How much silence of the bag was skipped. */
  skippedMs: number;
}

/** What of a {@link ReplaySource} a run needs; any segmenter will do. */
export interface RunSource extends Pick<ReplaySource, 'bag' | 'bundle' | 'config' | 'selection'> {
  configured?: ConfiguredCalibration;
  segmenter: FrameSegmenter;
  fallbacks?: readonly RunningModel[];
  createSynchronizer?: PipelineParts['createSynchronizer'];
}

/** Runs a bag through a fresh pipeline in the bag's own time, once. */
export async function runPipeline(
  { bag, bundle, fallbacks = [], config, configured, selection, segmenter, createSynchronizer }: RunSource,
  { rate, listener, transform = (messages) => messages, onMessage, signal, onEnd }: RunOptions,
): Promise<PipelineRun> {
  const backpressure = rate === 'max' ? 'wait' : 'newest';
  const ahead = config.calibration.lookAhead ? await lateMounts(bag, selection) : [];
  if (ahead.length > 0) {
    const topic = selection.transforms.static.join(', ');
    listener.notice?.({ code: 'looked-ahead', modality: undefined, topic, transforms: ahead.length });
  }
  const pipeline = createPipeline({
    bundle,
    fallbacks,
    selection,
    config,
    segmenter,
    sink: listener,
    backpressure,
    ...(createSynchronizer && { createSynchronizer }),
    configured: { ...configured, transforms: [...ahead, ...(configured?.transforms ?? [])] },
  });
  const player = {
    message: async (raw: RawMessage) => {
      await onMessage?.(raw);
      if (raw.topic === selection.groundTruth?.topic) await listener.groundTruth(raw);
      else if (raw.topic === CONDITION_TOPIC) listener.condition(raw);
      else await pipeline.receive(raw);
    },
    nextWakeUp: () => pipeline.nextWakeUp(),
    wake: (at: Stamp) => pipeline.advanceTo(at),
    isWaiting: () => pipeline.status().open > 0,
  };
  const played = { messages: (query: MessageQuery) => transform(bag.messages(query)) };
  try {
    const { lagMs, skippedMs } = await playBag(played, player, {
      topics: replayedTopics(selection, bag.info, config.motion.odometryTopic),
      rate,
      lingerNs: BigInt(Math.round(config.sync.deadlineMs * 1e6)),
      ...(signal && { signal }),
    });
    await pipeline.settle();
    return { status: pipeline.status(), lagMs, skippedMs };
  } finally {
    onEnd?.(pipeline.status());
  }
}

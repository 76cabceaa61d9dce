import { createHash } from 'node:crypto';
import { resizeLabelsNearest } from '../../../src/evaluation/index.js';
import type { RawMessage } from '../../../src/messages/index.js';
import { DEFAULT_PIPELINE_CONFIG, type FrameResult } from '../../../src/pipeline/index.js';
import { withReplaySource } from '../../../src/replay/replay_source.js';
import { runPipeline } from '../../../src/replay/run_pipeline.js';
import { TOWN } from './town.js';

/** What the replay makes of a frame. */
export interface ReplayedFrame {
  /** SHA-256 of the mask's and the confidence's pixels at the camera's size. */
  mask: string;
  confidence: string;
  /** By modality the stamp of its image. */
  present: ReadonlyMap<string, bigint>;
}

/** Replays the sample bag's first seconds, by stamp. */
export function replayTown(model: string, seconds: number): Promise<ReadonlyMap<bigint, ReplayedFrame>> {
  const options = { bag: TOWN, model, config: DEFAULT_PIPELINE_CONFIG, provider: 'cpu', threads: 1 } as const;
  return withReplaySource(options, async (source) => {
    const frames = new Map<bigint, ReplayedFrame>();
    await runPipeline(source, {
      rate: 'max',
      transform: (messages) => firstSeconds(messages, seconds),
      listener: {
        published: (frame) => {
          frames.set(frame.segmentation.stamp, describe(frame));
        },
        dropped: () => undefined,
        modalityChanged: () => undefined,
        problem: () => undefined,
        groundTruth: () => undefined,
        condition: () => undefined,
      },
    });
    return frames;
  });
}

async function* firstSeconds(messages: AsyncIterable<RawMessage>, seconds: number): AsyncIterable<RawMessage> {
  let first: bigint | undefined;
  for await (const message of messages) {
    first ??= message.receiveStamp;
    if (message.receiveStamp - first >= BigInt(Math.round(seconds * 1e9))) return;
    yield message;
  }
}

function describe({ segmentation, images, grid }: FrameResult): ReplayedFrame {
  const size = grid.pictureSize ?? segmentation;
  const digest = (pixels: Uint8Array) =>
    createHash('sha256')
      .update(resizeLabelsNearest(pixels, segmentation, size))
      .digest('hex');
  return {
    mask: digest(segmentation.labels),
    confidence: digest(segmentation.confidence!),
    present: new Map([...images].map(([modality, { stamp }]) => [modality, stamp])),
  };
}

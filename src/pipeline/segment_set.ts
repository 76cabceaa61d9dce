import { type Segmentation, SegmenterError, UNLABELED_ID } from '../model/index.js';
import type { LabelledPoints } from '../sensors/index.js';
import type { FrameSet } from '../sync/index.js';
import type { Telling } from './delivery.js';
import type { SetEvent } from './event_queue.js';
import type { ChainLink } from './model_chain.js';
import type { Overlap } from './overlap.js';
import type { PipelineOptions } from './pipeline_options.js';
import type { FrameResult, ModelChange } from './results.js';

/** A set whose images have been made. */
export interface DecodedSet {
  set: SetEvent;
  /** When the set was queued and how long decoding took, by the process's own clock. */
  queuedAtMs: number;
  decodeMs: number;
  link: ChainLink;
  /** Told before the mask, where it is the first of another model. */
  change: ModelChange | undefined;
  frameSet: FrameSet;
  /** What the result says besides. */
  frame: Omit<FrameResult, 'segmentation' | 'latency' | 'labelPoints'>;
}

/**
 * Runs the model on a set.
 * @returns what came of it, to be told later, so that the sink hears of one thing at a time and in order
 * @throws SegmenterError where the last model has failed for good
 */
export async function segmentSet(
  { models, sink, backpressure }: Pick<PipelineOptions, 'models' | 'sink' | 'backpressure'>,
  overlap: Overlap,
  { set, queuedAtMs, decodeMs, link, change, frameSet, frame }: DecodedSet,
): Promise<Telling> {
  const { segmenter } = link;
  const telling = (tell: Telling) => async () => {
    if (change !== undefined) await sink.modelChanged?.(change);
    await tell();
  };
  let startMs = performance.now();
  let own: Segmentation;
  try {
    // Where no set may be lost, those after the one that broke the worker wait for the new one.
    if (backpressure === 'wait') await segmenter.whenReady();
    startMs = performance.now();
    overlap.started();
    own = models.inClasses(await segmenter.segment(frameSet), link);
  } catch (error) {
    if (!(error instanceof SegmenterError) || error.kind === 'closed') throw error;
    if (error.kind === 'failed' && models.giveUp(link, error.message) === 'none-left') throw error;
    const { stamp } = frameSet;
    return telling(() => sink.dropped({ kind: 'lost', stamp, arrivedAt: frame.arrivedAt, reason: error.message }));
  }
  overlap.finished();
  const segmentation = models.atSize(own);
  const endMs = performance.now();
  const syncWaitMs = (set.closed - set.opened) / 1e6;
  const inferenceMs = endMs - startMs;
  const totalMs = syncWaitMs + (backpressure === 'wait' ? decodeMs + inferenceMs : endMs - queuedAtMs);
  const latency = { syncWaitMs, decodeMs, inferenceMs, totalMs };
  const labelPoints = async (modality: string, colours: Uint8Array): Promise<LabelledPoints> => {
    const message = frame.messages.get(modality);
    if (message === undefined) return { kind: 'invalid', reason: `This mask was made without ${modality}` };
    return link.rig.labelPoints(modality, message, { ...own, colours, unlabeled: UNLABELED_ID });
  };
  return telling(() => sink.published({ segmentation, ...frame, latency, labelPoints }));
}

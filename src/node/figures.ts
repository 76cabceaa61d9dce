import type { Stamp } from '../messages/index.js';
import type { SegmenterEvent } from '../model/index.js';
import type { DroppedFrame, FrameResult, ModelUse } from '../pipeline/index.js';
import { type InferenceReport, LatencyMeter, type MaskReport, TopicMeter } from './diagnostics/index.js';

/** Pixels whose confidence is looked at: enough for two decimals of the mean, few enough to cost nothing. */
const SAMPLED_PIXELS = 4096;

/** Counts masks and measures how long they take, since the activation. */
export class MaskFigures {
  readonly #meter = new TopicMeter();
  readonly #latency = {
    syncWait: new LatencyMeter(),
    decode: new LatencyMeter(),
    inference: new LatencyMeter(),
    total: new LatencyMeter(),
  };
  #published = 0;
  #dropped = 0;
  #overtaken = 0;
  #lastDrop: MaskReport['lastDrop'];
  #last: MaskReport['last'];
  #model: MaskReport['model'];

  published({ segmentation, model, reference, absent, images, latency }: FrameResult, now: Stamp): void {
    this.#published++;
    this.#model = model;
    this.#meter.note(now, segmentation.stamp, segmentation.labels.byteLength);
    this.#latency.syncWait.note(latency.syncWaitMs);
    this.#latency.decode.note(latency.decodeMs);
    this.#latency.inference.note(latency.inferenceMs);
    this.#latency.total.note(latency.totalMs);
    const present = new Map([...images].map(([modality, { stamp }]) => [modality, stamp]));
    const { confidence } = segmentation;
    const meanConfidence = confidence && meanOfSample(confidence) / 255;
    this.#last = { stamp: segmentation.stamp, meanConfidence, reference, present, absent };
  }

  /** Another model makes the masks from now on. */
  modelInUse(model: ModelUse): void {
    this.#model = model;
  }

  dropped({ kind, reason }: Pick<DroppedFrame, 'kind' | 'reason'>, at: Stamp): void {
    this.#dropped++;
    if (kind === 'overtaken') this.#overtaken++;
    this.#lastDrop = { reason, at };
  }

  report(now: Stamp): MaskReport {
    const { syncWait, decode, inference, total } = this.#latency;
    return {
      published: this.#published,
      dropped: this.#dropped,
      overtaken: this.#overtaken,
      lastDrop: this.#lastDrop,
      figures: this.#meter.figures(now),
      latency: {
        syncWait: syncWait.figures(),
        decode: decode.figures(),
        inference: inference.figures(),
        total: total.figures(),
      },
      last: this.#last,
      model: this.#model,
    };
  }
}

/** Keeps account of the model and its worker, since the configuration. */
export class InferenceFigures {
  readonly #latency = { encode: new LatencyMeter(), head: new LatencyMeter() };
  #restarts = 0;
  #failures = 0;
  #stuckThreads = 0;
  #lastFailure: InferenceReport['lastFailure'];

  published({ segmentation: { timings } }: FrameResult): void {
    this.#latency.encode.note(timings.encodeMs);
    this.#latency.head.note(timings.headMs);
  }

  observe(event: SegmenterEvent, at: Stamp): void {
    if (event.kind === 'ready' || event.kind === 'slow-start') return;
    if (event.kind === 'thread-stuck') {
      this.#stuckThreads++;
      return;
    }
    if (event.kind === 'exited') this.#restarts++;
    this.#failures++;
    this.#lastFailure = { reason: event.reason, at };
  }

  report(of: Pick<InferenceReport, 'model' | 'state' | 'selection'>): InferenceReport {
    const { encode, head } = this.#latency;
    return {
      ...of,
      latency: { encode: encode.figures(), head: head.figures() },
      restarts: this.#restarts,
      failures: this.#failures,
      stuckThreads: this.#stuckThreads,
      lastFailure: this.#lastFailure,
    };
  }
}

/** Mean of evenly spread values. */
function meanOfSample(values: Uint8Array): number {
  const step = Math.max(1, Math.floor(values.length / SAMPLED_PIXELS));
  let sum = 0;
  let count = 0;
  for (let index = 0; index < values.length; index += step) {
    sum += values[index]!;
    count++;
  }
  return sum / count;
}

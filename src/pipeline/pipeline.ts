import type { RawMessage, Stamp } from '../messages/index.js';
import { type Segmentation, SegmenterError } from '../model/index.js';
import type { SensorRig } from '../sensors/index.js';
import type { AbsentReason, FrameSet, Match, SyncEvent, Synchronizer, SynchronizerStatus } from '../sync/index.js';
import { FrameAssembler, type Selection } from './frame_assembler.js';
import type { PipelineSink } from './results.js';
import { TimeBase } from './time_base.js';

/** What the pipeline needs of a `Segmenter`. */
export interface FrameSegmenter {
  segment(frameSet: FrameSet): Promise<Segmentation>;
}

export interface PipelineOptions {
  rig: SensorRig;
  synchronizer: Synchronizer<RawMessage>;
  segmenter: FrameSegmenter;
  sink: PipelineSink;
  /** Modality by the topic it is read from; messages of other topics may carry calibration. */
  modalityByTopic: ReadonlyMap<string, string>;
  /** Modalities without which there is no mask. */
  essential?: ReadonlySet<string>;
  /**
   * What happens when sets come faster than masks are made. `wait`: `receive` resolves later and no set is lost, for
   * replay. `newest`: the newest set is taken next, the ones in between are dropped and said, for live sensors.
   */
  backpressure: 'wait' | 'newest';
}

type SetEvent = Extract<SyncEvent<RawMessage>, { matches: unknown }>;

/**
 * The whole way from a message to a mask: calibration and samples into the rig, samples into the synchroniser, its
 * sets decoded, segmented and handed to the sink. What decoding sees of a sensor's content goes back to its health.
 *
 * Time is what the messages say (`receiveStamp`) and what {@link advanceTo} is told; no clock is read but to measure
 * how long the work took. With `wait` the same messages therefore give the same masks, however fast the machine.
 */
export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #assembler: FrameAssembler;
  readonly #time = new TimeBase();
  readonly #queue: SyncEvent<RawMessage>[] = [];
  /** Newest message of each modality: windows are cut relative to it even when no new packet came. */
  readonly #newest = new Map<string, RawMessage>();
  #now = -Infinity;
  /** Set while events are being worked off. */
  #draining: Promise<void> | undefined;
  /** The mask in the making; with `wait` the next set is decoded meanwhile. */
  #inFlight: Promise<void> = Promise.resolve();

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#assembler = new FrameAssembler(options.rig);
  }

  /**
   * Takes the next message in. Messages come in the order of their receive stamps.
   * @returns once the pipeline is ready for the next one; with backpressure `newest` that is at once
   * @throws what the sink throws, and SegmenterError where the segmenter has failed for good
   */
  async receive(message: RawMessage): Promise<void> {
    const { rig, synchronizer, sink, modalityByTopic } = this.#options;
    const now = this.#time.toRelative(message.receiveStamp);
    this.#now = Math.max(this.#now, now);
    const modality = modalityByTopic.get(message.topic);
    if (modality === undefined) {
      for (const problem of rig.observe(message)) sink.problem(`${message.topic}: ${problem}`);
    } else {
      const ingested = rig.ingest(modality, message);
      if (ingested.kind === 'sample') {
        this.#newest.set(modality, message);
        synchronizer.push(modality, this.#time.toRelative(ingested.stamp), message, now);
      } else {
        sink.problem(`${modality}: ${ingested.reason}`);
        synchronizer.reportInvalid(modality, ingested.reason, now);
      }
    }
    await this.#advance(now);
  }

  /** Lets time pass without a message: deadlines and silences fall due. */
  advanceTo(now: Stamp): Promise<void> {
    const relative = this.#time.toRelative(now);
    this.#now = Math.max(this.#now, relative);
    return this.#advance(relative);
  }

  /** When {@link advanceTo} must be called at the latest if no message comes before; undefined for never. */
  nextWakeUp(): Stamp | undefined {
    const due = this.#options.synchronizer.nextWakeUp();
    return due === undefined ? undefined : this.#time.toStamp(Math.ceil(due));
  }

  /** Resolves once everything received so far has become masks or drops. */
  async settle(): Promise<void> {
    await this.#draining;
    await this.#inFlight;
  }

  /** Health of every modality, counters, and who paces the masks. */
  status(): SynchronizerStatus {
    return this.#options.synchronizer.status();
  }

  /** The stamp of a time in {@link status}. */
  stampOf(relative: number): Stamp {
    return this.#time.toStamp(relative);
  }

  async #advance(now: number): Promise<void> {
    this.#queue.push(...this.#options.synchronizer.advance(now));
    if (this.#queue.length === 0) return;
    this.#draining ??= this.#drain().finally(() => {
      this.#draining = undefined;
    });
    if (this.#options.backpressure === 'wait') await this.#draining;
  }

  /** Works events off in order, those included that come up meanwhile. */
  async #drain(): Promise<void> {
    for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) {
      switch (event.kind) {
        case 'complete':
        case 'partial':
          await this.#makeMask(event);
          break;
        case 'dropped':
          await this.#drop(event.stamp, describeDrop(event.reason, event.absent));
          break;
        case 'probe': {
          const { modality, sample } = event;
          const stamp = this.#time.toStamp(sample.stamp);
          const { verdict } = await this.#assembler.judge({ modality, message: sample.value, stamp, kind: 'sample' });
          this.#options.synchronizer.reportContent(modality, sample.stamp, verdict, this.#now);
          this.#queue.push(...this.#options.synchronizer.advance(this.#now));
          break;
        }
        case 'transition': {
          const { modality, from, to, reason, at } = event;
          await this.#options.sink.modalityChanged({ modality, from, to, reason, at: this.#time.toStamp(at) });
          break;
        }
        case 'reset':
          this.#options.rig.reset();
          this.#assembler.reset();
          this.#options.sink.problem(`Everything received before was cleared: ${event.reason}.`);
          break;
      }
    }
  }

  async #makeMask(set: SetEvent): Promise<void> {
    if (this.#isOvertaken()) return this.#drop(set.stamp, 'overtaken by a newer set while the model was busy');
    const stamp = this.#time.toStamp(set.stamp);
    const selections = [...set.matches].flatMap(([modality, match]) => this.#select(modality, match) ?? []);
    const frame = await this.#assembler.assemble(selections, stamp);
    this.#reportContent(frame.verdicts.map(({ selection, verdict }) => ({ ...selection, verdict })));
    const absent = new Map([...set.absent, ...frame.absent]);
    const missing = [...(this.#options.essential ?? [])].find((modality) => !frame.images.has(modality));
    if (missing !== undefined) return this.#drop(set.stamp, describeDrop('essential-missing', absent));
    if (frame.images.size === 0) return this.#drop(set.stamp, describeDrop('nothing-usable', absent));

    const grid = this.#options.rig.grid();
    const frameSet: FrameSet = { stamp, frameId: grid.frameId, images: frame.images, absent };
    const messages = new Map(selections.map(({ modality, message }) => [modality, message]));
    const syncWaitMs = (set.closed - set.opened) / 1e6;
    // The set before must be out of the model; this one was decoded meanwhile.
    await this.#inFlight;
    this.#inFlight = this.#segment(frameSet, set.stamp, async (segmentation, inferenceMs) => {
      const { decodeMs } = frame;
      const latency = { syncWaitMs, decodeMs, inferenceMs, totalMs: syncWaitMs + decodeMs + inferenceMs };
      const { reference } = set;
      await this.#options.sink.published({
        segmentation,
        reference,
        absent,
        images: frame.images,
        messages,
        grid,
        latency,
      });
    });
    // Rejections reach the caller through the next await of the chain, never as an unhandled one.
    this.#inFlight.catch(() => undefined);
    if (this.#options.backpressure === 'newest') await this.#inFlight;
  }

  async #segment(
    frameSet: FrameSet,
    relativeStamp: number,
    publish: (segmentation: Segmentation, inferenceMs: number) => Promise<void>,
  ): Promise<void> {
    const start = performance.now();
    let segmentation: Segmentation;
    try {
      segmentation = await this.#options.segmenter.segment(frameSet);
    } catch (error) {
      if (!(error instanceof SegmenterError) || error.kind === 'failed' || error.kind === 'closed') throw error;
      await this.#options.sink.dropped({ stamp: this.#time.toStamp(relativeStamp), reason: error.message });
      return;
    }
    await publish(segmentation, performance.now() - start);
  }

  async #drop(stamp: number, reason: string): Promise<void> {
    await this.#inFlight;
    await this.#options.sink.dropped({ stamp: this.#time.toStamp(stamp), reason });
  }

  #select(modality: string, match: Match<RawMessage>): Selection | undefined {
    if (match.kind === 'sample') {
      const { stamp, value } = match.sample;
      return { modality, message: value, stamp: this.#time.toStamp(stamp), kind: 'sample' };
    }
    const message = match.packets.at(-1)?.value ?? this.#newest.get(modality);
    return message && { modality, message, stamp: this.#time.toStamp(match.end), kind: 'window' };
  }

  #reportContent(
    verdicts: readonly (Selection & { verdict: Parameters<Synchronizer<RawMessage>['reportContent']>[2] })[],
  ): void {
    const { synchronizer, sink } = this.#options;
    for (const { modality, stamp, verdict } of verdicts) {
      if (verdict.kind === 'invalid') sink.problem(`${modality}: ${verdict.reason}`);
      synchronizer.reportContent(modality, this.#time.toRelative(stamp), verdict, this.#now);
    }
    this.#queue.push(...synchronizer.advance(this.#now));
  }

  #isOvertaken(): boolean {
    if (this.#options.backpressure === 'wait') return false;
    return this.#queue.some(({ kind }) => kind === 'complete' || kind === 'partial');
  }
}

function describeDrop(reason: string, absent: ReadonlyMap<string, AbsentReason>): string {
  const which = [...absent].map(([modality, why]) => `${modality} ${why}`).join(', ');
  switch (reason) {
    case 'essential-missing':
      return `an essential modality is missing (${which})`;
    case 'nothing-usable':
      return `no modality is usable (${which})`;
    case 'reset':
      return 'the time line started anew';
    default:
      return reason;
  }
}

import type { RawMessage, Stamp } from '../messages/index.js';
import { describeModelReason } from '../model/index.js';
import type { ModalityImage, SensorNotice, SensorReason } from '../sensors/index.js';
import {
  type ContentVerdict,
  describeReason,
  type Match,
  type Reason,
  type SynchronizerStatus,
  synchronizerOptions,
} from '../sync/index.js';
import { assembleSet } from './assemble_set.js';
import { frozenLimits, type PipelineConfig } from './config.js';
import { Delivery } from './delivery.js';
import { DrawAhead } from './draw_ahead.js';
import { describeDrop, lackOf } from './drop_reason.js';
import { EventQueue, type OvertakenSet, type QueuedEvent, type SetEvent } from './event_queue.js';
import type { Selection } from './frame_assembler.js';
import { Overlap } from './overlap.js';
import type { PipelineOptions } from './pipeline_options.js';
import { aboutSensor } from './results.js';
import { segmentSet } from './segment_set.js';
import { SensorWarnings } from './sensor_warnings.js';
import { TimeBase } from './time_base.js';

/**
 * The whole way from a message to a mask: calibration and samples into the rig, samples into the synchroniser, its
 * sets decoded, segmented and handed to the sink. What decoding sees of a sensor's content goes back to its health.
 *
 * Time is what the messages say (`receiveStamp`) and what {@link advanceTo} is told; no clock is read but to measure
 * how long the work took. With `wait` the same messages therefore give the same masks, however fast the machine.
 */
export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #receiveTime = new TimeBase();
  readonly #queue: EventQueue;
  /** Newest message of each modality: windows are cut relative to it even when no new packet came. */
  readonly #newest = new Map<string, RawMessage>();
  /** Time of the last input, on the clock messages are received by. */
  #now = 0;
  /** Set while events are being worked off. */
  #draining: Promise<void> | undefined;
  /** When the set after the one in the model is decoded, with `newest`. */
  readonly #overlap = new Overlap();
  /** What is done for a set before it is complete, with `newest`. */
  readonly #ahead = new DrawAhead(() => this.#draining === undefined);
  /** The mask in the making, and what the sink is told; the next set is decoded meanwhile. */
  readonly #delivery: Delivery;
  readonly #warnings = new SensorWarnings();
  /** What ended the pipeline. Kept, because with `newest` nobody waits for the work that fails. */
  #failure: { error: unknown } | undefined;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#queue = new EventQueue(options.backpressure);
    this.#delivery = new Delivery(options.backpressure);
  }

  /**
   * Takes the next message in. Messages come in the order of their receive stamps.
   * @returns once the pipeline is ready for the next one; with backpressure `newest` that is at once
   * @throws what the sink throws, and SegmenterError where the segmenter has failed for good; with `newest` the first
   * call after it does
   */
  async receive(message: RawMessage): Promise<void> {
    const { rigs, synchronizer, sink, modalityByTopic, plausibility } = this.#options;
    const now = this.#receiveTime.toRelative(message.receiveStamp);
    const modality = modalityByTopic.get(message.topic);
    if (modality === undefined) {
      for (const problem of rigs.observe(message)) {
        sink.problem(`${message.topic}: ${problem}`, message.receiveStamp, { code: 'calibration' });
      }
    } else {
      const ingested = rigs.ingest(modality, message, this.#isWanted() ? 'now' : 'when-needed');
      if (ingested.kind === 'sample') {
        this.#newest.set(modality, message);
        plausibility?.observe(modality, message, ingested.stamp);
        synchronizer.push(modality, ingested.stamp, message, now);
      } else {
        sink.problem(`${modality}: ${ingested.reason}`, message.receiveStamp, aboutSensor(modality, ingested));
        synchronizer.reportInvalid(modality, ingested.reason, now, ingested.cause);
      }
    }
    await this.#advance(now);
  }

  /** What is wrong with a modality's calibration although its images can be made. */
  calibrationWarning(modality: string): SensorReason | undefined {
    return this.#options.rigs.calibrationWarning(modality);
  }

  /** Lets time pass without a message: deadlines and silences fall due. */
  advanceTo(now: Stamp): Promise<void> {
    return this.#advance(this.#receiveTime.toRelative(now));
  }

  /** Sensors that are alive, but for long not such as the model was trained on. */
  concerns(): ReadonlyMap<string, SensorNotice> {
    return this.#options.rigs.concerns();
  }

  /** What is to be watched of sensors that are in use, by modality. */
  warnings(): ReadonlyMap<string, Reason> {
    return this.#warnings.told;
  }

  /** No topic was read since the last call: the silence up to `now` says nothing about any sensor. */
  resume(now: Stamp): Promise<void> {
    const relative = this.#receiveTime.toRelative(now);
    this.#options.synchronizer.resume(relative);
    return this.#advance(relative);
  }

  /**
   * The process got nothing done during the last `by` up to `now`: the messages of that time wait and come next, so that
   * their silence says nothing about any sensor. Call {@link receive} or {@link advanceTo} afterwards.
   * @param by - nanoseconds
   */
  heldUp(by: number, now: Stamp): void {
    this.#now = this.#receiveTime.toRelative(now);
    this.#options.synchronizer.heldUp(by, this.#now);
  }

  /** When {@link advanceTo} must be called at the latest if no message comes before; undefined for never. */
  nextWakeUp(): Stamp | undefined {
    const due = this.#options.synchronizer.nextWakeUp();
    return due === undefined ? undefined : this.#receiveTime.toStamp(Math.ceil(due));
  }

  /**
   * Resolves once everything received so far has become masks or drops. With `wait` the sink hears of the last mask
   * only now, or when the next set is decoded.
   */
  async settle(): Promise<void> {
    await this.#draining;
    this.#throwIfFailed();
    await this.#delivery.settle();
  }

  /**
   * Puts another configuration in force while messages come, as far as that is possible: what the synchroniser goes by,
   * and when content that repeats is a fault. What paces the masks stays.
   * @param now - by the clock messages are received by
   * @returns once the pipeline is ready for the next message, as {@link receive}
   * @throws Error where the configuration names other modalities, or another order of references
   */
  async retune(config: PipelineConfig, now: Stamp): Promise<void> {
    const { synchronizer, rigs } = this.#options;
    rigs.retune(config.identicalLimit, frozenLimits(config));
    const { streams, models } = synchronizer.options;
    synchronizer.retune(synchronizerOptions(streams, config.sync, models));
    await this.#advance(this.#receiveTime.toRelative(now));
  }

  /** Health of every modality, counters, and who paces the masks. */
  status(): SynchronizerStatus {
    return this.#options.synchronizer.status();
  }

  /** The stamp of a receive time in {@link status}. */
  stampOf(relative: number): Stamp {
    return this.#receiveTime.toStamp(relative);
  }

  async #advance(now: number): Promise<void> {
    this.#throwIfFailed();
    this.#now = now;
    this.#queue.push(this.#options.synchronizer.advance(now));
    if (this.#queue.isEmpty) {
      this.#drawAhead();
      return;
    }
    this.#ahead.end();
    this.#overlap.setCame();
    this.#draining ??= this.#drain()
      .catch((error: unknown) => {
        this.#failure = { error };
      })
      .finally(() => {
        this.#draining = undefined;
        this.#drawAhead();
        this.#ahead.encode();
      });
    if (this.#options.backpressure !== 'wait') return;
    await this.#draining;
    this.#throwIfFailed();
  }

  /**
   * Begins with what is certain of the next set, where that set will surely be taken: where the model is free before the
   * one after it can be complete. A set that will be overtaken is left alone.
   */
  #drawAhead(): void {
    const { backpressure, synchronizer, models } = this.#options;
    if (backpressure !== 'newest' || this.#failure !== undefined) return;
    const isModelBusy = this.#delivery.mask !== undefined;
    const isDecoding = this.#draining !== undefined && !isModelBusy;
    if (isDecoding) return;
    const draft = synchronizer.draft();
    if (draft === undefined || !this.#isWanted()) return;
    if (isModelBusy && this.#overlap.untilFree() * 1e6 >= draft.period) return;
    this.#ahead.begin(models.inUse, { stamp: draft.stamp, selections: this.#selectionsOf(draft) });
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Works events off in order, those included that come up meanwhile. */
  async #drain(): Promise<void> {
    for (;;) {
      if (this.#options.backpressure === 'newest') await this.#leaveModelAhead();
      const queued = this.#queue.shift();
      if (queued === undefined) return;
      await this.#act(queued);
    }
  }

  /**
   * Lets the mask in flight come until something is to be done meanwhile: what is no set at once, a set when the model is
   * about to be free. Until then a newer set may take its place.
   */
  async #leaveModelAhead(): Promise<void> {
    while (this.#delivery.mask !== undefined && this.#queue.next !== 'other') {
      const waitMs = this.#queue.next === 'set' ? this.#overlap.untilDecoding() : Number.POSITIVE_INFINITY;
      if (waitMs === 0) return;
      if ((await this.#overlap.wait(this.#delivery.mask, waitMs)) === 'mask') await this.#delivery.passOn();
    }
  }

  async #act({ event, queuedAtMs }: QueuedEvent): Promise<void> {
    switch (event.kind) {
      case 'complete':
      case 'partial':
        return this.#makeMask(event, queuedAtMs);
      case 'overtaken':
        return this.#giveUp(event, 'overtaken by a newer set while the model was busy');
      case 'dropped':
        return this.#drop(event, describeDrop(event.reason, event.absent));
      case 'probe': {
        const { modality, sample } = event;
        const selection = { modality, message: sample.value, stamp: sample.stamp, kind: 'sample' } as const;
        const { verdict } = await this.#options.models.taking(modality).assembler.judge(selection);
        this.#reportContent(selection, verdict);
        return this.#queue.push(this.#options.synchronizer.advance(this.#now));
      }
      case 'transition': {
        const { modality, from, to, reason, cause, at } = event;
        const change = { modality, from, to, reason, cause, at: this.#receiveTime.toStamp(at) };
        return this.#delivery.tell(() => this.#options.sink.modalityChanged(change));
      }
      case 'warning':
        return this.#warnOfClock(event.modality, event.cause, this.#receiveTime.toStamp(event.at));
      case 'stalled': {
        const { cause, reason, at } = event;
        const about = { code: cause.code, modality: event.modality, cause };
        return this.#options.sink.problem(`No mask: ${reason}.`, this.#receiveTime.toStamp(at), about);
      }
      case 'resumed':
        return;
      case 'reset':
        this.#options.rigs.reset();
        this.#options.models.reset();
        this.#options.plausibility?.reset();
        return this.#options.sink.problem(
          `Everything received before was cleared: ${event.reason}.`,
          this.#receiveTime.toStamp(this.#now),
          { code: 'time-line' },
        );
    }
  }

  async #makeMask(set: SetEvent, queuedAtMs: number): Promise<void> {
    // Health goes on: it is judged by headers, and what looks wrong is probed.
    if (!this.#isWanted()) return this.#delivery.finish();
    const { stamp } = set;
    const { models } = this.#options;
    const selections = new Map(this.#selectionsOf(set).map((selection) => [selection.modality, selection]));
    const assembled = await assembleSet(models, selections, set.absent, stamp, ({ selection, verdict }) =>
      this.#reportContent(selection, verdict),
    );
    const { link, images, absent, missing, decodeMs } = assembled;
    this.#queue.push(this.#options.synchronizer.advance(this.#now));
    const doubt = async () => {
      if (link === undefined || assembled.drawn.size > 0) await this.#doubt(assembled.drawn, stamp, set.closed);
    };
    const lack = lackOf(this.#options, selections, assembled);
    if (link === undefined || lack !== undefined) {
      await doubt();
      const passedOver = models.passedOver(undefined, missing);
      return this.#drop(set, lack ?? describeModelReason({ code: 'no-model', passedOver }));
    }

    const grid = link.gridRig.grid();
    const closedAt = this.#receiveTime.toStamp(set.closed);
    const { use: model, change: cause } = models.use(link, missing);
    const change = cause && { model, cause, reason: describeModelReason(cause), at: closedAt };
    this.#overlap.decoded(decodeMs);
    const frameSet = { stamp, frameId: grid.frameId, images, absent };
    const frame = {
      model,
      reference: set.reference,
      absent,
      images,
      messages: new Map([...selections].map(([modality, { message }]) => [modality, message])),
      grid,
      arrivedAt: this.#receiveTime.toStamp(set.opened),
      closedAt,
    };
    const decoded = { set, queuedAtMs, decodeMs, link, change, frameSet, frame };
    // This set was decoded while the one before was in the model.
    await this.#delivery.begin(() => segmentSet(this.#options, this.#overlap, decoded));
    // To compare sensors takes some milliseconds: the model works meanwhile.
    await doubt();
  }

  /** Looks for what no single message shows, and tells what has changed. */
  async #doubt(images: ReadonlyMap<string, ModalityImage>, stamp: Stamp, closed: number): Promise<void> {
    const { plausibility, synchronizer } = this.#options;
    if (plausibility === undefined) return;
    await plausibility.seeInSlices(images, stamp);
    for (const { modality } of synchronizer.options.streams) {
      await this.#warn('content', modality, plausibility.against(modality), this.#receiveTime.toStamp(closed));
    }
  }

  /** What the synchroniser has to say against a clock: one message that is left out, or something that goes on. */
  async #warnOfClock(modality: string, cause: Reason | undefined, at: Stamp): Promise<void> {
    if (cause?.code === 'stamp-refused') {
      const about = { code: cause.code, modality, cause };
      return this.#options.sink.problem(`${modality}: ${describeReason(cause)}`, at, about);
    }
    await this.#warn('timing', modality, cause, at);
  }

  /** Tells what is to be watched of a sensor where that is something else than before. */
  async #warn(who: 'content' | 'timing', modality: string, found: Reason | undefined, at: Stamp): Promise<void> {
    if (!this.#warnings.update(who, modality, found)) return;
    const cause = this.#warnings.told.get(modality);
    const warning = { modality, cause, reason: cause && describeReason(cause), at };
    await this.#delivery.tell(() => this.#options.sink.warned?.(warning));
  }

  async #drop({ stamp, opened }: { stamp: Stamp; opened: number }, reason: string): Promise<void> {
    const times = { stamp, arrivedAt: this.#receiveTime.toStamp(opened) };
    await this.#delivery.tell(() => this.#options.sink.dropped({ kind: 'lost', ...times, reason }));
  }

  /** The set that took its place is to be decoded meanwhile, so the mask before is not waited for. */
  #giveUp({ stamp, opened }: OvertakenSet, reason: string): Promise<void> {
    const dropped = { kind: 'overtaken' as const, stamp, arrivedAt: this.#receiveTime.toStamp(opened), reason };
    return this.#delivery.tellLater(() => this.#options.sink.dropped(dropped));
  }

  #selectionsOf({ matches }: Pick<SetEvent, 'matches'>): Selection[] {
    return [...matches].flatMap(([modality, match]) => this.#select(modality, match) ?? []);
  }

  #select(modality: string, match: Match<RawMessage, Stamp>): Selection | undefined {
    if (match.kind === 'sample') {
      const { stamp, value } = match.sample;
      return { modality, message: value, stamp, kind: 'sample' };
    }
    const message = match.packets.at(-1)?.value ?? this.#newest.get(modality);
    return message && { modality, message, stamp: match.end, kind: 'window' };
  }

  #isWanted(): boolean {
    return this.#options.isWanted?.() ?? true;
  }

  #reportContent({ modality, message, stamp }: Selection, verdict: ContentVerdict): void {
    const { synchronizer, sink } = this.#options;
    if (verdict.kind === 'invalid') {
      sink.problem(`${modality}: ${verdict.reason}`, message.receiveStamp, aboutSensor(modality, verdict));
    }
    synchronizer.reportContent(modality, stamp, verdict, this.#now);
  }
}

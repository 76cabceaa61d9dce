import type { NodeSettings } from '../configuration/index.js';
import { TRANSFORM_TOPICS } from '../configuration/topics.js';
import { millisecondsBetween, type RawMessage, type Stamp } from '../messages/index.js';
import type { Bundle } from '../model/index.js';
import {
  createPipeline,
  type FrameSegmenter,
  type Pipeline,
  type PipelineSink,
  type RunningModel,
  type TopicAssignment,
  type TopicSelection,
} from '../pipeline/index.js';
import type { RosNode } from '../ros/index.js';
import { type ConfiguredCalibration, describeSensorNotice, type SensorReason } from '../sensors/index.js';
import { adviseReason, describeReason, type SynchronizerStatus } from '../sync/index.js';
import { ArrivalClock } from './arrival_clock.js';
import type { TopicReport } from './diagnostics/index.js';
import { IdleListening } from './idle_listening.js';
import { Inputs } from './inputs/index.js';
import { WakeTimer } from './wake_timer.js';

export interface PerceptionOptions {
  ros: RosNode;
  bundle: Bundle;
  /** Models that stand by for it, best first. */
  fallbacks: readonly RunningModel[];
  /** The sensors of all models. */
  sensors: Bundle['modalities'];
  settings: NodeSettings;
  /** Calibration to start with. */
  configured: ConfiguredCalibration;
  segmenter: FrameSegmenter;
  /** Whether anybody wants a mask now. */
  isWanted: () => boolean;
  sink: PipelineSink;
  /** Told once of what is wrong with a topic that is to be read. */
  onInputProblem: (text: string) => void;
  /** Told when no mask will come any more. */
  onFailure: (error: Error) => void;
}

/** The clock is looked at this often until it runs. */
const CLOCK_INTERVAL_MS = 50;
/** A step of the clock that no drive and no pause explains: another bag, or simulation instead of the present. */
const NEW_TIME_MS = 24 * 3600 * 1000;

/** What runs while the node is active: topics into a pipeline, on the node's clock. */
export class Perception {
  readonly #options: PerceptionOptions;
  readonly #clock: ArrivalClock;
  readonly #wakeTimer: WakeTimer;
  #settings: NodeSettings;
  #running: { pipeline: Pipeline; inputs: Inputs; idle: IdleListening } | undefined;
  #clockTimer: NodeJS.Timeout | undefined;
  #lastNow: Stamp = 0n;
  /** When topics were last let go of. */
  #restedAt: Stamp = 0n;
  #startedAtMs: number | undefined;
  #state: 'open' | 'closed' = 'open';

  constructor(options: PerceptionOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#clock = new ArrivalClock({
      ros: options.ros,
      onHeldUp: (by, now) => {
        // While nothing is read all stands still, until the sensors are looked at again.
        if (this.restingForMs === undefined) this.#running?.pipeline.heldUp(by, now);
      },
    });
    this.#wakeTimer = new WakeTimer(this.#clock, (now) => this.#wake(now));
    this.#start();
  }

  /** Health of every modality; undefined while simulated time has not begun. */
  status(): SynchronizerStatus | undefined {
    return this.#running?.pipeline.status();
  }

  /** The stamp of a time in {@link status}. */
  stampOf(relative: number): Stamp {
    return this.#running?.pipeline.stampOf(relative) ?? 0n;
  }

  /** What is odd about sensors that are alive, by modality, in words. */
  concerns(): ReadonlyMap<string, string> {
    const concerns = this.#running?.pipeline.concerns() ?? [];
    const words = new Map([...concerns].map(([modality, notice]) => [modality, describeSensorNotice(notice)]));
    // What is wrong now comes before what has been odd for long.
    for (const [modality, cause] of this.#running?.pipeline.warnings() ?? []) {
      words.set(modality, [describeReason(cause), adviseReason(cause, 'robot')].filter(Boolean).join('. '));
    }
    return words;
  }

  /** What is wrong with the calibration of modalities whose images can be made all the same. */
  calibrationWarnings(): ReadonlyMap<string, SensorReason> {
    const warnings = new Map<string, SensorReason>();
    for (const { name } of this.#options.sensors) {
      const reason = this.#running?.pipeline.calibrationWarning(name);
      if (reason !== undefined) warnings.set(name, reason);
    }
    return warnings;
  }

  /** Since when topics are read, in milliseconds; 0 while simulated time has not begun. */
  get runningForMs(): number {
    return this.#startedAtMs === undefined ? 0 : performance.now() - this.#startedAtMs;
  }

  /** For how long the topics have not been read, in milliseconds: all that is said of sensors is as of then. */
  get restingForMs(): number | undefined {
    return this.#running?.idle.restingForMs;
  }

  /** How the topics fare. */
  topics(): TopicReport[] {
    const asOf = this.restingForMs === undefined ? this.#clock.now() : this.#restedAt;
    return this.#running?.inputs.report(asOf) ?? [];
  }

  /** Applies settings that take effect at once. */
  retune(settings: NodeSettings): void {
    this.#settings = settings;
    const running = this.#running;
    if (running === undefined) return;
    running.idle.retune(settings.idleCheckMs);
    running.idle.resume();
    running.inputs.select(settings);
    this.#follow(running.pipeline.retune(settings.pipeline, this.#clock.now()));
  }

  /** Lets go of all topics; resolves once the mask in the making is done with. */
  async close(): Promise<void> {
    this.#state = 'closed';
    clearTimeout(this.#clockTimer);
    this.#clock.close();
    await this.#stop();
  }

  #start(): void {
    const { ros, bundle, fallbacks, configured, segmenter, sink, isWanted } = this.#options;
    if (this.#state === 'closed') return;
    this.#lastNow = this.#clock.now();
    if (this.#lastNow === 0n) {
      // Nothing can be said about the age of a message while there is no time.
      this.#clockTimer = setTimeout(() => this.#start(), CLOCK_INTERVAL_MS);
      return;
    }
    this.#startedAtMs ??= performance.now();
    const settings = this.#settings;
    const selection = topicSelection(settings, ros);
    const { minimum } = settings;
    const parts = { bundle, fallbacks, selection, config: settings.pipeline, configured, segmenter, sink, isWanted };
    const pipeline = createPipeline({ ...parts, ...(minimum && { minimum }), backpressure: 'newest' });
    const onMessage = (message: RawMessage) => this.#receive(pipeline, message);
    const onProblem = this.#options.onInputProblem;
    const onDriversChange = () => idle.lookNow();
    const inputs = new Inputs({ ros, clock: this.#clock, settings, onMessage, onProblem, onDriversChange });
    const idle = new IdleListening({
      inputs,
      isWanted,
      periodMs: settings.idleCheckMs,
      onRest: () => this.#rest(),
      onResume: () => this.#resume(pipeline),
    });
    this.#running = { pipeline, inputs, idle };
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    this.#wakeTimer.close();
    running?.idle.close();
    running?.inputs.close();
    // What went wrong in it was told when it did.
    await running?.pipeline.settle().catch(() => undefined);
  }

  #receive(pipeline: Pipeline, message: RawMessage): void {
    if (this.#running?.pipeline !== pipeline) return;
    if (this.#isNewTime(message.receiveStamp)) {
      this.#startAnew();
    } else {
      this.#running.idle.resume();
      this.#follow(pipeline.receive(message));
    }
  }

  #wake(now: Stamp): void {
    const running = this.#running;
    if (running === undefined) return;
    if (this.#isNewTime(now)) this.#startAnew();
    else this.#follow(running.pipeline.advanceTo(now));
  }

  #rest(): void {
    this.#restedAt = this.#clock.now();
    this.#wakeTimer.set(undefined);
    this.#clock.rest();
  }

  #resume(pipeline: Pipeline): void {
    if (this.restingForMs === undefined) this.#clock.resume();
    this.#follow(pipeline.resume(this.#clock.now()));
  }

  /** The pipeline takes what came without waiting for masks; what fails in it comes up here, sooner or later. */
  #follow(work: Promise<void>): void {
    work.catch((error: Error) => {
      if (this.#state === 'closed') return;
      void this.close();
      this.#options.onFailure(error);
    });
    this.#wakeTimer.set(this.restingForMs === undefined ? this.#running?.pipeline.nextWakeUp() : undefined);
  }

  #isNewTime(now: Stamp): boolean {
    const step = millisecondsBetween(this.#lastNow, now);
    this.#lastNow = now;
    return Math.abs(step) > NEW_TIME_MS;
  }

  /** Nothing known about the old time holds in the new one, transforms included: they are subscribed to anew. */
  #startAnew(): void {
    this.#options.sink.problem('The clock jumped by more than a day: everything starts anew.', this.#lastNow);
    void this.#stop();
    this.#start();
  }
}

/** Every modality has its topic, whether somebody publishes there or not. */
function topicSelection({ inputs }: NodeSettings, ros: RosNode): TopicSelection {
  const modalities = new Map<string, TopicAssignment>();
  for (const [name, { role, topic, messageType, cameraInfoTopic }] of inputs) {
    modalities.set(name, {
      kind: 'assigned',
      role,
      topic: ros.resolve(topic),
      type: messageType,
      reason: 'set by parameter',
      alternatives: [],
      ...(cameraInfoTopic !== undefined && { cameraInfo: ros.resolve(cameraInfoTopic) }),
    });
  }
  const transforms = { static: [TRANSFORM_TOPICS.static], dynamic: [TRANSFORM_TOPICS.dynamic] };
  return { modalities, transforms, problems: [] };
}

import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { NodeSettings, SettingsOutcome } from '../configuration/index.js';
import { OUTPUT_TOPICS } from '../configuration/topics.js';
import { ownValue } from '../records/own_value.js';
import type { RosNode, RosPublisher } from '../ros/index.js';
import { modalityStatusArray, type NodeReport, nodeDiagnostics } from './diagnostics/index.js';
import type { MaskFigures } from './figures.js';
import type { Lifecycle } from './lifecycle/index.js';
import type { LoadedModel } from './loaded_model.js';
import type { Perception } from './perception.js';

/** The parts of the node, as they are at the moment. */
export interface ReporterSources {
  lifecycle: Lifecycle;
  settings: () => SettingsOutcome;
  perception: () => Perception | undefined;
  model: () => LoadedModel | undefined;
  masks: () => MaskFigures;
}

const DEFAULT_PERIOD_MS = 1000;
/** Changes of state within this time are told together. */
const TOGETHER_MS = 10;
/** The delay is that beyond this interval. */
const LOOP_RESOLUTION_MS = 10;

/** Tells how the node fares: on /diagnostics in every state, on ~/modality_status while it is configured. */
export class Reporter {
  readonly #ros: RosNode;
  readonly #sources: ReporterSources;
  readonly #diagnostics: RosPublisher;
  readonly #eventLoop: IntervalHistogram = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  /** A timer a hundred times a second is a good part of what an idle node costs, and tells nothing of one. */
  #isMeasuring = false;
  #timer: NodeJS.Timeout;
  #statusTimer: NodeJS.Timeout | undefined;
  #periodMs = DEFAULT_PERIOD_MS;

  constructor(ros: RosNode, sources: ReporterSources) {
    this.#ros = ros;
    this.#sources = sources;
    const { name, type, qos, durability } = OUTPUT_TOPICS.find(({ key }) => key === 'diagnostics')!;
    this.#diagnostics = ros.advertise(name, type, { ...qos, durability });
    const outcome = sources.settings();
    if (outcome.kind === 'valid') this.#periodMs = outcome.settings.diagnosticsPeriodMs;
    this.#timer = setInterval(() => this.report(), this.#periodMs);
  }

  retune({ diagnosticsPeriodMs }: NodeSettings): void {
    if (diagnosticsPeriodMs === this.#periodMs) return;
    this.#periodMs = diagnosticsPeriodMs;
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.report(), diagnosticsPeriodMs);
  }

  /** Publishes how things stand now. */
  report(): void {
    const report = this.#collect(this.#takeDelays());
    this.#diagnostics.publish(nodeDiagnostics(report));
    this.#publishStatus(report);
  }

  /** A modality's state has changed: says so at once, but of several that change together only once. */
  modalityChanged(): void {
    this.#statusTimer ??= setTimeout(() => {
      this.#statusTimer = undefined;
      this.#publishStatus(this.#collect(undefined));
    }, TOGETHER_MS);
  }

  /** Another model makes the masks: says so at once. */
  modelChanged(): void {
    this.report();
  }

  close(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#statusTimer);
    this.#eventLoop.disable();
  }

  #publishStatus(report: NodeReport): void {
    this.#sources.model()?.publishers.publish('modality_status', modalityStatusArray(report));
  }

  #collect(eventLoop: NodeReport['eventLoop']): NodeReport {
    const { lifecycle, settings, perception, model, masks } = this.#sources;
    const now = this.#ros.now();
    const outcome = settings();
    const streams = outcome.kind === 'valid' ? outcome.settings.pipeline.sync.streams : {};
    const loaded = model();
    return {
      stamp: now,
      nodeName: this.#ros.fullName.slice(1),
      life: { state: lifeState(lifecycle), error: lifecycle.error },
      sync: perception()?.status(),
      modalities: (loaded?.sensors ?? []).map(({ name }) => ({
        name,
        essential: ownValue(streams, name)?.necessity === 'essential',
        expected: outcome.kind === 'valid' && outcome.settings.inputs.get(name)?.expected === true,
      })),
      concerns: perception()?.concerns() ?? new Map(),
      runningForMs: perception()?.runningForMs ?? 0,
      demand: this.#demand(),
      restingForMs: perception()?.restingForMs,
      minimum: outcome.kind === 'valid' ? outcome.settings.minimum : undefined,
      calibration: perception()?.calibrationWarnings() ?? new Map(),
      topics: perception()?.topics() ?? [],
      masks: masks().report(now),
      inference: loaded?.report(),
      fallbacks: loaded?.reportFallbacks() ?? [],
      models: loaded?.needs ?? [],
      eventLoop,
    };
  }

  /** Whether anybody wants the masks that this node could make now. */
  #demand(): NodeReport['demand'] {
    const { perception, model } = this.#sources;
    return perception() === undefined || (model()?.isMaskWanted() ?? true) ? 'wanted' : 'idle';
  }

  /** Of the time since the last call; undefined where masks were not wanted then. */
  #takeDelays(): NodeReport['eventLoop'] {
    const wasMeasuring = this.#isMeasuring;
    this.#isMeasuring = this.#sources.perception() !== undefined && this.#demand() === 'wanted';
    if (wasMeasuring !== this.#isMeasuring) this.#eventLoop[this.#isMeasuring ? 'enable' : 'disable']();
    if (!wasMeasuring) return undefined;
    const delayMs = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - LOOP_RESOLUTION_MS);
    const { max } = this.#eventLoop;
    const delays = { p99Ms: delayMs(this.#eventLoop.percentile(99)), maxMs: delayMs(max) };
    this.#eventLoop.reset();
    return max === 0 ? undefined : delays;
  }
}

function lifeState({ state }: Lifecycle): NodeReport['life']['state'] {
  switch (state) {
    case 'unconfigured':
    case 'inactive':
    case 'active':
    case 'finalized':
      return state;
    default:
      return 'in-transition';
  }
}

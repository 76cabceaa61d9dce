import { peekHeader, type RawMessage, type Stamp } from '../messages/index.js';
import type { ModelNeeds } from '../model/index.js';
import type { FrameResult, ModalityChange, ModalityWarning, ProblemAbout } from '../pipeline/index.js';
import { DriveConditions, type RunListener, readGroundTruth } from '../replay/index.js';
import { type ProblemList, problemSubject } from '../report/index.js';
import type { HealthLog } from './health_log.js';
import { HealthStatements } from './health_statements.js';
import { type PackedLabels, packLabels } from './packed_labels.js';
import { StampLedger, type StampOrigin } from './stamp_ledger.js';

/** One mask of a run, with what is needed to compare it. */
export interface MaskRecord {
  stamp: Stamp;
  /** When its reference message arrived. */
  arrivedAt: Stamp;
  /** When its set was closed, on the bag's clock: what inference takes differs from machine to machine. */
  publishedAt: Stamp;
  present: readonly string[];
  /** Name of the model that made it. */
  model: string;
  /** Mean weight over the feature levels. */
  routing?: ReadonlyMap<string, number>;
  labels: PackedLabels;
  /** Distance of each image's stamp from the mask's, nanoseconds. */
  imageDistance: ReadonlyMap<string, number>;
  stampOrigin: StampOrigin;
  /** That of the drive, where the bag tells it. */
  condition?: string;
}

/** All that is kept of one run of a bag through the pipeline. */
export interface RunRecord {
  masks: readonly MaskRecord[];
  /** Label images by stamp, as the bag holds them. */
  groundTruth: ReadonlyMap<Stamp, PackedLabels>;
  /** Receive stamps of the first and the last message. */
  span: { first: Stamp; last: Stamp };
  /** Receive stamps of each modality's messages, rising. */
  received: ReadonlyMap<string, readonly Stamp[]>;
  /** What was said of each sensor and of all together, at the levels `/diagnostics` has. */
  health: HealthLog;
}

export interface RecordingOptions {
  modalityByTopic: ReadonlyMap<string, string>;
  /** All modalities of the bundle, and those without which there is no mask. */
  modalities: readonly string[];
  essential: ReadonlySet<string>;
  /** What each model needs. */
  models?: readonly ModelNeeds[];
  /** `kept`: label images are kept for scoring; one run of the bag is enough. */
  groundTruth: 'kept' | 'ignored';
  /** Classes of the model: label images with others cannot be scored. */
  classCount?: number;
  /** By id in the bag that of the model, where they differ. */
  truthTable?: Uint8Array;
  /** Takes what is wrong with messages; of runs with faults, which make messages wrong, nobody wants it. */
  problems?: ProblemList;
  /** Called with each mask while its images are still at hand. */
  onMask?: (frame: FrameResult) => Promise<void> | void;
}

/** Listens to a run and keeps its record. */
export class RunRecording implements RunListener {
  readonly #options: RecordingOptions;
  readonly #masks: MaskRecord[] = [];
  readonly #groundTruth = new Map<Stamp, PackedLabels>();
  readonly #stamps = new StampLedger();
  readonly #received = new Map<string, Stamp[]>();
  readonly #statements: HealthStatements;
  readonly #conditions = new DriveConditions();
  #span: { first: Stamp; last: Stamp } | undefined;

  constructor(options: RecordingOptions) {
    this.#options = options;
    this.#statements = new HealthStatements(options.modalities, options.essential, options.models);
  }

  /** @throws Error where nothing was received at all */
  record(): RunRecord {
    if (this.#span === undefined) throw new Error('Expected messages in the bag but received none.');
    return {
      masks: this.#masks,
      groundTruth: this.#groundTruth,
      span: this.#span,
      received: this.#received,
      health: this.#statements.log,
    };
  }

  /** Takes a message in as the pipeline is given it. */
  received(raw: RawMessage): void {
    this.#span = { first: this.#span?.first ?? raw.receiveStamp, last: raw.receiveStamp };
    const modality = this.#options.modalityByTopic.get(raw.topic);
    if (modality === undefined) return;
    const received = this.#received.get(modality) ?? [];
    received.push(raw.receiveStamp);
    this.#received.set(modality, received);
    const header = peekHeader(raw);
    if (header.kind === 'header') this.#stamps.deliver(modality, header.stamp);
  }

  groundTruth(raw: RawMessage): void {
    const { groundTruth, classCount, truthTable, problems } = this.#options;
    if (groundTruth === 'ignored') return;
    const outcome = readGroundTruth(raw, classCount, truthTable);
    if (outcome.kind === 'labels') this.#groundTruth.set(outcome.stamp, packLabels(outcome.image));
    else problems?.add('warning', `Ground truth: ${outcome.reason}`, raw.receiveStamp, { code: 'ground-truth' });
  }

  async published(frame: FrameResult): Promise<void> {
    const { segmentation, model, reference, images, arrivedAt, closedAt } = frame;
    const { stamp, width, height, labels, present, routing } = segmentation;
    const condition = this.#conditions.at(stamp);
    this.#masks.push({
      stamp,
      arrivedAt,
      publishedAt: closedAt,
      present,
      model: model.name,
      ...(routing && { routing: new Map([...routing].map(([name, weights]) => [name, mean(weights)])) }),
      labels: packLabels({ width, height, labels }),
      imageDistance: new Map([...images].map(([name, image]) => [name, Math.abs(Number(image.stamp - stamp))])),
      stampOrigin: this.#stamps.use(reference, stamp),
      ...(condition !== undefined && { condition }),
    });
    try {
      await this.#options.onMask?.(frame);
    } catch (error) {
      this.problem(`A picture is left out of the report: ${(error as Error).message}`, closedAt);
    }
  }

  modalityChanged(change: ModalityChange): void {
    this.#statements.changed(change);
  }

  warned(warning: ModalityWarning): void {
    this.#statements.warned(warning);
  }

  problem(text: string, at: Stamp, about?: ProblemAbout): void {
    this.#options.problems?.add('warning', text, at, about && problemSubject(about));
  }

  condition(raw: RawMessage): void {
    try {
      this.#conditions.add(raw);
    } catch (error) {
      this.problem(`${raw.topic}: ${(error as Error).message}`, raw.receiveStamp);
    }
  }

  /** Frames without a mask show by their absence. */
  dropped(): void {}
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

import { resizeLabelsNearest } from '../evaluation/index.js';
import {
  type Bundle,
  type ClassMap,
  lackOf,
  type ModelFailure,
  type ModelLack,
  type ModelNeeds,
  type ModelReason,
  mapClasses,
  modelNeeds,
  type Segmentation,
} from '../model/index.js';
import type { SensorRig } from '../sensors/index.js';
import { type AbsentReason, isEnough } from '../sync/index.js';
import { FrameAssembler } from './frame_assembler.js';
import type { FrameSegmenter, ModelUse } from './results.js';

/** A model that may make masks. */
export interface PipelineModel {
  bundle: Bundle;
  segmenter: FrameSegmenter;
  /** Draws images as this model takes them; models may share one. */
  rig: SensorRig;
  /** Its grid is that of this model's masks. Another one than `rig` where another size is drawn of the same view. */
  gridRig: SensorRig;
}

/** One model of a chain. */
export interface ChainLink extends PipelineModel {
  readonly inputs: ModelNeeds;
  readonly assembler: FrameAssembler;
  readonly classes: ClassMap;
  /** Why it makes no mask any more. */
  failure: string | undefined;
}

/**
 * The models that may make a mask, best first: the primary one and its fallbacks. The first that has what it needs makes
 * it; masks are in the primary's classes and at its size, whoever made them.
 */
export class ModelChain {
  readonly links: readonly ChainLink[];
  readonly primary: ChainLink;
  #inUse: ChainLink;

  /** @param models - at least one */
  constructor(models: readonly PipelineModel[]) {
    const [primary] = models;
    const assemblers = new Map(models.map(({ rig }) => [rig, new FrameAssembler(rig)]));
    this.links = models.map((model) => ({
      ...model,
      inputs: modelNeeds(model.bundle),
      assembler: assemblers.get(model.rig)!,
      classes: mapClasses(model.bundle, primary!.bundle),
      failure: undefined,
    }));
    this.primary = this.links[0]!;
    this.#inUse = this.primary;
  }

  /** What each takes and needs, best first. */
  get inputs(): readonly ModelNeeds[] {
    return this.links.map(({ inputs }) => inputs);
  }

  /** The first model that has enough and runs. */
  choose(isThere: (modality: string) => boolean): ChainLink | undefined {
    return this.links.find(({ inputs, failure }) => failure === undefined && isEnough(inputs, isThere));
  }

  /** The one that made the last mask. */
  get inUse(): ChainLink {
    return this.#inUse;
  }

  /** The first model that takes a modality. */
  taking(modality: string): ChainLink {
    return this.links.find(({ inputs }) => inputs.modalities.includes(modality)) ?? this.primary;
  }

  /**
   * Gives a model up whose worker has failed for good.
   * @returns whether others are left
   */
  giveUp(link: ChainLink, failure: string): 'others-left' | 'none-left' {
    if (this.links.length === 1) return 'none-left';
    link.failure = failure;
    return this.links.some((other) => other.failure === undefined) ? 'others-left' : 'none-left';
  }

  /** Why the models before `chosen` do not make a mask, or none does. */
  passedOver(
    chosen: ChainLink | undefined,
    absent: ReadonlyMap<string, AbsentReason>,
  ): readonly (ModelLack | ModelFailure)[] {
    const before = chosen === undefined ? this.links : this.links.slice(0, this.links.indexOf(chosen));
    return before.map(({ inputs, failure }) =>
      failure === undefined ? lackOf(inputs, (modality) => absent.get(modality)) : { model: inputs.model, failure },
    );
  }

  /** Notes who makes the mask; tells why, where it is another one than before. */
  use(
    chosen: ChainLink,
    absent: ReadonlyMap<string, AbsentReason>,
  ): { use: ModelUse; change: ModelReason | undefined } {
    const { name } = chosen.bundle;
    const isPrimary = chosen === this.primary;
    const cause: ModelReason | undefined = isPrimary
      ? undefined
      : { code: 'fallback-in-use', model: name, passedOver: this.passedOver(chosen, absent) };
    const isOther = chosen !== this.#inUse;
    this.#inUse = chosen;
    const change = isOther ? (cause ?? { code: 'model-in-use-again', model: name }) : undefined;
    return { use: { name, sha256: chosen.bundle.sha256, role: isPrimary ? 'primary' : 'fallback', cause }, change };
  }

  /** A model's mask in the classes of the primary one. */
  inClasses(segmentation: Segmentation, { classes: { table } }: ChainLink): Segmentation {
    if (table === undefined) return segmentation;
    return { ...segmentation, labels: segmentation.labels.map((label) => table[label]!) };
  }

  /** A mask at the size of the primary model's. */
  atSize(segmentation: Segmentation): Segmentation {
    const { width, height } = this.primary.bundle.input;
    if (segmentation.width === width && segmentation.height === height) return segmentation;
    const resized = (pixels: Uint8Array) => resizeLabelsNearest(pixels, segmentation, { width, height });
    const { labels, confidence } = segmentation;
    return {
      ...segmentation,
      width,
      height,
      labels: resized(labels),
      ...(confidence && { confidence: resized(confidence) }),
    };
  }

  reset(): void {
    for (const { assembler } of this.links) assembler.reset();
  }
}

import type { RawMessage, Stamp } from '../messages/index.js';
import { type Bundle, modalitiesOfAll } from '../model/index.js';
import {
  type ConfiguredCalibration,
  type ModalityInput,
  type MotionOptions,
  Plausibility,
  type SensorOptions,
  SensorRig,
} from '../sensors/index.js';
import { Synchronizer, type SynchronizerOptions, synchronizerOptions } from '../sync/index.js';
import { type PipelineConfig, withoutUndefined } from './config.js';
import { ModelChain, type PipelineModel } from './model_chain.js';
import { Pipeline } from './pipeline.js';
import type { PipelineOptions } from './pipeline_options.js';
import { planRigs, type RigPlan } from './plan_rigs.js';
import { describeNotice, type FrameSegmenter, type PipelineNotice, type PipelineSink } from './results.js';
import { RigGroup } from './rig_group.js';
import { roleOf } from './topic_roles.js';
import type { TopicSelection } from './topic_selection.js';

type Tell = (notice: PipelineNotice) => void;

/** A model and what runs it. */
export interface RunningModel {
  bundle: Bundle;
  segmenter: FrameSegmenter;
}

export interface PipelineParts extends RunningModel {
  /** Models that make the mask where the one before has not what it needs, best first. */
  fallbacks?: readonly RunningModel[];
  selection: TopicSelection;
  config: PipelineConfig;
  sink: PipelineSink;
  backpressure: 'wait' | 'newest';
  /** Another synchroniser than the project's own: what a test holds it against. */
  createSynchronizer?: (options: SynchronizerOptions) => Synchronizer<RawMessage, Stamp>;
  /** Calibration for what is not published. */
  configured?: ConfiguredCalibration;
  isWanted?: PipelineOptions['isWanted'];
  minimum?: PipelineOptions['minimum'];
}

/**
 * Wires a pipeline for the modalities of all its models, each read from the topic that was chosen for it. A modality
 * without a topic is simply never there; a camera without one may still have its CameraInfo, which is the grid for the
 * others.
 */
export function createPipeline(parts: PipelineParts): Pipeline {
  const { bundle, segmenter, fallbacks = [], selection, config, sink, backpressure, isWanted, minimum } = parts;
  const { createSynchronizer = (options) => new Synchronizer<RawMessage, Stamp>(options) } = parts;
  const tell = tellingOnce(sink);
  const inputs = new Map<string, ModalityInput>();
  const modalityByTopic = new Map<string, string>();
  for (const [modality, assignment] of selection.modalities) {
    const { cameraInfo } = assignment;
    if (assignment.kind === 'assigned') modalityByTopic.set(assignment.topic, modality);
    else if (cameraInfo === undefined) continue;
    const topic = assignment.kind === 'assigned' ? assignment.topic : '';
    inputs.set(modality, {
      ...sensorOptions(config, modality),
      topic,
      ...(cameraInfo !== undefined && { infoTopic: cameraInfo }),
    });
  }
  const running = [{ bundle, segmenter }, ...fallbacks];
  const plans = planRigs(running.map((model) => model.bundle));
  const rigs = plans.map((plan) => createRig(plan, inputs, parts, tell));
  const models = new ModelChain(running.map((model) => placeModel(model, plans, rigs)));
  const streams = modalitiesOf(running.map((model) => model.bundle)).map(({ name, representation }) => ({
    modality: name,
    match: roleOf(representation) === 'events' ? ('window' as const) : ('nearest' as const),
  }));
  const takes = models.inputs;
  for (const { bundle: other, classes } of models.links) {
    const { name: model } = other;
    if (classes.unlabeled.length === 0) continue;
    const notice = { code: 'classes-unlabeled', modality: undefined, model, primary: bundle.name } as const;
    tell({ ...notice, classes: classes.unlabeled });
  }
  return new Pipeline({
    rigs: new RigGroup(
      plans.map(({ modalities }, index) => ({
        rig: rigs[index]!,
        draws: new Set(modalities.map(({ name }) => name)),
      })),
    ),
    models,
    synchronizer: createSynchronizer(synchronizerOptions(streams, config.sync, takes.length > 1 ? takes : undefined)),
    sink,
    modalityByTopic,
    backpressure,
    plausibility: new Plausibility(plans[0]!.modalities),
    ...(isWanted && { isWanted }),
    ...(minimum && { minimum }),
  });
}

/**
 * The sensors of several models together, the primary one's first.
 * @throws BundleError where one name stands for different kinds of sensors
 */
export function modalitiesOf(bundles: readonly Pick<Bundle, 'name' | 'modalities'>[]): Bundle['modalities'] {
  return modalitiesOfAll(bundles, ({ representation }) => roleOf(representation));
}

function createRig(
  { size, reference, modalities, inputStatistics, bundles }: RigPlan,
  inputs: ReadonlyMap<string, ModalityInput>,
  { config, configured }: PipelineParts,
  tell: Tell,
): SensorRig {
  const isDrawn = modalities.some(({ name }) => name === reference.name);
  return new SensorRig({
    grid: size,
    modalities: isDrawn ? modalities : [reference, ...modalities],
    referenceCamera: reference.name,
    inputs,
    baseFrame: config.baseFrame,
    identicalLimit: config.identicalLimit,
    trainedOn: inputStatistics,
    proportions: bundles.some(keepsProportions) ? 'kept' : 'any',
    onNotice: tell,
    motion: motionOptions(config),
    ...(configured && { configured }),
  });
}

/** Letterbox and crop are laid out for pictures of the grid's proportions. */
function keepsProportions({ files }: Bundle): boolean {
  return files.kind === 'whole' && files.recipe.fit !== 'stretch';
}

function placeModel(model: RunningModel, plans: readonly RigPlan[], rigs: readonly SensorRig[]): PipelineModel {
  const own = plans.findIndex(({ bundles }) => bundles.includes(model.bundle));
  // Of the same view at another size the first rig knows the picture as well.
  const first = plans.findIndex(({ reference }) => reference.name === plans[own]!.reference.name);
  return { ...model, rig: rigs[own]!, gridRig: rigs[first]! };
}

/** Two rigs may find out the same. */
function tellingOnce(sink: PipelineSink): Tell {
  const told = new Set<string>();
  return (notice) => {
    const text = describeNotice(notice);
    if (!told.has(text)) sink.notice?.(notice);
    told.add(text);
  };
}

function sensorOptions({ sensors }: PipelineConfig, modality: string): SensorOptions {
  return Object.hasOwn(sensors, modality) ? withoutUndefined(sensors[modality]!) : {};
}

function motionOptions({ motion }: PipelineConfig): MotionOptions {
  return withoutUndefined(motion);
}

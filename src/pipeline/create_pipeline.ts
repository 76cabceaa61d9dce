import type { RawMessage, Stamp } from '../messages/index.js';
import type { Bundle } from '../model/index.js';
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
import { type FrameSegmenter, Pipeline, type PipelineOptions } from './pipeline.js';
import type { PipelineSink } from './results.js';
import { roleOf } from './topic_roles.js';
import type { TopicSelection } from './topic_selection.js';

export interface PipelineParts {
  bundle: Bundle;
  selection: TopicSelection;
  config: PipelineConfig;
  segmenter: FrameSegmenter;
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
 * Wires a pipeline for a bundle's modalities, each read from the topic that was chosen for it. A modality without a
 * topic is simply never there; a camera without one may still have its CameraInfo, which is the grid for the others.
 */
export function createPipeline(parts: PipelineParts): Pipeline {
  const { bundle, selection, config, segmenter, sink, backpressure, configured, isWanted, minimum } = parts;
  const { createSynchronizer = (options) => new Synchronizer<RawMessage, Stamp>(options) } = parts;
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
  const streams = bundle.modalities.map(({ name, representation }) => ({
    modality: name,
    match: roleOf(representation) === 'events' ? ('window' as const) : ('nearest' as const),
  }));
  return new Pipeline({
    rig: new SensorRig({
      grid: bundle.input,
      modalities: bundle.modalities,
      inputs,
      baseFrame: config.baseFrame,
      identicalLimit: config.identicalLimit,
      trainedOn: bundle.inputStatistics,
      onNotice: (notice) => sink.notice?.(notice),
      motion: motionOptions(config),
      ...(configured && { configured }),
    }),
    synchronizer: createSynchronizer(synchronizerOptions(streams, config.sync)),
    segmenter,
    sink,
    modalityByTopic,
    backpressure,
    plausibility: new Plausibility(bundle.modalities),
    ...(isWanted && { isWanted }),
    ...(minimum && { minimum }),
  });
}

function sensorOptions({ sensors }: PipelineConfig, modality: string): SensorOptions {
  return Object.hasOwn(sensors, modality) ? withoutUndefined(sensors[modality]!) : {};
}

function motionOptions({ motion }: PipelineConfig): MotionOptions {
  return withoutUndefined(motion);
}

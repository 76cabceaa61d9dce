import { FALLBACK_STARTS, PROVIDER_REQUESTS } from '../model/index.js';
import { type PipelineConfig, pipelineConfigSchema } from '../pipeline/index.js';
import { checkValue } from './check_value.js';
import { CheckedValues } from './checked_values.js';
import type { ParameterValue } from './definition.js';
import { parseMount } from './mounts/index.js';
import type { InputSettings, NodeSettings, OutputSettings } from './settings.js';
import { parameterTable } from './table.js';
import { IMAGE_FORMS, type ModalityRole, OUTPUT_TOPICS, type TopicQos } from './topics.js';

/** A sample of fewer bits is no 16-bit one. */
const FEWEST_BITS = 9;

export type SettingsOutcome = { kind: 'valid'; settings: NodeSettings } | { kind: 'invalid'; problems: string[] };

/**
 * Turns parameter values into settings. A parameter without a value has its default; values of names that are no
 * parameter are left to {@link unknownParameters}.
 * @returns one sentence for each value that is wrong, or the settings
 */
export function parseSettings(
  values: ReadonlyMap<string, ParameterValue>,
  modalities: readonly ModalityRole[],
): SettingsOutcome {
  const problems: string[] = [];
  const checked = new CheckedValues();
  for (const definition of parameterTable(modalities)) {
    const outcome = checkValue(definition, values.get(definition.name) ?? definition.default);
    if (outcome.kind === 'valid') checked.set(definition, outcome.value);
    else problems.push(outcome.problem);
  }
  if (problems.length === 0) problems.push(...contradictions(checked, modalities));
  if (problems.length > 0) return { kind: 'invalid', problems };
  return { kind: 'valid', settings: settingsOf(checked, modalities) };
}

/** What only several values together can get wrong. */
function contradictions(values: CheckedValues, modalities: readonly ModalityRole[]): string[] {
  const problems: string[] = [];
  if (values.flag('provider_required') && values.text('provider') === 'auto') {
    problems.push(
      "Expected the name of a provider for provider but received 'auto', while provider_required is true. " +
        'Name the one that is required.',
    );
  }
  if (values.text('odometry_topic') !== '' && values.text('fixed_frame') === '') {
    problems.push(
      "Expected the frame of its poses for fixed_frame but received '', while odometry_topic is set. " +
        'Name the frame_id of those messages, such as odom.',
    );
  }
  const minimum = values.text('minimum');
  const strangers = minimum === 'any' ? [] : minimum.split(/[|+]/).filter((name) => !isModality(name, modalities));
  if (minimum !== '' && modalities.length > 0 && strangers.length > 0) {
    problems.push(
      `Expected ${modalities.map(({ name }) => name).join(', ')} or any for minimum but received ` +
        `'${strangers.join(', ')}'. Join modalities of the model by | (or) and + (and).`,
    );
  }
  for (const entry of values.texts('static_transforms')) {
    const mount = parseMount(entry);
    if (mount.kind === 'invalid') problems.push(mount.problem);
  }
  for (const { name, role } of modalities) {
    if (role === 'camera') problems.push(...bitDepthProblem(name, values.number(`modalities.${name}.bit_depth`)));
    if (role === 'lidar') continue;
    const file = values.text(`modalities.${name}.camera_info_file`);
    const frame = values.text(`modalities.${name}.camera_info_frame`);
    if (file !== '' && frame === '') {
      problems.push(
        `Expected the frame of ${file} for modalities.${name}.camera_info_frame but received ''. ` +
          'A calibration file does not tell its frame: name the optical frame of that camera.',
      );
    }
  }
  const seen = new Map<string, string>();
  for (const { name } of modalities) {
    const topic = values.text(`modalities.${name}.topic`);
    const other = seen.get(topic);
    if (other !== undefined) {
      problems.push(
        `Expected a topic of its own for modalities.${name}.topic but received '${topic}', which ${other} is read from.`,
      );
    }
    seen.set(topic, name);
  }
  return problems;
}

function isModality(name: string, modalities: readonly ModalityRole[]): boolean {
  return modalities.some((modality) => modality.name === name);
}

function bitDepthProblem(name: string, bits: number): string[] {
  if (bits === 0 || bits >= FEWEST_BITS) return [];
  return [
    `Expected 0 or ${FEWEST_BITS} to 16 for modalities.${name}.bit_depth but received ${bits}. ` +
      'Pictures of 8 bits need none.',
  ];
}

function settingsOf(values: CheckedValues, modalities: readonly ModalityRole[]): NodeSettings {
  const folder = values.text('model');
  const threads = values.number('threads');
  const limit = (name: string) => (values.number(name) === 0 ? 'none' : values.number(name));
  return {
    model: {
      folder: folder === '' ? undefined : folder,
      fallbacks: values.texts('fallbacks'),
      fallbackStart: values.choice('fallback_start', FALLBACK_STARTS),
      provider: values.choice('provider', PROVIDER_REQUESTS),
      fallback: values.flag('provider_required') ? 'none' : 'down',
      deviceId: values.number('device_id'),
      engineCache: values.text('engine_cache') || undefined,
      threads: threads === 0 ? undefined : threads,
      runTimeoutMs: limit('inference_timeout_ms'),
      startTimeoutMs: limit('start_timeout_ms'),
    },
    groundTruthTopic: values.text('ground_truth_topic') || undefined,
    autostart: values.flag('autostart'),
    alwaysOn: values.flag('always_on'),
    idleCheckMs: values.number('idle_check_s') * 1000,
    minimum: minimumOf(values.text('minimum'), modalities),
    diagnosticsPeriodMs: values.number('diagnostics_period_ms'),
    pipeline: pipelineConfig(values, modalities),
    inputs: new Map(modalities.map((modality) => [modality.name, inputSettings(values, modality)])),
    outputs: outputSettings(values),
  };
}

function pipelineConfig(values: CheckedValues, modalities: readonly ModalityRole[]): PipelineConfig {
  const priority = values.texts('reference_priority');
  const fixedFrame = values.text('fixed_frame');
  const odometryTopic = values.text('odometry_topic');
  return pipelineConfigSchema.parse({
    baseFrame: values.text('base_frame'),
    identicalLimit: values.number('frozen_after'),
    sensors: Object.fromEntries(modalities.flatMap((modality) => sensorConfig(values, modality))),
    motion: {
      ...(fixedFrame !== '' && { fixedFrame }),
      ...(odometryTopic !== '' && { odometryTopic }),
    },
    calibration: {
      cameraInfos: Object.fromEntries(modalities.flatMap((modality) => cameraInfoConfig(values, modality))),
      staticTransforms: values.texts('static_transforms'),
      lookAhead: values.flag('static_transforms_look_ahead'),
    },
    sync: {
      ...(priority.length > 0 && { referencePriority: priority }),
      deadlineMs: values.number('sync.deadline_ms'),
      latePeriods: values.number('sync.late_periods'),
      dropPeriods: values.number('sync.drop_periods'),
      dropSilenceMs: values.number('sync.drop_silence_ms'),
      invalidAfter: values.number('sync.invalid_after'),
      recoverAfter: values.number('sync.recover_after'),
      clockJumpMs: values.number('sync.clock_jump_ms'),
      streams: Object.fromEntries(modalities.map(({ name }) => [name, streamConfig(values, name)])),
    },
  });
}

function streamConfig(values: CheckedValues, modality: string): object {
  const prefix = `modalities.${modality}`;
  const periodMs = values.number(`${prefix}.period_ms`);
  const toleranceMs = values.number(`${prefix}.tolerance_ms`);
  return {
    offsetMs: values.number(`${prefix}.offset_ms`),
    necessity: values.flag(`${prefix}.essential`) ? 'essential' : 'optional',
    availability: values.flag(`${prefix}.enabled`) ? 'enabled' : 'disabled',
    ...(periodMs > 0 && { periodMs }),
    ...(toleranceMs > 0 && { toleranceMs }),
  };
}

function inputSettings(values: CheckedValues, { name, role }: ModalityRole): InputSettings {
  const prefix = `modalities.${name}`;
  const input = {
    role,
    topic: values.text(`${prefix}.topic`),
    messageType: messageTypeOf(values.text(`${prefix}.type`)),
    expected: values.flag(`${prefix}.expected`),
    qos: qosOf(values, prefix),
  };
  if (role === 'lidar') return { ...input, cameraInfoTopic: undefined };
  return { ...input, cameraInfoTopic: values.text(`${prefix}.camera_info_topic`) };
}

function messageTypeOf(type: string): string {
  return Object.hasOwn(IMAGE_FORMS, type) ? IMAGE_FORMS[type as keyof typeof IMAGE_FORMS] : type;
}

/** Alternatives of modalities that must be present together; by default any but event cameras, where there are others. */
function minimumOf(text: string, modalities: readonly ModalityRole[]): readonly (readonly string[])[] | undefined {
  if (text === 'any') return undefined;
  if (text !== '') return text.split('|').map((all) => all.split('+'));
  const others = modalities.filter(({ role }) => role !== 'events');
  return others.length === 0 || others.length === modalities.length ? undefined : others.map(({ name }) => [name]);
}

/** What a sensor is told, with its name; nothing where all of it is as it is without. */
function sensorConfig(values: CheckedValues, { name, role }: ModalityRole): [string, object][] {
  const prefix = `modalities.${name}`;
  const geometry = role === 'lidar' ? 'raw' : values.choice(`${prefix}.geometry`, ['raw', 'rectified']);
  const given = {
    ...(geometry !== 'raw' && { geometry }),
    ...(role !== 'events' && above(-1, 'frozenAfter', values.number(`${prefix}.frozen_after`))),
    ...(role === 'camera' && above(0, 'bitDepth', values.number(`${prefix}.bit_depth`))),
    ...(role === 'depth' && above(0, 'depthScale', values.number(`${prefix}.depth_scale`))),
    ...(role === 'lidar' && above(0, 'intensityFullScale', values.number(`${prefix}.intensity_full_scale`))),
    ...(role === 'lidar' && above(-1, 'dilation', values.number(`${prefix}.dilation`))),
  };
  return Object.keys(given).length === 0 ? [] : [[name, given]];
}

/** A number under its name, where it is above the one that stands for none. */
function above(absent: number, key: string, value: number): object {
  return value > absent ? { [key]: value } : {};
}

function cameraInfoConfig(values: CheckedValues, { name, role }: ModalityRole): [string, object][] {
  if (role === 'lidar') return [];
  const file = values.text(`modalities.${name}.camera_info_file`);
  return file === '' ? [] : [[name, { file, frameId: values.text(`modalities.${name}.camera_info_frame`) }]];
}

function outputSettings(values: CheckedValues): OutputSettings {
  return {
    size: values.choice('outputs.size', ['camera', 'model']),
    overlay: {
      opacity: values.number('outputs.overlay.opacity'),
      jpegQuality: values.number('outputs.overlay_compressed.quality'),
    },
    topics: new Map(
      OUTPUT_TOPICS.map(({ key, control, qos }) => {
        if (control === 'always') return [key, { publish: true, qos }];
        const prefix = `outputs.${key}`;
        return [key, { publish: values.flag(`${prefix}.publish`), qos: qosOf(values, prefix) }];
      }),
    ),
  };
}

function qosOf(values: CheckedValues, prefix: string): TopicQos {
  return {
    reliability: values.choice(`${prefix}.qos.reliability`, ['best_effort', 'reliable']),
    depth: values.number(`${prefix}.qos.depth`),
  };
}

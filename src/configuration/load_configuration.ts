import type { PipelineConfig } from '../pipeline/index.js';
import { show } from './check_value.js';
import type { ParameterDefinition, ParameterValue } from './definition.js';
import { listNames } from './list_names.js';
import { parseSettings } from './parse_settings.js';
import { type FileValues, readValues } from './read_values.js';
import type { NodeSettings } from './settings.js';
import { parameterTable } from './table.js';
import type { ModalityRole } from './topics.js';
import { isParameterOfRos, unknownParameters } from './unknown_names.js';

/** A configuration file as a desk works by it. */
export interface DeskConfiguration {
  config: PipelineConfig;
  /** What it says about the model; all of it has a default, see {@link DeskConfiguration.given}. */
  model: NodeSettings['model'];
  /** Names the file sets. */
  given: ReadonlySet<string>;
  /** What it sets, as it stands there. */
  values: ReadonlyMap<string, ParameterValue>;
  /** What is worth a line to whoever runs it: settings that have no effect here. */
  notes: string[];
}

/**
 * Reads a configuration file for a desk: by the same names, defaults and checks as the node's parameters, in a
 * parameter file as the node takes it or without its frame. What a node does not check by itself, names that are none,
 * is refused here.
 * @param modalities - of the model
 * @throws Error with one sentence for each thing that is wrong
 */
export async function loadConfiguration(path: string, modalities: readonly ModalityRole[]): Promise<DeskConfiguration> {
  return deskConfiguration(await readValues(path), modalities);
}

/**
 * The pipeline's part of a configuration file.
 * @param modalities - of the model; by default those the file names, each of the kind its name says
 * @throws Error with one sentence for each thing that is wrong
 */
export async function loadPipelineConfig(path: string, modalities?: readonly ModalityRole[]): Promise<PipelineConfig> {
  const file = await readValues(path);
  return deskConfiguration(file, modalities ?? modalitiesNamed(file)).config;
}

/** Judges the values of a file as those of a node are judged. */
export function deskConfiguration(file: FileValues, modalities: readonly ModalityRole[]): DeskConfiguration {
  const table = parameterTable(modalities);
  const problems: string[] = [];
  const values = new Map<string, ParameterValue>();
  const unknown: string[] = [];
  const known = new Set(table.map(({ name }) => name));
  for (const [name, value] of file.values) {
    if (!known.has(name)) unknown.push(name);
    else if (isParameterValue(value)) values.set(name, value);
    else problems.push(`Expected a value for ${name} but received ${show(value as ParameterValue)}.`);
  }
  problems.push(...unknownParameters(unknown, [...known]));
  const outcome = parseSettings(values, modalities);
  if (outcome.kind === 'invalid') problems.push(...outcome.problems);
  if (outcome.kind === 'invalid' || problems.length > 0) {
    throw new Error(`The configuration in ${file.path} cannot be used. ${problems.join(' ')}`);
  }
  const { settings } = outcome;
  const given = new Set(values.keys());
  const ignored = [
    ...table.filter(({ name, scope }) => scope === 'node' && given.has(name)).map(({ name }) => name),
    ...unknown.filter(isParameterOfRos),
  ];
  const config = { ...settings.pipeline, topics: deskTopics(settings, given, table, file.namespace) };
  const notes = ignored.length === 0 ? [] : [`Without effect at a desk, in ${file.path}: ${listNames(ignored)}.`];
  return { config, model: settings.model, given, values, notes };
}

/**
 * Where a bag is read from: topics the file sets to something of its own must be there; those it leaves at their
 * default are taken where they are there and else found by type, encoding and name, as remapping does on a robot.
 */
function deskTopics(
  { inputs, groundTruthTopic }: NodeSettings,
  given: ReadonlySet<string>,
  table: readonly ParameterDefinition[],
  namespace: string | undefined,
): PipelineConfig['topics'] {
  const defaults = new Map(table.map((definition) => [definition.name, definition.default]));
  const named: Record<
    'modalities' | 'cameraInfo' | 'preferred' | 'preferredCameraInfo' | 'types',
    Record<string, string>
  > = { modalities: {}, cameraInfo: {}, preferred: {}, preferredCameraInfo: {}, types: {} };
  const place = (name: string, topic: string, set: Record<string, string>, prefer: Record<string, string>) => {
    const modality = name.split('.')[1]!;
    if (given.has(name)) (topic === defaults.get(name) ? prefer : set)[modality] = resolve(topic, namespace);
  };
  for (const [modality, { topic, cameraInfoTopic, messageType }] of inputs) {
    const prefix = `modalities.${modality}`;
    place(`${prefix}.topic`, topic, named.modalities, named.preferred);
    if (cameraInfoTopic !== undefined) {
      place(`${prefix}.camera_info_topic`, cameraInfoTopic, named.cameraInfo, named.preferredCameraInfo);
    }
    if (messageType !== 'auto') named.types[modality] = messageType;
  }
  return {
    ...Object.fromEntries(Object.entries(named).filter(([, topics]) => Object.keys(topics).length > 0)),
    ...(groundTruthTopic !== undefined && { groundTruth: resolve(groundTruthTopic, namespace) }),
  };
}

/** A relative name in its namespace; it stays relative where that is not known. */
function resolve(topic: string, namespace: string | undefined): string {
  const name = topic.replace(/^~\//, 'mle_sam/');
  return name.startsWith('/') || namespace === undefined ? name : `${namespace}/${name}`;
}

function isParameterValue(value: unknown): value is ParameterValue {
  if (Array.isArray(value)) return value.every((element) => typeof element === 'string');
  return ['boolean', 'number', 'bigint', 'string'].includes(typeof value);
}

/** Modalities a file names, for those who have no model at hand. */
function modalitiesNamed({ values }: FileValues): ModalityRole[] {
  const names = new Set([...values.keys()].flatMap((name) => /^modalities\.([^.]+)\./.exec(name)?.[1] ?? []));
  for (const priority of [values.get('reference_priority')].flat())
    if (typeof priority === 'string') names.add(priority);
  names.delete('');
  const roles = ['depth', 'events', 'lidar'] as const;
  return [...names].map((name) => ({ name, role: roles.find((role) => name.includes(role)) ?? 'camera' }));
}

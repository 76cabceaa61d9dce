import {
  judgeChanges,
  type NodeSettings,
  type ParameterDefinition,
  type ParameterValue,
  parameterDescriptor,
  parameterTable,
  parseSettings,
  type SettingsOutcome,
  unknownParameters,
} from '../configuration/index.js';
import type { ModalityRole } from '../configuration/topics.js';
import type { RosNode } from '../ros/index.js';
import type { RclParameter, RclSetParametersResult } from '../ros/rclnodejs.js';

/** rcl_interfaces/msg/ParameterType */
const NOT_SET = 0;
const TYPES = { bool: 1, integer: 2, double: 3, string: 4, string_array: 9 } as const;

export interface ParameterServerOptions {
  /** State of the node's life cycle: what may be changed depends on it. */
  phase: () => 'unconfigured' | 'inactive' | 'active';
  /** Told of settings that were changed and are in force. */
  onChange: (settings: NodeSettings) => void;
}

/**
 * The node's parameters on the graph: declares what the table says, and answers requests to change them. Judging is
 * ours, because what rclnodejs says of a value it refuses helps nobody.
 */
export class ParameterServer {
  readonly #ros: RosNode;
  readonly #options: ParameterServerOptions;
  readonly #overrides: ReadonlyMap<string, RclParameter>;
  #values = new Map<string, ParameterValue>();
  #modalities: readonly ModalityRole[] = [];
  #settings: SettingsOutcome | undefined;

  /** Declares the parameters that depend on no model, with the values from launch and command line. */
  constructor(ros: RosNode, options: ParameterServerOptions) {
    this.#ros = ros;
    this.#options = options;
    const { node } = ros.rcl;
    this.#overrides = new Map(node.getParameterOverrides().map((parameter) => [parameter.name, parameter]));
    this.#declareMissing();
    const change = node.setParametersAtomically.bind(node);
    node.setParametersAtomically = (parameters) => this.#set(parameters, change);
  }

  get modalities(): readonly ModalityRole[] {
    return this.#modalities;
  }

  /** Declares the parameters of a model's modalities as well. */
  declareModalities(modalities: readonly ModalityRole[]): void {
    this.#modalities = modalities;
    this.#declareMissing();
  }

  /** What the values say, or what is wrong with them. */
  settings(): SettingsOutcome {
    this.#settings ??= parseSettings(this.#values, this.#modalities);
    return this.#settings;
  }

  /** One sentence for each value that was given at the start under a name that is none. */
  unknownNames(): string[] {
    const known = parameterTable(this.#modalities).map(({ name }) => name);
    return unknownParameters(this.#overrides.keys(), known);
  }

  /** Names that were given at the start and mean something at a desk only. */
  namesForDesk(): string[] {
    const table = parameterTable(this.#modalities);
    return table.filter(({ name, scope }) => scope === 'desk' && this.#overrides.has(name)).map(({ name }) => name);
  }

  /** Sets a parameter as if somebody had asked for it on the graph. */
  set(name: string, value: ParameterValue): RclSetParametersResult {
    const definition = parameterTable(this.#modalities).find((candidate) => candidate.name === name);
    if (definition === undefined) return refusal(`Expected the name of a parameter but received '${name}'.`);
    const parameter = new this.#ros.rcl.module.Parameter(name, TYPES[definition.type], value);
    return this.#ros.rcl.node.setParametersAtomically([parameter]);
  }

  #declareMissing(): void {
    this.#settings = undefined;
    const { node, module } = this.#ros.rcl;
    for (const definition of parameterTable(this.#modalities)) {
      const { name } = definition;
      if (node.hasParameter(name)) continue;
      const given = this.#overrides.get(name)?.value as ParameterValue | undefined;
      // A value of the wrong type is kept for `settings` to complain of; rclnodejs would not take it.
      if (given !== undefined) this.#values.set(name, given);
      const message = parameterDescriptor(definition);
      const { description, read_only, type } = message;
      const descriptor = new module.ParameterDescriptor(name, type, description, read_only);
      // rclnodejs 2.2.0 tells nobody of the ranges it is given.
      descriptor.toMessage = () => message;
      const value =
        (given !== undefined && typedValue(definition, given)) || typedValue(definition, definition.default)!;
      node.declareParameter(new module.Parameter(name, type, value.value), descriptor, true);
    }
  }

  #set(
    parameters: readonly RclParameter[],
    change: (parameters: readonly RclParameter[]) => RclSetParametersResult,
  ): RclSetParametersResult {
    const definitions = new Map(parameterTable(this.#modalities).map((definition) => [definition.name, definition]));
    const isOurs = ({ name }: RclParameter) => definitions.has(name) || !this.#ros.rcl.node.hasParameter(name);
    const changes = new Map<string, ParameterValue>();
    for (const { name, type, value } of parameters.filter(isOurs)) {
      if (type === NOT_SET)
        return refusal(`Expected a value for ${name} but received none: a parameter stays declared.`);
      changes.set(name, value as ParameterValue);
    }
    if (changes.size === 0) return change(parameters);
    const state = { values: this.#values, modalities: this.#modalities, phase: this.#options.phase() };
    const outcome = judgeChanges(state, changes);
    if (outcome.kind === 'refused') return refusal(outcome.reason);
    const { Parameter } = this.#ros.rcl.module;
    const typed = parameters.map((parameter) => {
      const definition = definitions.get(parameter.name);
      const value = definition && typedValue(definition, parameter.value as ParameterValue);
      return definition && value ? new Parameter(parameter.name, TYPES[definition.type], value.value) : parameter;
    });
    const result = change(typed);
    if (!result.successful) return result;
    this.#values = new Map(outcome.values);
    this.#settings = { kind: 'valid', settings: outcome.settings };
    this.#options.onChange(outcome.settings);
    return result;
  }
}

function refusal(reason: string): RclSetParametersResult {
  return { successful: false, reason };
}

/** A value as rclnodejs wants it for a type: a whole number does for a double; undefined where nothing does. */
function typedValue(definition: ParameterDefinition, value: ParameterValue): { value: ParameterValue } | undefined {
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  switch (definition.type) {
    case 'bool':
      return typeof value === 'boolean' ? { value } : undefined;
    case 'integer':
      return isNumber && Number.isInteger(Number(value)) ? { value: BigInt(value) } : undefined;
    case 'double':
      return isNumber ? { value: Number(value) } : undefined;
    case 'string':
      return typeof value === 'string' ? { value } : undefined;
    case 'string_array':
      return Array.isArray(value) ? { value: [...value] } : undefined;
  }
}

import { expectation, type ParameterDefinition } from './definition.js';

/** rcl_interfaces/msg/ParameterType */
const TYPE = { bool: 1, integer: 2, double: 3, string: 4, string_array: 9 } as const;

/** rcl_interfaces/msg/ParameterDescriptor; what `ros2 param describe` and rqt_reconfigure show. */
export interface ParameterDescriptor {
  name: string;
  type: number;
  description: string;
  additional_constraints: string;
  read_only: boolean;
  dynamic_typing: boolean;
  floating_point_range: { from_value: number; to_value: number; step: number }[];
  integer_range: { from_value: bigint; to_value: bigint; step: bigint }[];
}

const EFFECT = {
  live: 'takes effect at once',
  activate: 'takes effect with the transition activate',
  configure: 'takes effect with the transition configure',
  start: 'takes effect with the start of the process',
} as const;

/** The descriptor a parameter is declared with. */
export function parameterDescriptor(definition: ParameterDefinition): ParameterDescriptor {
  const { name, type, description, unit, applies } = definition;
  return {
    name,
    type: TYPE[type],
    description: unit === undefined ? description : `${description} [${unit}]`,
    additional_constraints: `${expectation(definition)}; ${EFFECT[applies]}`,
    read_only: applies === 'start',
    // `100` in a parameter file is an integer, and nobody who writes it for a duration means anything else than 100.0.
    dynamic_typing: type === 'double',
    floating_point_range:
      definition.type === 'double'
        ? [{ from_value: definition.range.from, to_value: definition.range.to, step: 0 }]
        : [],
    integer_range:
      definition.type === 'integer'
        ? [{ from_value: BigInt(definition.range.from), to_value: BigInt(definition.range.to), step: 0n }]
        : [],
  };
}

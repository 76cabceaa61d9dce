import { z } from 'zod';
import type { Range } from './definition.js';

/** What a schema says about one number. */
export interface NumberRules {
  type: 'integer' | 'double';
  range: Range;
  default: number;
}

/**
 * Type, range and default of a number as the schema of a configuration file has them, so that a parameter of the node
 * and the key of a file that mean the same cannot differ.
 * @param whenAbsent - the value that stands for "not given": ROS parameters always have a value
 * @throws Error for a schema that is no number with bounds; that is a mistake in the table, not in anybody's input
 */
export function numberRules(schema: z.ZodType, whenAbsent?: number): NumberRules {
  const { type, minimum, exclusiveMinimum, maximum, default: given } = z.toJSONSchema(schema, { io: 'input' });
  const standard = typeof given === 'number' ? given : whenAbsent;
  const lowest = minimum ?? (typeof exclusiveMinimum === 'number' ? exclusiveMinimum : undefined);
  if ((type !== 'number' && type !== 'integer') || lowest === undefined || maximum === undefined) {
    throw new Error(`Expected a schema of a number with bounds but received one of ${type}`);
  }
  if (standard === undefined) throw new Error('Expected a default in the schema or a value that stands for none');
  const isOpen = minimum === undefined && standard !== lowest;
  return {
    type: type === 'integer' ? 'integer' : 'double',
    range: { from: lowest, to: maximum, ...(isOpen && { openBelow: true as const }) },
    default: standard,
  };
}

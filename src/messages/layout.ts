import { type MessageDefinitions, shortTypeName } from './definitions.js';

type Definition = MessageDefinitions[number];
type Field = Definition['definitions'][number];

/** How one field lies in CDR. */
export type FieldLayout = {
  name: string;
  /** `one`, a fixed number of elements, or `sequence`, whose number stands in front. */
  count: 'one' | number | 'sequence';
  /** Bytes that the field takes at least, alignment left out. */
  leastBytes: number;
} & (
  | { kind: 'primitive'; size: number; alignment: number }
  | { kind: 'string' }
  | { kind: 'structure'; structure: StructureLayout }
);

/** How a structure lies in CDR. */
export interface StructureLayout {
  fields: readonly FieldLayout[];
  /** Bytes that one takes at least, alignment left out; never 0. */
  leastBytes: number;
}

/** Size in bytes and CDR alignment of the primitives of fixed size. */
const PRIMITIVES: ReadonlyMap<string, { size: number; alignment: number }> = new Map([
  ['bool', { size: 1, alignment: 1 }],
  ['int8', { size: 1, alignment: 1 }],
  ['uint8', { size: 1, alignment: 1 }],
  ['int16', { size: 2, alignment: 2 }],
  ['uint16', { size: 2, alignment: 2 }],
  ['int32', { size: 4, alignment: 4 }],
  ['uint32', { size: 4, alignment: 4 }],
  ['float32', { size: 4, alignment: 4 }],
  ['int64', { size: 8, alignment: 8 }],
  ['uint64', { size: 8, alignment: 8 }],
  ['float64', { size: 8, alignment: 8 }],
  ['time', { size: 8, alignment: 4 }],
  ['duration', { size: 8, alignment: 4 }],
]);

/** Bytes of the number of elements of a sequence, and of the length of a string. */
const LENGTH_BYTES = 4;

/** Structures within structures at most: `nav_msgs/Path`, as deep as common interfaces get, has six. */
const MOST_LEVELS = 32;

/**
 * Lays a message type out, and checks that every message of it can be read in bounded time: definitions come with bags,
 * and nobody has checked those.
 * @param definitions - of the message and of all it contains
 * @throws Error with what is wrong, to stand behind `but it`
 */
export function layOut(definitions: MessageDefinitions): StructureLayout {
  const root = rootOf(definitions);
  if (root === undefined) throw new Error('defines no message');
  const byName = new Map(definitions.map((definition) => [definition.name ?? '', definition]));
  const done = new Map<Definition, StructureLayout>();
  const open: Definition[] = [];

  const structure = (definition: Definition): StructureLayout => {
    const known = done.get(definition);
    if (known !== undefined) return known;
    const name = definition.name ?? 'the message';
    if (open.includes(definition)) throw new Error(`contains ${name} in itself`);
    if (open.length >= MOST_LEVELS) throw new Error(`has more than ${MOST_LEVELS} levels of structures`);
    open.push(definition);
    const fields = definition.definitions.filter(({ isConstant }) => isConstant !== true).map(fieldLayout);
    open.pop();
    // ROS 2 gives a message without fields one byte, because an IDL structure cannot be empty.
    const leastBytes = fields.reduce((sum, field) => sum + field.leastBytes, 0) || 1;
    const layout = { fields, leastBytes };
    done.set(definition, layout);
    return layout;
  };

  const fieldLayout = (field: Field): FieldLayout => {
    const { name, type, isArray, isComplex, arrayLength } = field;
    if (arrayLength === 0) throw new Error(`has an array of no elements, ${name}`);
    const count = isArray !== true ? 'one' : (arrayLength ?? 'sequence');
    const least = (bytes: number) => (count === 'sequence' ? LENGTH_BYTES : bytes * (count === 'one' ? 1 : count));
    if (isComplex === true) {
      const nested = byName.get(type);
      if (nested === undefined) throw new Error(`does not define ${type}, the type of ${name}`);
      const layout = structure(nested);
      return { kind: 'structure', name, count, structure: layout, leastBytes: least(layout.leastBytes) };
    }
    if (type === 'string') return { kind: 'string', name, count, leastBytes: least(LENGTH_BYTES) };
    const primitive = PRIMITIVES.get(type);
    if (primitive === undefined) throw new Error(`has ${name} of type ${type}, which cannot be read`);
    return { kind: 'primitive', name, count, ...primitive, leastBytes: least(primitive.size) };
  };

  return structure(root);
}

/** The message itself; IDL texts put modules of constants before it. */
export function rootOf(definitions: MessageDefinitions): Definition | undefined {
  return definitions.find(
    ({ definitions: fields }) => fields.length === 0 || fields.some(({ isConstant }) => isConstant !== true),
  );
}

/**
 * What of `wanted` is not in `offered`, as `field data`; undefined where messages of `offered` serve whoever reads
 * `wanted`. Order and further fields are free.
 */
export function missingField(offered: MessageDefinitions, wanted: MessageDefinitions): string | undefined {
  const find = (definitions: MessageDefinitions, type: string) =>
    definitions.find(({ name }) => shortTypeName(name ?? '') === shortTypeName(type));
  const compare = (from: Definition | undefined, to: Definition | undefined, path: string): string | undefined => {
    for (const field of to?.definitions ?? []) {
      if (field.isConstant === true) continue;
      const name = `${path}${field.name}`;
      const found = from?.definitions.find((other) => other.isConstant !== true && other.name === field.name);
      if (found === undefined) return `no field ${name}`;
      if (!isSameKind(found, field)) return `another type for field ${name}`;
      if (field.isComplex !== true) continue;
      const missing = compare(find(offered, found.type), find(wanted, field.type), `${name}.`);
      if (missing !== undefined) return missing;
    }
    return undefined;
  };
  return compare(rootOf(offered), rootOf(wanted), '');
}

function isSameKind(offered: Field, wanted: Field): boolean {
  if ((offered.isArray === true) !== (wanted.isArray === true)) return false;
  if (wanted.arrayLength !== undefined && offered.arrayLength !== wanted.arrayLength) return false;
  if ((offered.isComplex === true) !== (wanted.isComplex === true)) return false;
  // Structures are compared by their fields.
  return wanted.isComplex === true || offered.type === wanted.type;
}

import { parse, stringify } from '@foxglove/rosmsg';
import { ros2jazzy } from '@foxglove/rosmsg-msgs-common';
import { extraDefinitions } from './extra_definitions.js';
import type { MessageSchema } from './raw_message.js';

/** A message type and the types it contains; the first entry describes the message itself. */
export type MessageDefinitions = ReturnType<typeof parse>;
type MessageDefinition = MessageDefinitions[number];
type Field = MessageDefinition['definitions'][number];

const SEPARATOR = '='.repeat(80);

/** The two types the parser folds into primitives, spelled out because other readers know no `time` primitive. */
const TIME_TYPES: Readonly<Record<string, string>> = {
  time: 'builtin_interfaces/Time',
  duration: 'builtin_interfaces/Duration',
};

const builtIn: ReadonlyMap<string, MessageDefinition> = new Map<string, MessageDefinition>([
  ...Object.entries(ros2jazzy),
  ...Object.entries(extraDefinitions).map(([name, text]): [string, MessageDefinition] => [
    name,
    { name, definitions: parse(text, { ros2: true, skipTypeFixup: true })[0]!.definitions },
  ]),
]);

/** `sensor_msgs/msg/Image` and `sensor_msgs/Image` both give `sensor_msgs/Image`, the spelling of definition texts. */
export function shortTypeName(type: string): string {
  return type.replace('/msg/', '/');
}

/** `sensor_msgs/Image`, as some writers name it, gives `sensor_msgs/msg/Image`; anything else stays as it is. */
export function fullTypeName(type: string): string {
  return type.replace(/^([A-Za-z]\w*)\/([A-Za-z]\w*)$/, '$1/msg/$2');
}

/**
 * The built-in definition of `type` with everything it contains, or undefined for a type we do not know.
 * @param type - `sensor_msgs/msg/Image` or `sensor_msgs/Image`
 */
export function builtInDefinitions(type: string): MessageDefinitions | undefined {
  const root = builtIn.get(shortTypeName(type));
  if (!root) return undefined;
  return withDependencies(root, (field) => (field.isComplex === true ? field.type : undefined));
}

/**
 * The schema of a built-in type as bags carry it: the message's own fields, then each type it contains.
 * @param type - `sensor_msgs/msg/Image` or `sensor_msgs/Image`
 * @throws Error for a type without built-in definition
 */
export function schemaFor(type: string): MessageSchema {
  const short = shortTypeName(type);
  const root = builtIn.get(short);
  if (!root) throw unknownType(type);
  const [own, ...dependencies] = withDependencies(root, (field) =>
    field.isComplex === true ? field.type : TIME_TYPES[field.type],
  );
  const parts = [definitionText(own!)];
  for (const dependency of dependencies) {
    parts.push(`${SEPARATOR}\nMSG: ${dependency.name}\n${definitionText(dependency)}`);
  }
  return { name: short.replace('/', '/msg/'), encoding: 'ros2msg', text: parts.join('') };
}

/** The error for a message of which neither the bag nor this project knows the definition. */
export function unknownType(type: string): Error {
  return new Error(
    `Expected a message type with a known definition but received ${type}: ` +
      'record the bag with its message definitions (MCAP does so by default), or leave the topic out',
  );
}

function withDependencies(
  root: MessageDefinition,
  dependencyOf: (field: Field) => string | undefined,
): MessageDefinitions {
  const found = new Map([[root.name ?? '', root]]);
  for (const definition of found.values()) {
    for (const field of definition.definitions) {
      const name = dependencyOf(field);
      if (name === undefined || found.has(name)) continue;
      const dependency = builtIn.get(name);
      if (!dependency) throw new Error(`Expected a definition of ${name}, which ${definition.name} contains`);
      found.set(name, dependency);
    }
  }
  return [...found.values()];
}

function definitionText(definition: MessageDefinition): string {
  const definitions = definition.definitions.map((field) => ({ ...field, type: TIME_TYPES[field.type] ?? field.type }));
  return `${stringify([{ definitions }]).trimEnd()}\n`;
}

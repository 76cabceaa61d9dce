import { createRequire } from 'node:module';
import { parse } from '@foxglove/rosmsg';
import { type MessageDefinitions, shortTypeName } from './definitions.js';
import type { MessageSchema } from './raw_message.js';

/**
 * Loaded with the first schema in IDL, which few bags have: it takes as long as a hundred of our own files. Decoding does
 * not wait for promises, hence `require`.
 */
const loadIdlParser = (): typeof import('@foxglove/ros2idl-parser') =>
  createRequire(import.meta.url)('@foxglove/ros2idl-parser');

/** The longest texts that are parsed; `sensor_msgs/CameraInfo` with all comments has 15 kB. IDL costs 10 ms a kB. */
const MOST_CHARACTERS = { ros2msg: 256 << 10, ros2idl: 64 << 10 } as const;

/** Types in one text at most: the parser compares each with each. */
const MOST_TYPES = 500;

/**
 * Parses the text of a schema, the message itself first.
 * @throws Error with what is wrong, to stand behind `but it`
 */
export function parseSchema({ name, encoding, text }: MessageSchema): MessageDefinitions {
  if (text.length > MOST_CHARACTERS[encoding]) {
    throw new Error(`has ${text.length} characters, more than ${MOST_CHARACTERS[encoding]}`);
  }
  if (text.split(/^(?:MSG|IDL):/m, MOST_TYPES + 2).length > MOST_TYPES + 1) {
    throw new Error(`defines more than ${MOST_TYPES} types`);
  }
  try {
    if (encoding === 'ros2msg') return parse(inShortNames(text), { ros2: true });
    return rootFirst(loadIdlParser().parseRos2idl(text).map(withRosTime), name);
  } catch (error) {
    const [reason = ''] = (error as Error).message.split('\n');
    throw new Error(`cannot be parsed: ${reason}`);
  }
}

/** Some writers spell types `std_msgs/msg/Header` where definition texts have `std_msgs/Header`. */
function inShortNames(text: string): string {
  return text.replaceAll(/^([ \t]*(?:MSG:[ \t]*)?)(\w+)\/msg\/(?=\w)/gm, '$1$2/');
}

/** IDL texts name every structure, in any order, and put modules of constants between them. */
function rootFirst(definitions: MessageDefinitions, name: string): MessageDefinitions {
  const root = definitions.find((definition) => shortTypeName(definition.name ?? '') === shortTypeName(name));
  return root ? [root, ...definitions.filter((definition) => definition !== root)] : definitions;
}

/** The IDL parser gives times the field names of ROS 1; the names of ROS 2 are put back. */
function withRosTime(definition: MessageDefinitions[number]): MessageDefinitions[number] {
  if (!/^builtin_interfaces\/(msg\/)?(Time|Duration)$/.test(definition.name ?? '')) return definition;
  const definitions = definition.definitions.map((field) =>
    field.name === 'nsec' ? { ...field, name: 'nanosec' } : field,
  );
  return { ...definition, definitions };
}

import { parseRos2idl } from '@foxglove/ros2idl-parser';
import { parse } from '@foxglove/rosmsg';
import { MessageReader, MessageWriter } from '@foxglove/rosmsg2-serialization';
import { builtInDefinitions, type MessageDefinitions, shortTypeName, unknownType } from './definitions.js';
import { checkExtents } from './extents.js';
import type { MessageSchema, RawMessage } from './raw_message.js';

/** What is needed to read the messages of one schema; parsing a definition costs, so it happens once a schema. */
interface Codec {
  definitions: MessageDefinitions;
  reader: MessageReader;
  /** True when the message starts with a `std_msgs/Header`, or is one. */
  startsWithHeader: boolean;
}

const codecsBySchema = new WeakMap<MessageSchema, Codec>();
const codecsByType = new Map<string, Codec>();
const writersByType = new Map<string, MessageWriter>();

/**
 * Decodes a message by the schema its bag carries, or by the built-in definition of its type.
 *
 * Times are `{sec, nanosec}`, 64-bit integers are bigint, arrays of numbers are typed arrays. `uint8[]` is a view on
 * `raw.data`, as are other arrays where alignment and byte order allow it.
 * @throws Error for an unknown type, and for a message whose lengths reach beyond its bytes (nothing is allocated then)
 */
export function decodeMessage<T>(raw: RawMessage): T {
  const codec = codecFor(raw);
  try {
    checkExtents(codec.definitions, raw.data);
    return codec.reader.readMessage<T>(raw.data);
  } catch (error) {
    throw new Error(`Cannot decode a message of ${raw.topic} as ${raw.type}: ${(error as Error).message}`);
  }
}

/**
 * Encodes a message as little-endian CDR with its encapsulation header, by the built-in definition of `type`.
 * Fields absent from `message` are written as zeros, as ROS does.
 * @returns exactly the message's bytes, in a buffer of their own
 * @throws Error for a type without built-in definition
 */
export function encodeMessage(type: string, message: object): Uint8Array {
  let writer = writersByType.get(type);
  if (!writer) {
    const definitions = builtInDefinitions(type);
    if (!definitions) throw unknownType(type);
    writer = new MessageWriter(definitions);
    writersByType.set(type, writer);
  }
  return writer.writeMessage(message);
}

/**
 * The reader for a message's schema or type.
 * @throws Error for an unknown type or a schema that cannot be parsed
 */
export function codecFor(raw: RawMessage): Codec {
  const { schema, type } = raw;
  if (schema && schema.text.trim() !== '') {
    let codec = codecsBySchema.get(schema);
    if (!codec) {
      codec = createCodec(parseSchema(schema), type);
      codecsBySchema.set(schema, codec);
    }
    return codec;
  }
  let codec = codecsByType.get(type);
  if (!codec) {
    const definitions = builtInDefinitions(type);
    if (!definitions) throw unknownType(type);
    codec = createCodec(definitions, type);
    codecsByType.set(type, codec);
  }
  return codec;
}

function createCodec(definitions: MessageDefinitions, type: string): Codec {
  const first = definitions[0]?.definitions.find((field) => field.isConstant !== true);
  const startsWithHeader =
    shortTypeName(type) === 'std_msgs/Header' || shortTypeName(first?.type ?? '') === 'std_msgs/Header';
  return { definitions, reader: new MessageReader(definitions), startsWithHeader };
}

function parseSchema(schema: MessageSchema): MessageDefinitions {
  try {
    if (schema.encoding === 'ros2msg') return parse(schema.text, { ros2: true });
    return rootFirst(parseRos2idl(schema.text).map(withRosTime), schema.name);
  } catch (error) {
    throw new Error(
      `Expected a ${schema.encoding} definition of ${schema.name} but its text cannot be parsed: ${(error as Error).message}`,
    );
  }
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

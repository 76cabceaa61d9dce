import { MessageReader, MessageWriter } from '@foxglove/rosmsg2-serialization';
import { builtInDefinitions, type MessageDefinitions, shortTypeName, unknownType } from './definitions.js';
import { checkExtents } from './extents.js';
import { layOut, missingField, rootOf, type StructureLayout } from './layout.js';
import { parseSchema } from './parse_schema.js';
import type { MessageSchema, RawMessage } from './raw_message.js';

/** What is needed to read the messages of one schema; parsing a definition costs, so it happens once a schema. */
interface Codec {
  kind: 'codec';
  layout: StructureLayout;
  reader: MessageReader;
  /** True when the message starts with a `std_msgs/Header`, or is one. */
  startsWithHeader: boolean;
  /** Why the standard definition of the type is used and not the one that came with the message; a sentence. */
  substitution: string | undefined;
}

/** Why messages of a schema or type cannot be read; a sentence. */
interface NoCodec {
  kind: 'unreadable';
  reason: string;
}

/** Types whose fields the project relies on; of others, older and newer versions are as good as the standard one. */
const RELIED_ON = new Set([
  'sensor_msgs/Image',
  'sensor_msgs/CompressedImage',
  'sensor_msgs/CameraInfo',
  'sensor_msgs/PointCloud2',
  'tf2_msgs/TFMessage',
  'std_msgs/String',
  'event_camera_msgs/EventPacket',
  'event_array_msgs/EventArray',
  'dvs_msgs/EventArray',
  'prophesee_event_msgs/EventArray',
]);

const codecsBySchema = new WeakMap<MessageSchema, Codec | NoCodec>();
const codecsByType = new Map<string, Codec | NoCodec>();
const writersByType = new Map<string, MessageWriter>();

/**
 * Decodes a message by the schema its bag carries, or by the built-in definition of its type: where the bag carries
 * none, and for standard types also where that one cannot be used (see {@link schemaProblem}).
 *
 * Times are `{sec, nanosec}`, 64-bit integers are bigint, arrays of numbers are typed arrays. `uint8[]` is a view on
 * `raw.data`, as are other arrays where alignment and byte order allow it.
 * @throws Error for an unknown type, and for a message whose lengths reach beyond its bytes (nothing is allocated then)
 */
export function decodeMessage<T>(raw: RawMessage): T {
  const codec = codecFor(raw);
  try {
    checkExtents(codec.layout, raw.data, raw.type);
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
 * What is wrong with the definition that came with a message and what is done about it, in a sentence; undefined where
 * it is used.
 */
export function schemaProblem(raw: RawMessage): string | undefined {
  const found = findCodec(raw);
  return found.kind === 'unreadable' ? found.reason : found.substitution;
}

/**
 * The reader for a message's schema or type.
 * @throws Error for an unknown type or a schema that cannot be used
 */
export function codecFor(raw: RawMessage): Codec {
  const found = findCodec(raw);
  if (found.kind === 'unreadable') throw new Error(found.reason);
  return found;
}

function findCodec({ schema, type }: RawMessage): Codec | NoCodec {
  if (schema === undefined || schema.text.trim() === '') return builtInCodec(type);
  let found = codecsBySchema.get(schema);
  if (found === undefined) {
    found = schemaCodec(schema, type);
    codecsBySchema.set(schema, found);
  }
  return found;
}

function schemaCodec(schema: MessageSchema, type: string): Codec | NoCodec {
  const standard = builtInCodec(type);
  try {
    const definitions = parseSchema(schema);
    const codec = createCodec(definitions, type);
    const isReliedOn = standard.kind === 'codec' && RELIED_ON.has(shortTypeName(type));
    const missing = isReliedOn ? missingField(definitions, builtInDefinitions(type)!) : undefined;
    if (missing !== undefined) throw new Error(`has ${missing}`);
    return codec;
  } catch (error) {
    const problem = `Expected a ${schema.encoding} definition of ${type} that can be used but it ${(error as Error).message}`;
    return standard.kind === 'codec'
      ? { ...standard, substitution: `${problem}. The standard definition is used.` }
      : { kind: 'unreadable', reason: `${problem}. Its messages are left out.` };
  }
}

function builtInCodec(type: string): Codec | NoCodec {
  let found = codecsByType.get(type);
  if (found === undefined) {
    const definitions = builtInDefinitions(type);
    // Types that bags name are without number: only those that are known are kept.
    if (definitions === undefined) return { kind: 'unreadable', reason: unknownType(type).message };
    found = createCodec(definitions, type);
    codecsByType.set(type, found);
  }
  return found;
}

function createCodec(definitions: MessageDefinitions, type: string): Codec {
  const layout = layOut(definitions);
  const first = rootOf(definitions)?.definitions.find((field) => field.isConstant !== true);
  const startsWithHeader =
    shortTypeName(type) === 'std_msgs/Header' || shortTypeName(first?.type ?? '') === 'std_msgs/Header';
  return {
    kind: 'codec',
    layout,
    reader: new MessageReader(definitions),
    startsWithHeader,
    substitution: undefined,
  };
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import zstd from '@foxglove/wasm-zstd';
import { McapWriter, type McapWriterOptions, TempBuffer } from '@mcap/core';
import sqlite from 'node-sqlite3-wasm';
import { type BagReader, type MessageQuery, openBag } from '../../src/bags/index.js';
import {
  decodeMessage,
  encodeMessage,
  type MessageSchema,
  type RawMessage,
  schemaFor,
} from '../../src/messages/index.js';

export const STRING = 'std_msgs/msg/String';

/** A message of a small test bag: its text tells it apart. */
export interface TestMessage {
  topic: string;
  time: bigint;
  text: string;
}

/** `count` messages, one a millisecond, on topics /a, /b and /c in turn. */
export function series(count: number, from = 0): TestMessage[] {
  return Array.from({ length: count }, (_, index) => ({
    topic: `/${'abc'[(from + index) % 3]}`,
    time: 1_700_000_000_000_000_000n + BigInt(from + index) * 1_000_000n,
    text: `message ${from + index}`,
  }));
}

/** A temporary folder for the tests of a suite. */
export function temporaryFolder(): { path: (name?: string) => string } {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mle-sam-test-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  return { path: (name = '') => join(folder, name) };
}

export interface McapOptions extends Omit<McapWriterOptions, 'writable'> {
  schema?: MessageSchema;
  /** Encoding of the channels; `cdr` unless a test is about others. */
  encoding?: (topic: string) => string;
}

/** The bytes of an MCAP file with the messages in the order given. */
export async function mcapBytes(messages: readonly TestMessage[], options: McapOptions = {}): Promise<Uint8Array> {
  const { schema = schemaFor(STRING), encoding = () => 'cdr', ...writerOptions } = options;
  const buffer = new TempBuffer();
  const writer = new McapWriter({ writable: buffer, ...writerOptions });
  await writer.start({ profile: 'ros2', library: 'test' });
  const schemaId = await writer.registerSchema({
    name: schema.name,
    encoding: schema.encoding,
    data: new TextEncoder().encode(schema.text),
  });
  const channels = new Map<string, number>();
  for (const { topic, time, text } of messages) {
    let channelId = channels.get(topic);
    if (channelId === undefined) {
      const metadata = new Map<string, string>();
      channelId = await writer.registerChannel({ topic, schemaId, messageEncoding: encoding(topic), metadata });
      channels.set(topic, channelId);
    }
    const data = encodeMessage(STRING, { data: text });
    await writer.addMessage({ channelId, sequence: 0, logTime: time, publishTime: time, data });
  }
  await writer.end();
  return buffer.get();
}

/** Options that leave out everything behind the data, as a recorder that only streams does. */
export const withoutSummary: McapOptions = {
  useStatistics: false,
  useSummaryOffsets: false,
  repeatSchemas: false,
  repeatChannels: false,
  useAttachmentIndex: false,
  useMetadataIndex: false,
  useMessageIndex: false,
  useChunkIndex: false,
};

export function compressWithZstd(chunk: Uint8Array): { compression: string; compressedData: Uint8Array } {
  return { compression: 'zstd', compressedData: zstd.compress(chunk, 1) };
}

/** An LZ4 frame of stored blocks, written by hand: the library at hand only expands. */
export function storeAsLz4(chunk: Uint8Array): { compression: string; compressedData: Uint8Array } {
  // Magic, version 1 with independent blocks, blocks of 64 KiB, and the checksum of those two bytes.
  const parts: Uint8Array[] = [Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82)];
  for (let offset = 0; offset < chunk.byteLength; offset += 65536) {
    const block = chunk.subarray(offset, offset + 65536);
    const size = new Uint8Array(4);
    new DataView(size.buffer).setUint32(0, block.byteLength | 0x80000000, true);
    parts.push(size, block);
  }
  parts.push(new Uint8Array(4));
  return { compression: 'lz4', compressedData: Buffer.concat(parts) };
}

/** Schema version of a SQLite bag: 4 has message definitions, 3 the schema table, `none` only topics and messages. */
export type SqliteVersion = 3 | 4 | 'none';

/** Statements that make the tables, from rosbag2's sqlite storage plugin at the releases that wrote each version. */
const TABLES: Record<SqliteVersion, string[]> = {
  none: [
    'CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, serialization_format TEXT NOT NULL)',
  ],
  3: [
    'CREATE TABLE schema(schema_version INTEGER PRIMARY KEY, ros_distro TEXT NOT NULL)',
    "INSERT INTO schema VALUES (3, 'humble')",
    'CREATE TABLE metadata(id INTEGER PRIMARY KEY, metadata_version INTEGER NOT NULL, metadata TEXT NOT NULL)',
    'CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, ' +
      'serialization_format TEXT NOT NULL, offered_qos_profiles TEXT NOT NULL)',
  ],
  4: [
    'CREATE TABLE schema(schema_version INTEGER PRIMARY KEY, ros_distro TEXT NOT NULL)',
    "INSERT INTO schema VALUES (4, 'jazzy')",
    'CREATE TABLE metadata(id INTEGER PRIMARY KEY, metadata_version INTEGER NOT NULL, metadata TEXT NOT NULL)',
    'CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, ' +
      'serialization_format TEXT NOT NULL, offered_qos_profiles TEXT NOT NULL, type_description_hash TEXT NOT NULL)',
    'CREATE TABLE message_definitions(id INTEGER PRIMARY KEY, topic_type TEXT NOT NULL, encoding TEXT NOT NULL, ' +
      'encoded_message_definition TEXT NOT NULL, type_description_hash TEXT NOT NULL)',
  ],
};

export interface SqliteOptions {
  version: SqliteVersion;
  index?: 'with' | 'without';
  schema?: MessageSchema;
}

/** Writes a SQLite bag with the messages in the order given. */
export function writeSqlite(path: string, messages: readonly TestMessage[], options: SqliteOptions): void {
  const { version, index = 'with', schema = schemaFor(STRING) } = options;
  const database = new sqlite.Database(path);
  for (const statement of TABLES[version]) database.exec(statement);
  database.exec(
    'CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL, timestamp INTEGER NOT NULL, data BLOB NOT NULL)',
  );
  if (index === 'with') database.exec('CREATE INDEX timestamp_idx ON messages (timestamp ASC)');
  const topics = [...new Set(messages.map(({ topic }) => topic))];
  const extra = { none: [], 3: [''], 4: ['', ''] }[version];
  topics.forEach((topic, id) => {
    const values = [id + 1, topic, schema.name, 'cdr', ...extra];
    database.run(`INSERT INTO topics VALUES (${values.map(() => '?').join()})`, values);
  });
  if (version === 4) {
    const values = [1, schema.name, schema.encoding, schema.text, ''];
    database.run('INSERT INTO message_definitions VALUES (?,?,?,?,?)', values);
  }
  database.exec('BEGIN');
  for (const { topic, time, text } of messages) {
    const data = encodeMessage(STRING, { data: text });
    database.run('INSERT INTO messages (topic_id, timestamp, data) VALUES (?,?,?)', [
      topics.indexOf(topic) + 1,
      time,
      data,
    ]);
  }
  database.exec('COMMIT');
  database.close();
}

export function writeZstd(path: string, bytes: Uint8Array): void {
  writeFileSync(path, zstd.compress(bytes, 1));
}

/** What a bag gives, in the form of the messages that went in. */
export async function contents(bag: BagReader, query?: MessageQuery): Promise<TestMessage[]> {
  const messages: TestMessage[] = [];
  for await (const message of bag.messages(query)) messages.push(testMessage(message));
  return messages;
}

/** Opens, reads and closes a bag. */
export async function readBag(path: string): Promise<{ messages: TestMessage[]; problems: readonly string[] }> {
  const bag = await openBag(path);
  try {
    return { messages: await contents(bag), problems: bag.info.problems };
  } finally {
    await bag.close();
  }
}

export function byTime(messages: readonly TestMessage[]): TestMessage[] {
  return [...messages].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}

function testMessage(raw: RawMessage): TestMessage {
  return { topic: raw.topic, time: raw.receiveStamp, text: decodeMessage<{ data: string }>(raw).data };
}

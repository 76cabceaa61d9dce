import { mkdir, open, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import zstd from '@foxglove/wasm-zstd';
import { McapWriter, type McapWriterOptions } from '@mcap/core';
import { FileHandleWritable } from '@mcap/nodejs';
import { type MessageSchema, type Stamp, schemaFor } from '../messages/index.js';
import type { QosProfile } from './bag.js';
import { formatMetadata } from './metadata.js';
import { defaultQos, formatQos } from './qos.js';
import { type StampRange, spanOf } from './stamps.js';

export interface BagWriterOptions {
  /** How chunks are compressed; zstd by default. */
  compression?: 'zstd' | 'none';
  /** Of a folder: what its file is named after; the folder by default. */
  name?: string;
}

/** A message to write: CDR bytes of `type`. */
export interface OutgoingMessage {
  topic: string;
  /** Full type name, e.g. `sensor_msgs/msg/Image`. */
  type: string;
  /** CDR with encapsulation header, as `encodeMessage` gives it. */
  data: Uint8Array;
  logTime: Stamp;
  /** When it was published; `logTime` by default. */
  publishTime?: Stamp;
}

/** How a topic is recorded, where the defaults do not fit. */
export interface TopicOptions {
  /** What the recorder says it was offered with: `ros2 bag play` publishes with it. */
  qos?: QosProfile;
  /** Definition of the type, for types without a built-in one. */
  schema?: MessageSchema;
}

/** The library's default, which keeps what a reader expands at a time small. */
const CHUNK_BYTES = 1 << 20;

/** Fast, and no larger than higher levels on camera data. */
const ZSTD_LEVEL = 1;

interface Topic {
  channel: number;
  type: string;
  qos: QosProfile;
  count: number;
}

/**
 * Writes an MCAP bag as `ros2 bag` does: profile `ros2`, CDR messages, `ros2msg` schemas with their dependencies,
 * chunks with message indexes, summary and statistics. The same messages give the same bytes.
 */
export class BagWriter {
  /** The MCAP file that is written. */
  readonly path: string;
  readonly #folder: string | undefined;
  readonly #writer: McapWriter;
  readonly #closeFile: () => Promise<void>;
  readonly #topics = new Map<string, Topic>();
  readonly #schemaIds = new Map<string, number>();
  #span: StampRange | undefined;
  /** The library wants one call at a time; callers need not wait for each. */
  #queue: Promise<void> = Promise.resolve();
  #state: 'open' | 'closed' = 'open';

  private constructor(path: string, folder: string | undefined, writer: McapWriter, closeFile: () => Promise<void>) {
    this.path = path;
    this.#folder = folder;
    this.#writer = writer;
    this.#closeFile = closeFile;
  }

  /**
   * Creates a bag, replacing one that is there.
   * @param path - a file ending in `.mcap`, or a folder, which then also gets the `metadata.yaml` of a rosbag2 bag
   */
  static async create(path: string, options: BagWriterOptions = {}): Promise<BagWriter> {
    const folder = path.endsWith('.mcap') ? undefined : path;
    const file = folder === undefined ? path : join(folder, `${options.name ?? basename(folder)}_0.mcap`);
    await mkdir(dirname(file), { recursive: true });
    await zstd.isLoaded;
    const handle = await open(file, 'w');
    const writer = new McapWriter({
      writable: new FileHandleWritable(handle),
      chunkSize: CHUNK_BYTES,
      ...compressor(options.compression ?? 'zstd'),
    });
    await writer.start({ profile: 'ros2', library: 'mle-sam-ros' });
    return new BagWriter(file, folder, writer, () => handle.close());
  }

  /**
   * Declares a topic before its first message, to give it another QoS or its own schema.
   * @throws Error when the topic exists, or its type has neither built-in definition nor schema
   */
  declareTopic(name: string, type: string, options: TopicOptions = {}): Promise<void> {
    return this.#enqueue(() => this.#addTopic(name, type, options).then(() => undefined));
  }

  /**
   * Appends a message. Messages need not come in order of time; the bytes may be reused once the promise resolves.
   * @throws Error when its type is unknown or not the topic's
   */
  write(message: OutgoingMessage): Promise<void> {
    return this.#enqueue(async () => {
      const { topic: name, type, data, logTime, publishTime = logTime } = message;
      const topic = this.#topics.get(name) ?? (await this.#addTopic(name, type, {}));
      if (topic.type !== type) {
        throw new Error(`Expected messages of ${topic.type} on ${name} but received one of ${type}`);
      }
      this.#span = spanOf([...(this.#span ? [this.#span] : []), { start: logTime, end: logTime }]);
      await this.#writer.addMessage({ channelId: topic.channel, sequence: topic.count++, logTime, publishTime, data });
    });
  }

  /** Writes the summary, and `metadata.yaml` for a folder. Closing twice does no harm. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    const finished = this.#enqueue(() => this.#finish());
    this.#state = 'closed';
    await finished;
  }

  async #finish(): Promise<void> {
    try {
      await this.#writer.end();
    } finally {
      await this.#closeFile();
    }
    if (this.#folder === undefined) return;
    const topics = [...this.#topics].map(([name, { type, qos, count }]) => ({ name, type, qos, count }));
    const text = formatMetadata({ file: basename(this.path), span: this.#span, topics });
    await writeFile(join(this.#folder, 'metadata.yaml'), text);
  }

  async #addTopic(name: string, type: string, { qos = defaultQos, schema }: TopicOptions): Promise<Topic> {
    if (this.#topics.has(name)) throw new Error(`Expected a new topic but ${name} is declared already`);
    const { encoding, text } = schema ?? schemaFor(type);
    const key = `${type} ${encoding} ${text}`;
    let schemaId = this.#schemaIds.get(key);
    if (schemaId === undefined) {
      schemaId = await this.#writer.registerSchema({ name: type, encoding, data: new TextEncoder().encode(text) });
      this.#schemaIds.set(key, schemaId);
    }
    const channel = await this.#writer.registerChannel({
      topic: name,
      schemaId,
      messageEncoding: 'cdr',
      metadata: new Map([['offered_qos_profiles', formatQos([qos])]]),
    });
    const topic: Topic = { channel, type, qos, count: 0 };
    this.#topics.set(name, topic);
    return topic;
  }

  #enqueue(task: () => Promise<void>): Promise<void> {
    if (this.#state === 'closed') return Promise.reject(new Error(`Expected an open bag but ${this.path} is closed`));
    const result = this.#queue.then(task);
    // A failed call is its caller's to handle; those after it go on.
    this.#queue = result.catch(() => undefined);
    return result;
  }
}

function compressor(compression: 'zstd' | 'none'): Pick<McapWriterOptions, 'compressChunk'> {
  if (compression === 'none') return {};
  return {
    compressChunk: (chunk) => ({ compression: 'zstd', compressedData: zstd.compress(chunk, ZSTD_LEVEL) }),
  };
}

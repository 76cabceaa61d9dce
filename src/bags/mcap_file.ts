import { McapConstants, type McapTypes } from '@mcap/core';
import { fullTypeName, type MessageSchema, type RawMessage, type Stamp } from '../messages/index.js';
import type { TopicInfo } from './bag.js';
import { MinHeap } from './heap.js';
import type { McapIndex, Segment } from './mcap_index.js';
import { RECORD_HEADER_BYTES } from './mcap_records.js';
import { MAGIC_BYTES, scanMcap } from './mcap_scan.js';
import { SegmentReader } from './mcap_segment.js';
import { readSummary } from './mcap_summary.js';
import { parseQos } from './qos.js';
import { RandomAccessFile } from './random_access_file.js';
import { compareStamps, type StampRange, spanOf } from './stamps.js';
import type { ReportProblem, Selection, StorageFile } from './storage.js';

/** Expanded chunks that may be held at once; beyond, those needed last are dropped and read again. */
const MEMORY_BUDGET_BYTES = 64 << 20;

/** Magic, and opcode and length of the first record. */
const HEADER_DATA_OFFSET = MAGIC_BYTES + RECORD_HEADER_BYTES;

type Message = McapTypes.TypedMcapRecords['Message'];

/** A segment being read: its selected messages in order, or none while they are dropped to save memory. */
interface Cursor {
  segment: Segment;
  messages: (Message | undefined)[] | undefined;
  position: number;
  /** Log time of the next message. */
  time: Stamp;
}

/** One MCAP file: with summary, without, or cut off. */
export class McapFile implements StorageFile {
  readonly storage = 'mcap';
  readonly path: string;
  readonly topics: readonly TopicInfo[];
  readonly range: StampRange | undefined;
  /** What is read: the file itself, or what it was expanded to. */
  readonly #source: string;
  readonly #index: McapIndex;
  readonly #report: ReportProblem;
  readonly #schemas: ReadonlyMap<number, MessageSchema>;

  private constructor(path: string, source: string, index: McapIndex, report: ReportProblem) {
    this.path = path;
    this.#source = source;
    this.#index = index;
    this.#report = report;
    this.#schemas = readableSchemas(index);
    this.topics = topicsOf(index);
    this.range = spanOf(index.segments);
  }

  /**
   * @param path - the file, for messages to people
   * @param source - what is read: the file itself, or what it was expanded to
   * @throws Error when the file does not begin as MCAP does
   */
  static async open(path: string, source: string, report: ReportProblem): Promise<McapFile> {
    const file = await RandomAccessFile.open(source, path);
    try {
      await checkHeader(file);
      const index = (await readSummary(file)) ?? (await scanMcap(file, new SegmentReader(file), report));
      return new McapFile(path, source, index, report);
    } finally {
      await file.close();
    }
  }

  async *messages(selection: Selection): AsyncGenerator<RawMessage, void, void> {
    const selected = this.#selectedSegments(selection);
    if (selected.segments.length === 0) return;
    const file = await RandomAccessFile.open(this.#source, this.path);
    try {
      yield* this.#merge(selected.segments, selected.channels, selection, new SegmentReader(file));
    } finally {
      await file.close();
    }
  }

  #selectedSegments(selection: Selection): { segments: Segment[]; channels: Set<number> } {
    const { start, end, topics } = selection;
    const channels = new Set<number>();
    for (const channel of this.#index.channels.values()) {
      if (topics.has(channel.topic)) channels.add(channel.id);
    }
    const segments = this.#index.segments.filter(
      (segment) =>
        (end === undefined || segment.start <= end) &&
        (start === undefined || segment.end >= start) &&
        [...segment.channels].some((id) => channels.has(id)),
    );
    segments.sort((a, b) => compareStamps(a.start, b.start) || a.offset - b.offset);
    return { segments, channels };
  }

  /** Merges segments that overlap in time. A segment is opened once its earliest message may be next. */
  async *#merge(
    segments: readonly Segment[],
    channels: ReadonlySet<number>,
    selection: Selection,
    reader: SegmentReader,
  ): AsyncGenerator<RawMessage, void, void> {
    const open = new MinHeap<Cursor>((a, b) => compareStamps(a.time, b.time) || a.segment.offset - b.segment.offset);
    let heldBytes = 0;
    const load = async (segment: Segment) => {
      const messages = await this.#load(segment, channels, selection, reader);
      heldBytes += segment.expandedBytes;
      while (heldBytes > MEMORY_BUDGET_BYTES) {
        const dropped = dropLatest(open);
        if (!dropped) break;
        heldBytes -= dropped.segment.expandedBytes;
      }
      return messages;
    };
    let unopened = 0;
    for (;;) {
      let next = open.peek();
      while (unopened < segments.length && (!next || segments[unopened]!.start <= next.time)) {
        const segment = segments[unopened++]!;
        const messages = await load(segment);
        const first = messages[0];
        if (first) open.push({ segment, messages, position: 0, time: first.logTime });
        else heldBytes -= segment.expandedBytes;
        next = open.peek();
      }
      if (!next) return;
      next.messages ??= await load(next.segment);
      const message = next.messages[next.position];
      next.messages[next.position++] = undefined;
      const following = next.messages[next.position];
      if (following) {
        next.time = following.logTime;
        open.settle();
      } else {
        open.pop();
        heldBytes -= next.segment.expandedBytes;
      }
      if (message) yield this.#rawMessage(message);
    }
  }

  /** The selected messages of a segment by log time; those of equal time keep the file's order. */
  async #load(
    segment: Segment,
    channels: ReadonlySet<number>,
    { start, end }: Selection,
    reader: SegmentReader,
  ): Promise<Message[]> {
    const isWanted = (channel: number, logTime: Stamp) =>
      channels.has(channel) && (start === undefined || logTime >= start) && (end === undefined || logTime <= end);
    let selected: Message[];
    try {
      ({ messages: selected } = await reader.read(segment, this.#index.channels, isWanted));
    } catch (error) {
      this.#report(
        `${this.path}: the ${segment.kind} at byte ${segment.offset} is damaged and left out: ${(error as Error).message}`,
      );
      return [];
    }
    selected.sort((a, b) => compareStamps(a.logTime, b.logTime));
    if (selected[0] && selected[0].logTime < segment.start) {
      this.#report(`${this.path}: messages at byte ${segment.offset} are earlier than their index says, and come late`);
    }
    return selected;
  }

  #rawMessage(message: Message): RawMessage {
    const channel = this.#index.channels.get(message.channelId)!;
    const schema = this.#schemas.get(channel.schemaId);
    return {
      topic: channel.topic,
      type: fullTypeName(this.#index.schemas.get(channel.schemaId)?.name ?? ''),
      data: message.data,
      receiveStamp: message.logTime,
      ...(schema ? { schema } : {}),
    };
  }
}

/** Without its first record a file is no MCAP file, not even a cut one. */
async function checkHeader(file: RandomAccessFile): Promise<void> {
  const start = new DataView((await file.read(0, Math.min(file.size, HEADER_DATA_OFFSET))).buffer);
  const complete =
    start.byteLength === HEADER_DATA_OFFSET &&
    start.getUint8(MAGIC_BYTES) === McapConstants.Opcode.HEADER &&
    start.getBigUint64(MAGIC_BYTES + 1, true) <= file.size - HEADER_DATA_OFFSET;
  if (!complete) throw new Error(`Expected an MCAP header in ${file.path} but its ${file.size} bytes hold none`);
}

function readableSchemas({ schemas }: McapIndex): Map<number, MessageSchema> {
  const readable = new Map<number, MessageSchema>();
  for (const { id, name, encoding, data } of schemas.values()) {
    if ((encoding === 'ros2msg' || encoding === 'ros2idl') && data.byteLength > 0) {
      readable.set(id, { name, encoding, text: new TextDecoder().decode(data) });
    }
  }
  return readable;
}

function topicsOf({ channels, schemas, counts }: McapIndex): TopicInfo[] {
  return [...channels.values()].map((channel) => ({
    name: channel.topic,
    type: fullTypeName(schemas.get(channel.schemaId)?.name ?? ''),
    serialization: channel.messageEncoding,
    count: counts ? (counts.get(channel.id) ?? 0) : undefined,
    qos: parseQos(channel.metadata.get('offered_qos_profiles')),
  }));
}

/** Frees the messages of the open segment that is needed last; undefined when no other is held. */
function dropLatest(open: MinHeap<Cursor>): Cursor | undefined {
  let latest: Cursor | undefined;
  for (const cursor of open.values()) {
    if (cursor.messages && cursor !== open.peek() && (!latest || cursor.time > latest.time)) latest = cursor;
  }
  if (latest) latest.messages = undefined;
  return latest;
}

import { type MessageSchema, type RawMessage, type Stamp, schemaProblem } from '../messages/index.js';
import { printable } from '../text/index.js';
import type { BagInfo, BagReader, MessageQuery, TopicInfo } from './bag.js';
import { fileKind } from './file_kind.js';
import { locateBag } from './locate.js';
import { McapFile } from './mcap_file.js';
import { mergeFiles } from './merge.js';
import { expandMessages } from './message_compression.js';
import type { BagMetadata } from './metadata.js';
import { spanOf } from './stamps.js';
import type { ReportProblem, Selection, StorageFile } from './storage.js';
import { combineTopics, isReadable, refuseUnreadable } from './topics.js';
import { Workspace, type WorkspaceOptions } from './workspace.js';

/** How a bag is opened. */
export type OpenBagOptions = WorkspaceOptions;

/**
 * Opens a rosbag2 recording: a folder or one of its files, MCAP or SQLite, whole, split, compressed or cut off.
 *
 * An MCAP file without summary is first walked over once to index it (its chunks are skipped where their message
 * indexes tell what is inside). Compressed files are expanded into temporary ones, which `close` removes.
 * @throws Error in one sentence when there is no bag at `path` or none of its messages are CDR
 */
export async function openBag(path: string, options: OpenBagOptions = {}): Promise<BagReader> {
  const problems: string[] = [];
  const report = problemList(problems);
  const { files: paths, metadata } = await locateBag(path, report);
  const workspace = new Workspace(options);
  try {
    const files = await openFiles(paths, workspace, report);
    const topics = combineTopics(files, metadata, report);
    refuseUnreadable(path, topics);
    const info = describe(path, files, topics, problems);
    checkCount(info, metadata, report);
    const bag = new OpenBag(info, files, workspace, metadata?.compressionMode ?? 'none', report);
    await bag.startWithClock();
    return bag;
  } catch (error) {
    await workspace.close();
    throw error;
  }
}

/** Adds to a list what is not in it yet. */
function problemList(problems: string[]): ReportProblem {
  const places = new Map<string, number>();
  return (sentence, key) => {
    const problem = printable(sentence);
    const place = key === undefined ? undefined : places.get(key);
    if (place !== undefined) problems[place] = problem;
    else if (!problems.includes(problem)) {
      if (key !== undefined) places.set(key, problems.length);
      problems.push(problem);
    }
  };
}

class OpenBag implements BagReader {
  info: BagInfo;
  readonly #files: readonly StorageFile[];
  readonly #workspace: Workspace;
  readonly #compressionMode: BagMetadata['compressionMode'];
  readonly #report: ReportProblem;
  #clockStart: Stamp | undefined;
  readonly #checked = new WeakSet<MessageSchema>();

  constructor(
    info: BagInfo,
    files: readonly StorageFile[],
    workspace: Workspace,
    compressionMode: BagMetadata['compressionMode'],
    report: ReportProblem,
  ) {
    this.info = info;
    this.#files = files;
    this.#workspace = workspace;
    this.#compressionMode = compressionMode;
    this.#report = report;
  }

  /**
   * A recorder that waits for a simulated clock logs what is latched at 0, decades before all else. Such messages count
   * as logged with the first one that has a time, or the bag would last for decades.
   */
  async startWithClock(): Promise<void> {
    const { start, end } = this.info;
    if (start === undefined || end === undefined || start >= NO_CLOCK_YET || end - start < DECADE) return;
    for await (const { receiveStamp } of this.messages({ start: NO_CLOCK_YET })) {
      this.#clockStart = receiveStamp;
      this.info = { ...this.info, start: receiveStamp, durationSeconds: Number(end - receiveStamp) / 1e9 };
      this.#report('Some messages were logged before the clock began: they count as logged with the first one after.');
      return;
    }
  }

  messages(query: MessageQuery = {}): AsyncIterable<RawMessage> {
    const clockStart = this.#clockStart;
    const isFromStart = query.start === undefined || clockStart === undefined || query.start <= clockStart;
    const start = isFromStart && clockStart !== undefined ? undefined : query.start;
    const selection: Selection = { topics: this.#selectedTopics(query.topics), start, end: query.end };
    const read = this.#checkSchemas(mergeFiles(this.#files, selection));
    const messages = clockStart === undefined ? read : notBefore(read, clockStart);
    return this.#compressionMode === 'message' ? expandMessages(messages, this.#report) : messages;
  }

  async close(): Promise<void> {
    await this.#workspace.close();
  }

  /** Says which definitions the bag carries cannot be used, as soon as a message needs one. */
  async *#checkSchemas(messages: AsyncIterable<RawMessage>): AsyncGenerator<RawMessage, void, void> {
    for await (const message of messages) {
      const { schema } = message;
      if (schema !== undefined && !this.#checked.has(schema)) {
        this.#checked.add(schema);
        const problem = schemaProblem(message);
        if (problem !== undefined) this.#report(problem);
      }
      yield message;
    }
  }

  #selectedTopics(names: readonly string[] | undefined): ReadonlySet<string> {
    if (!names) return new Set(this.info.topics.filter(isReadable).map(({ name }) => name));
    const asked = new Set(names);
    refuseUnreadable(
      this.info.path,
      this.info.topics.filter((topic) => asked.has(topic.name) && !isReadable(topic)),
    );
    return asked;
  }
}

/** The first day of 1970: no clock that runs says so. */
const NO_CLOCK_YET = 86_400n * 1_000_000_000n;
const DECADE = 10n * 365n * NO_CLOCK_YET;

async function* notBefore(messages: AsyncIterable<RawMessage>, start: Stamp): AsyncGenerator<RawMessage, void, void> {
  for await (const message of messages) {
    yield message.receiveStamp < start ? { ...message, receiveStamp: start } : message;
  }
}

/** Opens each file; one that cannot be read is left out when others can. */
async function openFiles(
  paths: readonly string[],
  workspace: Workspace,
  report: ReportProblem,
): Promise<StorageFile[]> {
  const files: StorageFile[] = [];
  const failures: Error[] = [];
  for (const path of paths) {
    try {
      files.push(await openFile(path, workspace, report));
    } catch (error) {
      failures.push(error as Error);
    }
  }
  if (files.length === 0) throw failures[0] ?? new Error('Expected at least one file in the bag but received none');
  for (const { message } of failures) report(`${message}: the other files of the bag are read`);
  return files;
}

async function openFile(path: string, workspace: Workspace, report: ReportProblem): Promise<StorageFile> {
  let source = path;
  let kind = await fileKind(path);
  if (kind === 'zstd') {
    source = await workspace.expand(path, report);
    kind = await fileKind(source);
  }
  switch (kind) {
    case 'mcap':
      return McapFile.open(path, source, report);
    case 'sqlite3': {
      // Half a megabyte of WebAssembly that reading MCAP need not wait for.
      const { SqliteFile } = await import('./sqlite_file.js');
      return SqliteFile.open(path, () => workspace.linkDatabase(source, report), report);
    }
    case 'ros1':
      throw new Error(`Expected a ROS 2 bag but ${path} is one of ROS 1: convert it with rosbags-convert`);
    case 'empty':
      throw new Error(`Expected a bag but ${path} is empty`);
    default:
      throw new Error(`Expected an MCAP or rosbag2 SQLite file but ${path} is neither`);
  }
}

function describe(path: string, files: readonly StorageFile[], topics: TopicInfo[], problems: string[]): BagInfo {
  const span = spanOf(files.flatMap(({ range }) => range ?? []));
  const counts = topics.map(({ count }) => count);
  return {
    path,
    storage: files[0]!.storage,
    files: files.map((file) => file.path),
    topics,
    messageCount: counts.every((count) => count !== undefined)
      ? counts.reduce<number>((sum, count) => sum + (count ?? 0), 0)
      : undefined,
    start: span?.start,
    end: span?.end,
    durationSeconds: span ? Number(span.end - span.start) / 1e9 : 0,
    problems,
  };
}

function checkCount(info: BagInfo, metadata: BagMetadata | undefined, report: ReportProblem): void {
  const expected = metadata?.messageCount;
  const isWhole = metadata?.files.length === info.files.length;
  if (expected === undefined || info.messageCount === undefined || !isWhole) return;
  if (expected !== info.messageCount) {
    report(`metadata.yaml counts ${expected} messages but the files hold ${info.messageCount}`);
  }
}

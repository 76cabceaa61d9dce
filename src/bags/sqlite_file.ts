import { setImmediate } from 'node:timers/promises';
import sqlite from 'node-sqlite3-wasm';
import type { MessageSchema, RawMessage } from '../messages/index.js';
import type { TopicInfo } from './bag.js';
import { parseQos } from './qos.js';
import type { StampRange } from './stamps.js';
import type { ReportProblem, Selection, StorageFile } from './storage.js';

type Database = InstanceType<typeof sqlite.Database>;
type Row = Record<string, unknown>;

/** Rows read before other work gets a turn: SQLite reads synchronously. */
const ROWS_PER_TURN = 64;

/** Smallest and largest integers of SQLite, for a query without limits. */
const FIRST_STAMP = -(2n ** 63n);
const LAST_STAMP = 2n ** 63n - 1n;

/** Makes a new path by which the file can be opened once more. */
type LinkDatabase = () => Promise<string>;

interface Topic extends TopicInfo {
  id: number;
  schema: MessageSchema | undefined;
}

/** One rosbag2 SQLite file, with the tables of schema version 3, 4, or none. */
export class SqliteFile implements StorageFile {
  readonly storage = 'sqlite3';
  readonly path: string;
  readonly topics: readonly TopicInfo[];
  readonly range: StampRange | undefined;
  readonly #link: LinkDatabase;
  readonly #topicsById: ReadonlyMap<number, Topic>;
  readonly #report: ReportProblem;

  private constructor(path: string, link: LinkDatabase, contents: Contents, report: ReportProblem) {
    this.path = path;
    this.#link = link;
    this.topics = contents.topics;
    this.range = contents.range;
    this.#topicsById = new Map(contents.topics.map((topic) => [topic.id, topic]));
    this.#report = report;
  }

  /**
   * @param path - the file, for messages to people
   * @param link - gives a path to open it by; SQLite writes beside it, and locks it for one connection
   * @throws Error when it is no rosbag2 file
   */
  static async open(path: string, link: LinkDatabase, report: ReportProblem): Promise<SqliteFile> {
    const database = openDatabase(await link(), path);
    try {
      return new SqliteFile(path, link, readContents(database, path), report);
    } catch (error) {
      if (error instanceof sqlite.SQLite3Error) throw damaged(path, error);
      throw error;
    } finally {
      database.close();
    }
  }

  async *messages(selection: Selection): AsyncGenerator<RawMessage, void, void> {
    const database = openDatabase(await this.#link(), this.path);
    try {
      yield* this.#read(database, selection);
    } finally {
      database.close();
    }
  }

  /**
   * The order comes from one statement, the bytes from another: were SQLite to sort the rows themselves, as it must in
   * a file without index on the time, it would sort the images in them too.
   */
  async *#read(database: Database, { topics, start, end }: Selection): AsyncGenerator<RawMessage, void, void> {
    const ids = [...this.#topicsById.values()].filter(({ name }) => topics.has(name)).map(({ id }) => id);
    const statements: ReturnType<Database['prepare']>[] = [];
    const prepare = (sql: string) => {
      const statement = database.prepare(sql);
      statements.push(statement);
      return statement;
    };
    let rows = 0;
    try {
      const order = prepare(
        `SELECT id, topic_id, CAST(timestamp AS INTEGER) AS timestamp FROM messages WHERE topic_id IN (${ids.join()}) ` +
          'AND timestamp BETWEEN ? AND ? ORDER BY messages.timestamp, id',
      );
      const bytes = prepare('SELECT data FROM messages WHERE id = ?');
      for (const row of order.iterate([start ?? FIRST_STAMP, end ?? LAST_STAMP]) as IterableIterator<Row>) {
        const topic = this.#topicsById.get(Number(row.topic_id))!;
        const found = row.id === null ? undefined : (bytes.get(Number(row.id)) as Row | null | undefined);
        if (++rows % ROWS_PER_TURN === 0) await setImmediate();
        if (!found) {
          this.#report(`${this.path} lists messages on ${topic.name} that it does not hold: they are left out`);
          continue;
        }
        yield {
          topic: topic.name,
          type: topic.type,
          data: found.data instanceof Uint8Array ? found.data : new Uint8Array(0),
          receiveStamp: BigInt(row.timestamp as number | bigint),
          ...(topic.schema ? { schema: topic.schema } : {}),
        };
      }
    } catch (error) {
      if (!(error instanceof sqlite.SQLite3Error)) throw error;
      this.#report(`${damaged(this.path, error).message}. Its messages end after ${rows}`);
    } finally {
      statements.forEach(finalize);
    }
  }
}

interface Contents {
  topics: Topic[];
  range: StampRange | undefined;
}

function openDatabase(link: string, path: string): Database {
  try {
    const database = new sqlite.Database(link, { readOnly: true });
    // Alone with the file, SQLite reads one in write-ahead mode without the shared memory it has not got here.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    return database;
  } catch (error) {
    throw damaged(path, error as Error);
  }
}

function readContents(database: Database, path: string): Contents {
  const tables = new Set(
    (database.all('SELECT name FROM sqlite_master WHERE type = ?', 'table') as Row[]).map((t) => t.name),
  );
  if (!tables.has('topics') || !tables.has('messages')) {
    throw new Error(
      `Expected a rosbag2 file with tables "topics" and "messages" at ${path} but received another database`,
    );
  }
  const schemas = tables.has('message_definitions') ? readSchemas(database) : new Map<string, MessageSchema>();
  const counts = new Map(
    (database.all('SELECT topic_id, COUNT(*) AS count FROM messages GROUP BY topic_id') as Row[]).map((row) => [
      Number(row.topic_id),
      Number(row.count),
    ]),
  );
  const topics = (database.all('SELECT * FROM topics') as Row[]).map((row): Topic => {
    const id = Number(row.id);
    const type = String(row.type);
    return {
      id,
      name: String(row.name),
      type,
      serialization: String(row.serialization_format),
      count: counts.get(id) ?? 0,
      qos: parseQos(row.offered_qos_profiles),
      schema: schemas.get(type),
    };
  });
  // Two statements, because SQLite uses the index only for a lone minimum or maximum.
  const first = (database.get('SELECT CAST(MIN(timestamp) AS INTEGER) AS stamp FROM messages') as Row).stamp;
  const last = (database.get('SELECT CAST(MAX(timestamp) AS INTEGER) AS stamp FROM messages') as Row).stamp;
  const range =
    first === null || last === null
      ? undefined
      : { start: BigInt(first as number | bigint), end: BigInt(last as number | bigint) };
  return { topics, range };
}

/** Files of schema version 4 may carry the definitions of their types; recorders that have none write empty texts. */
function readSchemas(database: Database): Map<string, MessageSchema> {
  const schemas = new Map<string, MessageSchema>();
  for (const row of database.all('SELECT * FROM message_definitions') as Row[]) {
    const name = String(row.topic_type);
    const encoding = row.encoding;
    const text = String(row.encoded_message_definition ?? '');
    if ((encoding === 'ros2msg' || encoding === 'ros2idl') && text !== '') schemas.set(name, { name, encoding, text });
  }
  return schemas;
}

/** Frees a statement. SQLite says the error of its last step once more here, and it was dealt with there. */
function finalize(statement: ReturnType<Database['prepare']>): void {
  try {
    statement.finalize();
  } catch (error) {
    if (!(error instanceof sqlite.SQLite3Error)) throw error;
  }
}

function damaged(path: string, error: Error): Error {
  return new Error(
    `${path} is cut off or damaged as a SQLite file (${error.message}): "sqlite3 FILE .recover" may rescue it`,
  );
}

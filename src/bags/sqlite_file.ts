import { setImmediate } from 'node:timers/promises';
import { fullTypeName, type MessageSchema, type RawMessage } from '../messages/index.js';
import type { TopicInfo } from './bag.js';
import { MAXIMUM_MESSAGE_BYTES } from './mcap_index.js';
import { parseQos } from './qos.js';
import { loadSqlite } from './sqlite_library.js';
import type { StampRange } from './stamps.js';
import type { ReportProblem, Selection, StorageFile } from './storage.js';

const sqlite = loadSqlite();

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
  /** Rows that could not be read: each is counted once, however often it is met. */
  readonly #lostRows = new Set<string>();

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
      return new SqliteFile(path, link, readContents(database, path, report), report);
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
        'SELECT id, topic_id, CAST(timestamp AS INTEGER) AS stamp, typeof(timestamp) AS kind FROM messages ' +
          `WHERE topic_id IN (${ids.join()}) AND timestamp BETWEEN ? AND ? ORDER BY messages.timestamp, id`,
      );
      const bytes = prepare(
        `SELECT data FROM messages WHERE id = ? AND NOT (typeof(data) = 'blob' AND length(data) > ${MAXIMUM_MESSAGE_BYTES})`,
      );
      for (const row of order.iterate([start ?? FIRST_STAMP, end ?? LAST_STAMP]) as IterableIterator<Row>) {
        if (++rows % ROWS_PER_TURN === 0) await setImmediate();
        const topic = this.#topicsById.get(Number(row.topic_id));
        const stamp = stampOf(row);
        const found = isNumber(row.id) ? (bytes.get(row.id) as Row | null | undefined) : undefined;
        // An index that was damaged lists what the table does not hold.
        if (topic === undefined || stamp === undefined || !found) {
          this.#loseRow(isNumber(row.id) ? `id ${row.id}` : `place ${rows}`);
          continue;
        }
        // Counted when the file was opened.
        if (!(found.data instanceof Uint8Array)) continue;
        yield {
          topic: topic.name,
          type: topic.type,
          data: found.data,
          receiveStamp: stamp,
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

  #loseRow(row: string): void {
    this.#lostRows.add(row);
    const count = this.#lostRows.size;
    this.#report(
      `${this.path}: ${count} ${count === 1 ? 'message is' : 'messages are'} listed without a time, ` +
        'or their bytes are not there: left out',
      `${this.path} rows`,
    );
  }
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || Number.isSafeInteger(value);
}

/** The time of a row; undefined where its column holds none. Untyped columns may hold fractions. */
function stampOf({ stamp, kind }: Row): bigint | undefined {
  return isNumber(stamp) && (kind === 'integer' || kind === 'real') ? BigInt(stamp) : undefined;
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

function readContents(database: Database, path: string, report: ReportProblem): Contents {
  const tables = new Set(
    (database.all('SELECT name FROM sqlite_master WHERE type = ?', 'table') as Row[]).map((t) => t.name),
  );
  if (!tables.has('topics') || !tables.has('messages')) {
    throw new Error(
      `Expected a rosbag2 file with tables "topics" and "messages" at ${path} but received another database`,
    );
  }
  for (const table of tables) requirePlainColumns(database, String(table), path);
  const schemas = tables.has('message_definitions') ? readSchemas(database) : new Map<string, MessageSchema>();
  const counts = countRows(database);
  const topics: Topic[] = [];
  for (const row of database.all('SELECT * FROM topics') as Row[]) {
    const { id, name, type, serialization_format: serialization } = row;
    if (!isNumber(id) || typeof name !== 'string' || typeof type !== 'string') {
      report(`${path}: a topic without name, type or number is left out with its messages`);
      continue;
    }
    if (typeof serialization !== 'string') report(`${path}: how ${name} is serialised is not said: read as cdr`);
    topics.push({
      id: Number(id),
      name,
      type: fullTypeName(type),
      serialization: typeof serialization === 'string' ? serialization : 'cdr',
      count: counts.get(Number(id))?.readable ?? 0,
      qos: parseQos(row.offered_qos_profiles),
      schema: schemas.get(type),
    });
  }
  const known = new Set(topics.map(({ id }) => id));
  let lost = 0;
  for (const [id, { readable, all }] of counts) lost += known.has(id) ? all - readable : all;
  if (lost > 0) {
    report(`${path}: ${lost} ${lost === 1 ? 'row has' : 'rows have'} no time, no bytes or no known topic: left out`);
  }
  return { topics, range: readRange(database) };
}

/** A computed column, or a table that a module computes, can make any work and any size out of a few bytes. */
function requirePlainColumns(database: Database, table: string, path: string): void {
  const columns = database.all('SELECT hidden FROM pragma_table_xinfo(?)', table) as Row[];
  if (columns.every(({ hidden }) => Number(hidden) === 0)) return;
  throw new Error(
    `Expected plain columns in table "${table}" of ${path} but received computed ones: no recorder makes them`,
  );
}

interface RowCount {
  all: number;
  /** Those with a time and bytes. */
  readable: number;
}

/**
 * Rows by number of their topic. Types are looked at, values are not read: pictures stay where they are. Grouped in one step,
 * SQLite would sort the pictures by their topics.
 */
function countRows(database: Database): Map<number, RowCount> {
  const rows = database.all(
    'WITH kinds AS MATERIALIZED (SELECT topic_id, ' +
      `typeof(timestamp) IN ('integer', 'real') AND typeof(data) = 'blob' AS readable FROM messages) ` +
      'SELECT topic_id, COUNT(*) AS total, SUM(readable) AS readable FROM kinds GROUP BY topic_id',
  ) as Row[];
  return new Map(
    rows.map(({ topic_id, total, readable }) => [Number(topic_id), { all: Number(total), readable: Number(readable) }]),
  );
}

/** Two statements, because SQLite uses the index only for a lone minimum or maximum. */
function readRange(database: Database): StampRange | undefined {
  const [first, last] = ['MIN', 'MAX'].map((bound) => {
    const row = database.get(
      `SELECT CAST(${bound}(timestamp) AS INTEGER) AS stamp, typeof(${bound}(timestamp)) AS kind FROM messages ` +
        `WHERE typeof(timestamp) IN ('integer', 'real')`,
    );
    return stampOf((row ?? {}) as Row);
  });
  return first === undefined || last === undefined ? undefined : { start: first, end: last };
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

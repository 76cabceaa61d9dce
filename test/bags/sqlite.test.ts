import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import sqlite from 'node-sqlite3-wasm';
import { openBag } from '../../src/bags/index.js';
import { contents, readBag, type SqliteOptions, STRING, series, temporaryFolder, writeSqlite } from './fixtures.js';

const versions: SqliteOptions[] = [
  { version: 'none' },
  { version: 3 },
  { version: 4 },
  { version: 3, index: 'without' },
  { version: 4, schema: { name: STRING, encoding: 'ros2msg', text: '' } },
];

function titleOf({ version, index, schema }: SqliteOptions): string {
  return `schema version ${version}${index === 'without' ? ', no index' : ''}${schema ? ', empty definitions' : ''}`;
}

describe('bags: SQLite', () => {
  const folder = temporaryFolder();
  let count = 0;
  const freshPath = () => folder.path(`${count++}.db3`);

  for (const options of versions) {
    it(`reads ${titleOf(options)}, in order of time whatever the order of rows`, async () => {
      const messages = series(100);
      const path = freshPath();
      writeSqlite(path, messages.slice().reverse(), options);
      const bag = await openBag(path);
      assert.deepEqual(await contents(bag), messages);
      assert.deepEqual(
        bag.info.topics.map((topic) => [topic.name, topic.type, topic.serialization, topic.count]),
        [
          ['/a', STRING, 'cdr', 34],
          ['/b', STRING, 'cdr', 33],
          ['/c', STRING, 'cdr', 33],
        ],
      );
      assert.deepEqual([bag.info.start, bag.info.end], [messages[0]!.time, messages[99]!.time]);
      const start = messages[20]!.time;
      const end = messages[40]!.time;
      assert.deepEqual(
        await contents(bag, { topics: ['/b', '/absent'], start, end }),
        messages.filter(({ topic, time }) => topic === '/b' && time >= start && time <= end),
      );
      assert.deepEqual(bag.info.problems, []);
      await bag.close();
    });
  }

  it('neither needs to write to the folder of a bag nor leaves anything there', async () => {
    const path = folder.path('read only/bag.db3');
    mkdirSync(dirname(path));
    writeSqlite(path, series(300), { version: 3 });
    const bytes = readFileSync(path);
    const modified = statSync(dirname(path)).mtimeMs;
    chmodSync(dirname(path), 0o555);
    try {
      const bag = await openBag(path);
      for await (const _ of bag.messages()) {
        // A lock would be a folder beside the file, there only while reading.
        assert.deepEqual(readdirSync(dirname(path)), ['bag.db3']);
      }
      await bag.close();
      assert.equal(statSync(dirname(path)).mtimeMs, modified);
      assert.deepEqual(readFileSync(path), bytes);
    } finally {
      chmodSync(dirname(path), 0o755);
    }
  });

  it('is read by several readers at once', async () => {
    const messages = series(300);
    const path = freshPath();
    writeSqlite(path, messages, { version: 4 });
    const [first, second] = [await openBag(path), await openBag(path)];
    const both = await Promise.all([contents(first), contents(first, { topics: ['/a'] }), contents(second)]);
    assert.deepEqual(both[0], messages);
    assert.equal(both[1].length, 100);
    assert.deepEqual(both[2], messages);
    await first.close();
    await second.close();
  });

  it('recovers the messages a crashed recorder left in its write-ahead log', async () => {
    const messages = series(50);
    const path = freshPath();
    writeSqlite(path, messages.slice(0, 10), { version: 3 });
    const recorder = new sqlite.Database(path);
    recorder.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0');
    const other = freshPath();
    writeSqlite(other, messages, { version: 3 });
    const source = new sqlite.Database(other, { readOnly: true });
    for (const { id, topic_id, timestamp, data } of source.all('SELECT * FROM messages WHERE id > 10') as Record<
      string,
      number
    >[]) {
      recorder.run('INSERT INTO messages VALUES (?,?,?,?)', [id!, topic_id!, timestamp!, data!]);
    }
    source.close();
    // The crash: file and log as they are on the disk before the recorder closes.
    const crashed = freshPath();
    copyFileSync(path, crashed);
    copyFileSync(`${path}-wal`, `${crashed}-wal`);
    recorder.close();
    const log = readFileSync(`${crashed}-wal`);
    const { messages: read, problems } = await readBag(crashed);
    assert.deepEqual(read, messages);
    assert.match(problems.join(), /recovered from its write-ahead log/);
    assert.deepEqual(readFileSync(`${crashed}-wal`), log);
  });

  it('refuses a file that is cut off, or reads what it can, and never throws once messages come', async () => {
    const messages = series(2000);
    const whole = freshPath();
    writeSqlite(whole, messages, { version: 3 });
    const bytes = readFileSync(whole);
    const path = freshPath();
    for (let length = 1; length < bytes.length; length += 4099) {
      writeFileSync(path, bytes.subarray(0, length));
      let bag: Awaited<ReturnType<typeof openBag>>;
      try {
        bag = await openBag(path);
      } catch (error) {
        assert.match((error as Error).message, /is cut off or damaged as a SQLite file|Expected a rosbag2 file/);
        continue;
      }
      const read = await contents(bag);
      const expected = new Set(messages.map(({ text }) => text));
      assert.ok(read.every(({ text }) => expected.has(text)));
      if (read.length < messages.length) assert.match(bag.info.problems.join(), /cut off or damaged/);
      await bag.close();
    }
  });

  it('names a database that is no bag', async () => {
    const path = freshPath();
    const database = new sqlite.Database(path);
    database.exec('CREATE TABLE birds(name TEXT)');
    database.close();
    await assert.rejects(openBag(path), /tables "topics" and "messages" at .* but received another database/);
  });

  it('takes in what SQLite lets into its untyped columns', async () => {
    const path = freshPath();
    const messages = series(4);
    writeSqlite(path, messages, { version: 3 });
    const database = new sqlite.Database(path);
    database.exec(`UPDATE messages SET timestamp = timestamp / 1000 + 0.5 WHERE id = 1`);
    database.exec('CREATE TABLE copies AS SELECT * FROM messages; DROP TABLE messages');
    database.exec('ALTER TABLE copies RENAME TO messages');
    database.exec('UPDATE messages SET id = NULL WHERE id = 2');
    database.close();
    const bag = await openBag(path);
    const read = await contents(bag);
    assert.deepEqual(
      read.map(({ text }) => text),
      [messages[0], messages[2], messages[3]].map((message) => message!.text),
    );
    assert.match(
      bag.info.problems.join(),
      /1 message is listed without a time, or their bytes are not there: left out/,
    );
    await bag.close();
  });

  const damages: [what: string, statement: string, lost: number][] = [
    ['no time', 'UPDATE messages SET timestamp = NULL WHERE id IN (2, 5)', 2],
    ['a text for a time', "UPDATE messages SET timestamp = 'noon' WHERE id = 3", 1],
    ['bytes for a time', "UPDATE messages SET timestamp = x'00ff' WHERE id = 3", 1],
    ['no bytes', 'UPDATE messages SET data = NULL WHERE id = 3', 1],
    ['a text for bytes', "UPDATE messages SET data = 'hello' WHERE id IN (1, 2, 3)", 3],
    ['a topic that is not there', 'UPDATE messages SET topic_id = 77 WHERE id = 6', 1],
    ['no topic', 'UPDATE messages SET topic_id = NULL WHERE id = 6', 1],
  ];
  for (const [what, statement, lost] of damages) {
    it(`leaves out rows with ${what}, and counts them`, async () => {
      const path = freshPath();
      const messages = series(6);
      writeSqlite(path, messages, { version: 3 });
      const database = new sqlite.Database(path);
      database.exec('CREATE TABLE copies AS SELECT * FROM messages; DROP TABLE messages');
      database.exec('ALTER TABLE copies RENAME TO messages');
      database.exec(statement);
      database.close();
      const bag = await openBag(path);
      const read = await contents(bag);
      assert.equal(read.length, 6 - lost);
      assert.equal(bag.info.messageCount, 6 - lost);
      const expected = new RegExp(`${lost} rows? ha(s|ve) no time, no bytes or no known topic: left out`);
      assert.match(bag.info.problems.join('\n'), expected);
      assert.equal(bag.info.problems.length, 1);
      assert.ok(bag.info.durationSeconds < 10);
      await bag.close();
    });
  }

  it('reads topics whose table lacks columns', async () => {
    const path = freshPath();
    const messages = series(6);
    writeSqlite(path, messages, { version: 3 });
    const database = new sqlite.Database(path);
    database.exec('CREATE TABLE copies AS SELECT id, name, type FROM topics; DROP TABLE topics');
    database.exec('ALTER TABLE copies RENAME TO topics');
    database.exec('UPDATE topics SET name = NULL WHERE id = 3');
    database.close();
    const bag = await openBag(path);
    assert.equal((await contents(bag)).length, 4);
    assert.match(bag.info.problems.join('\n'), /a topic without name, type or number is left out/);
    assert.match(bag.info.problems.join('\n'), /how \/a is serialised is not said: read as cdr/);
    assert.match(bag.info.problems.join('\n'), /2 rows have no time, no bytes or no known topic/);
    await bag.close();
  });

  it('leaves no temporary files behind', async () => {
    const temporary = folder.path('tmp');
    mkdirSync(temporary);
    const before = process.env.TMPDIR;
    process.env.TMPDIR = temporary;
    try {
      const path = freshPath();
      writeSqlite(path, series(10), { version: 3 });
      const bag = await openBag(path);
      assert.equal(readdirSync(temporary).length, 1);
      await bag.close();
      writeFileSync(path, readFileSync(path).subarray(0, 100));
      await assert.rejects(openBag(path));
      assert.deepEqual(readdirSync(temporary), []);
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
      rmSync(temporary, { recursive: true });
    }
  });
});

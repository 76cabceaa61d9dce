import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import zstd from '@foxglove/wasm-zstd';
import { stringify } from 'yaml';
import { openBag } from '../../src/bags/index.js';
import { encodeMessage } from '../../src/messages/index.js';
import {
  compressWithZstd,
  contents,
  mcapBytes,
  readBag,
  STRING,
  series,
  temporaryFolder,
  writeSqlite,
  writeZstd,
} from './fixtures.js';

/** A profile as the numbers of old metadata, in its YAML text. */
const numberedQos = '- history: 1\n  depth: 1\n  reliability: 1\n  durability: 1\n';

/** The same with the names of version 9, no text around it. */
const namedQos = [{ history: 'keep_last', depth: 1, reliability: 'reliable', durability: 'transient_local' }];

function metadata(version: number, files: string[], extra: Record<string, unknown> = {}): string {
  const topics = ['/a', '/b', '/c'].map((name) => ({
    topic_metadata: {
      name,
      type: STRING,
      serialization_format: 'cdr',
      offered_qos_profiles: version >= 9 ? namedQos : numberedQos,
      ...(version >= 9 ? { type_description_hash: 'RIHS01_0' } : {}),
    },
    message_count: 20,
  }));
  return stringify({
    rosbag2_bagfile_information: {
      version,
      storage_identifier: 'mcap',
      relative_file_paths: files,
      duration: { nanoseconds: 1 },
      starting_time: { nanoseconds_since_epoch: 1 },
      message_count: 60,
      topics_with_message_count: topics,
      compression_format: '',
      compression_mode: '',
      ...extra,
    },
  });
}

describe('bags: folders and files', () => {
  const temporary = temporaryFolder();
  let count = 0;
  const newFolder = () => {
    const path = temporary.path(`bag${count++}`);
    mkdirSync(path);
    return path;
  };
  const messages = series(60);

  for (const version of [4, 5, 9]) {
    it(`reads metadata version ${version} with its QoS`, async () => {
      const folder = newFolder();
      writeFileSync(join(folder, 'one.mcap'), await mcapBytes(messages));
      writeFileSync(join(folder, 'metadata.yaml'), metadata(version, ['one.mcap']));
      const bag = await openBag(folder);
      assert.deepEqual(await contents(bag), messages);
      assert.deepEqual(bag.info.topics[0]!.qos, [
        { reliability: 'reliable', durability: 'transient_local', history: 'keep_last', depth: 1 },
      ]);
      assert.deepEqual(bag.info.problems, []);
      await bag.close();
    });
  }

  it('joins split files without metadata by time, ten after two', async () => {
    const folder = newFolder();
    for (let part = 0; part < 12; part++) {
      writeFileSync(join(folder, `part_${part}.mcap`), await mcapBytes(series(5, part * 5)));
    }
    const bag = await openBag(folder);
    assert.deepEqual(await contents(bag), messages);
    assert.deepEqual(
      bag.info.files.map((file) => file.slice(folder.length + 1)),
      Array.from({ length: 12 }, (_, part) => `part_${part}.mcap`),
    );
    await bag.close();
  });

  it('interleaves files that overlap in time, however they are stored', async () => {
    const folder = newFolder();
    const parts = [0, 1, 2].map((part) => messages.filter((_, index) => index % 3 === part).reverse());
    for (const [part, some] of parts.entries()) {
      writeFileSync(join(folder, `${part}.mcap`), await mcapBytes(some, { chunkSize: 300 }));
    }
    assert.deepEqual((await readBag(folder)).messages, messages);
    const databases = newFolder();
    for (const [part, some] of parts.entries()) writeSqlite(join(databases, `${part}.db3`), some, { version: 3 });
    assert.deepEqual((await readBag(databases)).messages, messages);
  });

  it('expands compressed files and removes what it expanded', async () => {
    const temporaryFiles = temporary.path('tmp');
    mkdirSync(temporaryFiles);
    const before = process.env.TMPDIR;
    process.env.TMPDIR = temporaryFiles;
    try {
      const folder = newFolder();
      const database = temporary.path('plain.db3');
      writeSqlite(database, messages, { version: 4 });
      writeZstd(join(folder, 'bag_0.db3.zstd'), readFileSync(database));
      // rosbag2 has listed such files with and without their last suffix.
      for (const listed of ['bag_0.db3.zstd', 'bag_0.db3']) {
        const extra = { compression_mode: 'FILE', compression_format: 'zstd' };
        writeFileSync(join(folder, 'metadata.yaml'), metadata(5, [listed], extra));
        const bag = await openBag(folder);
        assert.equal(readdirSync(temporaryFiles).length, 1);
        assert.deepEqual(await contents(bag), messages);
        await bag.close();
        assert.deepEqual(readdirSync(temporaryFiles), []);
      }
      const file = join(newFolder(), 'bag_0.mcap.zstd');
      writeZstd(file, await mcapBytes(messages, { compressChunk: compressWithZstd }));
      assert.deepEqual((await readBag(file)).messages, messages);
      assert.deepEqual(readdirSync(temporaryFiles), []);
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    }
  });

  it('reads the beginning of a compressed file that is cut off', async () => {
    const many = series(20_000);
    const folder = newFolder();
    const whole = zstd.compress(await mcapBytes(many, { chunkSize: 10_000 }), 1);
    writeFileSync(join(folder, 'bag.mcap.zstd'), whole.subarray(0, Math.floor(whole.byteLength / 2)));
    const { messages: read, problems } = await readBag(folder);
    assert.ok(read.length > 1000 && read.length < 20_000, `${read.length} messages`);
    assert.deepEqual(read, many.slice(0, read.length));
    assert.match(problems.join('\n'), /is cut off or damaged as a zstd file/);
  });

  it('expands messages that were compressed one by one, and leaves out damaged ones', async () => {
    const folder = newFolder();
    const path = join(folder, 'bag.db3');
    writeSqlite(path, messages, { version: 3 });
    await recompress(path);
    const extra = { compression_mode: 'MESSAGE', compression_format: 'zstd' };
    writeFileSync(join(folder, 'metadata.yaml'), metadata(5, ['bag.db3'], extra));
    const { messages: read, problems } = await readBag(folder);
    assert.deepEqual(read, messages.slice(1));
    assert.match(problems.join(), /Topic \/a has messages that are damaged as zstd/);
  });

  it('reads the rest when a file that metadata lists is missing or empty', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'b_1.mcap'), await mcapBytes(messages));
    writeFileSync(join(folder, 'b_2.mcap'), '');
    writeFileSync(join(folder, 'metadata.yaml'), metadata(5, ['b_0.mcap', 'b_1.mcap', 'b_2.mcap']));
    const { messages: read, problems } = await readBag(folder);
    assert.deepEqual(read, messages);
    assert.equal(problems.length, 2);
    assert.match(problems[0]!, /lists b_0.mcap, which is missing: the rest is read/);
    assert.match(problems[1]!, /b_2.mcap is empty: the other files of the bag are read/);
  });

  it('says when the files hold another number of messages than metadata counts', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'one.mcap'), await mcapBytes(messages.slice(0, 59)));
    writeFileSync(join(folder, 'metadata.yaml'), metadata(5, ['one.mcap']));
    const { problems } = await readBag(folder);
    assert.match(problems.join(), /counts 60 messages but the files hold 59/);
  });

  it('lists topics that were recorded but stayed silent', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'one.mcap'), await mcapBytes(messages.filter(({ topic }) => topic === '/a')));
    writeFileSync(join(folder, 'metadata.yaml'), metadata(5, ['one.mcap'], { message_count: 20 }));
    const bag = await openBag(folder);
    assert.deepEqual(
      bag.info.topics.map(({ name, count: messageCount }) => [name, messageCount]),
      [
        ['/a', 20],
        ['/b', 0],
        ['/c', 0],
      ],
    );
    await bag.close();
  });

  const refused: [string, (folder: string) => string, RegExp][] = [
    ['a path that is not there', (folder) => join(folder, 'absent'), /there is no such file or folder/],
    ['an empty folder', (folder) => folder, /holds no metadata.yaml, .mcap or .db3 file/],
    ['an empty file', (folder) => written(folder, 'a.mcap', ''), /a.mcap is empty/],
    ['a file of another kind', (folder) => written(folder, 'a.mcap', 'hello'), /a.mcap is neither/],
    ['a bag of ROS 1', (folder) => written(folder, 'a.bag', '#ROSBAG V2.0\n'), /is one of ROS 1: convert/],
    ['metadata that is no YAML', (folder) => withMetadata(folder, 'a: [1'), /Expected YAML in/],
    [
      'metadata of something else',
      (folder) => withMetadata(folder, 'birds: 3'),
      /Expected rosbag2 metadata in .* received for rosbag2_bagfile_information.relative_file_paths/,
    ],
    [
      'metadata that lists only missing files',
      (folder) => withMetadata(folder, metadata(5, ['x.mcap'])),
      /Expected the 1 files that .* lists but found none/,
    ],
    [
      'an unknown compression',
      (folder) => withMetadata(folder, metadata(5, ['x'], { compression_mode: 'MAGIC' })),
      /Expected compression_mode FILE, MESSAGE or none in .* but received MAGIC/,
    ],
  ];
  for (const [name, make, expected] of refused) {
    it(`refuses ${name} in one sentence`, async () => {
      await assert.rejects(openBag(make(newFolder())), (error: Error) => {
        assert.match(error.message, expected);
        assert.ok(!error.message.includes('\n'));
        return true;
      });
    });
  }
});

function written(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function withMetadata(folder: string, text: string): string {
  written(folder, 'metadata.yaml', text);
  return folder;
}

/** Compresses each message of a SQLite bag as `--compression-mode message` does; spoils the first. */
async function recompress(path: string): Promise<void> {
  const { default: sqlite } = await import('node-sqlite3-wasm');
  const database = new sqlite.Database(path);
  for (const row of database.all('SELECT id, data FROM messages') as { id: number; data: Uint8Array }[]) {
    const data = row.id === 1 ? encodeMessage(STRING, { data: 'not zstd' }) : zstd.compress(row.data, 1);
    database.run('UPDATE messages SET data = ? WHERE id = ?', [data, row.id]);
  }
  database.close();
}

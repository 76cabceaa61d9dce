import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import zstd from '@foxglove/wasm-zstd';
import sqlite from 'node-sqlite3-wasm';
import { expandZstd } from '../../src/bags/expand_zstd.js';
import { openBag } from '../../src/bags/index.js';
import { removeStaleFolders, workspacePrefix } from '../../src/bags/stale_folders.js';
import { ZstdCutter } from '../../src/bags/zstd_blocks.js';
import { turnsDuring } from '../sensors/support/event_loop.js';
import { loaderOf } from '../support/loader.js';
import { mcapBytes, series, temporaryFolder } from './fixtures.js';

/** One frame of zeros in RLE blocks of 128 kB: four bytes of it hold 131072. */
function zeroBomb(blocks: number, declared: 'declared' | 'undeclared' = 'undeclared'): Uint8Array {
  const header = declared === 'declared' ? [0xa0, 0, 0, 0, 0] : [0x00, 0x38];
  const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, ...header]);
  if (declared === 'declared') frame.writeUInt32LE(blocks << 17, 5);
  const body = Buffer.alloc(4 * blocks);
  for (let i = 0; i < blocks; i++)
    body.writeUIntLE((((1 << 17) << 3) | (1 << 1) | (i === blocks - 1 ? 1 : 0)) >>> 0, 4 * i, 3);
  return Buffer.concat([frame, body]);
}

describe('Bounds of compressed bags', function () {
  this.timeout(120_000);
  const { path } = temporaryFolder();
  before(() => zstd.isLoaded);

  it('cut zstd where blocks end, whatever pieces it comes in, and change nothing', async () => {
    const bytes = Uint8Array.from({ length: 700_000 }, (_, i) => (Math.imul(i, 2654435761) >>> (i % 29)) & 0xff);
    for (const data of [zstd.compress(bytes, 3), zstd.compress(bytes.subarray(0, 90), 3), zeroBomb(40)]) {
      for (const step of [1, 7, 4096, data.length]) {
        const cutter = new ZstdCutter(2);
        const pieces: Uint8Array[] = [];
        for (let at = 0; at < data.length; at += step) pieces.push(...cutter.cut(data.subarray(at, at + step)));
        assert.deepEqual(Buffer.concat(pieces), Buffer.from(data), `in steps of ${step}`);
      }
    }
    assert.deepEqual(await expandZstd(zstd.compress(bytes, 3), bytes.length, 'whole'), Buffer.from(bytes));
    assert.equal((await expandZstd(zeroBomb(40), 40 << 17, 'whole')).length, 40 << 17);
  });

  it('let the event loop turn while kilobytes expand to many megabytes', async () => {
    const turns = await turnsDuring(expandZstd(zeroBomb(800), 800 << 17, 'whole'));
    assert.ok(turns >= 40, `${turns} turns for 105 MB`);
  });

  it('refuse a frame by the size it declares, and one that lies about it, before more is held', async () => {
    await assert.rejects(expandZstd(zeroBomb(900, 'declared'), 1 << 26, 'whole'), /at most 67108864 expanded bytes/);
    await assert.rejects(expandZstd(zeroBomb(8000), 1 << 22, 'whole'), /at most 4194304 expanded bytes/);
    await assert.rejects(expandZstd(zeroBomb(8000), 1 << 22, 'cut'), /at most 4194304 expanded bytes/);
    const window = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 1, 0, 0]);
    await assert.rejects(expandZstd(window, 1 << 22, 'whole'), /window of at most 134217728 bytes but received/);
  });

  it('refuse a file whose content is no bag at its first bytes', async () => {
    writeFileSync(path('zeros.mcap.zst'), zeroBomb(30_000));
    await assert.rejects(openBag(path('zeros.mcap.zst')), /Expected an MCAP .* but what is compressed is neither/);
  });

  it('hold an expanded bag to the size given, and read one that fits', async () => {
    const bytes = await mcapBytes(series(300), { useChunks: false });
    writeFileSync(path('bag.mcap.zst'), zstd.compress(bytes, 3));
    await assert.rejects(
      openBag(path('bag.mcap.zst'), { maxExpandedBytes: bytes.length - 1 }),
      /to expand to at most .* GB but it holds more. Give more with --max-expanded/,
    );
    const bag = await openBag(path('bag.mcap.zst'), { maxExpandedBytes: bytes.length });
    assert.equal(bag.info.messageCount, 300);
    await bag.close();
  });

  it('leave out messages that expand beyond any message, and say so', async () => {
    const folder = path('bomb');
    mkdirSync(folder);
    const { McapWriter, TempBuffer } = await import('@mcap/core');
    const buffer = new TempBuffer();
    const writer = new McapWriter({ writable: buffer });
    await writer.start({ profile: 'ros2', library: 'test' });
    const channel = { topic: '/c', schemaId: 0, messageEncoding: 'cdr', metadata: new Map<string, string>() };
    const channelId = await writer.registerChannel(channel);
    const message = { channelId, sequence: 0, logTime: 1n, publishTime: 1n };
    await writer.addMessage({ ...message, data: zeroBomb(4000) });
    await writer.addMessage({ ...message, data: zstd.compress(new Uint8Array(9), 3) });
    await writer.end();
    writeFileSync(join(folder, 'bomb_0.mcap'), buffer.get());
    const yaml = 'relative_file_paths: [bomb_0.mcap]\n  compression_mode: MESSAGE\n';
    writeFileSync(join(folder, 'metadata.yaml'), `rosbag2_bagfile_information:\n  ${yaml}`);
    const bag = await openBag(folder);
    const sizes: number[] = [];
    for await (const { data } of bag.messages()) sizes.push(data.length);
    assert.deepEqual(sizes, [9]);
    assert.match(bag.info.problems.join(), /messages that are too large as zstd \(Expected at most 134217728 expanded/);
    await bag.close();
  });

  it('refuse a SQLite file that computes its rows', async () => {
    const file = path('computed.db3');
    const database = new sqlite.Database(file);
    database.exec('CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT, type TEXT, serialization_format TEXT)');
    database.exec(`INSERT INTO topics VALUES(1, '/c', 'sensor_msgs/msg/Image', 'cdr')`);
    database.exec(
      'CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER, ' +
        'data BLOB GENERATED ALWAYS AS (zeroblob(400000000)) VIRTUAL)',
    );
    database.exec('INSERT INTO messages(id, topic_id, timestamp) VALUES(1, 1, 5)');
    database.close();
    await assert.rejects(openBag(file), /Expected plain columns in table "messages" .* received computed ones/);
  });

  it('refuse pipes, devices and sockets, where a bag or its metadata should be', async function () {
    if (process.platform === 'win32') this.skip();
    const pipe = path('pipe.mcap');
    spawnSync('mkfifo', [pipe]);
    await assert.rejects(openBag(pipe), /Expected a regular file at .*pipe.mcap but it is a pipe/);
    await assert.rejects(openBag('/dev/zero'), /Expected a regular file at \/dev\/zero but it is a device/);
    const folder = path('with-pipe');
    mkdirSync(folder);
    spawnSync('mkfifo', [join(folder, 'metadata.yaml')]);
    await assert.rejects(openBag(folder), /but it is a pipe/);
    const listed = path('lists-pipe');
    mkdirSync(listed);
    spawnSync('mkfifo', [join(listed, 'a.mcap')]);
    await assert.rejects(openBag(listed), /a.mcap but it is a pipe/);
  });
});

describe('Temporary folders of bags', () => {
  const { path } = temporaryFolder();

  it('of processes that are no more are removed, others stay', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    const gone = `${workspacePrefix().replace(`-${process.pid}-`, `-${pid}-`)}aB3xyz`;
    const stay = [
      `${workspacePrefix()}aB3xyz`,
      `${workspacePrefix().replace(/-\d+-(\d+)-$/, '-99-$1-')}aB3xyz`,
      'mle-sam-bag-old',
    ];
    for (const name of [gone, ...stay]) mkdirSync(path(name));
    await removeStaleFolders(path());
    assert.deepEqual(readdirSync(path()).sort(), [...stay].sort());
  });

  it('go with a process that ends early', async () => {
    const bag = path('bag.mcap.zst');
    writeFileSync(bag, zstd.compress(await mcapBytes(series(30)), 3));
    const temporary = path('tmp');
    mkdirSync(temporary);
    const program = fileURLToPath(new URL(`./support/open_and_exit${extname(import.meta.url)}`, import.meta.url));
    const loader = loaderOf(program);
    const { stdout, status } = spawnSync(process.execPath, [...loader, program, bag], {
      encoding: 'utf8',
      env: { ...process.env, TMPDIR: temporary },
    });
    assert.equal(status, 130);
    assert.match(stdout, /^mle-sam-bag-/, 'it was there');
    assert.deepEqual(existsSync(temporary) && readdirSync(temporary).filter((name) => name.startsWith('mle-sam')), []);
    assert.ok(readFileSync(bag).length > 0);
  });
});

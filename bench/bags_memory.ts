/**
 * Proves that reading a bag takes bounded memory: writes bags of some gigabytes, streams through each in a process of
 * its own and prints how far its resident memory rose over what it was before the bag was opened.
 *
 *   node dist/bench/bags_memory.js [--gigabytes 3.2]
 *
 * Ends with exit code 1 when a bag took more than the 200 MB that are promised.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sqlite from 'node-sqlite3-wasm';
import { BagWriter, openBag } from '../src/bags/index.js';
import { decodeMessage, encodeMessage, peekHeader } from '../src/messages/index.js';

const PROMISED_MEGABYTES = 200;
const MEGABYTE = 1e6;

/** The streams of a driving robot at 10 Hz, by bytes a message. */
const STREAMS = [
  { topic: '/camera/image/compressed', type: 'sensor_msgs/msg/CompressedImage', bytes: 120_000 },
  { topic: '/camera/image_raw', type: 'sensor_msgs/msg/Image', bytes: 1280 * 720 * 3 },
  { topic: '/lidar/points', type: 'sensor_msgs/msg/PointCloud2', bytes: 60_000 * 18 },
];

interface Reading {
  messages: number;
  bytes: number;
  seconds: number;
  baselineMegabytes: number;
  peakMegabytes: number;
  problems: readonly string[];
}

interface Message {
  topic: string;
  type: string;
  data: Uint8Array;
  time: bigint;
}

/** Messages of about `totalBytes`, one set of streams every 100 ms, of bytes that hardly compress. */
function* recording(totalBytes: number): Generator<Message> {
  const noise = new Uint8Array(8 << 20);
  for (let index = 0, state = 1; index < noise.length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    noise[index] = state >>> 24;
  }
  let written = 0;
  for (let frame = 0; written < totalBytes; frame++) {
    for (const { topic, type, bytes } of STREAMS) {
      const start = (frame * 7919) % (noise.length - bytes);
      const header = { stamp: { sec: Math.floor(frame / 10), nanosec: (frame % 10) * 1e8 }, frame_id: topic };
      const data = encodeMessage(type, { header, data: noise.subarray(start, start + bytes) });
      written += data.byteLength;
      yield { topic, type, data, time: BigInt(frame) * 100_000_000n };
    }
  }
}

async function writeMcap(path: string, totalBytes: number): Promise<void> {
  const writer = await BagWriter.create(path);
  for (const { topic, type, data, time } of recording(totalBytes)) {
    await writer.write({ topic, type, data, logTime: time });
  }
  await writer.close();
}

function writeSqlite(path: string, totalBytes: number): void {
  const database = new sqlite.Database(path);
  database.exec(
    'CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, serialization_format TEXT NOT NULL);' +
      'CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL, timestamp INTEGER NOT NULL, data BLOB NOT NULL);' +
      'CREATE INDEX timestamp_idx ON messages (timestamp ASC)',
  );
  STREAMS.forEach(({ topic, type }, index) => {
    database.run("INSERT INTO topics VALUES (?,?,?,'cdr')", [index + 1, topic, type]);
  });
  const insert = database.prepare('INSERT INTO messages (topic_id, timestamp, data) VALUES (?,?,?)');
  let inTransaction = 0;
  database.exec('BEGIN');
  for (const { topic, time, data } of recording(totalBytes)) {
    insert.run([STREAMS.findIndex((stream) => stream.topic === topic) + 1, time, data]);
    if (++inTransaction % 100 === 0) database.exec('COMMIT; BEGIN');
  }
  database.exec('COMMIT');
  insert.finalize();
  database.close();
}

/** Streams through a bag as the pipeline does: headers of all messages, contents of all, nothing kept. */
async function read(path: string): Promise<Reading> {
  const baseline = process.memoryUsage().rss;
  let peak = baseline;
  const sample = () => {
    peak = Math.max(peak, process.memoryUsage().rss);
  };
  const timer = setInterval(sample, 20);
  const started = performance.now();
  const bag = await openBag(path);
  let messages = 0;
  let bytes = 0;
  for await (const raw of bag.messages()) {
    if (peekHeader(raw).kind !== 'header') throw new Error(`Expected a header in ${raw.topic}`);
    bytes += decodeMessage<{ data: Uint8Array }>(raw).data.byteLength;
    if (++messages % 16 === 0) sample();
  }
  const seconds = (performance.now() - started) / 1000;
  clearInterval(timer);
  await bag.close();
  return {
    messages,
    bytes,
    seconds,
    baselineMegabytes: baseline / MEGABYTE,
    peakMegabytes: peak / MEGABYTE,
    problems: bag.info.problems,
  };
}

/** Reads in a fresh process: what this one allocated to write the bag would hide what reading takes. */
async function readInChild(path: string): Promise<Reading> {
  const child = fork(fileURLToPath(import.meta.url), ['--read', path]);
  const [reading] = (await once(child, 'message')) as [Reading];
  return reading;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { gigabytes: { type: 'string', default: '3.2' }, read: { type: 'string' } },
  });
  if (values.read !== undefined) {
    process.send?.(await read(values.read));
    return;
  }
  const totalBytes = Number(values.gigabytes) * 1e9;
  if (!(totalBytes > 0)) throw new Error(`Expected a positive number for --gigabytes but received ${values.gigabytes}`);
  const folder = await mkdtemp(join(tmpdir(), 'mle-sam-bench-'));
  const report = async (name: string, path: string) => {
    const { size } = await stat(path);
    const { messages, bytes, seconds, baselineMegabytes, peakMegabytes, problems } = await readInChild(path);
    const growth = peakMegabytes - baselineMegabytes;
    console.log(
      `${name.padEnd(22)} ${(size / 1e9).toFixed(2)} GB, ${messages} messages: resident memory ` +
        `${baselineMegabytes.toFixed(0)} -> ${peakMegabytes.toFixed(0)} MB, +${growth.toFixed(0)} MB; ` +
        `${(bytes / MEGABYTE / seconds).toFixed(0)} MB/s${problems.map((problem) => `\n  ${problem}`).join('')}`,
    );
    if (growth > PROMISED_MEGABYTES) process.exitCode = 1;
  };
  try {
    const mcap = join(folder, 'bag.mcap');
    await writeMcap(mcap, totalBytes);
    await report('MCAP, zstd chunks', mcap);
    await truncate(mcap, (await stat(mcap)).size - 1_000_000);
    await report('the same, cut off', mcap);
    await rm(mcap);
    const database = join(folder, 'bag.db3');
    writeSqlite(database, totalBytes);
    await report('SQLite', database);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

await main();

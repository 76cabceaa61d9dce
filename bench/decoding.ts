/**
 * Decoding against what is used in Python: OpenCV on one thread, the C implementation of RVL, `mcap` and `sqlite3`. Processor
 * time, by turns in one run: `npm run bench -- decoding [--turns 7] [--only bayer,mcap]`. The peer and its libraries are in
 * bench/peer/; pip installs those into node_modules/.cache. Pictures of 1920x1080 are noise and reduced to 320x192, by
 * averaging in both (INTER_AREA); JPEG and PNG are the first ones of the bundled bag. Bags are opened and read four times a
 * turn, with the bytes of all messages, after four times that are not counted: code is compiled then, as it is after half a
 * minute of a recording.
 */
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { openBag } from '../src/bags/index.js';
import { decodeMessage, encodeMessage, type RawMessage, schemaFor } from '../src/messages/index.js';
import type { CompressedImage } from '../src/messages/types.js';
import { decodePicture } from '../src/sensors/camera/index.js';
import { decodeCompressedDepth, decodeRvl, encodeRvl, keepSamples } from '../src/sensors/depth/index.js';
import { projectRoot } from '../test/support/shared_data.js';
import { keepRows, type PerformanceRow } from './support/performance.js';

const GRID = { width: 320, height: 192 };
const HD = { width: 1920, height: 1080 };
const DEPTH = { width: 1280, height: 720 };
const PEER = join(projectRoot, 'bench', 'peer');
const BAG = join(projectRoot, 'samples', 'town', 'town_0.mcap');

interface Case {
  what: string;
  peer: string;
  repetitions: number;
  atMost?: number;
  run(): Promise<unknown>;
}

const { values } = parseArgs({ options: { turns: { type: 'string', default: '7' }, only: { type: 'string' } } });

/** Deterministic bytes that compress badly, as sensor noise does. */
function noise(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

function picture(encoding: string, data: Uint8Array, step: number): () => Promise<unknown> {
  const type = 'sensor_msgs/msg/Image';
  const header = { stamp: { sec: 0, nanosec: 0 }, frame_id: '' };
  const message = { header, ...HD, encoding, is_bigendian: 0, step, data };
  const raw: RawMessage = {
    topic: '/bench',
    type,
    data: encodeMessage(type, message),
    receiveStamp: 0n,
    schema: schemaFor(type),
  };
  return () => decodePicture(raw, GRID);
}

/** A road that falls off, with the noise of a stereo camera and holes. */
function depthSamples(): Uint16Array {
  const random = noise(DEPTH.width * DEPTH.height);
  return Uint16Array.from(random, (level, i) =>
    level < 12 ? 0 : 1000 + 3 * Math.floor(i / DEPTH.width) + (level % 5),
  );
}

async function firstOf(topic: string): Promise<RawMessage> {
  const bag = await openBag(BAG);
  for await (const message of bag.messages({ topics: [topic] })) return message;
  throw new Error(`Expected a message on ${topic} in ${BAG} but it has none.`);
}

async function readBag(path: string): Promise<number> {
  const bag = await openBag(path);
  let bytes = 0;
  for await (const { data } of bag.messages()) bytes += data.byteLength;
  await bag.close();
  return bytes;
}

async function prepare(folder: string): Promise<Record<string, Case>> {
  const file = (name: string, data: Uint8Array) => {
    writeFileSync(join(folder, name), data);
    return data;
  };
  const bayer = file('bayer', noise(HD.width * HD.height));
  const yuyv = file('yuyv', noise(HD.width * HD.height * 2));
  const nv12 = file('nv12', noise(HD.width * HD.height * 1.5));
  const rvl = file('rvl', encodeRvl(depthSamples(), DEPTH.width, DEPTH.height));
  const jpeg = await firstOf('/camera/image/compressed');
  file('jpeg', decodeMessage<CompressedImage>(jpeg).data);
  const depth = decodeMessage<CompressedImage>(await firstOf('/depth/image/compressedDepth'));
  file('png', depth.data.subarray(12));
  copyFileSync(BAG, join(folder, 'bag.mcap'));
  const opencv = 'OpenCV, one thread';
  return {
    bayer: {
      what: 'bayer_rggb8 1920x1080 to 320x192',
      peer: opencv,
      repetitions: 8,
      atMost: 1.3,
      run: picture('bayer_rggb8', bayer, HD.width),
    },
    yuyv: {
      what: 'yuyv 1920x1080 to 320x192',
      peer: opencv,
      repetitions: 8,
      atMost: 1.3,
      run: picture('yuyv', yuyv, HD.width * 2),
    },
    nv12: {
      what: 'nv12 1920x1080 to 320x192',
      peer: opencv,
      repetitions: 8,
      atMost: 1.3,
      run: picture('nv12', nv12, HD.width),
    },
    rvl: {
      what: 'RVL 1280x720',
      peer: 'C, -O2',
      repetitions: 10,
      atMost: 1.3,
      // The node gives samples back as well, when it has made metres of them.
      run: async () => {
        const outcome = decodeRvl(rvl);
        if (outcome.kind === 'samples') keepSamples(outcome.samples);
      },
    },
    jpeg: {
      what: 'JPEG 640x384 to 320x192',
      peer: opencv,
      repetitions: 20,
      run: () => decodePicture(jpeg, GRID),
    },
    png: {
      what: 'compressedDepth PNG 320x192',
      peer: `${opencv}, without metres`,
      repetitions: 20,
      run: () => decodeCompressedDepth(depth),
    },
    mcap: {
      what: 'the bundled MCAP, zstd, all messages',
      peer: 'mcap of Python, which checks no CRC',
      repetitions: 4,
      atMost: 1,
      run: () => readBag(join(folder, 'bag.mcap')),
    },
    sqlite: {
      what: 'the same messages in SQLite',
      peer: 'sqlite3 of Python',
      repetitions: 4,
      atMost: 1,
      run: () => readBag(join(folder, 'bag.db3')),
    },
  };
}

/** Installs the peer's libraries, and compiles what it has in C. */
function installPeer(folder: string): string {
  const libraries = join(projectRoot, 'node_modules', '.cache', 'mle-sam-decoding-peer');
  const requirements = join(PEER, 'decoding_requirements.txt');
  const mark = join(libraries, 'installed.txt');
  const wanted = readFileSync(requirements, 'utf8');
  if (!existsSync(mark) || readFileSync(mark, 'utf8') !== wanted) {
    const options = ['install', '--quiet', '--disable-pip-version-check', '--upgrade', '--target', libraries];
    execFileSync('python3', ['-m', 'pip', ...options, '-r', requirements], { stdio: 'inherit' });
    writeFileSync(mark, wanted);
  }
  execFileSync('cc', ['-O2', '-shared', '-fPIC', join(PEER, 'rvl.c'), '-o', join(folder, 'rvl.so')]);
  return libraries;
}

/** The Python process: answers a case with its processor time in milliseconds. */
function startPeer(folder: string, libraries: string) {
  const peer = spawn('python3', [join(PEER, 'decoding.py'), folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, PYTHONPATH: libraries },
  });
  const lines = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('Expected an answer of bench/peer/decoding.py but it ended.');
    return value;
  };
  return {
    ready: next,
    measure: async (name: string, repetitions: number) => {
      peer.stdin.write(`${name} ${repetitions}\n`);
      return Number(await next());
    },
    stop: () => peer.stdin.end(),
  };
}

async function cpuMilliseconds({ run, repetitions }: Case): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < repetitions; i++) await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / repetitions;
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!;
}

const folder = mkdtempSync(join(tmpdir(), 'mle-sam-bench-'));
try {
  const cases = await prepare(folder);
  const peer = startPeer(folder, installPeer(folder));
  await peer.ready();
  const only = values.only?.split(',');
  const table = new Table({ head: ['', 'here', 'peer', 'ratio', 'target'], style: { head: [], border: [] } });
  for (const [name, one] of Object.entries(cases)) {
    if (only !== undefined && !only.includes(name)) continue;
    await cpuMilliseconds(one);
    const turns: { here: number; there: number }[] = [];
    for (let turn = 0; turn < Number(values.turns); turn++) {
      const here = await cpuMilliseconds(one);
      turns.push({ here, there: await peer.measure(name, one.repetitions) });
    }
    const [here, there] = [median(turns.map((turn) => turn.here)), median(turns.map((turn) => turn.there))];
    const value = median(turns.map((turn) => turn.here / turn.there));
    const target = one.atMost === undefined ? {} : { target: { atMost: one.atMost } };
    const figures = [`${here.toFixed(2)} ms`, `${there.toFixed(2)} ms`] as const;
    table.push([one.what, ...figures, value.toFixed(2), one.atMost === undefined ? '' : `≤ ${one.atMost}`]);
    const row: PerformanceRow = {
      what: `decoding ${one.what}, processor time / ${one.peer}`,
      value,
      unit: 'ratio',
      ...target,
      settings: `${figures.join(' against ')}, ${values.turns} turns`,
    };
    keepRows(row);
  }
  peer.stop();
  console.log(table.toString());
} finally {
  rmSync(folder, { recursive: true });
}

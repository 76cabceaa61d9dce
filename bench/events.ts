/** How fast events are decoded and drawn. Run: `npx tsx bench/events.ts`. Prints one line of JSON a case. */
import { performance } from 'node:perf_hooks';
import { createEventDecoder, EventBuffer, EventRing, renderEvents } from '../src/sensors/events/index.js';

const WIDTH = 1280;
const HEIGHT = 720;

/** Deterministic numbers 0..limit-1. */
function random(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** An EVT3 stream like a driving camera's: rows of single events and vectors, time words in between. */
function evt3Stream(words: number, vectorShare: number): Uint8Array {
  const next = random(7);
  const stream = new Uint16Array(words);
  let t = 0;
  let i = 0;
  while (i + 8 < words) {
    t += 1 + next(3);
    stream[i++] = 0x8000 | ((t >> 12) & 0xfff);
    stream[i++] = 0x6000 | (t & 0xfff);
    stream[i++] = next(HEIGHT);
    if (next(100) < vectorShare * 100) {
      stream[i++] = 0x3000 | (next(2) << 11) | next(WIDTH - 40);
      for (let k = 0; k < 3; k++) stream[i++] = 0x4000 | next(4096);
    } else for (let k = 0; k < 4; k++) stream[i++] = 0x2000 | (next(2) << 11) | next(WIDTH);
  }
  return new Uint8Array(stream.buffer, 0, i * 2);
}

function mono(events: number): Uint8Array {
  const next = random(8);
  const words = new Uint32Array(events * 2);
  for (let i = 0; i < words.length; i += 2) {
    words[i] = i * 500;
    words[i + 1] = ((next(2) << 31) | (next(HEIGHT) << 16) | next(WIDTH)) >>> 0;
  }
  return new Uint8Array(words.buffer);
}

/** The median of seven runs after two to warm up, in milliseconds. */
async function median(run: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 9; i++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  return times.slice(2).sort((a, b) => a - b)[3]!;
}

function report(name: string, events: number, milliseconds: number): void {
  const millionPerSecond = Number((events / milliseconds / 1000).toFixed(1));
  console.log(JSON.stringify({ name, events, milliseconds: Number(milliseconds.toFixed(2)), millionPerSecond }));
}

async function benchDecoder(name: string, encoding: string, bytes: Uint8Array): Promise<EventBuffer> {
  const created = createEventDecoder(encoding);
  if (created.kind === 'invalid') throw new Error(created.reason);
  const header = { stamp: { sec: 0, nanosec: 0 }, frame_id: '' };
  const message = {
    header,
    width: WIDTH,
    height: HEIGHT,
    seq: 0n,
    time_base: 0n,
    encoding,
    is_bigendian: false,
    events: bytes,
  };
  const buffer = new EventBuffer();
  const milliseconds = await median(() => {
    buffer.clear();
    const { invalid } = created.decoder.decode(message, buffer);
    if (invalid !== undefined) throw new Error(invalid);
  });
  report(name, buffer.length, milliseconds);
  return buffer;
}

const single = await benchDecoder('decode evt3, single events', 'evt3', evt3Stream(1_000_000, 0));
await benchDecoder('decode evt3, vectors', 'evt3', evt3Stream(1_000_000, 1));
await benchDecoder('decode evt3, half and half', 'evt3', evt3Stream(1_000_000, 0.5));
await benchDecoder('decode mono', 'mono', mono(1_000_000));

const ring = new EventRing({ horizon: 1e12, capacity: 2_000_000 });
report('keep in the ring', single.length, await median(() => ring.push(single)));

const grid = { width: 320, height: 192 };
const gridIndex = Int32Array.from({ length: WIDTH * HEIGHT }, (_, i) => {
  const column = (i % WIDTH) >> 2;
  const row = Math.floor(i / WIDTH / HEIGHT / (1 / 192));
  return Math.min(row, 191) * 320 + column;
});
ring.clear();
ring.push(single);
const end = single.t[single.length - 1]!;
const lookup = { kind: 'scatter', grid, sensor: { width: WIDTH, height: HEIGHT }, gridIndex } as const;
const draw = () => renderEvents(ring, end, lookup, { kind: 'counts-recency', windowMs: 1e6, countScale: 64 });
report('draw counts-recency, 320 x 192', single.length, await median(draw));
ring.clear();
report('draw an empty window, 320 x 192', 0, await median(draw));

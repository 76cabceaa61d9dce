/**
 * Times a bundle on the CPU: both ways to encode, one to all modalities, what the main thread pays, and memory.
 *
 *   node dist/bench/model.js [BUNDLE] [--frames 100] [--threads 1,2] [--json]
 *
 * BUNDLE defaults to models/reference. The ways to encode take turns frame by frame, so that both see the same
 * disturbance of a busy machine. `slow` is a set of all modalities of which only the first has a new image, as between
 * two samples of sensors at half the camera's rate.
 */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { type Bundle, type EncodeMode, loadBundle, type Segmentation, Segmenter } from '../src/model/index.js';
import type { FrameSet } from '../src/sync/frame_set.js';
import { frameSet, noiseImage } from './support/frames.js';
import { type Percentiles, percentiles } from './support/percentiles.js';

const MEGABYTE = 1e6;
const ENCODE_MODES: readonly EncodeMode[] = ['batched', 'one-by-one'];
const WARM_UP_FRAMES = 3;

interface Row {
  threads: number;
  encodeMode: EncodeMode;
  images: string;
  encodeMs: Percentiles;
  headMs: Percentiles;
  totalMs: Percentiles;
  /** Total without encoder and head: copy, transfer, waiting for the event loop. */
  overheadMs: Percentiles;
  /** Processor time of all threads, which a busy machine disturbs less than the clock. */
  cpuMs: Percentiles;
  /** How long `segment` held the main thread before it returned its promise. */
  mainThreadMs: Percentiles;
}

interface Sample {
  timings: Segmentation['timings'];
  cpuMs: number;
  mainThreadMs: number;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      frames: { type: 'string', default: '100' },
      threads: { type: 'string', default: '1,2' },
      json: { type: 'boolean', default: false },
    },
  });
  const bundle = await loadBundle(positionals[0] ?? 'models/reference');
  const frames = Number(values.frames);
  const rows: Row[] = [];
  const starts: Record<string, number> = {};
  for (const threads of values.threads.split(',').map(Number)) {
    const start = performance.now();
    const segmenters = await Promise.all(
      ENCODE_MODES.map((encodeMode) => Segmenter.create(bundle, { threads, encodeMode })),
    );
    starts[threads] = (performance.now() - start) / segmenters.length;
    for (const sets of frameSources(bundle)) rows.push(...(await compare(segmenters, sets, threads, frames)));
    await Promise.all(segmenters.map((segmenter) => segmenter.close()));
  }
  const memory = await measureMemory(bundle, frames);
  const result = { bundle: bundle.name, input: bundle.input, frames, startMs: starts, rows, memory };
  console.log(values.json ? JSON.stringify(result, undefined, 2) : describe(result));
}

interface FrameSource {
  images: string;
  next(): FrameSet;
}

/** One to all modalities with all images new, then all modalities with only the first new. */
function frameSources(bundle: Bundle): FrameSource[] {
  const pool = bundle.modalities.map(({ name }, seed) => noiseImage(bundle, name, seed));
  // A copy of the object is a new image to the segmenter, of the same pixels.
  const fresh = (count: number) => pool.slice(0, count).map((image) => ({ ...image }));
  const sources = pool.map((_, i) => ({ images: `${i + 1}`, next: () => frameSet(fresh(i + 1)) }));
  const slow = () => frameSet([...fresh(1), ...pool.slice(1)]);
  return [...sources, { images: `${pool.length} slow`, next: slow }];
}

async function compare(
  segmenters: readonly Segmenter[],
  source: FrameSource,
  threads: number,
  frames: number,
): Promise<Row[]> {
  const samples = segmenters.map((): Sample[] => []);
  for (let frame = -WARM_UP_FRAMES; frame < frames; frame++) {
    for (const [i, segmenter] of segmenters.entries()) {
      const set = source.next();
      const cpuStart = process.cpuUsage();
      const start = performance.now();
      const pending = segmenter.segment(set);
      const mainThreadMs = performance.now() - start;
      const { timings } = await pending;
      const { user, system } = process.cpuUsage(cpuStart);
      if (frame >= 0) samples[i]!.push({ timings, cpuMs: (user + system) / 1e3, mainThreadMs });
    }
  }
  return segmenters.map((segmenter, i) => {
    const of = (pick: (sample: Sample) => number) => percentiles(samples[i]!.map(pick));
    return {
      threads,
      encodeMode: segmenter.selection.encodeMode,
      images: source.images,
      encodeMs: of(({ timings }) => timings.encodeMs),
      headMs: of(({ timings }) => timings.headMs),
      totalMs: of(({ timings }) => timings.totalMs),
      overheadMs: of(({ timings }) => timings.totalMs - timings.encodeMs - timings.headMs),
      cpuMs: of((sample) => sample.cpuMs),
      mainThreadMs: of((sample) => sample.mainThreadMs),
    };
  });
}

/** Resident memory after each of five equal stretches of a run with all modalities, and the worst event-loop delay. */
async function measureMemory(bundle: Bundle, frames: number) {
  const segmenter = await Segmenter.create(bundle);
  const source = frameSources(bundle)[bundle.modalities.length - 1]!;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const residentMegabytes: number[] = [];
  delay.enable();
  for (let stretch = 0; stretch < 5; stretch++) {
    for (let frame = 0; frame < frames; frame++) await segmenter.segment(source.next());
    residentMegabytes.push(process.memoryUsage.rss() / MEGABYTE);
  }
  delay.disable();
  await segmenter.close();
  return { residentMegabytes, eventLoopDelayMs: { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 } };
}

function describe({
  bundle,
  input,
  frames,
  startMs,
  rows,
  memory,
}: {
  bundle: string;
  input: Bundle['input'];
  frames: number;
  startMs: Record<string, number>;
  rows: readonly Row[];
  memory: Awaited<ReturnType<typeof measureMemory>>;
}): string {
  const head = [
    'threads',
    'encode',
    'images',
    'encode ms',
    'head ms',
    'total ms',
    'CPU ms',
    'overhead ms',
    'main thread ms',
  ];
  const table = new Table({ head, style: { head: [], border: [] } });
  const show = ({ p50, p99 }: Percentiles) => `${p50.toFixed(1)} / ${p99.toFixed(1)}`;
  for (const row of rows) {
    const { threads, encodeMode, images, encodeMs, headMs, totalMs, cpuMs, overheadMs, mainThreadMs } = row;
    table.push([
      threads,
      encodeMode,
      images,
      ...[encodeMs, headMs, totalMs, cpuMs, overheadMs, mainThreadMs].map(show),
    ]);
  }
  const starts = Object.entries(startMs).map(([threads, ms]) => `${ms.toFixed(0)} ms with ${threads} thread(s)`);
  const resident = memory.residentMegabytes.map((megabytes) => megabytes.toFixed(0)).join(', ');
  const { p99, max } = memory.eventLoopDelayMs;
  return [
    `${bundle}, ${input.width}x${input.height}, ${frames} frames a row, p50 / p99`,
    table.toString(),
    `start with self-test: ${starts.join(', ')}`,
    `resident memory after each ${frames} frames: ${resident} MB`,
    `event-loop delay: p99 ${p99.toFixed(1)} ms, max ${max.toFixed(1)} ms`,
  ].join('\n');
}

await main();

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { modelFiles } from '../../src/model/bundle.js';
import {
  type Bundle,
  type EncodeMode,
  type GraphLayout,
  loadBundle,
  type ProviderRequest,
  Segmenter,
} from '../../src/model/index.js';
import { providerLadder } from '../../src/model/provider_ladder.js';
import type { ModelSessions } from '../../src/model/providers.js';
import { frameSet, noiseImage } from '../support/frames.js';
import { type Percentiles, percentiles } from '../support/percentiles.js';
import { rawRun } from './raw_run.js';

/** One way to run one model; measured in a process of its own, whose memory is then that of the case. */
export interface Case {
  bundle: string;
  provider: Exclude<ProviderRequest, 'auto'>;
  graphs: GraphLayout;
  encodeMode: EncodeMode;
  /** Graph with encoder and head, for the CPU, which looks for none in the cache. */
  fused?: string;
  engineCache: string;
  deviceId: number;
  threads: number;
  modalities: readonly number[];
  frames: number;
  seconds: number;
}

export interface CaseRow {
  modalities: number;
  frames: number;
  /** Encoder and head, as the worker sees them. */
  runMs: Percentiles;
  /** From a set of images to its masks. */
  totalMs: Percentiles;
  /** The same sessions called directly, by turns with the above; absent where there is no room for them twice. */
  rawMs?: Percentiles;
  /** Processor time of a set. */
  cpuMs: Percentiles;
}

export interface CaseResult {
  /** From nothing to ready, golden run included. */
  startMs: number;
  precision: string;
  /** Golden labels it agrees on, 0..1. */
  agreement: number;
  /** With the model on its provider once. */
  hostMegabytes: number;
  gpuMegabytes?: number;
  rows: CaseRow[];
}

const WARM_UP_FRAMES = 3;
const LEAST_FRAMES = 3;

/** @throws {Error} where the provider does not take the model */
export async function measureCase(options: Case): Promise<CaseResult> {
  const { provider, graphs, encodeMode, engineCache, deviceId, threads } = options;
  const loaded = await loadBundle(options.bundle);
  const bundle = { ...loaded, files: { ...loaded.files, ...(options.fused && { fused: options.fused }) } };
  const start = performance.now();
  const segmenter = await Segmenter.create(bundle, {
    provider,
    fallback: 'none',
    graphs,
    encodeMode,
    engineCache,
    deviceId,
    threads,
    runTimeoutMs: 'none',
  });
  const startMs = performance.now() - start;
  const { attempts, precision } = segmenter.selection;
  const { differing, pixels } = attempts.at(-1)!.golden!;
  const counts = options.modalities.filter((count) => count <= bundle.modalities.length);
  for (let i = 0; i < WARM_UP_FRAMES; i++) await segmenter.segment(noiseSet(bundle, Math.max(...counts)));
  const gpu = gpuMegabytes();
  const result: CaseResult = {
    startMs,
    precision,
    agreement: 1 - differing / pixels,
    hostMegabytes: peakMegabytes(),
    ...(gpu !== undefined && { gpuMegabytes: gpu }),
    rows: [],
  };
  const raw = await rawSessions(bundle, options);
  for (const count of counts) result.rows.push(await measureRow(segmenter, raw, count, options));
  await segmenter.close();
  return result;
}

/** The sessions once more, in this thread; a GPU may have no room for them. */
async function rawSessions(bundle: Bundle, options: Case): Promise<ModelSessions | undefined> {
  const { threads, deviceId, engineCache, graphs } = options;
  const provider = providerLadder.find(({ name }) => name === options.provider)!;
  return provider.createSessions(modelFiles(bundle), { threads, deviceId, engineCache, graphs }).catch(() => undefined);
}

async function measureRow(
  segmenter: Segmenter,
  sessions: ModelSessions | undefined,
  modalities: number,
  { encodeMode, frames, seconds }: Case,
): Promise<CaseRow> {
  const { bundle } = segmenter;
  const images = [...noiseSet(bundle, modalities).images.values()].map(({ data }) => data);
  const raw = sessions && (await rawRun(sessions, images, bundle.input, encodeMode));
  const samples: { run: number; total: number; cpu: number; raw: number }[] = [];
  const end = performance.now() + 1000 * seconds;
  for (let frame = -WARM_UP_FRAMES; frame < frames; frame++) {
    if (frame >= LEAST_FRAMES && performance.now() > end) break;
    const rawStart = performance.now();
    await raw?.();
    const rawMs = performance.now() - rawStart;
    const set = noiseSet(bundle, modalities);
    const cpuStart = process.cpuUsage();
    const { timings } = await segmenter.segment(set);
    const { user, system } = process.cpuUsage(cpuStart);
    const run = timings.encodeMs + timings.headMs;
    if (frame >= 0) samples.push({ run, total: timings.totalMs, cpu: (user + system) / 1e3, raw: rawMs });
  }
  const of = (pick: (sample: (typeof samples)[number]) => number) => percentiles(samples.map(pick));
  return {
    modalities,
    frames: samples.length,
    runMs: of(({ run }) => run),
    totalMs: of(({ total }) => total),
    cpuMs: of(({ cpu }) => cpu),
    ...(raw && { rawMs: of((sample) => sample.raw) }),
  };
}

const noise = new Map<string, ReturnType<typeof noiseImage>>();

/** A copy of the object is a new image to the segmenter, of the same pixels. */
function noiseSet(bundle: Bundle, count: number) {
  return frameSet(
    bundle.modalities.slice(0, count).map(({ name }, seed) => {
      const image = noise.get(name) ?? noiseImage(bundle, name, seed);
      noise.set(name, image);
      return { ...image };
    }),
  );
}

function peakMegabytes(): number {
  const kilobytes = /VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Number(kilobytes) / 1000;
}

/** What the driver says this process holds; nothing on boards whose GPU shares the host's memory. */
function gpuMegabytes(): number | undefined {
  const query = ['--query-compute-apps=pid,used_memory', '--format=csv,noheader,nounits'];
  const { stdout } = spawnSync('nvidia-smi', query, { encoding: 'utf8' });
  const own = stdout?.split('\n').find((line) => line.startsWith(`${process.pid},`));
  const used = Number(own?.split(',')[1]);
  return own === undefined || Number.isNaN(used) ? undefined : used;
}

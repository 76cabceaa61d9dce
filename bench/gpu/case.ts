import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import {
  type EncodeMode,
  type GraphLayout,
  loadBundle,
  type ProviderRequest,
  Segmenter,
} from '../../src/model/index.js';
import { frameSet, noiseImage } from '../support/frames.js';
import { type Percentiles, percentiles } from '../support/percentiles.js';

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
}

export interface CaseResult {
  /** From nothing to ready, golden run included. */
  startMs: number;
  precision: string;
  /** Golden labels it agrees on, 0..1. */
  agreement: number;
  hostMegabytes: number;
  gpuMegabytes: number | undefined;
  rows: { modalities: number; runMs: Percentiles; totalMs: Percentiles; overheadRatio: number; cpuMs: Percentiles }[];
}

const WARM_UP_FRAMES = 3;

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
  const pool = bundle.modalities.map(({ name }, seed) => noiseImage(bundle, name, seed));
  const rows: CaseResult['rows'] = [];
  for (const modalities of options.modalities.filter((count) => count <= pool.length)) {
    const samples: { run: number; total: number; cpu: number }[] = [];
    for (let frame = -WARM_UP_FRAMES; frame < options.frames; frame++) {
      // A copy of the object is a new image to the segmenter, of the same pixels.
      const set = frameSet(pool.slice(0, modalities).map((image) => ({ ...image })));
      const cpuStart = process.cpuUsage();
      const { timings } = await segmenter.segment(set);
      const { user, system } = process.cpuUsage(cpuStart);
      if (frame >= 0) {
        const run = timings.encodeMs + timings.headMs;
        samples.push({ run, total: timings.totalMs, cpu: (user + system) / 1e3 });
      }
    }
    rows.push({
      modalities,
      runMs: percentiles(samples.map(({ run }) => run)),
      totalMs: percentiles(samples.map(({ total }) => total)),
      cpuMs: percentiles(samples.map(({ cpu }) => cpu)),
      overheadRatio: percentiles(samples.map(({ run, total }) => total / run)).p50,
    });
  }
  const result: CaseResult = {
    startMs,
    precision,
    agreement: 1 - differing / pixels,
    hostMegabytes: peakMegabytes(),
    gpuMegabytes: gpuMegabytes(),
    rows,
  };
  await segmenter.close();
  return result;
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

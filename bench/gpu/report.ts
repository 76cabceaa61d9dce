import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { onnxRuntimeVersion, probePlatform } from '../../src/model/engines/index.js';
import type { CaseRow } from './case.js';
import type { Measured } from './variants.js';

export interface Report {
  machine: string;
  date: string;
  measured: Measured[];
  /** What could not be measured, by the reason. */
  absent: { reason: string; variants: string[] }[];
}

/** Processor, GPU, driver and versions: what a figure means nothing without. */
export function describeMachine(deviceId: number): string {
  const query = ['--query-gpu=name,driver_version', '--format=csv,noheader', '-i', String(deviceId)];
  const { status, stdout } = spawnSync('nvidia-smi', query, { encoding: 'utf8' });
  const parts = [
    `${cpus()[0]?.model.trim() || process.arch} (${cpus().length} threads)`,
    status === 0 ? `${stdout.trim().replace(', ', ' with driver ')}` : 'no GPU that nvidia-smi knows',
    `Node ${process.versions.node}`,
    `ONNX Runtime ${onnxRuntimeVersion()}`,
  ];
  try {
    const { gpu, tensorrt } = probePlatform(deviceId);
    parts.push(`TensorRT ${tensorrt}, compute capability ${gpu.computeCapability}`);
  } catch {
    parts.push('no TensorRT');
  }
  return parts.join(', ');
}

/** What the worker adds to the sessions, as a share of them. */
export function overheadOf({ totalMs, rawMs }: CaseRow): number | undefined {
  return rawMs && totalMs.p50 / rawMs.p50 - 1;
}

export function markdown(report: Report): string {
  const { machine, date, measured, absent } = report;
  return [
    `${machine}; ${date.slice(0, 10)}.`,
    'Times are p50 / p99 in ms. The golden run is part of a start; a first start also builds the graph. Overhead: from',
    'images to masks, over the same sessions called directly, by turns.',
    '',
    ...(measured.length > 0 ? table(measured) : ['Nothing could be measured.']),
    ...section('Fastest with all modalities, to go into `execution` of model.json:', fastest(measured)),
    ...section('Targets:', targets(measured)),
    ...section(
      'Not measured:',
      absent.map(({ reason, variants }) => `${variants.join('; ')}: ${reason}`),
    ),
    '',
  ].join('\n');
}

function table(measured: readonly Measured[]): string[] {
  const head = [
    'model',
    'provider',
    'graphs',
    'encode',
    'precision',
    'modalities',
    'encoder + head',
    'images to masks',
  ];
  const rest = ['overhead', 'processor ms', 'frames', 'labels as CPU', 'host MB', 'GPU MB', 'first start s', 'next s'];
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const columns = [...head, ...rest];
  return [line(columns), line(columns.map(() => '---')), ...measured.flatMap(rowsOf).map(line)];
}

function rowsOf({ model, provider, graphs, encodeMode, precision, buildSeconds, result }: Measured): string[][] {
  const { agreement, hostMegabytes, gpuMegabytes, startMs } = result;
  const once = [
    `${(agreement * 100).toFixed(3)} %`,
    hostMegabytes.toFixed(0),
    gpuMegabytes?.toFixed(0) ?? '-',
    ((buildSeconds ?? 0) + startMs / 1000).toFixed(1),
    (startMs / 1000).toFixed(1),
  ];
  return result.rows.map((row, i) => [
    ...[model, provider, graphs, encodeMode, precision, String(row.modalities)],
    `${row.runMs.p50.toFixed(1)} / ${row.runMs.p99.toFixed(1)}`,
    `${row.totalMs.p50.toFixed(1)} / ${row.totalMs.p99.toFixed(1)}`,
    percent(overheadOf(row)),
    row.cpuMs.p50.toFixed(1),
    String(row.frames),
    ...(i === 0 ? once : once.map(() => '')),
  ]);
}

/**
 * Of all variants of a provider: by latency on a GPU, by processor time on the CPU, which decoders want as well and which
 * other programs disturb less. Features of slow sensors, which only `one-by-one` keeps, are not counted.
 */
function fastest(measured: readonly Measured[]): string[] {
  const lines: string[] = [];
  for (const model of new Set(measured.map((each) => each.model))) {
    const execution: Record<string, object> = {};
    for (const provider of new Set(measured.map((each) => each.provider))) {
      const [best] = measured
        .filter((each) => each.model === model && each.provider === provider)
        .sort((a, b) => costOf(a) - costOf(b));
      if (best) execution[provider] = { graphs: best.graphs, encodeMode: best.encodeMode };
    }
    lines.push(`${model}: \`${JSON.stringify(execution)}\``);
  }
  return lines;
}

function costOf({ provider, result }: Measured): number {
  const { totalMs, cpuMs } = result.rows.at(-1)!;
  return provider === 'cpu' ? cpuMs.p50 : totalMs.p50;
}

const TARGET_MS = 25;
const TARGET_OVERHEAD = 0.1;

/** For a GPU like an H200: base-plus with four modalities in half precision. */
function targets(measured: readonly Measured[]): string[] {
  return measured
    .filter(({ model, provider, precision }) => model === 'base-plus' && provider !== 'cpu' && precision === 'float16')
    .flatMap(({ provider, result }) => {
      const row = result.rows.find(({ modalities }) => modalities === 4);
      if (!row) return [];
      const overhead = overheadOf(row);
      const verdict = (holds: boolean) => (holds ? 'met' : 'MISSED');
      return [
        `base-plus, four modalities, float16 on ${provider}: encoder and head p50 ${row.runMs.p50.toFixed(1)} ms, ` +
          `target ${TARGET_MS} ms: ${verdict(row.runMs.p50 <= TARGET_MS)}; overhead ${percent(overhead)}, target ` +
          `${percent(TARGET_OVERHEAD)}: ${overhead === undefined ? 'not measured' : verdict(overhead <= TARGET_OVERHEAD)}`,
      ];
    });
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, '', ...lines.map((line) => `- ${line}`)];
}

function percent(share: number | undefined): string {
  return share === undefined ? '-' : `${(share * 100).toFixed(1)} %`;
}

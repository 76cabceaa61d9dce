/**
 * Times models on each provider that is here: with one to four modalities, in single and half precision, as two graphs
 * and as one; with the first and the next start, memory, and how well labels agree with the CPU's.
 *
 *   node dist/bench/gpu.js [MODEL...] [--providers cpu,cuda,tensorrt] [--modalities 1,2,3,4] [--frames 50]
 *                          [--threads 4] [--device 0] [--python python3] [--work out/bench-gpu] [--json]
 *
 * MODEL is a bundle, a folder of exported graphs, or `tiny` or `base-plus`: full-size models on random weights, which
 * the training package exports first. Default: models/reference. Half precision and engines need a Python with onnx and
 * ONNX Runtime. What can't be measured here is listed with the reason.
 */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  type BuiltProvider,
  buildEngine,
  onnxRuntimeVersion,
  type Precision,
  probePlatform,
  pythonBuilder,
} from '../src/model/engines/index.js';
import { findMissing } from '../src/model/gpu/provider_libraries.js';
import { type EncodeMode, type GraphLayout, loadBundle } from '../src/model/index.js';
import { type Case, type CaseResult, measureCase } from './gpu/case.js';
import { bundleAround } from './gpu/random_bundle.js';

const FULL_SIZE: Readonly<Record<string, string>> = {
  tiny: 'deliver-tiny.yaml',
  'base-plus': 'deliver-base-plus.yaml',
};

interface Variant {
  provider: Case['provider'];
  graphs: GraphLayout;
  encodeMode: EncodeMode;
  precision: Precision;
}

const VARIANTS: readonly Variant[] = [
  { provider: 'cpu', graphs: 'split', encodeMode: 'one-by-one', precision: 'float32' },
  { provider: 'cpu', graphs: 'split', encodeMode: 'batched', precision: 'float32' },
  { provider: 'cpu', graphs: 'fused', encodeMode: 'batched', precision: 'float32' },
  { provider: 'cuda', graphs: 'split', encodeMode: 'one-by-one', precision: 'float32' },
  { provider: 'cuda', graphs: 'split', encodeMode: 'batched', precision: 'float32' },
  { provider: 'cuda', graphs: 'fused', encodeMode: 'batched', precision: 'float32' },
  { provider: 'cuda', graphs: 'fused', encodeMode: 'batched', precision: 'float16' },
  { provider: 'tensorrt', graphs: 'fused', encodeMode: 'batched', precision: 'float32' },
  { provider: 'tensorrt', graphs: 'fused', encodeMode: 'batched', precision: 'float16' },
];

interface Settings {
  modalities: number[];
  frames: number;
  threads: number;
  deviceId: number;
  python: string;
  work: string;
}

type Measured = Variant & { model: string; buildSeconds: number | undefined; result: CaseResult };

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      providers: { type: 'string', default: 'cpu,cuda,tensorrt' },
      modalities: { type: 'string', default: '1,2,3,4' },
      frames: { type: 'string', default: '50' },
      threads: { type: 'string', default: '4' },
      device: { type: 'string', default: '0' },
      python: { type: 'string', default: 'python3' },
      work: { type: 'string', default: join('out', 'bench-gpu') },
      json: { type: 'boolean', default: false },
      case: { type: 'string' },
    },
  });
  if (values.case !== undefined) {
    process.stdout.write(JSON.stringify(await measureCase(JSON.parse(values.case) as Case)));
    return;
  }
  const settings: Settings = {
    modalities: values.modalities.split(',').map(Number),
    frames: Number(values.frames),
    threads: Number(values.threads),
    deviceId: Number(values.device),
    python: values.python,
    work: resolve(values.work),
  };
  const providers = values.providers.split(',');
  const measured: Measured[] = [];
  const absent = new Map<string, string[]>();
  for (const model of positionals.length > 0 ? positionals : ['models/reference']) {
    for (const variant of VARIANTS.filter(({ provider }) => providers.includes(provider))) {
      const { provider, graphs, encodeMode, precision } = variant;
      const what = `${basename(model)}: ${provider}, ${graphs} graphs, ${encodeMode}, ${precision}`;
      try {
        measured.push(await measure(model, variant, settings));
        process.stderr.write(`done: ${what}\n`);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        absent.set(reason, [...(absent.get(reason) ?? []), what]);
      }
    }
  }
  const report = {
    machine: describeMachine(settings.deviceId),
    frames: settings.frames,
    measured,
    absent: [...absent],
  };
  console.log(values.json ? JSON.stringify(report, null, 2) : markdown(report));
}

async function measure(model: string, variant: Variant, settings: Settings): Promise<Measured> {
  const { provider, graphs, encodeMode, precision } = variant;
  const missing = provider === 'cpu' ? undefined : findMissing(provider);
  if (missing !== undefined) throw new Error(missing);
  const bundle = await bundleFolder(model, settings);
  // A cache for each precision, so that a provider finds the one that is to be measured and no other.
  const cache = join(settings.work, 'engines', precision);
  const engine = graphs === 'fused' ? await prepare(bundle, provider, precision, cache, settings) : undefined;
  const { modalities, frames, threads, deviceId } = settings;
  const shared = { bundle, provider, graphs, encodeMode, deviceId, threads, modalities, frames };
  const result = runApart({
    ...shared,
    engineCache: cache,
    ...(provider === 'cpu' && engine && { fused: engine.graph }),
  });
  return { ...variant, model: basename(model), buildSeconds: engine?.manifest.buildSeconds, result };
}

/** The CPU measures the joined graph as well, which is the one made for CUDA. */
async function prepare(
  folder: string,
  provider: Case['provider'],
  precision: Precision,
  cache: string,
  { deviceId, python }: Settings,
) {
  const builtFor: BuiltProvider = provider === 'tensorrt' ? 'tensorrt' : 'cuda';
  const platform = builtFor === 'tensorrt' ? { platform: probePlatform(deviceId) } : {};
  const { engine } = await buildEngine(
    await loadBundle(folder),
    { provider: builtFor, precision, deviceId, ...platform },
    {
      cache,
      when: 'needed',
      builder: pythonBuilder(python),
      onLine: (line) => process.stderr.write(`${line}\n`),
      now: () => new Date(),
    },
  );
  return engine;
}

function runApart(options: Case): CaseResult {
  const self = fileURLToPath(import.meta.url);
  const { status, stdout, stderr } = spawnSync(process.execPath, [self, '--case', JSON.stringify(options)], {
    encoding: 'utf8',
  });
  if (status === 0) return JSON.parse(stdout) as CaseResult;
  throw new Error(/^\w*Error: (.*)$/m.exec(stderr)?.[1] ?? `the process ended with ${status}`);
}

async function bundleFolder(model: string, { work, python }: Settings): Promise<string> {
  if (existsSync(join(model, 'model.json'))) return resolve(model);
  const config = FULL_SIZE[model];
  const graphs = config === undefined ? model : join(work, `${model}-graphs`);
  if (config !== undefined && !existsSync(join(graphs, 'head.onnx'))) {
    const args = [
      '-m',
      'mle_sam_train.cli',
      'footprint',
      '--config',
      join('training', 'configs', config),
      '--out',
      graphs,
    ];
    const { status, stderr } = spawnSync(python, args, {
      encoding: 'utf8',
      env: { ...process.env, PYTHONPATH: 'training' },
    });
    if (status !== 0) throw new Error(`its export failed: ${stderr?.trim().split('\n').at(-1) ?? python}`);
  }
  if (!existsSync(join(graphs, 'encoder.onnx')))
    throw new Error(`Expected a bundle, exported graphs, tiny or base-plus`);
  const folder = join(work, `${basename(model)}-bundle`);
  if (!existsSync(join(folder, 'model.json'))) await bundleAround(basename(model), graphs, folder);
  return folder;
}

function describeMachine(deviceId: number): string {
  const smi = spawnSync(
    'nvidia-smi',
    ['--query-gpu=name,driver_version', '--format=csv,noheader', '-i', String(deviceId)],
    {
      encoding: 'utf8',
    },
  );
  const gpu = smi.status === 0 ? smi.stdout.trim() : 'no GPU';
  return `${cpus()[0]?.model.trim()} (${cpus().length} threads), ${gpu}, Node ${process.versions.node}, ONNX Runtime ${onnxRuntimeVersion()}`;
}

function markdown({
  machine,
  frames,
  measured,
  absent,
}: {
  machine: string;
  frames: number;
  measured: Measured[];
  absent: [reason: string, what: string[]][];
}): string {
  const head = [
    'model',
    'provider',
    'graphs',
    'encode',
    'precision',
    'modalities',
    'encoder + head p50 / p99 ms',
    'segment p50 / p99 ms',
    'over raw',
    'processor ms',
    'labels as CPU',
    'host MB',
    'GPU MB',
    'first start s',
    'next start s',
  ];
  const rows = measured.flatMap(({ model, provider, graphs, encodeMode, precision, buildSeconds, result }) =>
    result.rows.map(({ modalities, runMs, totalMs, overheadRatio, cpuMs }, i) => [
      ...[model, provider, graphs, encodeMode, precision, String(modalities)],
      `${runMs.p50.toFixed(1)} / ${runMs.p99.toFixed(1)}`,
      `${totalMs.p50.toFixed(1)} / ${totalMs.p99.toFixed(1)}`,
      `${((overheadRatio - 1) * 100).toFixed(1)} %`,
      cpuMs.p50.toFixed(1),
      ...(i > 0
        ? ['', '', '', '', '']
        : [
            `${(result.agreement * 100).toFixed(3)} %`,
            result.hostMegabytes.toFixed(0),
            result.gpuMegabytes?.toFixed(0) ?? '-',
            ((buildSeconds ?? 0) + result.startMs / 1000).toFixed(1),
            (result.startMs / 1000).toFixed(1),
          ]),
    ]),
  );
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    `${machine}; ${frames} frames a row. The golden run is part of a start; a first start also builds the graph.`,
    '',
    line(head),
    line(head.map(() => '---')),
    ...rows.map(line),
    ...(absent.length > 0
      ? ['', 'Not measured:', ...absent.map(([reason, what]) => `- ${what.join('; ')}: ${reason}`)]
      : []),
  ].join('\n');
}

await main();

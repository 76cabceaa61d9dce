/**
 * What graphs cost on the CPU beside each other: processor time of encoder and head, and of every kind of operator.
 *
 *   node dist/bench/graphs.js [FOLDER...] [--frames 40] [--images BUNDLE] [--options] [--json]
 *
 * The first folder is what the others are compared with; each holds `encoder.onnx` and `head.onnx`. Without folders, the
 * bundled weights are exported as bundles were at first (`mle-sam-train graphs --form plain --opset 18`: the modules as
 * they were trained, Gelu in parts) and compared with models/reference. All take turns frame by frame in one process with one thread, and processor time is counted, so
 * that a busy machine disturbs all alike. `--options` compares options of ONNX Runtime on one folder instead. Inputs are the golden images of models/reference or of `--images BUNDLE`.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { type Bundle, countDifferingLabels, loadBundle } from '../src/model/index.js';
import { InferenceSession, Tensor } from '../src/model/onnx_runtime.js';
import { percentiles } from './support/percentiles.js';
import { keepRows } from './support/performance.js';

const PYTHON = join('training', '.venv', 'bin', 'python');
const CHECKPOINT = join('training', 'checkpoints', 'reference.safetensors');
const REFERENCE = join('models', 'reference');
const WARM_UP_FRAMES = 3;
/** Before each run, so that threads that still spin after the one before are not counted with it. */
const SETTLE_MS = 30;
/** Kinds of operator below this are left out of the tables. */
const LEAST_SHOWN_MS = 0.1;
/** Tables without colours and lines between rows. */
const PLAIN = { style: { head: [], border: [], compact: true } };
const PARTS = ['encoder', 'head'] as const;
type Part = (typeof PARTS)[number];
type Feeds = Record<string, Tensor>;

/** Graphs and how they are run. */
interface Subject {
  name: string;
  folder: string;
  options?: InferenceSession.SessionOptions;
}

interface Row {
  name: string;
  /** Median processor time of a set: the encoder once for each image, as the CPU runs it, then the head. */
  cpuMs: Record<Part | 'sum', number>;
  /** The same over the first folder's. */
  ratio: Record<Part | 'sum', number>;
  /** Share of pixels whose label is another than the first folder's. */
  differing: number;
  /** Median milliseconds in each kind of operator, by the profiler's clock. */
  operators: Record<Part, Record<string, number>>;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      frames: { type: 'string', default: '40' },
      images: { type: 'string', default: REFERENCE },
      options: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const scratch = mkdtempSync(join(tmpdir(), 'mle-sam-graphs-'));
  try {
    const subjects = values.options ? optionsOf(positionals[0] ?? REFERENCE) : subjectsOf(positionals, scratch);
    const bundle = await loadBundle(values.images);
    const rows = await compare(subjects, bundle, Number(values.frames), scratch);
    console.log(values.json ? JSON.stringify(rows, undefined, 2) : describe(rows));
    if (positionals.length === 0 && !values.options) keep(rows, Number(values.frames));
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** The row of docs/performance.md. */
function keep([first, now]: readonly Row[], frames: number): void {
  if (first === undefined || now === undefined) return;
  const [before, after] = [first.cpuMs.sum.toFixed(1), now.cpuMs.sum.toFixed(1)];
  const equal = (100 * (1 - now.differing)).toFixed(3);
  keepRows({
    what: 'inference, processor time of four sensors, bundled graphs / as first exported',
    value: now.ratio.sum,
    unit: 'ratio',
    target: { atMost: 0.75 },
    settings: `${after} / ${before} ms, ${equal} % of the labels equal; one thread, ${frames} frames`,
  });
}

function subjectsOf(folders: readonly string[], scratch: string): Subject[] {
  if (folders.length > 0) return folders.map((folder) => ({ name: folder, folder }));
  return [
    { name: 'as first exported', folder: exportPlain(scratch) },
    { name: REFERENCE, folder: REFERENCE },
  ];
}

/** The node's own options on one thread, then what could be set otherwise. */
function optionsOf(folder: string): Subject[] {
  const spinning = (on: '0' | '1') => ({ session: { intra_op: { allow_spinning: on } } });
  const options: Record<string, InferenceSession.SessionOptions> = {
    'one thread': {},
    'two threads': { intraOpNumThreads: 2 },
    'denormals as zero': { extra: { session: { ...spinning('0').session, set_denormal_as_zero: '1' } } },
    'no memory pattern': { enableMemPattern: false },
    'no arena': { enableCpuMemArena: false },
    'no prepacking': { extra: { session: { ...spinning('0').session, disable_prepacking: '1' } } },
    'optimisation extended': { graphOptimizationLevel: 'extended' },
    'two that spin': { intraOpNumThreads: 2, extra: spinning('1') },
  };
  return Object.entries(options).map(([name, own]) => ({ name, folder, options: own }));
}

/** The graphs of the bundled weights as PyTorch's own modules export them. */
function exportPlain(scratch: string): string {
  const folder = join(scratch, 'plain');
  const command = [
    '-m',
    'mle_sam_train.cli',
    'graphs',
    CHECKPOINT,
    '--form',
    'plain',
    '--opset',
    '18',
    '--out',
    folder,
  ];
  execFileSync(PYTHON, command, {
    stdio: 'ignore',
    env: { ...process.env, PYTHONPATH: 'training' },
  });
  return folder;
}

async function compare(subjects: readonly Subject[], bundle: Bundle, frames: number, scratch: string): Promise<Row[]> {
  const graphs = await Promise.all(subjects.map((subject) => Graphs.open(subject, bundle)));
  const times = graphs.map(() => ({ encoder: [] as number[], head: [] as number[] }));
  const labels: Uint8Array[] = [];
  for (let frame = -WARM_UP_FRAMES; frame < frames; frame++) {
    for (const [index, graph] of graphs.entries()) {
      await setTimeout(SETTLE_MS);
      const run = await graph.run();
      labels[index] = run.labels;
      if (frame >= 0) for (const part of PARTS) times[index]![part].push(run.cpuMs[part]);
    }
  }
  const rows: Row[] = [];
  for (const [index, subject] of subjects.entries()) {
    const [encoder, head] = PARTS.map((part) => percentiles(times[index]![part]).p50) as [number, number];
    const cpuMs = { encoder, head, sum: encoder + head };
    const first = rows[0]?.cpuMs ?? cpuMs;
    rows.push({
      name: subject.name,
      cpuMs,
      ratio: { encoder: encoder / first.encoder, head: head / first.head, sum: cpuMs.sum / first.sum },
      differing: countDifferingLabels(labels[index]!, labels[0]!) / labels[0]!.length,
      operators: await profile(subject, bundle, frames, scratch),
    });
  }
  await Promise.all(graphs.map((graph) => graph.release()));
  return rows;
}

/** Encoder and head of one folder, with the golden images as input. */
class Graphs {
  readonly #encoder: InferenceSession;
  readonly #head: InferenceSession;
  readonly #images: Feeds[];

  private constructor(encoder: InferenceSession, head: InferenceSession, images: Feeds[]) {
    this.#encoder = encoder;
    this.#head = head;
    this.#images = images;
  }

  static async open({ folder, options }: Subject, bundle: Bundle, profilePrefix?: string): Promise<Graphs> {
    const open = (part: Part) =>
      InferenceSession.create(join(folder, `${part}.onnx`), {
        intraOpNumThreads: 1,
        interOpNumThreads: 1,
        logSeverityLevel: 4,
        extra: { session: { intra_op: { allow_spinning: '0' } } },
        ...options,
        ...(profilePrefix !== undefined && { enableProfiling: true, profileFilePrefix: `${profilePrefix}-${part}` }),
      });
    return new Graphs(await open('encoder'), await open('head'), goldenFeeds(bundle));
  }

  /** One set: every image alone through the encoder, all features through the head. */
  async run(): Promise<{ cpuMs: Record<Part, number>; labels: Uint8Array }> {
    const features: Feeds[] = [];
    const start = process.cpuUsage();
    for (const image of this.#images) features.push((await this.#encoder.run(image)) as Feeds);
    const encoded = process.cpuUsage(start);
    const together = sideBySide(features);
    const headStart = process.cpuUsage();
    const outputs = await this.#head.run(together);
    const decoded = process.cpuUsage(headStart);
    const ms = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1e3;
    return { cpuMs: { encoder: ms(encoded), head: ms(decoded) }, labels: outputs.labels!.data as Uint8Array };
  }

  endProfiling(): void {
    this.#encoder.endProfiling();
    this.#head.endProfiling();
  }

  async release(): Promise<void> {
    await this.#encoder.release();
    await this.#head.release();
  }
}

function goldenFeeds({ golden, input, modalities }: Bundle): Feeds[] {
  const { width, height } = input;
  const bytes = width * height * 3;
  return modalities.map((_, index) => ({
    images: new Tensor('uint8', golden.images.slice(index * bytes, (index + 1) * bytes), [1, height, width, 3]),
    modality: new Tensor('int64', BigInt64Array.of(BigInt(index)), [1]),
  }));
}

/** Features of single images as one batch. */
function sideBySide(features: readonly Feeds[]): Feeds {
  const names = Object.keys(features[0]!);
  return Object.fromEntries(
    names.map((name) => {
      const parts = features.map((feature) => feature[name]!.data as Float32Array);
      const data = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
      let offset = 0;
      for (const part of parts) {
        data.set(part, offset);
        offset += part.length;
      }
      return [name, new Tensor('float32', data, [features.length, ...features[0]![name]!.dims.slice(1)])];
    }),
  );
}

async function profile(subject: Subject, bundle: Bundle, frames: number, scratch: string): Promise<Row['operators']> {
  const prefix = join(mkdtempSync(join(scratch, 'profile-')), 'profile');
  const graphs = await Graphs.open(subject, bundle, prefix);
  const runs = WARM_UP_FRAMES + frames;
  for (let frame = 0; frame < runs; frame++) await graphs.run();
  graphs.endProfiling();
  await graphs.release();
  return {
    encoder: operatorsOf(`${prefix}-encoder`, bundle.modalities.length),
    head: operatorsOf(`${prefix}-head`, 1),
  };
}

/** What of an event of the profiler is read. */
interface ProfilerEvent {
  cat?: string;
  name: string;
  dur: number;
  args?: { op_name?: string };
}

/** Medians over the runs of every node, summed by kind, for one set. */
function operatorsOf(prefix: string, runsOfSet: number): Record<string, number> {
  const nodes = new Map<string, { operator: string; durations: number[] }>();
  for (const { cat, name, dur, args } of JSON.parse(readFileSync(profileOf(prefix), 'utf8')) as ProfilerEvent[]) {
    if (cat !== 'Node' || !name.endsWith('_kernel_time') || args?.op_name === undefined) continue;
    const node = nodes.get(name) ?? { operator: args.op_name, durations: [] };
    node.durations.push(dur / 1e3);
    nodes.set(name, node);
  }
  const operators: Record<string, number> = {};
  for (const { operator, durations } of nodes.values()) {
    operators[operator] = (operators[operator] ?? 0) + runsOfSet * percentiles(durations).p50;
  }
  return operators;
}

/** ONNX Runtime appends the time to the prefix it is given. */
function profileOf(prefix: string): string {
  const name = readdirSync(dirname(prefix)).findLast((file) => file.startsWith(basename(prefix)));
  if (name === undefined) throw new Error(`Expected a profile at ${prefix}* but ONNX Runtime wrote none.`);
  return join(dirname(prefix), name);
}

function describe(rows: readonly Row[]): string {
  const ms = (value: number) => value.toFixed(2);
  const cost = new Table({ ...PLAIN, head: ['graphs', 'encoder', 'head', 'both, ms of CPU', 'ratio', 'other labels'] });
  for (const { name: subject, cpuMs, ratio, differing } of rows) {
    const part = (name: Part) => `${ms(cpuMs[name])} (${ms(ratio[name])})`;
    cost.push([
      subject,
      part('encoder'),
      part('head'),
      ms(cpuMs.sum),
      ratio.sum.toFixed(3),
      `${(100 * differing).toFixed(3)} %`,
    ]);
  }
  const tables = PARTS.map((part) => {
    const names = new Set(rows.flatMap(({ operators }) => Object.keys(operators[part])));
    const at = (row: Row, name: string) => row.operators[part][name] ?? 0;
    const largest = (name: string) => Math.max(...rows.map((row) => at(row, name)));
    const shown = [...names].filter((name) => largest(name) >= LEAST_SHOWN_MS).sort((a, b) => largest(b) - largest(a));
    const table = new Table({ ...PLAIN, head: [`operators of the ${part}, ms`, ...rows.map(({ name }) => name)] });
    for (const name of shown) table.push([name, ...rows.map((row) => ms(at(row, name)))]);
    return table.toString();
  });
  return [cost.toString(), ...tables].join('\n');
}

await main();

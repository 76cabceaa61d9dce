/**
 * `npm run bench -- all [--only peer,start] [--out docs/performance.md]`: runs the benchmarks that have
 * a target, one after the other, and writes their rows with peer and target, from one run. A benchmark that fails is told
 * in the page with its last line, and the others go on. Takes about half an hour on two processors that are left alone;
 * what else ran meanwhile is told as the load before and after.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { onnxRuntimeVersion } from '../src/model/engines/index.js';
import { projectRoot } from '../test/support/shared_data.js';
import { isMet, type PerformanceRow, readRows, rowsInto } from './support/performance.js';

/** In this order; each with the options of the run for the page. */
const BENCHMARKS: readonly (readonly [name: string, ...options: string[]])[] = [
  ['peer', '--rates', '10', '--sensors', '1', '--turns', '3', '--seconds', '8'],
  ['node', '60'],
  ['start'],
  ['graphs'],
  ['evaluation', '--every', '16'],
  ['decoding'],
  ['import'],
  ['datasets'],
  ['jobs'],
];

interface Outcome {
  command: string;
  rows: PerformanceRow[];
  /** Why there are none. */
  failure?: string;
}

function measure([name, ...options]: readonly [string, ...string[]], folder: string): Outcome {
  const command = ['npm run bench --', name, ...options].join(' ');
  process.stderr.write(`${command} ...\n`);
  const file = join(folder, `${name}.jsonl`);
  writeFileSync(file, '');
  const program = join(projectRoot, 'dist', 'bench', `${name}.js`);
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', program, ...options], {
    encoding: 'utf8',
    env: { ...process.env, ...rowsInto(file) },
    maxBuffer: 1 << 28,
  });
  process.stderr.write(stdout);
  const rows = readRows(file);
  if (status === 0) return { command, rows };
  const last = stderr.trim().split('\n').at(-1) ?? '';
  return { command, rows, failure: `ended with status ${status}: ${last}` };
}

function page(outcomes: readonly Outcome[], machine: string): string {
  const rows = outcomes.flatMap(({ command, rows }) => rows.map((row) => ({ command, ...row })));
  const judged = rows.filter((row) => isMet(row) !== undefined);
  const met = judged.filter((row) => isMet(row));
  const lines = rows.map((row) => {
    const verdict = { true: 'met', false: '**missed**', undefined: '' }[String(isMet(row))];
    return `| ${row.what} | ${figure(row)} | ${bound(row)} | ${verdict} | ${row.settings} | \`${row.command}\` |`;
  });
  const failures = outcomes.flatMap(({ command, failure }) => (failure ? [`- \`${command}\` ${failure}`] : []));
  return [
    '# Performance',
    '',
    'Written by `npm run bench -- all`, all rows from one run: do not edit. Ratios are of two ways that took turns in that',
    'run, so that load on the machine meets both; processor time counts all threads of a process.',
    '',
    machine,
    '',
    `${met.length} of ${judged.length} targets are met. What is known of the others is in [the notes](performance-notes.md).`,
    '',
    '| what | value | target | | settings | command |',
    '|---|---|---|---|---|---|',
    ...lines,
    ...(failures.length > 0 ? ['', 'Not measured:', '', ...failures] : []),
    '',
  ].join('\n');
}

function figure({ value, unit }: PerformanceRow): string {
  if (unit === 'ratio') return value.toFixed(2);
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ${unit}`;
}

function bound({ target, unit }: PerformanceRow): string {
  if (target === undefined) return '';
  const shown = (value: number) => (unit === 'ratio' ? String(value) : `${value} ${unit}`);
  return 'atMost' in target ? `≤ ${shown(target.atMost)}` : `≥ ${shown(target.atLeast)}`;
}

const { values } = parseArgs({
  options: { only: { type: 'string' }, out: { type: 'string', default: join('docs', 'performance.md') } },
});
const only = values.only?.split(',');
const chosen = BENCHMARKS.filter(([name]) => only?.includes(name) ?? true);
const unknown = only?.filter((name) => !BENCHMARKS.some(([known]) => known === name)) ?? [];
if (unknown.length > 0) {
  const known = BENCHMARKS.map(([name]) => name).join(', ');
  throw new Error(`Expected some of ${known} for --only but received ${unknown.join(', ')}.`);
}
const folder = mkdtempSync(join(tmpdir(), 'mle-sam-bench-'));
try {
  const before = loadavg()[0]!;
  const outcomes = chosen.map((benchmark) => measure(benchmark, folder));
  const [processor] = cpus();
  const machine =
    `${cpus().length} × ${processor?.model.trim()}, Node ${process.versions.node}, ONNX Runtime ${onnxRuntimeVersion()}, ` +
    `ROS 2 ${process.env.ROS_DISTRO ?? 'none'}, ${new Date().toISOString().slice(0, 10)}, no GPU, simulated data; ` +
    `load of the machine before the run ${before.toFixed(1)}.`;
  writeFileSync(values.out, page(outcomes, machine));
  console.log(`Wrote ${values.out}.`);
  if (outcomes.some(({ failure }) => failure !== undefined)) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}

import { appendFileSync, readFileSync } from 'node:fs';

/** One line of docs/performance.md. */
export interface PerformanceRow {
  /** What was measured, against what. */
  what: string;
  value: number;
  unit: 'ratio' | '%' | 'ms' | 's';
  /** The bound; a row without one is there to be compared over time. */
  target?: { atMost: number } | { atLeast: number };
  /** What a reader must know to judge it, in a few words: settings, absolute figures. */
  settings: string;
}

/** The file that `npm run bench -- all` names to the benchmarks it starts. */
const ROWS = 'MLE_SAM_BENCH_ROWS';

/** Where `npm run bench -- all` started the benchmark, keeps its rows for docs/performance.md; else does nothing. */
export function keepRows(...rows: readonly PerformanceRow[]): void {
  const file = process.env[ROWS];
  if (file !== undefined) for (const row of rows) appendFileSync(file, `${JSON.stringify(row)}\n`);
}

/** @returns the variables a benchmark has to be started with so that `keepRows` writes to `file` */
export function rowsInto(file: string): Record<string, string> {
  return { [ROWS]: file };
}

export function readRows(file: string): PerformanceRow[] {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as PerformanceRow);
}

export function isMet({ value, target }: PerformanceRow): boolean | undefined {
  if (target === undefined) return undefined;
  return 'atMost' in target ? value <= target.atMost : value >= target.atLeast;
}

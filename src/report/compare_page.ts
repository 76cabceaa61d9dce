import type { Difference } from '../evaluation/index.js';
import { renderPage } from './page_assets.js';

/** How such a page says who made it. */
export const COMPARISON_MARK = /<meta name="generator" content="mle-sam compare">/;

type Named = { name: string } & Difference;

/** Two runs on the same frames, as their page shows them. */
export interface ComparisonPage {
  dataset: { title: string; split: string };
  models: { a: { name: string; sha256: string }; b: { name: string; sha256: string } };
  convention: string;
  /** Frames of one run only: they are left out. */
  onlyInA: number;
  onlyInB: number;
  /** Frames that could not be read. */
  leftOut: { a: number; b: number };
  /** What a reader must know of the runs, one sentence each. */
  notes: readonly string[];
  resamples: number;
  seed: number;
  frames: number;
  miou: Difference;
  classes: Named[];
  conditions: (Named & { frames: number })[];
  cases: (Named & { frames: number })[];
  scenarios?: {
    name: string;
    verdict: { a: string; b: string };
    figures: Record<string, { a: number | null; b: number | null; difference: number | null }>;
  }[];
}

/** Renders `mle-sam compare --page`: which of two runs is better, by how much, how sure that is, and where. */
export function renderComparison(comparison: ComparisonPage): Promise<string> {
  const isDropout = comparison.scenarios !== undefined;
  const classes = [...comparison.classes]
    .filter(({ a, b }) => a !== null || b !== null)
    .sort((x, y) => (y.difference ?? Number.NEGATIVE_INFINITY) - (x.difference ?? Number.NEGATIVE_INFINITY));
  const groups = [
    { title: 'Classes', head: 'class', rows: classes.map((row) => ({ ...row, frames: undefined })) },
    ...[
      isDropout
        ? { title: 'Scenarios: mIoU', head: 'scenario', rows: comparison.conditions }
        : { title: 'Conditions', head: 'condition', rows: comparison.conditions },
      isDropout
        ? { title: 'Conditions of the drive', head: 'condition', rows: comparison.cases }
        : { title: 'Cases', head: 'case', rows: comparison.cases },
    ].filter(({ rows }) => rows.length > 1),
  ];
  return renderPage(
    'compare',
    { comparison, groups, verdict: verdictOf(comparison.miou) },
    { styles: ['figures.css', 'runs.css'] },
  );
}

/** Which run the interval of a difference speaks for. */
export function verdictOf({ low, high }: Pick<Difference, 'low' | 'high'>): 'b' | 'a' | 'open' {
  if (low !== null && low > 0) return 'b';
  return high !== null && high < 0 ? 'a' : 'open';
}

import type { EvaluationUnit } from '../../datasets/index.js';
import {
  type AbsentClassConvention,
  CONVENTION_NAMES,
  type ComparedFrames,
  compareFrames,
  type Difference,
  type FrameCounts,
} from '../../evaluation/index.js';
import type { ComparisonPage } from '../../report/index.js';
import type { Figures } from '../requirements.js';
import { type ComparedScenario, compareScenarios, scenarioFigures, scenarioNotes } from './scenarios.js';
import type { Side } from './sides.js';

/** Two runs on the same frames, and how they differ: what the page shows, and what a program needs. */
export interface Comparison extends ComparisonPage {
  formatVersion: 1;
  dataset: EvaluationUnit['dataset'];
  models: { a: EvaluationUnit['model']; b: EvaluationUnit['model'] };
  convention: (typeof CONVENTION_NAMES)[AbsentClassConvention];
  /** Two runs of dropout: what has no frames to draw from. */
  scenarios?: ComparedScenario[];
}

export interface ComparisonOptions {
  convention: AbsentClassConvention;
  resamples: number;
  seed: number;
}

/** @throws Error in one sentence where two runs do not compare */
export function compareSides(a: Side, b: Side, options: ComparisonOptions): Comparison {
  const { convention, resamples, seed } = options;
  const [first, second] = [a.unit, b.unit];
  requireSame(
    'data set',
    `${first.dataset.title} ${first.dataset.split}`,
    `${second.dataset.title} ${second.dataset.split}`,
  );
  requireSame('classes', first.classes.join(', '), second.classes.join(', '));
  requireSame('size of scoring', sizeOf(first), sizeOf(second));
  const byName = new Map(second.frames.map((frame) => [frame.name, frame]));
  const pairs = first.frames.flatMap((frame): [FrameCounts, FrameCounts][] => {
    const other = byName.get(frame.name);
    return other === undefined ? [] : [[frame, other]];
  });
  if (pairs.length === 0)
    throw new Error('Expected frames that both runs have but found none. Run both on the same split.');
  const of = (some: readonly (readonly [FrameCounts, FrameCounts])[]): ComparedFrames =>
    compareFrames(
      some.map(([own]) => own),
      some.map(([, other]) => other),
      first.classes.length,
      options,
    );
  const groups = (by: 'condition' | 'case') =>
    [...new Set(pairs.map(([own]) => own[by]))].sort().map((name) => {
      const { frames, miou } = of(pairs.filter(([own]) => own[by] === name));
      return { name, frames, ...miou };
    });
  const whole = of(pairs);
  const isDropout = a.dropout !== undefined && b.dropout !== undefined;
  return {
    formatVersion: 1,
    dataset: first.dataset,
    models: { a: first.model, b: second.model },
    convention: CONVENTION_NAMES[convention],
    onlyInA: first.frames.length - pairs.length,
    onlyInB: second.frames.length - pairs.length,
    leftOut: { a: first.leftOut.length, b: second.leftOut.length },
    notes: [...a.notes, ...b.notes, ...(isDropout ? scenarioNotes(a.dropout!, b.dropout!) : [])],
    resamples,
    seed,
    frames: whole.frames,
    miou: whole.miou,
    classes: whole.classes.map((difference, id) => ({ name: first.classes[id]!, ...difference })),
    conditions: groups('condition'),
    cases: groups('case'),
    ...(isDropout && { scenarios: compareScenarios(a.dropout!, b.dropout!) }),
  };
}

function sizeOf({ scoredAt }: EvaluationUnit): string {
  return scoredAt === 'as-stored' ? scoredAt : `${scoredAt.width}x${scoredAt.height}`;
}

function requireSame(what: string, a: string, b: string): void {
  if (a !== b) throw new Error(`Expected the same ${what} in both runs but received ${a} and ${b}. Score both alike.`);
}

/** What `--require` may name: B - A and the ends of its interval, of all frames and of each group. */
export function comparisonFigures({
  miou,
  classes,
  conditions,
  cases,
  scenarios,
}: Pick<Comparison, 'miou' | 'classes' | 'conditions' | 'cases' | 'scenarios'>): Figures {
  const named = (name: string, { difference, low, high }: Difference): [string, number | null][] => [
    [`difference${name}`, difference],
    [`low${name}`, low],
    [`high${name}`, high],
  ];
  return new Map([
    ...named('', miou),
    ...classes.flatMap((row) => named(`.${row.name}`, row)),
    ...conditions.flatMap((row) => named(`.condition.${row.name}`, row)),
    ...cases.flatMap((row) => named(`.case.${row.name}`, row)),
    ...(scenarios === undefined ? [] : scenarioFigures(scenarios)),
  ]);
}

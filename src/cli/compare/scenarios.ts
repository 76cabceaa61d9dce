import { join } from 'node:path';
import { z } from 'zod';
import { readText } from '../../files/index.js';
import { grid } from '../evaluate/grid.js';
import type { Figures } from '../requirements.js';

const MAXIMUM_BYTES = 64 << 20;

const value = z.number().nullable();
const schema = z.object({
  bag: z.object({ source: z.enum(['simulation', 'recording']) }),
  scenarios: z.array(
    z.object({
      name: z.string(),
      verdict: z.enum(['passed', 'failed']),
      recoverMs: value,
      degradeMs: value,
      continuityPercent: value,
      health: z.object({ toldMs: value }),
      score: z.object({ against: z.enum(['ground-truth', 'clean-masks']) }),
    }),
  ),
});

/** What a comparison takes of a `dropout.json`. */
export type DropoutFacts = z.infer<typeof schema>;
type Scenario = DropoutFacts['scenarios'][number];

/** Figures of a scenario that have no frames to draw from. */
const FIGURES: Readonly<Record<string, (scenario: Scenario) => number | null>> = {
  recovered: ({ recoverMs }) => recoverMs,
  degraded: ({ degradeMs }) => degradeMs,
  told: ({ health }) => health.toldMs,
  continuity: ({ continuityPercent }) => continuityPercent,
};

/** A scenario in two runs. */
export interface ComparedScenario {
  name: string;
  verdict: { a: Scenario['verdict']; b: Scenario['verdict'] };
  /** Milliseconds, continuity percent; `difference` is B - A. */
  figures: Record<string, { a: number | null; b: number | null; difference: number | null }>;
}

/** Compares what two runs of `mle-sam dropout` say of the scenarios both have. */
export function compareScenarios(a: DropoutFacts, b: DropoutFacts): ComparedScenario[] {
  return a.scenarios.flatMap((own): ComparedScenario[] => {
    const other = b.scenarios.find(({ name }) => name === own.name);
    if (other === undefined) return [];
    const figures = Object.entries(FIGURES).map(([name, of]) => {
      const [first, second] = [of(own), of(other)];
      return [name, { a: first, b: second, difference: first === null || second === null ? null : second - first }];
    });
    return [{ name: own.name, verdict: { a: own.verdict, b: other.verdict }, figures: Object.fromEntries(figures) }];
  });
}

/** What a reader of the comparison must know of the two runs, one sentence each. */
export function scenarioNotes(a: DropoutFacts, b: DropoutFacts): string[] {
  const notes: string[] = [];
  for (const [run, own, other] of [
    ['A', a, b],
    ['B', b, a],
  ] as const) {
    const alone = own.scenarios.filter(({ name }) => !other.scenarios.some((each) => each.name === name));
    if (alone.length === 0) continue;
    notes.push(`Scenarios of ${run} only are left out: ${alone.map(({ name }) => name).join(', ')}.`);
  }
  const isUntrue = [a, b].some(({ scenarios }) => scenarios.some(({ score }) => score.against === 'clean-masks'));
  if (isUntrue) {
    notes.push(
      'The bag has no ground truth: each model is scored against its own masks of the clean run. That says how much a ' +
        'fault changes the masks, and not which model is right.',
    );
  }
  const isSimulated = [a, b].some(({ bag }) => bag.source === 'simulation');
  if (isSimulated) notes.push('Simulated data: scores are no claim about the real world.');
  return notes;
}

/**
 * Reads the `dropout.json` of a folder.
 * @throws Error in one sentence where it is none
 */
export async function readDropoutFacts(folder: string): Promise<DropoutFacts> {
  const path = join(folder, 'dropout.json');
  try {
    return schema.parse(JSON.parse(await readText(path, MAXIMUM_BYTES)));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? cause.issues[0]!.message : (cause as Error).message;
    throw new Error(`Expected what mle-sam dropout wrote in ${path} but could not read it: ${why}.`);
  }
}

/** What `--require` may name: B - A of each scenario, and the most of all of them. */
export function scenarioFigures(scenarios: readonly ComparedScenario[]): Figures {
  const figures = new Map<string, number | null>();
  for (const name of Object.keys(FIGURES)) {
    const differences = scenarios.map((each) => each.figures[name]!.difference);
    const known = differences.filter((each) => each !== null);
    figures.set(name, known.length === 0 ? null : name === 'continuity' ? Math.min(...known) : Math.max(...known));
    scenarios.forEach((each, index) => {
      figures.set(`${name}.${each.name}`, differences[index]!);
    });
  }
  const broken = scenarios.filter(({ verdict }) => verdict.a === 'passed' && verdict.b === 'failed');
  return figures.set('newlyFailed', broken.length);
}

/** The scenarios of two runs as a table. */
export function scenarioTable(scenarios: readonly ComparedScenario[]): string {
  const text = (each: number | null | undefined, unit: string) => (each == null ? '-' : `${each.toFixed(0)}${unit}`);
  const pair = ({ figures }: ComparedScenario, name: string, unit: string) => {
    const { a, b } = figures[name]!;
    return `${text(a, unit)} → ${text(b, unit)}`;
  };
  return grid(
    ['scenario, A → B', 'recovered', 'told', 'degraded', 'continuity', 'checks'],
    scenarios.map((scenario) => [
      scenario.name,
      pair(scenario, 'recovered', ' ms'),
      pair(scenario, 'told', ' ms'),
      pair(scenario, 'degraded', ' ms'),
      pair(scenario, 'continuity', ' %'),
      `${scenario.verdict.a} → ${scenario.verdict.b}`,
    ]),
  );
}

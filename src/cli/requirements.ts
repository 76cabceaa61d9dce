import { InvalidArgumentError } from 'commander';
import type { Check } from '../dropout/index.js';
import { JUNIT_MARK, junitXml } from '../dropout/junit.js';
import { type Overwriting, requireReplaceable, writeOutput } from '../outputs/index.js';
import { EXIT } from './exit_codes.js';

/** A bound on one figure of a result: `miou>=50`. */
export interface Requirement {
  figure: string;
  comparison: '>=' | '<=' | '>' | '<';
  bound: number;
}

/** Figures by name; null where the result has no value for one. */
export type Figures = ReadonlyMap<string, number | null>;

/** A parser for `--require`, which may be given more than once. */
export function requirement(text: string, before: readonly Requirement[] = []): readonly Requirement[] {
  const match = /^\s*([^<>=]+?)\s*(>=|<=|>|<)\s*(\S+)\s*$/.exec(text);
  const bound = Number(match?.[3]);
  if (match === null || !Number.isFinite(bound)) {
    throw new InvalidArgumentError(`Expected a requirement such as 'miou>=50' but received '${text}'.`);
  }
  return [...before, { figure: match[1]!, comparison: match[2] as Requirement['comparison'], bound }];
}

/**
 * Checks before the work that the result will have the figures that are required of it.
 * @throws Error in one sentence naming the first that it will not have
 */
export function requireKnown(requirements: readonly Requirement[], names: readonly string[]): void {
  const unknown = requirements.find(({ figure }) => !names.includes(figure));
  if (unknown === undefined) return;
  throw new Error(
    `Expected one of ${names.join(', ')} for --require but received '${unknown.figure}'. Name one of them.`,
  );
}

/** Holds figures to requirements. A figure without a value fails. */
export function judge(requirements: readonly Requirement[], figures: Figures): Check[] {
  return requirements.map(({ figure, comparison, bound }) => {
    const value = figures.get(figure) ?? null;
    const verdict = value !== null && holds(value, comparison, bound) ? 'passed' : 'failed';
    return { name: figure, bound: `${comparison} ${bound}`, value, verdict };
  });
}

function holds(value: number, comparison: Requirement['comparison'], bound: number): boolean {
  switch (comparison) {
    case '>=':
      return value >= bound;
    case '<=':
      return value <= bound;
    case '>':
      return value > bound;
    case '<':
      return value < bound;
  }
}

/** Each requirement in a line. */
export function checkLines(checks: readonly Check[]): string[] {
  return checks.map(({ name, bound, value, verdict }) => {
    const received = typeof value === 'number' ? Number(value.toFixed(2)) : 'no value';
    return verdict === 'passed'
      ? `passed: ${name} ${bound} (${received})`
      : `! FAILED: ${name} ${bound}, but ${received}`;
  });
}

/** Makes sure before the work that the file may be written after it. */
export async function claimJunit(path: string | undefined, overwriting: Overwriting): Promise<void> {
  if (path !== undefined) await requireReplaceable(path, JUNIT_MARK, overwriting);
}

/** Writes the checks as JUnit XML where a file is named, and sets the exit status where one failed. */
export async function reportChecks(
  checks: readonly Check[],
  {
    kind,
    name,
    junit,
    partialBecause,
  }: { kind: string; name: string; junit?: string | undefined; partialBecause?: string | undefined },
): Promise<void> {
  if (junit !== undefined) {
    const judgement = { title: `mle-sam ${kind} ${name}`, kind, scenarios: [{ name, checks }] };
    await writeOutput(junit, junitXml({ ...judgement, ...(partialBecause !== undefined && { partialBecause }) }));
  }
  if (checks.some(({ verdict }) => verdict === 'failed')) process.exitCode = EXIT.checkFailed;
}

import type { EvaluationUnit } from '../datasets/index.js';
import type { Bundle } from '../model/index.js';
import { type Problem, ProblemList } from '../report/index.js';
import { printable } from '../text/index.js';
import type { ScenarioPictures } from './pictures.js';
import type { ScenarioReport } from './scenario_report.js';
import {
  type DropoutHead,
  DropoutSession,
  type DropoutSource,
  type ScenarioOutcome,
  type SessionOptions,
} from './session.js';

/** `dropout.json`. Holds no wall time, so that the same run gives the same bytes. */
export interface DropoutReport extends DropoutHead {
  /** True where not all runs were made: `scenarios` holds those that were. */
  partial: boolean;
  partialBecause?: string;
  scenarios: ScenarioReport[];
  /** Of the bag and of the clean run; under faults, what could not be made to fail. */
  problems: Problem[];
}

export interface DropoutOptions extends SessionOptions {
  /** Called before each run. */
  onRun?: (name: string, done: number, total: number) => void;
}

export interface DropoutOutcome {
  report: DropoutReport;
  pictures: ReadonlyMap<string, ScenarioPictures>;
  /** `frames.json`: exact counts of each frame under a fault; conditions are the scenarios, cases those of the drive. */
  frames: EvaluationUnit;
  /** What ended the work early; what there was until then is reported. */
  failure?: { error: unknown };
}

/** All that came of the scenarios of a bag, in the order of the scenarios. */
export interface DropoutParts {
  head: DropoutHead;
  classes: Bundle['classes'];
  /** Of the clean run. */
  problems: readonly Problem[];
  /** About the bag and the machine, one sentence each. */
  incidents: readonly string[];
  scenarios: readonly ScenarioOutcome[];
  failure?: { error: unknown };
}

/**
 * Runs a bag through the pipeline once as it is, once under each scenario, and once without each set of sensors that a
 * scenario lets fail, and compares. Deterministic: the same bag, bundle, scenarios and seed give the same report.
 * What ends the work after the clean run leaves the scenarios that were run, in a report that says `partial` and why.
 * @throws Error with one sentence where a scenario does not fit the bag or the bundle, and what ends the clean run
 */
export async function runDropout(
  source: DropoutSource,
  { onRun = () => undefined, ...options }: DropoutOptions,
): Promise<DropoutOutcome> {
  onRun('clean run', 0, 1 + options.scenarios.length);
  const session = await DropoutSession.start(source, options);
  const { losses, scenarios } = session;
  const total = 1 + losses.length + scenarios.length;
  const outcomes: ScenarioOutcome[] = [];
  let failure: DropoutOutcome['failure'];
  try {
    for (const [index, modalities] of losses.entries()) {
      onRun(`without ${modalities.join(', ')}`, 1 + index, total);
      await session.runWithout(modalities);
    }
    for (const [index, scenario] of scenarios.entries()) {
      onRun(scenario.name, 1 + losses.length + index, total);
      outcomes.push(await session.run(scenario));
    }
  } catch (error) {
    failure = { error };
  }
  return joinDropout({
    head: session.head(),
    classes: source.bundle.classes,
    problems: session.problems,
    incidents: session.incidents(),
    scenarios: outcomes,
    ...(failure && { failure }),
  });
}

/** Puts what came of scenarios together: the same report, whether one process ran them or several. */
export function joinDropout({ head, classes, problems, incidents, scenarios, failure }: DropoutParts): DropoutOutcome {
  const { formatVersion, leftOut, ...rest } = head;
  const found = new ProblemList();
  for (const incident of incidents) found.add('error', incident);
  const last = Math.max(...classes.map(({ id }) => id));
  return {
    report: {
      formatVersion,
      partial: failure !== undefined,
      ...(failure && { partialBecause: printable(messageOf(failure.error)) }),
      ...rest,
      scenarios: scenarios.map(({ report }) => report),
      ...(leftOut && { leftOut }),
      problems: [...problems, ...scenarios.flatMap((scenario) => scenario.problems), ...found.list()],
    },
    pictures: new Map(scenarios.map(({ report: { name }, pictures }) => [name, pictures])),
    frames: {
      formatVersion: 1,
      dataset: { kind: 'dropout', title: head.bag.name, split: 'scenarios', frames: 0 },
      slice: { from: 0, to: scenarios.reduce((sum, { frames }) => sum + frames.length, 0), every: 1 },
      model: head.model,
      inputs: {},
      scoredAt: 'as-stored',
      classes: Array.from(
        { length: last + 1 },
        (_, id) => classes.find((each) => each.id === id)?.name ?? `class ${id}`,
      ),
      frames: scenarios.flatMap(({ frames }) => frames),
      leftOut: [],
    },
    ...(failure && { failure }),
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

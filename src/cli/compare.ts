import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Command, Option } from 'commander';
import { type EvaluationUnit, readUnit } from '../datasets/index.js';
import {
  type AbsentClassConvention,
  CONVENTION_NAMES,
  type ComparedFrames,
  compareFrames,
  type Difference,
  type FrameCounts,
} from '../evaluation/index.js';
import { requireReplaceable, writeOutput } from '../outputs/index.js';
import { COMPARISON_MARK, type ComparisonPage, renderComparison } from '../report/index.js';
import { jsonText } from '../text/index.js';
import { type ComparedScenario, compareScenarios, scenarioFigures, scenarioTable } from './compare_scenarios.js';
import { CONVENTIONS } from './evaluate/conventions.js';
import { type DatasetFlags, withDatasetOptions } from './evaluate/dataset_options.js';
import { figure, grid } from './evaluate/grid.js';
import { scoreBundle } from './evaluate/score_bundle.js';
import { interruptible } from './interrupts.js';
import { wholeNumberFrom } from './numbers.js';
import { print } from './output.js';
import { type ProviderFlags, segmenterOptions, withProviderOptions } from './provider_options.js';
import {
  checkLines,
  claimJunit,
  type Figures,
  judge,
  type Requirement,
  reportChecks,
  requireKnown,
  requirement,
} from './requirements.js';

interface CompareFlags extends DatasetFlags, ProviderFlags {
  data?: string;
  every: number;
  convention: keyof typeof CONVENTIONS;
  resamples: number;
  seed: number;
  json?: true;
  require?: readonly Requirement[];
  junit?: string;
  page?: string;
  force?: true;
}

/** Two runs on the same frames, and how they differ: what the page shows, and what a program needs. */
interface Comparison extends ComparisonPage {
  formatVersion: 1;
  dataset: EvaluationUnit['dataset'];
  models: { a: EvaluationUnit['model']; b: EvaluationUnit['model'] };
  convention: (typeof CONVENTION_NAMES)[AbsentClassConvention];
  /** Two runs of dropout: what has no frames to draw from. */
  scenarios?: ComparedScenario[];
}

/**
 * `mle-sam compare A B`: how the scores of two runs on one data set differ, and how sure that is.
 * @param write - where the result goes; standard output by default
 */
export function compareCommand(write: (text: string) => void = print): Command {
  return withDatasetOptions(withProviderOptions(new Command('compare')))
    .description(
      'compare two runs of evaluate or dropout, or two bundles, on the same frames: differences with 95 % intervals',
    )
    .argument('<a>', 'folder that evaluate --out or dropout wrote, its frames.json, or a bundle')
    .argument('<b>', 'another one; differences are B - A')
    .option('--data <root>', 'data set that bundles are scored on')
    .option('--every <n>', 'bundles: only every n-th frame', wholeNumberFrom(1), 1)
    .addOption(
      new Option(
        '--convention <convention>',
        'classes in neither ground truth nor masks: left-out as by cityscapes, or zero as by cmnext',
      )
        .choices(Object.keys(CONVENTIONS))
        .default('cityscapes'),
    )
    .option('--resamples <count>', 'how often frames are drawn anew', wholeNumberFrom(100), 2000)
    .option('--seed <number>', 'the same seed gives the same intervals', wholeNumberFrom(0), 1)
    .option('--json', 'print JSON instead of tables')
    .option('--require <bound>', "fail unless a figure keeps it, repeatable: 'low>=-0.5'", requirement)
    .option('--junit <file>', 'write the required bounds as JUnit XML')
    .option('--page <file>', 'write the comparison as a page for a browser')
    .option('--force', 'replace a file that mle-sam did not make')
    .action((a: string, b: string, flags: CompareFlags) =>
      interruptible(async (signal) => {
        const overwriting = flags.force ? 'any' : 'own';
        await claimJunit(flags.junit, overwriting);
        if (flags.page !== undefined) await requireReplaceable(flags.page, COMPARISON_MARK, overwriting);
        const frames = compare(await unitAt(a, flags, signal), await unitAt(b, flags, signal), flags);
        const isDropout = frames.dataset.kind === 'dropout';
        const comparison = isDropout
          ? { ...frames, scenarios: await compareScenarios(folderOf(a), folderOf(b)) }
          : frames;
        const figures = figuresOf(comparison);
        requireKnown(flags.require ?? [], [...figures.keys()]);
        const checks = judge(flags.require ?? [], figures);
        if (flags.page !== undefined) await writeOutput(flags.page, await renderComparison(comparison));
        write(
          flags.json ? `${jsonText(comparison)}\n` : `${[describe(comparison), ...checkLines(checks)].join('\n')}\n`,
        );
        await reportChecks(checks, { kind: 'compare', name: comparison.dataset.title, junit: flags.junit });
      }),
    );
}

/** A run that was written, or one that is made now. */
async function unitAt(path: string, flags: CompareFlags, signal: AbortSignal): Promise<EvaluationUnit> {
  const isBundle = (await stat(join(path, 'model.json')).catch(() => undefined))?.isFile() ?? false;
  if (isBundle) {
    if (flags.data === undefined) {
      throw new Error(`Expected a data set to score the bundle ${path} on but received none. Name it with --data.`);
    }
    return scoreBundle(path, flags.data, flags, segmenterOptions(flags), signal);
  }
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
  return readUnit(isFolder ? join(path, 'frames.json') : path);
}

/** That of a run, which may be named by its frames.json. */
function folderOf(path: string): string {
  return path.endsWith('.json') ? dirname(path) : path;
}

function compare(a: EvaluationUnit, b: EvaluationUnit, { convention, resamples, seed }: CompareFlags): Comparison {
  requireSame('data set', `${a.dataset.title} ${a.dataset.split}`, `${b.dataset.title} ${b.dataset.split}`);
  requireSame('classes', a.classes.join(', '), b.classes.join(', '));
  requireSame('size of scoring', sizeOf(a), sizeOf(b));
  const byName = new Map(b.frames.map((frame) => [frame.name, frame]));
  const pairs = a.frames.flatMap((frame): [FrameCounts, FrameCounts][] => {
    const other = byName.get(frame.name);
    return other === undefined ? [] : [[frame, other]];
  });
  if (pairs.length === 0)
    throw new Error('Expected frames that both runs have but found none. Run both on the same split.');
  const options = { convention: CONVENTIONS[convention], resamples, seed };
  const of = (some: readonly (readonly [FrameCounts, FrameCounts])[]): ComparedFrames =>
    compareFrames(
      some.map(([own]) => own),
      some.map(([, other]) => other),
      a.classes.length,
      options,
    );
  const groups = (by: 'condition' | 'case') =>
    [...new Set(pairs.map(([own]) => own[by]))].sort().map((name) => {
      const { frames, miou } = of(pairs.filter(([own]) => own[by] === name));
      return { name, frames, ...miou };
    });
  const whole = of(pairs);
  return {
    formatVersion: 1,
    dataset: a.dataset,
    models: { a: a.model, b: b.model },
    convention: CONVENTION_NAMES[options.convention],
    onlyInA: a.frames.length - pairs.length,
    onlyInB: b.frames.length - pairs.length,
    leftOut: { a: a.leftOut.length, b: b.leftOut.length },
    resamples,
    seed,
    frames: whole.frames,
    miou: whole.miou,
    classes: whole.classes.map((difference, id) => ({ name: a.classes[id]!, ...difference })),
    conditions: groups('condition'),
    cases: groups('case'),
  };
}

function sizeOf({ scoredAt }: EvaluationUnit): string {
  return scoredAt === 'as-stored' ? scoredAt : `${scoredAt.width}x${scoredAt.height}`;
}

function requireSame(what: string, a: string, b: string): void {
  if (a !== b) throw new Error(`Expected the same ${what} in both runs but received ${a} and ${b}. Score both alike.`);
}

function figuresOf({ miou, classes, conditions, cases, scenarios }: Comparison): Figures {
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

function describe(comparison: Comparison): string {
  const {
    dataset,
    models,
    convention,
    onlyInA,
    onlyInB,
    leftOut,
    resamples,
    frames,
    miou,
    classes,
    conditions,
    cases,
    scenarios,
  } = comparison;
  const cells = ({ a, b, difference, low, high }: Difference): string[] => [
    figure(a),
    figure(b),
    signed(difference),
    low === null ? '-' : `${signed(low)} .. ${signed(high)}`,
  ];
  const head = (what: string) => [what, 'A', 'B', 'B - A', '95 % interval'];
  const lines = [
    `A ${models.a.name}, B ${models.b.name}, on ${frames} frames of ${dataset.title} ${dataset.split}`,
    `Percent by ${convention}; intervals by a paired bootstrap over frames, ${resamples} resamples`,
  ];
  if (onlyInA + onlyInB > 0) lines.push(`! Frames of one run only are left out: ${onlyInA} of A, ${onlyInB} of B`);
  if (leftOut.a + leftOut.b > 0) {
    lines.push(`! Frames whose files cannot be read are left out: ${leftOut.a} of A, ${leftOut.b} of B`);
  }
  lines.push(grid(head(''), [['mIoU', ...cells(miou)]]));
  lines.push(
    '',
    grid(
      head('class'),
      classes.map((row) => [row.name, ...cells(row)]),
    ),
  );
  for (const [what, groups] of [
    [scenarios === undefined ? 'condition' : 'scenario', conditions],
    ['case', cases],
  ] as const) {
    if (groups.length > 1)
      lines.push(
        '',
        grid(
          head(what),
          groups.map((row) => [`${row.name} (${row.frames})`, ...cells(row)]),
        ),
      );
  }
  if (scenarios !== undefined) lines.push('', scenarioTable(scenarios));
  return lines.join('\n');
}

function signed(value: number | null): string {
  return value === null ? '-' : `${value >= 0 ? '+' : ''}${value.toFixed(2)}`;
}

import {
  type Check,
  type DropoutOutcome,
  type DropoutReport,
  failedCheckLines,
  figureText,
  junitXml,
  NOTICED_COLUMNS,
  renderCostTable,
  renderDropoutPage,
  type ScenarioColumn,
  scenarioTable,
  WRONG_COLUMNS,
} from '../dropout/index.js';
import { OutputFolder, type Overwriting, writeOutput, writeWhole } from '../outputs/index.js';
import { jsonText } from '../text/index.js';
import { dropoutFigures } from './dropout_figures.js';
import { type DropoutFlags, FRAMES_FILE, JSON_FILE, PAGE } from './dropout_flags.js';
import { EXIT } from './exit_codes.js';
import { problemLines } from './problem_lines.js';
import { checkLines, judge } from './requirements.js';

/** What is done with what came of scenarios. */
export type DropoutWishes = Pick<DropoutFlags, 'json' | 'markdown' | 'junit' | 'require'>;

/** Claims the folder of a bag's results. */
export function claimDropout(out: string, overwriting: Overwriting): Promise<OutputFolder> {
  return OutputFolder.claim(out, [JSON_FILE, PAGE, FRAMES_FILE], overwriting);
}

/** Writes what came of the scenarios of a bag: figures, page, exact counts. */
export async function writeDropout(outcome: DropoutOutcome, folder: OutputFolder): Promise<void> {
  await writeWhole(folder.file(JSON_FILE), `${jsonText(outcome.report)}\n`);
  await writeWhole(folder.file(PAGE), await renderDropoutPage(outcome));
  await writeWhole(folder.file(FRAMES_FILE), `${jsonText(outcome.frames, 'dense')}\n`);
  await folder.finish();
}

/** Writes and prints what came of the scenarios of one bag, and holds it to what is required. */
export async function finishDropout(
  outcome: DropoutOutcome,
  folder: OutputFolder,
  wishes: DropoutWishes,
  write: (text: string) => void,
): Promise<void> {
  const { report, failure } = outcome;
  await writeDropout(outcome, folder);
  const checks = judge(wishes.require ?? [], dropoutFigures(report.scenarios));
  const title = `mle-sam dropout ${report.bag.name}`;
  await writeJudgement(title, report.scenarios, checks, wishes.junit, report.partialBecause);
  if (report.cleanMasks === 0) process.exitCode = EXIT.nothingMade;
  if (wishes.json) write(`${jsonText(report)}\n`);
  else if (wishes.markdown) write(`${renderCostTable(report)}\n`);
  else {
    const lines = [describe(report), ...checkLines(checks)];
    write(`${lines.join('\n')}\nreport  ${folder.file(PAGE)}  (open it in a browser)\n`);
  }
  if (failure !== undefined) throw failure.error;
}

/** Writes the checks of scenarios, and what is required, as JUnit XML; sets the exit status where one failed. */
export async function writeJudgement(
  title: string,
  scenarios: readonly { name: string; checks: readonly Check[] }[],
  required: readonly Check[],
  junit: string | undefined,
  partialBecause: string | undefined,
): Promise<void> {
  const all = [...scenarios, ...(required.length > 0 ? [{ name: 'required', checks: required }] : [])];
  const isBroken = (some: typeof all) => some.some(({ checks }) => checks.some(({ verdict }) => verdict === 'failed'));
  if (junit !== undefined) {
    await writeOutput(
      junit,
      junitXml({ title, scenarios: all, ...(partialBecause !== undefined && { partialBecause }) }),
    );
  }
  // Without a file for them, checks of scenarios are told and not enforced.
  if (isBroken(junit === undefined ? all.slice(scenarios.length) : all)) process.exitCode = EXIT.checkFailed;
}

type Scenario = DropoutReport['scenarios'][number];

const COLUMNS: readonly ScenarioColumn<Scenario>[] = [
  ...NOTICED_COLUMNS,
  { head: 'delay', cell: ({ maskDelayMs }) => figureText(maskDelayMs.during.faulty, ' ms') },
  ...WRONG_COLUMNS,
  { head: 'mIoU', cell: ({ score }) => figureText(score.miou.faulty, '', 1) },
  { head: 'clean', cell: ({ score }) => figureText(score.miou.clean, '', 1) },
  { head: 'without', cell: ({ score }) => figureText(score.miou.absent, '', 1) },
  { head: 'identical', cell: ({ identicalAfterMs }) => figureText(identicalAfterMs, ' ms') },
];

function describe({ scenarios, bag, problems, partialBecause }: DropoutReport): string {
  const lines = [scenarioTable(scenarios, COLUMNS), ...failedCheckLines(scenarios)];
  if (partialBecause !== undefined) lines.push(`! The results are partial: ${partialBecause}.`);
  lines.push(...problemLines(problems));
  const truth = scenarios[0]?.score.against === 'clean-masks' ? "the clean run's masks" : 'the ground truth';
  lines.push(
    `mIoU in percent over the frames of the fault, against ${truth}: under the fault, in the clean run, and in a run`,
    'without the faulty sensors. Told: from the first bad message until the node says so, and at which level of its',
    'diagnostics. Delay: p95 from the arrival of the reference message to the closing of its set.',
  );
  if (bag.source === 'simulation') lines.push('Simulated data: scores are no claim about the real world.');
  return lines.join('\n');
}

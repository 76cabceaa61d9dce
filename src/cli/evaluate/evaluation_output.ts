import { type AbsentClassConvention, CONVENTION_NAMES } from '../../evaluation/index.js';
import { OutputFolder, type Overwriting, requireReplaceable, writeOutput, writeWhole } from '../../outputs/index.js';
import { NothingMadeError } from '../../replay/index.js';
import { EVALUATION_MARK, RUNS_FILE, type RunList, renderEvaluation } from '../../report/index.js';
import { type ProtocolOutcome, protocolReport, publishedFor } from '../../robustness/index.js';
import { jsonText } from '../../text/index.js';
import { problemLines } from '../problem_lines.js';
import { checkLines, judge, type Requirement, reportChecks } from '../requirements.js';
import { version } from '../version.js';
import { type DatasetScores, datasetScores } from './dataset_report.js';
import { datasetLines, publishedTable } from './dataset_text.js';
import { datasetPage } from './evaluation_page.js';
import { countedFrames, type EvaluationPart, type EvaluationTiming, type PartOutcome } from './evaluation_part.js';
import { datasetFigures } from './figures.js';
import { grid } from './grid.js';
import { protocolLines, SIMULATED } from './protocol_text.js';
import { worstScored } from './worst_scored.js';

const REPORT_FILE = 'evaluation.json';
const PAGE = 'evaluation.html';
const FRAMES_FILE = 'frames.json';
const TIMING_FILE = 'timing.json';

/** How the counts of a run become scores. */
export interface ScoringOptions {
  seed: number;
  convention: AbsentClassConvention;
}

/** What is done with the scores of a run. */
export interface EvaluationWishes {
  require?: readonly Requirement[] | undefined;
  junit?: string | undefined;
  json?: true | undefined;
  /** A file for the page, besides the one in the folder. */
  page?: string | undefined;
  /** Where masks were saved. */
  predictions?: string | undefined;
}

/** All that came of a run. */
interface Evaluation {
  part: EvaluationPart;
  protocols: ProtocolOutcome;
  scores: DatasetScores;
  timing: EvaluationTiming;
}

/** Claims the folder of a run's results. */
export function claimEvaluation(out: string, overwriting: Overwriting): Promise<OutputFolder> {
  return OutputFolder.claim(out, [REPORT_FILE, PAGE, FRAMES_FILE, TIMING_FILE, RUNS_FILE], overwriting);
}

/** Makes sure before the work that the page may be written after it. */
export async function claimPage(path: string | undefined, overwriting: Overwriting): Promise<void> {
  if (path !== undefined) await requireReplaceable(path, EVALUATION_MARK, overwriting);
}

/**
 * Scores what was counted, writes it, prints it and holds it to what is required.
 * @throws NothingMadeError where no frame was scored, and what ended the run early
 */
export async function finishEvaluation(
  { part, timing, ending }: PartOutcome,
  options: ScoringOptions,
  folder: OutputFolder | undefined,
  wishes: EvaluationWishes,
  write: (text: string) => void,
): Promise<void> {
  const counted = { ...countedFrames(part), ...ending };
  if (counted.used === 0 && ending.endedBy === undefined) throw nothingScored(part);
  const protocols = protocolReport(part.model, options, counted);
  const evaluation: Evaluation = { part, protocols, scores: datasetScores(part), timing };
  const report = reportOf(evaluation);
  const { page } = wishes;
  const html =
    folder === undefined && page === undefined
      ? undefined
      : await renderEvaluation(datasetPage(evaluation, await worstScored(part, wishes.predictions)));
  if (page !== undefined) await writeOutput(page, html!);
  if (folder !== undefined) {
    await writeWhole(folder.file(PAGE), html!);
    await writeWhole(folder.file(REPORT_FILE), `${jsonText(report)}\n`);
    await writeWhole(folder.file(FRAMES_FILE), `${jsonText(part.unit, 'dense')}\n`);
    await writeWhole(folder.file(TIMING_FILE), `${jsonText(timingOf(timing))}\n`);
    await writeWhole(folder.file(RUNS_FILE), `${jsonText(runListOf(evaluation))}\n`);
    await folder.finish();
  }
  const figures = datasetFigures(evaluation.scores, protocols, part.unit, options.convention);
  const checks = judge(wishes.require ?? [], figures);
  const lines = [describe(evaluation), ...checkLines(checks)];
  for (const path of [folder?.file(PAGE), page]) {
    if (path !== undefined) lines.push(`report  ${path}  (open it in a browser)`);
  }
  write(wishes.json ? `${jsonText(report)}\n` : `${lines.join('\n')}\n`);
  const { partialBecause } = protocols;
  await reportChecks(checks, {
    kind: 'evaluate',
    name: part.unit.dataset.title,
    junit: wishes.junit,
    partialBecause,
  });
  if (ending.failure !== undefined) throw ending.failure.error;
}

function nothingScored({ dataset: { root }, unit, unlabelled }: EvaluationPart): NothingMadeError {
  const [first] = unit.leftOut;
  const { split } = unit.dataset;
  if (first !== undefined) {
    return new NothingMadeError(
      `Expected frames to score in split '${split}' of ${root} but all ${unit.leftOut.length} are left out. ${first.reason}`,
    );
  }
  return new NothingMadeError(
    `Expected labels in split '${split}' of ${root} but none of its ${unlabelled} frames has any. ` +
      'Name another split, or save masks with --predictions.',
  );
}

/** Holds no wall time, so that the same run gives the same bytes. */
function reportOf({ part, protocols, scores }: Evaluation): object {
  const { failure: _, ...rest } = protocols;
  const { unit, unlabelled, dataset, notes } = part;
  const published = publishedFor(unit.dataset.title, unit.dataset.split);
  return {
    ...rest,
    dataset: { ...unit.dataset, root: dataset.root },
    inputs: unit.inputs,
    scoredAt: unit.scoredAt,
    notes,
    ...(unlabelled > 0 && { unlabelled }),
    leftOut: unit.leftOut,
    scores: unit.frames.length > 0 ? scores : null,
    ...(published.length > 0 && { published }),
  };
}

function runListOf({ part, protocols, scores }: Evaluation): RunList {
  const { unit, dataset } = part;
  const { partialBecause: because } = protocols;
  const own = scores.all[CONVENTION_NAMES[protocols.convention]]!;
  const figures = unit.frames.length > 0 ? { ...own } : {};
  const counts = { frames: unit.frames.length, leftOut: unit.leftOut.length, unlabelled: part.unlabelled };
  return {
    formatVersion: 1,
    kind: 'evaluate',
    version,
    model: unit.model,
    runs: [
      {
        name: `${unit.dataset.title} ${unit.dataset.split}`,
        source: dataset.root,
        state: because === undefined ? 'done' : 'partial',
        ...(because !== undefined && { because }),
        path: REPORT_FILE,
        page: PAGE,
        scores: figures,
        counts,
      },
    ],
    total: { scores: figures, counts },
  };
}

function timingOf({ totalMs, inferenceMs }: EvaluationTiming): object {
  return { formatVersion: 1, seconds: totalMs / 1000, inferenceShare: inferenceShare({ totalMs, inferenceMs }) };
}

function inferenceShare({ totalMs, inferenceMs }: EvaluationTiming): number {
  return totalMs === 0 ? 0 : inferenceMs / totalMs;
}

function describe({ part, protocols, scores, timing }: Evaluation): string {
  const { unit, unlabelled, notes, masks } = part;
  const { scoredAt, dataset } = unit;
  const { convention, frames, model, tables, noise, partialBecause, problems } = protocols;
  const size = scoredAt === 'as-stored' ? 'at the size of the labels' : `at ${scoredAt.width}x${scoredAt.height}`;
  const lines = [
    `${model.name} on ${unit.frames.length} frames of ${dataset.title} ${dataset.split}, scored ${size}, ${unit.classes.length} classes`,
    ...notes,
  ];
  if (frames.leftOut > 0) lines.push(`! ${frames.leftOut} frames were left out: their files cannot be read`);
  if (unlabelled > 0) {
    const what = masks === 'saved' ? 'their masks were saved and not scored' : 'they are not scored';
    lines.push(`${unlabelled} frames have no labels: ${what}`);
  }
  if (partialBecause !== undefined) lines.push(`! The results are partial: ${partialBecause}.`);
  lines.push(...problemLines(problems));
  if (unit.frames.length > 0) lines.push(...datasetLines(scores));
  if (tables.length + noise.length > 0) {
    lines.push('', `Protocols (arXiv 2503.18445): mIoU in percent by ${CONVENTION_NAMES[convention]}`);
    lines.push(...protocolLines(protocols).slice(1));
  }
  const own = scores.all[CONVENTION_NAMES[convention]]?.miou;
  const published = publishedTable(publishedFor(dataset.title, dataset.split), protocols, unit, own);
  if (published !== undefined) lines.push('', published.title, grid(published.head, published.cells));
  lines.push(
    '',
    `${(timing.totalMs / 1000).toFixed(1)} s${timing.units === undefined ? '' : ` in ${timing.units} units`}, of which the model ${(100 * inferenceShare(timing)).toFixed(1)} %`,
  );
  if (part.dataset.source === 'simulation') lines.push(SIMULATED);
  return lines.join('\n');
}

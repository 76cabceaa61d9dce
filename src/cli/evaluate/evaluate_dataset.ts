import type { Command } from 'commander';
import {
  type BundleMatch,
  type Dataset,
  type DatasetKind,
  inClassesOf,
  matchBundle,
  openDataset,
  PredictionFolder,
  type ScoreOutcome,
  scoreDataset,
} from '../../datasets/index.js';
import { CONVENTION_NAMES } from '../../evaluation/index.js';
import { type Bundle, loadBundle, Segmenter } from '../../model/index.js';
import { OutputFolder, writeWhole } from '../../outputs/index.js';
import { NothingMadeError } from '../../replay/index.js';
import {
  type FrameVisitor,
  imagesWorthKeeping,
  type ProtocolOptions,
  type ProtocolOutcome,
  publishedFor,
  runProtocol,
} from '../../robustness/index.js';
import { jsonText } from '../../text/index.js';
import { configuredSegmenter, readConfigured } from '../configured.js';
import { complain } from '../output.js';
import { problemLines } from '../problem_lines.js';
import { checkLines, claimJunit, judge, reportChecks, requireKnown } from '../requirements.js';
import { type DatasetScores, datasetScores } from './dataset_report.js';
import { datasetLines, publishedLines } from './dataset_text.js';
import { type EvaluateFlags, protocolOptions } from './evaluate_flags.js';
import { datasetFigureNames, datasetFigures } from './figures.js';
import { protocolLines, SIMULATED } from './protocol_text.js';

const REPORT_FILE = 'evaluation.json';
const FRAMES_FILE = 'frames.json';

/** All that came of a run. */
interface Evaluation {
  dataset: Dataset;
  notes: readonly string[];
  outcome: ScoreOutcome;
  protocols: ProtocolOutcome;
  scores: DatasetScores;
}

/** `mle-sam evaluate ROOT`: scores a bundle on a data set and writes what came of it. */
export async function evaluateDataset(
  kind: DatasetKind,
  root: string,
  flags: EvaluateFlags,
  command: Command,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const configured = await readConfigured(command, flags);
  const bundle = await loadBundle(configured.model);
  const dataset = await openDataset(kind, root, flags.split);
  const { input: inputs, classesBy } = flags;
  const match = matchBundle(dataset, bundle, { classesBy, ...(inputs && { inputs }) });
  const options = protocolOptions(flags, {
    // What was drawn for one size of image is small; of the others one pass alone takes hours.
    ...(dataset.imageSize === undefined && { protocols: [] }),
    ...(dataset.title === 'DELIVER' && { convention: 'zero' as const }),
  });
  requireKnown(flags.require ?? [], datasetFigureNames(dataset, options.protocols));
  const overwriting = flags.force ? 'any' : 'own';
  await claimJunit(flags.junit, overwriting);
  const folder =
    flags.out === undefined ? undefined : await OutputFolder.claim(flags.out, [REPORT_FILE, FRAMES_FILE], overwriting);
  const about = { dataset: dataset.title, split: dataset.split, model: { name: bundle.name, sha256: bundle.sha256 } };
  const predictions =
    flags.predictions === undefined
      ? undefined
      : await PredictionFolder.claim(flags.predictions, dataset, about, overwriting);
  const segmenter = await Segmenter.create(bundle, {
    ...configuredSegmenter(command, flags, configured),
    keptImages: imagesWorthKeeping(options.protocols),
  });
  let evaluation: Evaluation;
  try {
    evaluation = await scoreAll({ dataset, match, bundle, segmenter }, predictions, flags, { ...options, signal });
  } finally {
    await segmenter.close();
  }
  const { failure } = evaluation.protocols;
  const report = reportOf(evaluation);
  if (folder !== undefined) {
    await writeWhole(folder.file(REPORT_FILE), `${jsonText(report)}\n`);
    await writeWhole(folder.file(FRAMES_FILE), `${jsonText(evaluation.outcome.unit, 'dense')}\n`);
    await folder.finish();
  }
  const { outcome, protocols, scores } = evaluation;
  const figures = datasetFigures(scores, protocols, outcome.unit, protocols.convention);
  const checks = judge(flags.require ?? [], figures);
  write(flags.json ? `${jsonText(report)}\n` : `${[describe(evaluation), ...checkLines(checks)].join('\n')}\n`);
  const { partialBecause } = protocols;
  await reportChecks(checks, { kind: 'evaluate', name: dataset.title, junit: flags.junit, partialBecause });
  if (failure !== undefined) throw failure.error;
}

/** Scores all frames with all modalities, and under the protocols asked for in the same pass. */
async function scoreAll(
  { dataset, match, bundle, segmenter }: { dataset: Dataset; match: BundleMatch; bundle: Bundle; segmenter: Segmenter },
  predictions: PredictionFolder | undefined,
  flags: EvaluateFlags,
  options: ProtocolOptions,
): Promise<Evaluation> {
  const clock = clocked(segmenter);
  const run = (also?: FrameVisitor): Promise<ScoreOutcome> =>
    scoreDataset(
      { dataset, match, bundle, segmenter: clock.segmenter },
      {
        slice: { every: flags.every },
        ...(flags.size && { scoredAt: flags.size }),
        unreadable: flags.strict ? 'end' : 'leave-out',
        ...(predictions && { predictions }),
        ...(also && { also }),
        onFrame: (done, total) => {
          if (process.stderr.isTTY) complain(`\rframe ${done} of ${total}${done === total ? '\n' : ''}`);
        },
        ...(options.signal && { signal: options.signal }),
      },
    );
  let outcome: ScoreOutcome | undefined;
  // Its matrices count positions in the data set's list of classes.
  const scored: Bundle = {
    ...bundle,
    classes: dataset.classes.map(({ name }, id) => ({ id, name, color: [0, 0, 0] })),
  };
  const protocols = await runProtocol(
    { bundle: scored, segmenter: inClassesOf(dataset, match, clock.segmenter) },
    options,
    async (visit) => {
      outcome = await run(options.protocols.length > 0 ? visit : undefined);
      const { unit, unlabelled, problems, failure } = outcome;
      return {
        // Masks without labels are a result as well.
        used: unit.frames.length + (predictions === undefined ? 0 : unlabelled),
        leftOut: unit.leftOut.length,
        source: dataset.source,
        problems,
        ...(failure && { failure }),
      };
    },
  ).catch((error: unknown) => {
    throw error instanceof NothingMadeError ? nothingScored(dataset, outcome!) : error;
  });
  const notes = [...dataset.notes, ...match.notes];
  // The protocols' masks count as well.
  outcome!.timing.inferenceMs = clock.elapsedMs();
  return { dataset, notes, outcome: outcome!, protocols, scores: datasetScores(outcome!) };
}

/** A segmenter, and how long it has worked. */
function clocked(segmenter: Segmenter): { segmenter: Pick<Segmenter, 'segment'>; elapsedMs: () => number } {
  let elapsed = 0;
  return {
    segmenter: {
      segment: async (frameSet) => {
        const start = performance.now();
        try {
          return await segmenter.segment(frameSet);
        } finally {
          elapsed += performance.now() - start;
        }
      },
    },
    elapsedMs: () => elapsed,
  };
}

function nothingScored({ root, split }: Dataset, { unit, unlabelled }: ScoreOutcome): NothingMadeError {
  const [first] = unit.leftOut;
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

function reportOf({ dataset, notes, outcome, protocols, scores }: Evaluation): object {
  const { failure: _, ...rest } = protocols;
  const { unit, unlabelled, timing } = outcome;
  const published = publishedFor(dataset.title, dataset.split);
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
    timing: { seconds: timing.totalMs / 1000, inferenceShare: inferenceShare(timing) },
  };
}

function inferenceShare({ totalMs, inferenceMs }: ScoreOutcome['timing']): number {
  return totalMs === 0 ? 0 : inferenceMs / totalMs;
}

function describe({ dataset, notes, outcome, protocols, scores }: Evaluation): string {
  const { unit, unlabelled, timing } = outcome;
  const { scoredAt } = unit;
  const { convention, frames, model, tables, noise, partialBecause, problems } = protocols;
  const size = scoredAt === 'as-stored' ? 'at the size of the labels' : `at ${scoredAt.width}x${scoredAt.height}`;
  const lines = [
    `${model.name} on ${unit.frames.length} frames of ${dataset.title} ${dataset.split}, scored ${size}, ${unit.classes.length} classes`,
    ...notes,
  ];
  if (frames.leftOut > 0) lines.push(`! ${frames.leftOut} frames were left out: their files cannot be read`);
  if (unlabelled > 0) lines.push(`${unlabelled} frames have no labels: their masks were saved and not scored`);
  if (partialBecause !== undefined) lines.push(`! The results are partial: ${partialBecause}.`);
  lines.push(...problemLines(problems));
  if (unit.frames.length > 0) lines.push(...datasetLines(scores));
  if (tables.length + noise.length > 0) {
    lines.push('', `Protocols (arXiv 2503.18445): mIoU in percent by ${CONVENTION_NAMES[convention]}`);
    lines.push(...protocolLines(protocols).slice(1));
  }
  const own = scores.all[CONVENTION_NAMES[convention]]?.miou;
  lines.push(...publishedLines(publishedFor(dataset.title, dataset.split), protocols, outcome, own));
  lines.push(
    '',
    `${(timing.totalMs / 1000).toFixed(1)} s, of which the model ${(100 * inferenceShare(timing)).toFixed(1)} %`,
  );
  if (dataset.source === 'simulation') lines.push(SIMULATED);
  return lines.join('\n');
}

import type { Command } from 'commander';
import { type Dataset, type DatasetKind, matchBundle, openDataset, PredictionFolder } from '../../datasets/index.js';
import { loadBundle, Segmenter, type SegmenterOptions } from '../../model/index.js';
import { imagesWorthKeeping, type ProtocolOptions } from '../../robustness/index.js';
import { configuredSegmenter, readConfigured } from '../configured.js';
import { complain } from '../output.js';
import { claimJunit, requireKnown } from '../requirements.js';
import { planUnits } from '../units/unit_options.js';
import { evaluateInUnits } from './dataset_units.js';
import { type EvaluateFlags, protocolOptions } from './evaluate_flags.js';
import { claimEvaluation, claimPage, finishEvaluation } from './evaluation_output.js';
import { type PartOutcome, type Scoring, scorePart } from './evaluation_part.js';
import { datasetFigureNames } from './figures.js';

/** `mle-sam evaluate ROOT`: scores a bundle on a data set and writes what came of it. */
export async function evaluateDataset(
  kind: DatasetKind,
  root: string,
  flags: EvaluateFlags,
  command: Command,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const plan = planUnits(flags);
  const configured = await readConfigured(command, flags);
  const bundle = await loadBundle(configured.model);
  const dataset = await openDataset(kind, root, flags.split);
  const { input: inputs, classesBy } = flags;
  const match = matchBundle(dataset, bundle, { classesBy, ...(inputs && { inputs }) });
  const options = { ...datasetProtocols(flags, dataset), signal };
  requireKnown(flags.require ?? [], datasetFigureNames(dataset, options.protocols));
  const overwriting = flags.force ? 'any' : 'own';
  const scoring: Scoring = { dataset, match, bundle };
  const segmenterOptions: SegmenterOptions = {
    ...configuredSegmenter(command, flags, configured),
    keptImages: imagesWorthKeeping(options.protocols),
  };
  if (plan.kind !== 'whole') {
    return evaluateInUnits(plan, scoring, { flags, options, segmenterOptions, overwriting }, command, write);
  }
  await claimJunit(flags.junit, overwriting);
  await claimPage(flags.page, overwriting);
  const folder = flags.out === undefined ? undefined : await claimEvaluation(flags.out, overwriting);
  const about = { dataset: dataset.title, split: dataset.split, model: { name: bundle.name, sha256: bundle.sha256 } };
  const predictions =
    flags.predictions === undefined
      ? undefined
      : await PredictionFolder.claim(flags.predictions, dataset, about, overwriting);
  const segmenter = await Segmenter.create(bundle, segmenterOptions);
  let outcome: PartOutcome;
  try {
    const slice = { every: flags.every };
    outcome = await scorePart({ ...scoring, segmenter }, predictions, slice, flags, options, (done, total) => {
      if (process.stderr.isTTY) complain(`\rframe ${done} of ${total}${done === total ? '\n' : ''}`);
    });
  } finally {
    await segmenter.close();
  }
  await finishEvaluation(outcome, options, folder, flags, write);
}

function datasetProtocols(flags: EvaluateFlags, { imageSize, title }: Dataset): Omit<ProtocolOptions, 'signal'> {
  return protocolOptions(flags, {
    // What was drawn for one size of image is small; of the others one pass alone takes hours.
    ...(imageSize === undefined && { protocols: [] }),
    ...(title === 'DELIVER' && { convention: 'zero' as const }),
  });
}

import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { type EvaluationUnit, readUnit } from '../../datasets/index.js';
import { loadScenarios } from '../../faults/index.js';
import { loadBundle } from '../../model/index.js';
import { bagOptions } from '../bag_options.js';
import { configuredSegmenter, readConfigured } from '../configured.js';
import { dropoutOfEach, modelNotes, requireKnownSensors } from '../dropout_of_each.js';
import { scoreBundle } from '../evaluate/score_bundle.js';
import { problemLines } from '../problem_lines.js';
import { segmenterOptions } from '../provider_options.js';
import { requireKnown } from '../requirements.js';
import type { CompareFlags } from './compare_flags.js';
import { comparisonFigures } from './comparison.js';
import { compareScenarios, type DropoutFacts, readDropoutFacts } from './scenarios.js';

/** One of the two that are compared: a run that was written, or a bundle that was run for the comparison. */
export interface Side {
  unit: EvaluationUnit;
  /** Of a run of scenarios. */
  dropout?: DropoutFacts;
  /** What a reader must know of it, one sentence each. */
  notes: string[];
}

/** Flags that mean something for bundles on a bag only, and on a data set only. */
const BAG_FLAGS = ['scenarios', 'seconds', 'config', 'maxExpanded'];
const DATA_FLAGS = ['data', 'every', 'dataset', 'split', 'size', 'input', 'classesBy', 'strict'];

/**
 * Reads two runs, or runs two bundles.
 * @throws Error in one sentence where a path is neither, or what a bundle is to be run on is not named
 */
export async function openSides(
  paths: readonly [string, string],
  flags: CompareFlags,
  command: Command,
  signal: AbortSignal,
): Promise<[Side, Side]> {
  const { bag } = flags;
  const useless = (bag === undefined ? BAG_FLAGS : DATA_FLAGS).find(
    (name) => command.getOptionValueSource(name) === 'cli',
  );
  if (useless !== undefined) {
    const flag = `--${useless.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new Error(
      bag === undefined
        ? `Expected a bag for ${flag} but received none. Name it with --bag, or leave ${flag} out.`
        : `Expected a data set for ${flag} but received the bag ${bag}. Leave one of ${flag} and --bag out.`,
    );
  }
  if (bag !== undefined) return dropoutSides(paths, bag, flags, command, signal);
  const [a, b] = paths;
  return [await sideAt(a, flags, signal), await sideAt(b, flags, signal)];
}

async function sideAt(path: string, flags: CompareFlags, signal: AbortSignal): Promise<Side> {
  if (await isBundle(path)) {
    if (flags.data === undefined) {
      throw new Error(
        `Expected a data set to score the bundle ${path} on but received none. Name it with --data. ` +
          'For sensor failures on a bag use --bag.',
      );
    }
    return { unit: await scoreBundle(path, flags.data, flags, segmenterOptions(flags), signal), notes: [] };
  }
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
  const unit = await readUnit(isFolder ? join(path, 'frames.json') : path);
  const side: Side = { unit, notes: [] };
  // A run may be named by its frames.json.
  return unit.dataset.kind === 'dropout'
    ? { ...side, dropout: await readDropoutFacts(isFolder ? path : dirname(path)) }
    : side;
}

/** Runs the same scenarios on a bag with both bundles. */
async function dropoutSides(
  paths: readonly [string, string],
  bag: string,
  flags: CompareFlags,
  command: Command,
  signal: AbortSignal,
): Promise<[Side, Side]> {
  for (const path of paths) {
    if (await isBundle(path)) continue;
    throw new Error(`Expected two bundles for --bag but ${path} is none. Name two, or compare two runs without --bag.`);
  }
  const scenarios = await loadScenarios(flags.scenarios);
  await requireKnownSensors(scenarios, paths);
  await requireKnownFigures(paths[0], scenarios, flags);
  const [model, ...others] = paths;
  const configured = await readConfigured(command, { model, others, ...(flags.config && { config: flags.config }) });
  const { seed, seconds } = flags;
  const outcomes = await dropoutOfEach(
    paths,
    { bag, config: configured.config, ...bagOptions(flags), ...configuredSegmenter(command, flags, configured) },
    { signal, scenarios, seed, ...(seconds !== undefined && { seconds }) },
  );
  const failure = outcomes.find((outcome) => outcome.failure !== undefined)?.failure;
  if (failure !== undefined) throw failure.error;
  const notes = modelNotes(outcomes);
  const sides = outcomes.map(
    ({ label, frames, report }, index): Side => ({
      unit: frames,
      dropout: report,
      notes: [...notes[index]!, ...problemLines(report.problems).map((line) => `${label}: ${line.replace(/^! /, '')}`)],
    }),
  );
  return sides as [Side, Side];
}

/** Before the work: what it will have is known but for the conditions of the drive. */
async function requireKnownFigures(
  bundle: string,
  scenarios: readonly { name: string }[],
  { require: required = [] }: CompareFlags,
): Promise<void> {
  const { classes } = await loadBundle(bundle);
  const difference = { a: null, b: null, difference: null, low: null, high: null };
  const facts: DropoutFacts = {
    bag: { source: 'recording' },
    scenarios: scenarios.map(({ name }) => ({
      name,
      verdict: 'passed',
      recoverMs: null,
      degradeMs: null,
      continuityPercent: null,
      health: { toldMs: null },
      score: { against: 'ground-truth' },
    })),
  };
  const figures = comparisonFigures({
    miou: difference,
    classes: classes.map(({ name }) => ({ name, ...difference })),
    conditions: scenarios.map(({ name }) => ({ name, frames: 0, ...difference })),
    cases: [],
    scenarios: compareScenarios(facts, facts),
  });
  requireKnown(
    required.filter(({ figure }) => !figure.includes('.case.')),
    [...figures.keys()],
  );
}

async function isBundle(path: string): Promise<boolean> {
  return (await stat(join(path, 'model.json')).catch(() => undefined))?.isFile() ?? false;
}

import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { type Dataset, type EvaluationUnit, PredictionFolder } from '../../datasets/index.js';
import { Segmenter, type SegmenterOptions } from '../../model/index.js';
import { fingerprintOf, type Overwriting } from '../../outputs/index.js';
import type { ProtocolOptions } from '../../robustness/index.js';
import {
  type CollectedUnits,
  collectUnits,
  hashOf,
  type RunDescription,
  UnitStore,
  type UnitWork,
} from '../../units/index.js';
import { claimJunit } from '../requirements.js';
import { doUnits } from '../units/do_units.js';
import { refuseWholeFlags, type UnitPlan } from '../units/unit_options.js';
import { version } from '../version.js';
import type { EvaluateFlags } from './evaluate_flags.js';
import { claimEvaluation, claimPage, finishEvaluation, type ScoringOptions } from './evaluation_output.js';
import { type EvaluationPart, type EvaluationTiming, joinParts, type Scoring, scorePart } from './evaluation_part.js';

/** So many units, where there are enough frames: what a kill costs is a small part of the whole. */
const USUAL_UNITS = 64;
const MOST_FRAMES = 32;

interface UnitRun {
  flags: EvaluateFlags;
  options: ProtocolOptions & { signal: AbortSignal };
  segmenterOptions: SegmenterOptions;
  overwriting: Overwriting;
}

/** Scores a data set in units: a shard of them, or all with several processes. */
export async function evaluateInUnits(
  plan: Exclude<UnitPlan, { kind: 'whole' }>,
  scoring: Scoring,
  run: UnitRun,
  command: Command,
  write: (text: string) => void,
): Promise<void> {
  const { flags, options, overwriting } = run;
  if (plan.kind === 'shard') {
    refuseWholeFlags(command, ['require', 'junit', 'json', 'page']);
    if (flags.out === undefined) {
      throw new Error(
        `Expected a folder for the units of shard ${plan.shard.index}/${plan.shard.count} (${plan.shard.from}) but ` +
          'received none. Name the same one to all shards with --out, or do all in one with --shard none.',
      );
    }
  }
  if (plan.kind === 'jobs') {
    await claimJunit(flags.junit, overwriting);
    await claimPage(flags.page, overwriting);
  }
  const temporary = flags.out === undefined ? await mkdtemp(join(tmpdir(), 'mle-sam-units-')) : undefined;
  const out = flags.out ?? temporary!;
  try {
    const folder = plan.kind === 'jobs' ? await claimEvaluation(out, overwriting) : undefined;
    const slices = slicesOf(scoring.dataset, flags.every);
    const description = { ...(await describeRun(scoring, flags, options)), names: slices.map(nameOf) };
    const others = plan.kind === 'jobs' ? 'replaced' : 'refused';
    const store = await UnitStore.open(out, description, others, overwriting);
    if (plan.kind === 'jobs' && flags.predictions !== undefined) {
      await claimMasks(flags.predictions, scoring, overwriting);
    }
    await doUnits(store, unitWork(scoring, slices, run), plan, { command, out, flags, write, signal: options.signal });
    if (folder === undefined) return;
    await finishEvaluation(joinEvaluation(await collectUnits([out])), options, folder, flags, write);
  } finally {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
  }
}

/**
 * Puts the units of a run together.
 */
export function joinEvaluation({ units, run }: CollectedUnits) {
  const timings = units.map(({ timing }) => timing as unknown as EvaluationTiming);
  const sum = (name: 'totalMs' | 'inferenceMs') => timings.reduce((total, timing) => total + timing[name], 0);
  return {
    part: joinParts(units.map(({ result }) => result as unknown as EvaluationPart)),
    timing: { totalMs: sum('totalMs'), inferenceMs: sum('inferenceMs'), units: units.length },
    ending: {},
    scoring: run.settings.scoring as unknown as ScoringOptions,
  };
}

/** Neighbouring frames, the same however many shards and processes there are. */
function slicesOf({ frames }: Dataset, every: number): EvaluationUnit['slice'][] {
  const chosen = Math.ceil(frames.length / every);
  const size = Math.min(MOST_FRAMES, Math.ceil(chosen / USUAL_UNITS)) * every;
  return Array.from({ length: Math.ceil(frames.length / size) }, (_, index) => ({
    from: index * size,
    to: Math.min((index + 1) * size, frames.length),
    every,
  }));
}

function nameOf({ from, to }: EvaluationUnit['slice']): string {
  return to === from + 1 ? `frame ${from}` : `frames ${from} to ${to - 1}`;
}

/** Everything that decides what comes of a frame, besides its files. */
async function describeRun(
  { dataset, match, bundle }: Scoring,
  { classesBy, every, strict, size, predictions }: EvaluateFlags,
  { protocols, seed, convention }: ProtocolOptions,
): Promise<Omit<RunDescription, 'units'>> {
  const { kind, title, split, classes, frames, descriptions = [] } = dataset;
  return {
    kind: 'evaluate',
    version,
    model: { name: bundle.name, sha256: bundle.sha256 },
    settings: {
      dataset: { kind, title, split },
      descriptions: await Promise.all(descriptions.map(async (path) => (await fingerprintOf(path)).sha256)),
      classes: hashOf(classes),
      frames: hashOf(frames.map(({ name, condition, case: failure }) => [name, condition, failure])),
      inputs: Object.fromEntries(match.inputs.map(({ name, modality }) => [name, modality.name])),
      classesBy,
      scoredAt: size ?? dataset.scoredAt(bundle.input) ?? null,
      every,
      strict: strict ?? false,
      protocols: [...protocols],
      scoring: { seed, convention },
      predictions: predictions === undefined ? 'not-saved' : 'saved',
    } as RunDescription['settings'],
  };
}

function unitWork(scoring: Scoring, slices: EvaluationUnit['slice'][], run: UnitRun): UnitWork {
  const { dataset, bundle } = scoring;
  const { flags, options, segmenterOptions } = run;
  return {
    inputs: (index) => fingerprints(dataset, slices[index]!),
    isThere: (result) => areMasksThere(result as EvaluationPart, dataset, flags.predictions),
    start: async () => {
      const predictions =
        flags.predictions && (await PredictionFolder.join(flags.predictions, dataset, about(scoring)));
      const segmenter = await Segmenter.create(bundle, segmenterOptions);
      return {
        work: async (index) => {
          const { part, timing, ending } = await scorePart(
            { ...scoring, segmenter },
            predictions || undefined,
            slices[index]!,
            flags,
            options,
          );
          if (ending.endedBy !== undefined) throw ending.endedBy;
          return { result: part, timing };
        },
        close: () => segmenter.close(),
      };
    },
  };
}

/** What a reader of saved masks must know. */
function about({ dataset, bundle: { name, sha256 } }: Scoring): object {
  return { dataset: dataset.title, split: dataset.split, model: { name, sha256 } };
}

/** Masks of the same run are kept; those of another one make room, as in a run without units. */
async function claimMasks(path: string, scoring: Scoring, overwriting: Overwriting): Promise<void> {
  await PredictionFolder.join(path, scoring.dataset, about(scoring)).catch(() =>
    PredictionFolder.claim(path, scoring.dataset, about(scoring), overwriting),
  );
}

/** Whether the masks that a unit saved are in the folder that is named now. */
async function areMasksThere({ unit }: EvaluationPart, dataset: Dataset, folder: string | undefined): Promise<boolean> {
  if (folder === undefined) return true;
  const { from, to, every } = unit.slice;
  const leftOut = new Set(unit.leftOut.map(({ name }) => name));
  const frames = dataset.frames.slice(from, to).filter(({ name }, index) => index % every === 0 && !leftOut.has(name));
  const found = await Promise.all(
    frames.map((frame) => stat(join(folder, dataset.predictionPath(frame))).catch(() => undefined)),
  );
  return found.every((each) => each?.isFile());
}

/** The files of a slice, by their paths in the data set, as they are now; null for one that cannot be read. */
function fingerprints(dataset: Dataset, { from, to, every }: EvaluationUnit['slice']): Promise<unknown> {
  const frames = dataset.frames.slice(from, to).filter((_, index) => index % every === 0);
  return Promise.all(
    frames.map(({ files, label }) => {
      const paths = [...[...files.values()].flat(), ...(label === undefined ? [] : [label])];
      return Promise.all(
        paths.map(async (path) => [relative(dataset.root, path), await fingerprintOf(path).catch(() => null)]),
      );
    }),
  );
}

import { countFrame, type FrameCounts, resizeLabelsNearest } from '../evaluation/index.js';
import type { Bundle } from '../model/index.js';
import type { FrameSegmenter } from '../pipeline/index.js';
import { type LabelImage, type Problem, ProblemList } from '../report/index.js';
import type { ImageSize, ModalityImage } from '../sensors/index.js';
import { mapped, positions } from './class_positions.js';
import type { Dataset, DatasetFrame } from './dataset.js';
import type { BundleMatch } from './match_bundle.js';
import type { PredictionFolder } from './predictions.js';
import { type DatasetSample, readSamples } from './read_samples.js';

/** What one run, or one slice of the frames, gives: exact integers, so that slices add up to the whole. */
export interface EvaluationUnit {
  formatVersion: 1;
  dataset: { kind: string; title: string; split: string; frames: number };
  /** Positions in the split: from the first up to, not including, the last, every n-th. */
  slice: { from: number; to: number; every: number };
  model: { name: string; sha256: string };
  /** Modality of the data set by input of the model. */
  inputs: Record<string, string>;
  scoredAt: ImageSize | 'as-stored';
  classes: string[];
  frames: FrameCounts[];
  /** Frames that could not be read, and why. */
  leftOut: { name: string; reason: string }[];
}

/** A frame handed on, in classes of the data set by position. */
export interface ScoredFrame {
  name: string;
  condition: string;
  images: ReadonlyMap<string, ModalityImage>;
  truth: LabelImage;
}

export interface ScoreOptions {
  slice?: Partial<EvaluationUnit['slice']>;
  /** Other than the data set's own. */
  scoredAt?: ImageSize | 'as-stored';
  /** `end`: the first frame that cannot be read ends the run. */
  unreadable?: 'leave-out' | 'end';
  predictions?: PredictionFolder;
  /** Takes each frame as well, once it is scored. */
  also?: (frame: ScoredFrame) => Promise<void>;
  onFrame?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

export interface ScoreOutcome {
  unit: EvaluationUnit;
  problems: Problem[];
  /** Frames without labels: masks were made of them, and nothing scored. */
  unlabelled: number;
  /** Milliseconds from the first frame to the last, and those of them that the model worked. */
  timing: { totalMs: number; inferenceMs: number };
  /** What ended the run early. */
  failure?: { error: unknown };
}

/**
 * Scores a bundle with all of its modalities on the frames of a data set. A frame that cannot be read is left out, named
 * and counted; what ends the run early leaves the frames until then.
 */
export async function scoreDataset(
  {
    dataset,
    match,
    bundle,
    segmenter,
  }: { dataset: Dataset; match: BundleMatch; bundle: Bundle; segmenter: Pick<FrameSegmenter, 'segment'> },
  {
    slice,
    scoredAt = dataset.scoredAt(bundle.input),
    unreadable,
    predictions,
    also,
    onFrame,
    signal,
  }: ScoreOptions = {},
): Promise<ScoreOutcome> {
  const { from = 0, to = dataset.frames.length, every = 1 } = slice ?? {};
  const frames = dataset.frames.slice(from, to).filter((_, index) => index % every === 0);
  const position = positions(dataset);
  const unit: EvaluationUnit = {
    formatVersion: 1,
    dataset: { kind: dataset.kind, title: dataset.title, split: dataset.split, frames: dataset.frames.length },
    slice: { from, to, every },
    model: { name: bundle.name, sha256: bundle.sha256 },
    inputs: Object.fromEntries(match.inputs.map(({ name, modality }) => [name, modality.name])),
    scoredAt,
    classes: dataset.classes.map(({ name }) => name),
    frames: [],
    leftOut: [],
  };
  const outcome: ScoreOutcome = { unit, problems: [], unlabelled: 0, timing: { totalMs: 0, inferenceMs: 0 } };
  /** The prediction being written while the model works on the next frame. */
  let saving: Promise<void> | undefined;
  const began = performance.now();
  try {
    for await (const read of readSamples(dataset, match, frames, { input: bundle.input, scoredAt }, signal)) {
      if (read.kind === 'unreadable') {
        if (unreadable === 'end') throw new Error(read.reason);
        unit.leftOut.push({ name: read.frame.name, reason: read.reason });
      } else {
        await score(read.sample);
      }
      onFrame?.(unit.frames.length + unit.leftOut.length + outcome.unlabelled, frames.length);
    }
    await saving;
  } catch (error) {
    outcome.failure = { error };
  }
  outcome.timing.totalMs = performance.now() - began;
  outcome.problems = problemsOf(unit);
  return outcome;

  async function score({ frame, images, truth }: DatasetSample): Promise<void> {
    const start = performance.now();
    const mask = await segmenter.segment({ stamp: 0n, frameId: '', images, absent: new Map() });
    outcome.timing.inferenceMs += performance.now() - start;
    const own: LabelImage = {
      width: mask.width,
      height: mask.height,
      labels: mapped(mask.labels, match.classOf, position),
    };
    await saving;
    saving = predictions?.save(frame, enlarged(own, dataset, scoredAt));
    // Its failure is met by whoever waits for it next.
    saving?.catch(() => undefined);
    if (truth === undefined) {
      outcome.unlabelled++;
      return;
    }
    const labels = resizeLabelsNearest(own.labels, own, truth);
    const scored = { ...truth, labels: mapped(truth.labels, position) };
    const counts = countFrame(named(frame), dataset.classes.length, labels, scored.labels);
    await also?.({ name: frame.name, condition: frame.condition, images, truth: scored });
    // Counted only where all that is done with the frame was.
    unit.frames.push(counts);
  }
}

/** What is wrong with the frames of a unit. */
export function problemsOf({ leftOut }: Pick<EvaluationUnit, 'leftOut'>): Problem[] {
  const problems = new ProblemList();
  for (const { reason } of leftOut) {
    problems.add('warning', `A frame is left out: ${reason}`, undefined, { code: 'unreadable-frame' });
  }
  return problems.list();
}

/**
 * Puts the slices of one run together.
 * @param units - in order, without gaps
 */
export function joinUnits(units: readonly EvaluationUnit[]): EvaluationUnit {
  const [first, last] = [units[0], units.at(-1)];
  if (first === undefined || last === undefined) throw new RangeError('Expected at least one unit but received none.');
  return {
    ...first,
    slice: { ...first.slice, to: last.slice.to },
    frames: units.flatMap(({ frames }) => frames),
    leftOut: units.flatMap(({ leftOut }) => leftOut),
  };
}

/** A mask at the size that is saved, or scored, where the set says one. */
function enlarged(mask: LabelImage, { savedAt }: Dataset, scoredAt: ImageSize | 'as-stored'): LabelImage {
  const size = savedAt ?? scoredAt;
  return size === 'as-stored' ? mask : { ...size, labels: resizeLabelsNearest(mask.labels, mask, size) };
}

function named({ name, condition, case: failure }: DatasetFrame): Omit<FrameCounts, 'counts'> {
  return { name, condition, case: failure };
}

/**
 * A segmenter whose masks hold positions in a data set's list of classes, for what scores in those.
 */
export function inClassesOf(
  dataset: Dataset,
  match: BundleMatch,
  segmenter: Pick<FrameSegmenter, 'segment'>,
): Pick<FrameSegmenter, 'segment'> {
  const position = positions(dataset);
  return {
    segment: async (frameSet) => {
      const mask = await segmenter.segment(frameSet);
      return { ...mask, labels: mapped(mask.labels, match.classOf, position) };
    },
  };
}

import { resolve } from 'node:path';
import {
  type BundleMatch,
  type Dataset,
  type EvaluationUnit,
  inClassesOf,
  joinUnits,
  type PredictionFolder,
  problemsOf,
  type ScoreOutcome,
  scoreDataset,
} from '../../datasets/index.js';
import type { Bundle, Segmenter } from '../../model/index.js';
import {
  addProtocolCounts,
  type CountedFrames,
  countProtocols,
  type FrameVisitor,
  type ProtocolCounts,
  type ProtocolOptions,
  type ScoredModel,
  scoredModel,
} from '../../robustness/index.js';
import type { EvaluateFlags } from './evaluate_flags.js';

/** What the frames of a data set, or some of them, gave: exact integers, so that parts add up to the whole. */
export interface EvaluationPart {
  unit: EvaluationUnit;
  protocols: ProtocolCounts;
  /** Frames without labels; their masks count as a result where they are saved. */
  unlabelled: number;
  masks: 'saved' | 'not-saved';
  /** Where they are. */
  predictions?: string;
  /** Colours of the data set's classes: those of the model's class of that name, grey where it has none. */
  colours: [number, number, number][];
  dataset: { root: string; source: Dataset['source'] };
  model: ScoredModel;
  notes: string[];
}

/** How long a part took; of several, which may have run side by side, the sum. */
export type EvaluationTiming = ScoreOutcome['timing'] & { units?: number };

/** A part, and what ended it early. */
export interface PartOutcome {
  part: EvaluationPart;
  timing: EvaluationTiming;
  ending: Pick<CountedFrames, 'failure' | 'endedBy'>;
}

/** All that is needed to score a bundle on a data set. */
export interface Scoring {
  dataset: Dataset;
  match: BundleMatch;
  bundle: Bundle;
}

const GREY = [128, 128, 128] as const;

/** Scores frames with all modalities, and under the protocols asked for in the same pass. */
export async function scorePart(
  { dataset, match, bundle, segmenter }: Scoring & { segmenter: Segmenter },
  predictions: PredictionFolder | undefined,
  slice: Partial<EvaluationUnit['slice']>,
  flags: Pick<EvaluateFlags, 'size' | 'strict'>,
  options: ProtocolOptions,
  onFrame?: (done: number, total: number) => void,
): Promise<PartOutcome> {
  const clock = clocked(segmenter);
  let outcome: ScoreOutcome | undefined;
  const run = (also?: FrameVisitor): Promise<ScoreOutcome> =>
    scoreDataset(
      { dataset, match, bundle, segmenter: clock.segmenter },
      {
        slice,
        ...(flags.size && { scoredAt: flags.size }),
        unreadable: flags.strict ? 'end' : 'leave-out',
        ...(predictions && { predictions }),
        ...(also && { also }),
        ...(onFrame && { onFrame }),
        ...(options.signal && { signal: options.signal }),
      },
    );
  // Its matrices count positions in the data set's list of classes.
  const scored: Bundle = {
    ...bundle,
    classes: dataset.classes.map(({ name }, id) => ({ id, name, color: [0, 0, 0] })),
  };
  const { protocols, failure, endedBy } = await countProtocols(
    { bundle: scored, segmenter: inClassesOf(dataset, match, clock.segmenter) },
    options,
    async (visit) => {
      outcome = await run(options.protocols.length > 0 ? visit : undefined);
      const { unit, failure: own } = outcome;
      return { used: unit.frames.length, leftOut: 0, source: dataset.source, ...(own && { failure: own }) };
    },
  );
  const { unit, unlabelled, timing } = outcome!;
  return {
    part: {
      unit,
      protocols,
      unlabelled,
      masks: predictions === undefined ? 'not-saved' : 'saved',
      ...(predictions && { predictions: resolve(predictions.path) }),
      colours: coloursOf(dataset, match, bundle),
      dataset: { root: dataset.root, source: dataset.source },
      model: scoredModel(scored),
      notes: [...dataset.notes, ...match.notes],
    },
    // The protocols' masks count as well.
    timing: { ...timing, inferenceMs: clock.elapsedMs() },
    ending: { ...(failure && { failure }), ...(endedBy !== undefined && { endedBy }) },
  };
}

function coloursOf({ classes }: Dataset, { classOf }: BundleMatch, bundle: Bundle): [number, number, number][] {
  return classes.map(({ id }) => {
    const own = bundle.classes.find((each) => classOf[each.id] === id);
    const [red, green, blue] = own?.color ?? GREY;
    return [red, green, blue];
  });
}

/** Puts the parts of one run together; in order, without gaps. */
export function joinParts(parts: readonly EvaluationPart[]): EvaluationPart {
  const first = parts[0]!;
  return {
    ...first,
    unit: joinUnits(parts.map(({ unit }) => unit)),
    protocols: addProtocolCounts(
      parts.map(({ protocols }) => protocols),
      first.model.classCount,
    ),
    unlabelled: parts.reduce((sum, { unlabelled }) => sum + unlabelled, 0),
  };
}

/** The counts of a part, for a report. */
export function countedFrames({ unit, protocols, unlabelled, masks, dataset }: EvaluationPart): CountedFrames {
  return {
    used: unit.frames.length + (masks === 'saved' ? unlabelled : 0),
    leftOut: unit.leftOut.length,
    source: dataset.source,
    problems: problemsOf(unit),
    protocols,
  };
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

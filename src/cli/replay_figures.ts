import type { ReplaySummary, RunEntry } from '../report/index.js';
import type { Figures } from './requirements.js';

/** What `--require` may name of one bag and of many. */
export const REPLAY_FIGURES: readonly string[] = [
  ...['miou', 'meanAccuracy', 'pixelAccuracy'],
  ...['reference', 'masks', 'partial', 'dropped', 'scored', 'problems'],
  ...['runs', 'failed', 'nothingMade'],
];

/** {@link REPLAY_FIGURES} of one bag. */
export function replayFigures(summary: ReplaySummary): Figures {
  const { state, scores: own, counts } = replayed(summary);
  const states = { runs: 1, failed: 0, nothingMade: state === 'nothing-made' ? 1 : 0 };
  return new Map(Object.entries({ ...own, ...counts, ...states }));
}

/** What a list of runs says of a replay. */
export interface ReplayedState {
  state: RunEntry['state'];
  because?: string;
  scores: RunEntry['scores'];
  counts: RunEntry['counts'];
}

export function replayed({ frames, score, problems }: ReplaySummary): ReplayedState {
  const isNothing = frames.published === 0;
  return {
    state: isNothing ? 'nothing-made' : 'done',
    ...(isNothing && { because: `no mask came of ${frames.reference} frames` }),
    scores: {
      miou: score?.miou ?? null,
      meanAccuracy: score?.meanAccuracy ?? null,
      pixelAccuracy: score?.pixelAccuracy ?? null,
    },
    counts: {
      reference: frames.reference,
      masks: frames.published,
      partial: frames.partial,
      dropped: frames.dropped,
      scored: score?.frames ?? 0,
      problems: problems.length,
    },
  };
}

import { judgeClock, judgeContent, judgeSets, judgeSilence, judgeStamps } from './doubts.js';
import type { Evidence, Fault } from './evidence.js';
import type { AbsentReason } from './frame_set.js';
import type { Clocks } from './judge_clocks.js';
import type { SynchronizerOptions } from './options.js';
import type { Reason } from './reason.js';
import type { Belief } from './signs.js';
import { lateAfter } from './silence.js';

export type ModalityState = 'waiting' | 'active' | 'late' | 'dropped' | 'recovering' | 'invalid' | 'disabled';

/** What the evidence says about one stream. */
export interface Verdict {
  readonly state: ModalityState;
  /** What the state stems from; `undefined` while active, waiting or disabled. */
  readonly cause: Reason | undefined;
  /** Why its samples do not go into sets; asked only while they do not. */
  readonly absent: AbsentReason;
  /** Whether its samples go into sets and are waited for. A late stream still is: it may just be slow this once. */
  readonly isUsable: boolean;
  /** Whether nothing is held against what it sends, be it silent or not. */
  readonly isTrusted: boolean;
  /** Whether its content is in doubt, so that samples no set uses have to be looked at. */
  readonly isContentInDoubt: boolean;
  /** What is to be watched, although the stream is of use. */
  readonly warning: Reason | undefined;
}

/** The verdict on a stream of which nothing has come. */
export const NO_VERDICT: Verdict = {
  state: 'waiting',
  cause: undefined,
  absent: 'waiting',
  isUsable: false,
  isTrusted: true,
  isContentInDoubt: false,
  warning: undefined,
};

/**
 * Everything there is to say about the streams, from the evidence alone: the same evidence gives the same verdicts,
 * whatever came before it.
 * @param evidence - of all streams, in their order
 * @param clocks - what it says about the clocks, see {@link judgeClocks}
 * @param now - receive time
 */
export function judge(
  evidence: readonly Evidence[],
  clocks: Clocks,
  options: SynchronizerOptions,
  now: number,
): Map<string, Verdict> {
  const verdicts = new Map(evidence.map((each) => [each.modality, judgeStream(each, clocks, options, now)]));
  for (const { modality, sets } of evidence) {
    const verdict = verdicts.get(modality)!;
    if (!verdict.isUsable) continue;
    // Who does not serve the sets of one that is gone, or to blame itself, may well serve those of the next.
    const { fault, recovering } = judgeSets(sets, options);
    const reference = sets.at(-2)?.reference;
    if (fault === undefined || reference === undefined || !verdicts.get(reference)?.isUsable) continue;
    const state = recovering ? 'recovering' : 'invalid';
    const absent = recovering ? 'recovering' : fault.absent;
    verdicts.set(modality, { ...verdict, state, cause: fault.cause, absent, isUsable: false, isTrusted: false });
  }
  return verdicts;
}

/** The verdict on one stream, but for the sets it served. */
function judgeStream(evidence: Evidence, clocks: Clocks, options: SynchronizerOptions, now: number): Verdict {
  const silence = judgeSilence(evidence, options, now);
  const content = judgeContent(evidence, options);
  const clock = judgeClock(evidence, clocks, options);
  const doubts = [content, judgeStamps(evidence, options), clock];
  const isFaulty = ({ fault }: Belief<Fault>) => fault !== undefined;
  const worst = doubts.find((doubt) => isFaulty(doubt) && !doubt.recovering) ?? doubts.find(isFaulty);
  const verdict = (state: ModalityState, cause: Reason | undefined, absent: AbsentReason): Verdict => ({
    state,
    cause,
    absent,
    isUsable: state === 'active' || state === 'late',
    isTrusted: evidence.availability === 'enabled' && worst === undefined,
    isContentInDoubt: content.fault !== undefined,
    warning:
      state === 'active' || state === 'late' ? (clocks.early.get(evidence.modality) ?? evidence.longTerm) : undefined,
  });
  const { lastMessage, lastSample } = evidence;
  if (evidence.availability === 'disabled') return verdict('disabled', undefined, 'disabled');
  if (lastMessage === undefined) return verdict('waiting', undefined, 'waiting');
  if (silence.fault !== undefined && !silence.recovering) return verdict('dropped', silence.fault, 'dropped');
  if (worst?.fault !== undefined) {
    const { fault, recovering } = worst;
    return recovering
      ? verdict('recovering', fault.cause, 'recovering')
      : verdict('invalid', fault.cause, fault.absent);
  }
  if (silence.fault !== undefined) return verdict('recovering', silence.fault, 'recovering');
  if (lastSample === undefined) return verdict('waiting', undefined, 'waiting');
  const late = lateAfter(evidence, options);
  if (now >= lastSample + late) return verdict('late', { code: 'overdue', silence: late }, 'late');
  return verdict('active', undefined, 'unmatched');
}

import type { Evidence, Fault, SetRecord } from './evidence.js';
import type { Clocks } from './judge_clocks.js';
import { baseWidth, MEMORY, type SynchronizerOptions } from './options.js';
import type { Reason } from './reason.js';
import { type Belief, believe, type Sign } from './signs.js';
import { dropAfter } from './silence.js';

/** Bad stamps in a row that mean the clock of the sensor stands still or is lost; one or two are a stuttering driver. */
const BAD_STAMPS = 3;
/** Sets and samples in a row without a match that put a stream out of step. */
const OUT_OF_STEP_AFTER = 5;

const NO_FAULT: Belief<never> = { fault: undefined, recovering: false };

/** Whether no message has come for long, and whether enough have come since. */
export function judgeSilence(evidence: Evidence, options: SynchronizerOptions, now: number): Belief<Reason> {
  const silence = dropAfter(evidence, options);
  const fault: Reason = { code: 'silent', silence };
  if (evidence.lastMessage !== undefined && now >= evidence.lastMessage + silence) return { fault, recovering: false };
  const { arrivals } = evidence;
  const from = arrivals.findLastIndex(({ gap }) => gap !== undefined && gap >= silence);
  if (from < 0) return NO_FAULT;
  let good = 0;
  for (let index = from; index < arrivals.length; index++) if (arrivals[index]!.stamp?.kind === 'good') good++;
  return good >= options.recoverAfter ? NO_FAULT : { fault, recovering: good > 0 };
}

/**
 * Verdicts count until newer ones make up for them; where none come any more, they are forgotten. Where nothing but the
 * heads of messages could not be read, one that can is as good a sign as content: no sample need have been decoded, which
 * takes until its clock is believed.
 */
export function judgeContent(
  { content, arrivals, lastMessage }: Evidence,
  { invalidAfter, recoverAfter }: SynchronizerOptions,
): Belief<Fault> {
  if (content.every(({ sign }) => sign.kind === 'good')) return NO_FAULT;
  const pace = (content.at(-1)!.at - content[0]!.at) / Math.max(1, content.length - 1);
  const from = (lastMessage ?? content.at(-1)!.at) - Math.max(MEMORY, (invalidAfter + 1) * pace);
  const findings = content.filter(({ at }) => at >= from);
  const belief = believe(
    findings.map(({ sign }) => sign),
    invalidAfter,
    recoverAfter,
  );
  if (belief.fault === undefined || findings.some(({ about, sign }) => about === 'content' && sign.kind !== 'good')) {
    return belief;
  }
  const last = arrivals.findLastIndex(({ stamp }) => stamp === undefined);
  const readable = arrivals.length - 1 - last;
  return readable >= recoverAfter ? NO_FAULT : { ...belief, recovering: readable > 0 };
}

/** Whether stamps stand still, go back or run away. */
export function judgeStamps(evidence: Evidence, options: SynchronizerOptions): Belief<Fault> {
  const silence = dropAfter(evidence, options);
  const { arrivals } = evidence;
  if (arrivals.every(({ stamp }) => stamp?.kind === 'good')) return NO_FAULT;
  // After a drop-out everything is judged anew.
  const from = Math.max(
    0,
    arrivals.findLastIndex(({ gap }) => gap !== undefined && gap >= silence),
  );
  const signs = arrivals.slice(from).flatMap(({ stamp }): Sign<Fault>[] => {
    if (stamp === undefined || stamp.kind === 'good') return stamp === undefined ? [] : [stamp];
    return [{ kind: 'bad', fault: { absent: 'invalid', cause: stamp.fault } }];
  });
  return believe(signs, BAD_STAMPS, options.recoverAfter);
}

/** Whether the stream's clock is beside those of the others. */
export function judgeClock(
  { modality }: Evidence,
  { base, streams }: Clocks,
  options: SynchronizerOptions,
): Belief<Fault> {
  const clock = streams.get(modality);
  if (base === undefined || clock === undefined || base.members.has(modality)) {
    return NO_FAULT;
  }
  const by = base.latency - clock.latency;
  if (Math.abs(by) <= baseWidth(options)) return NO_FAULT;
  const against = [...base.members.keys()];
  const offset = by + (options.streams.find((stream) => stream.modality === modality)?.offset ?? 0);
  const cause: Reason = { code: 'out-of-step', by, offset, against, tie: base.isTie };
  const isNear = Math.abs(clock.last - base.latency) <= baseWidth(options);
  return { fault: { absent: 'invalid', cause }, recovering: isNear };
}

/** Whether sets have come and gone without any sample that could have served them, though samples came as well. */
export function judgeSets(records: readonly SetRecord[], options: SynchronizerOptions): Belief<Fault> {
  if (records.length <= OUT_OF_STEP_AFTER) return NO_FAULT;
  let fault: Fault | undefined;
  let good = 0;
  let sets = 0;
  let samples = 0;
  let missedBy: number | undefined;
  for (const record of records) {
    if (record.inStep > 0) {
      sets = 0;
      samples = 0;
      missedBy = undefined;
      good += record.inStep;
      if (good >= options.recoverAfter) fault = undefined;
      continue;
    }
    if (record.at !== undefined) sets++;
    samples += record.samples;
    missedBy = record.missedBy ?? missedBy;
    if (sets < OUT_OF_STEP_AFTER || samples < OUT_OF_STEP_AFTER || record.at === undefined) continue;
    good = 0;
    const { distance: by, reference } = record;
    const cause: Reason =
      missedBy === undefined
        ? { code: 'unmatched', by, reference }
        : { code: 'too-late', by: missedBy, deadline: options.deadline };
    fault = { absent: 'invalid', cause };
  }
  return { fault, recovering: fault !== undefined && good > 0 };
}

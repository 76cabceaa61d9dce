import { adviseSensorReason, describeSensorReason, type Place, type SensorReason } from '../sensors/reason.js';

/**
 * Why a stream is late, dropped or invalid, or what is to be watched of it, as far as clocks and silence go: a code with
 * its data, all times in nanoseconds. {@link describeSyncReason} is the only place where it becomes a sentence.
 */
export type SyncReason =
  /** No message of any kind. */
  | { code: 'silent'; silence: number }
  /** Messages may come, but no new stamp. */
  | { code: 'overdue'; silence: number }
  /** The same stamp again and again. */
  | { code: 'stamps-stand-still' }
  /**
   * The stamps lie beside those of the streams that agree with each other, by more than latencies differ. Positive
   * `by`: ahead of them. `offset`: the setting that would make up for it. `tie`: as many streams say the one as the
   * other, and the priority decided.
   */
  | { code: 'out-of-step'; by: number; offset: number; against: readonly string[]; tie: boolean }
  /** Every sample arrives after the set that waited for it was closed. */
  | { code: 'too-late'; by: number; deadline: number }
  /** No sample lies within tolerance of a set. Positive `by`: the last one was ahead. */
  | { code: 'unmatched'; by: number; reference: string }
  /** One message had a stamp that cannot be right, and was left out. Positive `by`: ahead of the stream's other ones. */
  | { code: 'stamp-refused'; by: number }
  /** The stamps move slowly against the others'. `rate` in seconds a second, positive: its clock is the faster one. */
  | { code: 'drift'; rate: number; by: number; since: number; against: string; tolerance: number }
  /** The stamps moved at once, by less than would put them out of step. Positive `by`: ahead of where they were. */
  | { code: 'moved'; by: number; against: string }
  /** The pace has changed for good; both in messages a second. */
  | { code: 'rate-changed'; before: number; now: number }
  /** The stamps of all streams run at so many times the pace of the receive clock. */
  | { code: 'other-pace'; pace: number }
  /** It arrives before most others by more than they are waited for, so it cannot pace the sets. */
  | { code: 'too-early'; by: number; deadline: number }
  /** Messages arrive, but no set has come. The stream is the one that should pace the sets, or is essential. */
  | { code: 'no-sets'; silence: number; modality: string; because: string };

/** Everything that can be said against a sensor. */
export type Reason = SensorReason | SyncReason;

/** What is the case, in one sentence without a full stop; the remedy, where the clock is to blame, is part of it. */
export function describeSyncReason(reason: SyncReason): string {
  switch (reason.code) {
    case 'silent':
      return `no message for ${seconds(reason.silence)}`;
    case 'overdue':
      return `no new sample for ${seconds(reason.silence)}`;
    case 'stamps-stand-still':
      return 'the stamps stand still';
    case 'out-of-step': {
      const { by, offset, against, tie } = reason;
      const whose = tie ? ' (as many say so as not: the priority decides)' : '';
      return (
        `the stamps lie ${distance(by)} ${side(by)} those of ${list(against)}${whose}; ` +
        `synchronise the clocks or set its offset to ${inMs(offset)} ms`
      );
    }
    case 'too-late':
      return (
        `samples come ${inMs(reason.by)} ms after the deadline of the sets they belong to; raise it, or set the offset ` +
        'of the stamps'
      );
    case 'unmatched':
      return (
        `the stamps lie ${distance(reason.by)} ${side(reason.by)} those of ${reason.reference}, which is more than the ` +
        'tolerance; synchronise the clocks, set the offset or raise the tolerance'
      );
    case 'stamp-refused':
      return `a stamp ${distance(reason.by)} ${side(reason.by)} its neighbours was left out`;
    case 'drift': {
      const { rate, by, since, against, tolerance } = reason;
      return (
        `the stamps drift by ${(Math.abs(rate) * 1000).toPrecision(2)} ms/s against those of ${against}: ` +
        `${distance(by)} ${side(by)} where they were ${seconds(since)} ago, tolerance ${inMs(tolerance)} ms; synchronise ` +
        'the clocks. How far they were off then cannot be told from receive times'
      );
    }
    case 'moved':
      return (
        `the stamps lie ${distance(reason.by)} ${side(reason.by)} where they were, measured by those of ` +
        `${reason.against} and by when they arrive; see whether its clock was set or its way has changed`
      );
    case 'rate-changed':
      return `the rate has changed from ${hertz(reason.before)} to ${hertz(reason.now)}`;
    case 'other-pace':
      return (
        `the stamps of all sensors run at ${reason.pace.toPrecision(2)} times the pace of the clock they arrive by, so all ` +
        'waits follow them; play the recording or run the simulator with /clock, and set use_sim_time'
      );
    case 'too-early':
      return (
        `samples come ${inMs(reason.by)} ms before those of the others, which are waited for ${inMs(reason.deadline)} ms ` +
        'at most, so another stream paces the sets; raise the deadline, or set the offset of the stamps'
      );
    case 'no-sets':
      return `no set for ${seconds(reason.silence)} although messages arrive: ${reason.modality} ${reason.because}`;
  }
}

/** {@link describeSyncReason} or {@link describeSensorReason}, whichever it is. */
export function describeReason(reason: Reason): string {
  return isSyncReason(reason) ? describeSyncReason(reason) : describeSensorReason(reason);
}

/** What to do about a reason; `undefined` where its sentence already says so. */
export function adviseReason(reason: Reason, place: Place): string | undefined {
  return isSyncReason(reason) ? undefined : adviseSensorReason(reason, place);
}

const SYNC_CODES: Readonly<Record<SyncReason['code'], true>> = {
  silent: true,
  overdue: true,
  'stamps-stand-still': true,
  'out-of-step': true,
  'too-late': true,
  unmatched: true,
  'stamp-refused': true,
  drift: true,
  moved: true,
  'rate-changed': true,
  'other-pace': true,
  'too-early': true,
  'no-sets': true,
};

export function isSyncReason(reason: Reason): reason is SyncReason {
  return Object.hasOwn(SYNC_CODES, reason.code);
}

/** A time in whole milliseconds, for messages. */
function inMs(time: number): string {
  return (time / 1e6).toFixed(0);
}

/** Milliseconds as long as a person can take them in. */
function distance(by: number): string {
  const size = Math.abs(by);
  return size < 10e9 ? `${inMs(size)} ms` : seconds(size);
}

function side(by: number): string {
  return by < 0 ? 'behind' : 'ahead of';
}

function seconds(time: number): string {
  return `${(time / 1e9).toFixed(2)} s`;
}

function hertz(rate: number): string {
  return `${rate.toFixed(rate < 10 ? 1 : 0)} Hz`;
}

function list(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

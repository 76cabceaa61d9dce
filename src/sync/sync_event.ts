import type { AbsentReason } from './frame_set.js';
import type { ModalityState } from './judge.js';
import type { StampValue } from './origin.js';
import type { Reason } from './reason.js';

/**
 * One chosen sample.
 * @typeParam S - stamps as they were given, see {@link StampValue}
 */
export interface Sample<T, S extends StampValue = number> {
  readonly stamp: S;
  /** When it arrived, by the receive clock. */
  readonly received: number;
  readonly value: T;
}

/**
 * What a set takes from one stream: the nearest sample, or the window that ends at `end` (in the stream's own stamps)
 * with those of its packets that no earlier set has been given. Between them, sets are given each packet once.
 */
export type Match<T, S extends StampValue = number> =
  | { readonly kind: 'sample'; readonly sample: Sample<T, S> }
  | { readonly kind: 'window'; readonly end: S; readonly packets: readonly Sample<T, S>[] };

interface CollectedSet<S extends StampValue> {
  /** Stamp of the reference sample, as it was given. Rises from set to set. */
  readonly stamp: S;
  /** Modality of the reference sample. */
  readonly reference: string;
  /** Receive times: when the reference sample came, when the set was closed. */
  readonly opened: number;
  readonly closed: number;
  /** `settled`: nothing better could come; `deadline`: the wait was over; `overflow`: too many sets were waiting. */
  readonly closedBy: 'settled' | 'deadline' | 'overflow' | 'reset';
  /** Every modality that is not in the set, with the reason. */
  readonly absent: ReadonlyMap<string, AbsentReason>;
}

/**
 * A set in the making: what it will contain as far as can be foreseen, if its streams stay as well as they are. Where a sample
 * comes earlier than its stream ever sent one, the set may still take that one.
 */
export interface SetDraft<T, S extends StampValue = number> {
  readonly stamp: S;
  /** Time between sets at the present rate, by the receive clock. */
  readonly period: number;
  readonly matches: ReadonlyMap<string, Match<T, S>>;
}

/** What became of one reference sample. */
export type SyncOutcome<T, S extends StampValue = number> =
  | (CollectedSet<S> & { readonly kind: 'complete' | 'partial'; readonly matches: ReadonlyMap<string, Match<T, S>> })
  | (CollectedSet<S> & { readonly kind: 'dropped'; readonly reason: 'essential-missing' | 'nothing-usable' | 'reset' });

/** What the synchroniser has to say, in the order in which it happened. `at` is a receive time. */
export type SyncEvent<T, S extends StampValue = number> =
  | SyncOutcome<T, S>
  /**
   * A sample of a modality with bad content: not for a set, only to be decoded and judged, so that it can recover. Of a
   * window stream it is the newest packet, and what is to be judged the window up to it.
   */
  | { readonly kind: 'probe'; readonly modality: string; readonly sample: Sample<T, S> }
  | {
      readonly kind: 'transition';
      readonly modality: string;
      readonly from: ModalityState;
      readonly to: ModalityState;
      readonly reason: string | undefined;
      /** The reason as a code with its data. */
      readonly cause: Reason | undefined;
      readonly at: number;
    }
  /** The time line starts anew: stamps may go back here, and whoever keeps a history (an event ring) clears it. */
  | { readonly kind: 'reset'; readonly reason: string; readonly at: number }
  /**
   * Something is to be watched although the stream is of use, or one message was left out: `undefined` for the cause
   * when it is over.
   */
  | {
      readonly kind: 'warning';
      readonly modality: string;
      readonly cause: Reason | undefined;
      readonly reason: string | undefined;
      readonly at: number;
    }
  /** No set has come for a while although messages arrive; `resumed` with the first set that does. */
  | {
      readonly kind: 'stalled';
      /** The stream that should pace the sets, or is essential. */
      readonly modality: string;
      readonly cause: Reason;
      readonly reason: string;
      readonly at: number;
    }
  | { readonly kind: 'resumed'; readonly at: number };

/**
 * What became of a stream's samples. Each has exactly one fate:
 * received = used + superseded + repeated + outOfOrder + ignored + cleared + those still held.
 */
export interface StreamCounters {
  received: number;
  /** In at least one set. */
  used: number;
  /** Passed over, because another was closer or no set wanted it. */
  superseded: number;
  /** Had the stamp of the one before. */
  repeated: number;
  /** Had a stamp that cannot follow the one before: an earlier one, or one far ahead of the time that has passed. */
  outOfOrder: number;
  /** Came while the modality was disabled. */
  ignored: number;
  /** Held when the time line started anew. */
  cleared: number;
  /** Of the received: came after the set was closed that had waited for it. */
  missed: number;
  /** Messages that yielded no sample at all, because their header cannot be read; not among the received. */
  malformed: number;
  /** The malformed ones, and bad verdicts on the content of samples. */
  invalid: number;
  /** Changes of state. */
  transitions: number;
}

export function newCounters(): StreamCounters {
  return {
    received: 0,
    used: 0,
    superseded: 0,
    repeated: 0,
    outOfOrder: 0,
    ignored: 0,
    cleared: 0,
    missed: 0,
    malformed: 0,
    invalid: 0,
    transitions: 0,
  };
}

export interface ModalityStatus {
  readonly modality: string;
  readonly state: ModalityState;
  /** What the state stems from, in words. */
  readonly reason: string | undefined;
  /** The same as a code with its data. */
  readonly cause: Reason | undefined;
  /** What is to be watched although the stream is of use: a drift, another rate. */
  readonly warning: Reason | undefined;
  /** Receive time of the last change of state. */
  readonly since: number;
  /** Time since the last message. */
  readonly age: number | undefined;
  /** Time between samples, given or learned. */
  readonly period: number | undefined;
  /** Learned distance from the reference stamps, beyond the given offset; 0 where there is no constant one. */
  readonly phase: number;
  readonly tolerance: number;
  /** Messages a second, by their stamps and by their arrival; of the last messages, also where they have ceased. */
  readonly rates: { readonly stamped: number | undefined; readonly received: number | undefined };
  readonly counters: Readonly<StreamCounters>;
  /** Samples held that no set has taken so far. */
  readonly held: number;
}

export interface SynchronizerStatus {
  /** The modality that paces the sets, `undefined` while none can. */
  readonly reference: string | undefined;
  /** Sets that are waiting for samples. */
  readonly open: number;
  readonly sets: { readonly complete: number; readonly partial: number; readonly dropped: number };
  /** Messages of the stream that should pace, each of which should have given a set, that came while none could open one. */
  readonly unopened: number;
  /** How often the time line started anew. */
  readonly resets: number;
  /** Why no set has come for a while although messages arrive; `undefined` while all is well. */
  readonly stall: { readonly cause: Reason; readonly reason: string; readonly since: number } | undefined;
  readonly modalities: readonly ModalityStatus[];
}

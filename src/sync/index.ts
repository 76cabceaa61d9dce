/**
 * Brings samples of several sensors together into sets, and keeps doing so while sensors fail.
 *
 * Exact-time and approximate-time policies (ROS message_filters) wait for every stream, and stay silent for ever once
 * one stream is. Two other designs are joined here: collectors that are opened by a reference time and closed by a
 * time-out with whatever is there, and inputs that go inactive and come back by themselves.
 *
 * ## The contract
 *
 * - *Finite memory.* What a stream's health is, and what goes into a set, depends on the arrivals of the last W alone,
 *   where W is 2 s or four periods of the slowest stream. What is remembered longer ({@link Baseline}) can only warn.
 * - *Self-stabilising.* After any history at all, W of good input gives the same states, and from then on the same sets,
 *   as a new synchroniser would that is fed with them.
 * - *Live.* While any stream that may pace gives good samples in its rhythm, a set comes within the deadline and three
 *   of its periods, or 0.5 s where that is more, of any fault. A period more where what its samples show was bad while its
 *   clock was wrong as well: content is looked at once the clock is believed.
 * - *Told.* No set for 2 s while something arrives is an event of its own that names a stream and the cause.
 *
 * It holds because evidence is kept and verdicts are not: a stream remembers its last arrivals ({@link Evidence}), and
 * `judge` draws every verdict from them anew. `test/sync/stabilisation.test.ts` attacks it with random histories.
 *
 * ## How
 *
 * Two clocks, never mixed. **Stamps** (sensor time) decide what belongs together. **Receive times**, passed in as
 * `now`, decide how long to wait and who is silent. A constant difference between the two does no harm. Where the stamps of
 * all streams run at another pace than receive time for some seconds (a recording played slowly without its clock, a slow
 * simulator), that is no stream's fault: waits and silences follow the stamps, and a warning says so (`stamp_pace.ts`).
 *
 * 1. *Reference.* The first active stream of `referencePriority` paces the sets: each of its samples opens a
 *    **collector** at its stamp.
 * 2. *Match.* From every other stream a collector wants the sample nearest to that stamp within the stream's tolerance;
 *    from window streams (event cameras) all packets up to it. Periods are learned where they are not given, and
 *    tolerances derived from them, such that a neighbour is never passed off as a lost sample.
 * 3. *Close.* Collectors close in order: when no later sample could be closer in any stream waited for (one at or past
 *    the reference stamp has come, or the stream's period says the next will be farther), or at the deadline, which
 *    runs from the arrival of the reference sample. Only streams in state active or late are waited for, and not again
 *    once a set has waited in vain and two samples are overdue; in the first moments also those that have not spoken
 *    yet. Where several models may make the mask, only what the first takes that has enough is waited for.
 * 4. *Health.* Silence of 1.5 periods makes a stream late, of three (but 0.3 s at least) dropped; two good samples
 *    bring it back, and the second is used at once. Bad content (reported by whoever decodes), stamps that stand still
 *    or go back, a clock beside the others' and samples that never serve a set make it invalid.
 * 5. *Clocks.* One mechanism for every fault of a clock, at arrival: the least delay (receive time minus stamp) of a
 *    stream's last samples is its latency, whatever was late among them; streams whose latencies lie near each other
 *    share a time base, and the base with most streams is right (`clock.ts`, `time_base.ts`). A lag, a lead, another
 *    epoch, a step, whoever starts first: it is all the same. One stamp alone that cannot be right is left out.
 * 6. *Stand-in.* When the reference is late, the next active stream opens collectors in its place at once, also for
 *    what it holds of the last moments, so that no frame is lost before the reference counts as dropped. These still
 *    wait for the late one; if it comes after all, it takes the collector over, so that the set bears its stamp. Two
 *    references never open sets for one instant: on a change, stamps must lie half a period apart.
 * 7. *Time line.* Output stamps rise. When the time base moves against the one the last set was opened on (a bag starts
 *    over, the host's clock is set), or the receive clock goes back, what is held is cleared, the time line starts anew,
 *    and a `reset` says so; only across it may stamps go back. No sample gives its stamp to two sets, not across it either.
 *
 * What follows from it: a sample that will never come costs its collectors the deadline until two and a half periods
 * have passed in silence, and the first of them always; then nothing. So a stream that falls silent is out of the sets
 * within the deadline and one reference period, also a window stream, whose first set after that may still be full.
 * With every stream gone there are no sets. Without an `essential` stream every set is dropped, and said.
 *
 * Limits. Receive times cannot tell a sensor that stamps late from one that sees late: inside the width of a time base
 * a constant error of stamps has to be given as `offset`. A change of it is told. Of two streams that disagree nobody
 * knows which is right: the priority decides, and the reason says so.
 *
 * Pure: no timers, no clock, no decoding. Whoever drives it calls {@link Synchronizer.advance} after each input and at
 * {@link Synchronizer.nextWakeUp}. Inside, things happen at their exact due time in order, so that calling more often
 * or late changes when events are heard of, not what they say.
 */

export { type SyncConfig, streamConfigSchema, synchronizerOptions, syncOptionsSchema } from './config.js';
export type { ContentVerdict } from './content.js';
export type { AbsentReason, FrameSet } from './frame_set.js';
export type { ModalityState } from './judge.js';
export {
  DEFAULT_THRESHOLDS,
  defaultStreamOptions,
  isEnough,
  type MatchKind,
  type ModelInputs,
  type StreamOptions,
  type SynchronizerOptions,
  unknownModality,
} from './options.js';
export { adviseReason, describeReason, isSyncReason, type Reason, type SyncReason } from './reason.js';
export type {
  Match,
  ModalityStatus,
  Sample,
  SetDraft,
  StreamCounters,
  SyncEvent,
  SynchronizerStatus,
  SyncOutcome,
} from './sync_event.js';
export { Synchronizer } from './synchronizer.js';

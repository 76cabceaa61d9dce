/** All times in this folder are nanoseconds as plain numbers; stamps may be `bigint`, see `origin.ts`. */
export const MILLISECOND = 1e6;
export const SECOND = 1e9;

/**
 * How long evidence is kept, of slow streams at least three intervals or five readings of their clock. With what it takes
 * to draw the consequences this keeps the promise of two seconds, or four periods of the slowest stream.
 */
export const MEMORY = SECOND;

/** An older sample would lie too far off the image: at 10 m/s, 0.15 s are 1.5 m. */
export const MAX_DERIVED_TOLERANCE = 150 * MILLISECOND;

/** Period assumed before one is known; 10 Hz is the pace of most spinning LiDARs and many cameras. */
export const FALLBACK_PERIOD = 100 * MILLISECOND;

/**
 * How a stream is matched to a reference stamp. `nearest`: the sample whose stamp is closest. `window`: everything up
 * to the reference stamp, for event cameras, whose packets each cover a stretch of time that starts at their stamp.
 */
export type MatchKind = 'nearest' | 'window';

export interface StreamOptions {
  modality: string;
  match: MatchKind;
  /** Expected time between samples; learned from the stamps where absent. */
  period?: number;
  /** How much later this stream stamps an instant than the others do (a known, constant error of its stamps), of any size. */
  offset: number;
  /** Largest distance of a sample from the reference stamp; derived from the period where absent. */
  tolerance?: number;
  /** Without an `essential` stream there is no set; without an `optional` one there is a partial set. */
  necessity: 'essential' | 'optional';
  /** Where it starts; `Synchronizer.setEnabled` changes it at run time. */
  availability: 'enabled' | 'disabled';
}

/** What one of several models takes, and what of it must be there for a mask. */
export interface ModelInputs {
  modalities: readonly string[];
  /** It makes no mask without all of these, nor without any of its modalities. */
  required: readonly string[];
}

/** Whether a model can make a mask from what is there. */
export function isEnough({ modalities, required }: ModelInputs, isThere: (modality: string) => boolean): boolean {
  return modalities.some(isThere) && required.every(isThere);
}

export interface SynchronizerOptions {
  /** Best first. A set waits for what the first of them takes that has enough; without any, for all streams. */
  models?: readonly ModelInputs[];
  streams: readonly StreamOptions[];
  /** Modalities that may be the reference, best first. One left out never paces the output. */
  referencePriority: readonly string[];
  /** Longest wait for the other streams, from the arrival of the reference sample. */
  deadline: number;
  /** Silence after which a stream is `late`, in its periods. A late reference is stood in for. */
  latePeriods: number;
  /** Silence after which a stream is `dropped`: this many of its periods, but never under `dropSilence`. */
  dropPeriods: number;
  dropSilence: number;
  /** Bad verdicts in a row that make a stream `invalid`. */
  invalidAfter: number;
  /** Good samples in a row that bring a dropped or invalid stream back. */
  recoverAfter: number;
  /** Streams whose latencies, by their stamps, differ by no more than this share a time base; see {@link baseWidth}. */
  clockJump: number;
}

/**
 * By how much the latencies of streams on one time base may differ: `clockJump`, but never less than what can still be of
 * use to a set, which is a sample within tolerance that arrives before the deadline.
 */
export function baseWidth({ clockJump, deadline }: SynchronizerOptions): number {
  return Math.max(clockJump, deadline + MAX_DERIVED_TOLERANCE);
}

/** Shorter than this no sample is held for a set to come. */
const LEAST_HELD = 3 * SECOND;

/**
 * How far a reference of a coming set may lie behind the newest sample of a stream, generously: the delays of both on one time
 * base, and the longest wait of a set that is open. Sets for which a reference comes later still have no use.
 */
export function longestHeld(options: SynchronizerOptions): number {
  return Math.max(LEAST_HELD, 4 * (baseWidth(options) + options.dropSilence));
}

/** A stream about which nothing is configured: everything is learned, nothing is essential. */
export function defaultStreamOptions(modality: string, match: MatchKind = 'nearest'): StreamOptions {
  return { modality, match, offset: 0, necessity: 'optional', availability: 'enabled' };
}

/** Thresholds that suit sensors of 5 to 60 Hz; the reasons are in the header of `synchronizer.ts`. */
export const DEFAULT_THRESHOLDS: Omit<SynchronizerOptions, 'streams' | 'referencePriority' | 'models'> = {
  deadline: 100 * MILLISECOND,
  latePeriods: 1.5,
  dropPeriods: 3,
  dropSilence: 300 * MILLISECOND,
  invalidAfter: 3,
  recoverAfter: 2,
  clockJump: 250 * MILLISECOND,
};

/**
 * Throws where options contradict themselves, naming what was expected and received; values come from a checked
 * configuration, so only what a schema cannot see is left.
 */
export function assertConsistent(options: SynchronizerOptions): void {
  const names = options.streams.map((stream) => stream.modality);
  if (names.length === 0) throw new Error('Expected at least one stream to synchronise but received none.');
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new Error(`Expected different modalities for the streams but received '${twice}' twice. Remove one of them.`);
  }
  if (options.referencePriority.length === 0) {
    throw new Error(
      'Expected at least one modality for referencePriority but received none. Name one that paces the masks.',
    );
  }
  for (const modality of options.referencePriority) {
    if (!names.includes(modality)) throw unknownModality('referencePriority', modality, names);
  }
}

/** Throws where options differ in what cannot change while samples are held. */
export function assertRetunable(present: SynchronizerOptions, wanted: SynchronizerOptions): void {
  const identity = ({ streams, referencePriority }: SynchronizerOptions) =>
    `${streams.map(({ modality, match }) => `${modality} (${match})`).join(', ')} by ${referencePriority.join(', ')}`;
  if (identity(present) !== identity(wanted)) {
    throw new Error(
      `Expected ${identity(present)} for the streams of a running synchroniser but received ${identity(wanted)}. ` +
        'Make a new synchroniser for other streams.',
    );
  }
}

/** The error for a modality no stream has. */
export function unknownModality(where: string, received: string, known: readonly string[]): Error {
  return new Error(
    `Expected one of ${known.join(', ')} for ${where} but received '${received}'. Check the name against the model's modalities.`,
  );
}

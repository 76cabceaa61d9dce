/**
 * Every bound the gate judges by where a scenario gives none of its own, in one place; `docs/dropout.md` shows them in a
 * table made from here.
 */

const NS_PER_MS = 1_000_000n;

/** After the end of its fault a sensor may be missing from masks, and told so, for so long. */
export const RECOVERY_MS = 600;
export const RECOVERY_NS = BigInt(RECOVERY_MS) * NS_PER_MS;

/** Where none is configured, the synchroniser derives no larger tolerance; an image farther from its mask is stale. */
export const LARGEST_TOLERANCE_NS = 150_000_000;

/** A failing sensor is told within so long, or so many of its periods where that is longer. */
export const TOLD_MS = 500;
export const TOLD_PERIODS = 5;
/** A wrong clock or rate has to be seen over the synchroniser's whole memory. */
export const SLOWLY_TOLD_MS = 2500;
/** Content that is judged by how it changes needs a scene that changes meanwhile. */
export const CONTENT_TOLD_MS = 2800;

/** A drift is told before stamps are off by so much: twice the tolerance of a sensor of 10 Hz. */
export const DRIFT_TOLD_MS = 150;
/** Another rate is told once the synchroniser has learned it and it has lasted. */
export const RATE_TOLD_MS = 4500;
/** A warning may hold on for so long after what it warns of. */
export const WARNING_OVER_MS = 6000;

/** 95 % of the masks may be delayed by so much more than those of the clean run at the same moments. */
export const MASK_DELAY_MARGIN_MS = 20;
/** And those of the clean run by so much of the deadline. */
export const CLEAN_DELAY_SHARE = 0.95;
/** Fewer masks say nothing about their delay. */
export const LEAST_DELAYS = 3;
/** After a change of rate the synchroniser's memory has to turn over before delays are those of the clean run again. */
export const RATE_MEMORY_MS = 2000;

/** After the end of its fault a sensor may be missing from masks for so long: the promise on recovery. */
export const RECOVERY_NS = 600_000_000n;

/** Where none is configured, the synchroniser derives no larger tolerance; an image farther from its mask is stale. */
export const LARGEST_TOLERANCE_NS = 150_000_000;

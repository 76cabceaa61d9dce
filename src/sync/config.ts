import { z } from 'zod';
import { ownValue } from '../records/own_value.js';
import {
  assertConsistent,
  DEFAULT_THRESHOLDS,
  defaultStreamOptions,
  type MatchKind,
  MILLISECOND,
  type ModelInputs,
  type StreamOptions,
  type SynchronizerOptions,
  unknownModality,
} from './options.js';

/** Three hundred years: sensors may count from their start, and others from 1970. */
const MAX_OFFSET_MS = 1e13;

const positiveMs = z.number().positive().max(60_000);

/** What may be configured of one modality's stream. Everything has a default or is learned. */
export const streamConfigSchema = z.strictObject({
  periodMs: positiveMs.optional().describe('expected time between samples; learned where absent'),
  offsetMs: z
    .number()
    .min(-MAX_OFFSET_MS)
    .max(MAX_OFFSET_MS)
    .default(0)
    .describe('how much later it stamps an instant than the others'),
  toleranceMs: positiveMs.optional().describe('largest distance from the reference stamp; derived where absent'),
  necessity: z.enum(['essential', 'optional']).default('optional').describe('essential: no mask without it'),
  availability: z.enum(['enabled', 'disabled']).default('enabled').describe('disabled: configured, but left out'),
});

/** The `sync` section of a configuration file. Everything has a default, so `{}` is a complete one. */
export const syncOptionsSchema = z.strictObject({
  referencePriority: z.array(z.string()).min(1).optional().describe('who paces the masks, best first'),
  deadlineMs: positiveMs.default(DEFAULT_THRESHOLDS.deadline / MILLISECOND).describe('longest wait for the others'),
  latePeriods: z
    .number()
    .min(1)
    .max(100)
    .default(DEFAULT_THRESHOLDS.latePeriods)
    .describe('silence that makes a stream late'),
  dropPeriods: z
    .number()
    .min(1)
    .max(100)
    .default(DEFAULT_THRESHOLDS.dropPeriods)
    .describe('silence that drops a stream'),
  dropSilenceMs: positiveMs
    .default(DEFAULT_THRESHOLDS.dropSilence / MILLISECOND)
    .describe('but never before this long'),
  invalidAfter: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(DEFAULT_THRESHOLDS.invalidAfter)
    .describe('bad samples in a row'),
  recoverAfter: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(DEFAULT_THRESHOLDS.recoverAfter)
    .describe('good samples in a row'),
  clockJumpMs: positiveMs
    .default(DEFAULT_THRESHOLDS.clockJump / MILLISECOND)
    .describe('difference of latencies that means different clocks'),
  streams: z
    .record(z.string(), streamConfigSchema)
    .default({})
    .describe('per modality, what differs from the defaults'),
});

export type SyncConfig = z.infer<typeof syncOptionsSchema>;
type StreamConfig = z.infer<typeof streamConfigSchema>;

/**
 * Turns a checked configuration (milliseconds) into the synchroniser's options (nanoseconds); the only place where
 * the units change.
 * @param modalities - the model's modalities in its order, each with the way its sensor is matched
 * @param models - of several that may make the mask, what each takes, best first
 * @throws Error when the configuration names a modality the model does not have
 */
export function synchronizerOptions(
  modalities: readonly { modality: string; match: MatchKind }[],
  config: SyncConfig,
  models?: readonly ModelInputs[],
): SynchronizerOptions {
  const names = modalities.map(({ modality }) => modality);
  const stranger = Object.keys(config.streams).find((name) => !names.includes(name));
  if (stranger !== undefined) throw unknownModality('sync.streams', stranger, names);
  const options: SynchronizerOptions = {
    ...(models && { models }),
    streams: modalities.map(({ modality, match }) =>
      streamOptions(modality, match, ownValue(config.streams, modality)),
    ),
    referencePriority: config.referencePriority ?? defaultPriority(modalities),
    deadline: config.deadlineMs * MILLISECOND,
    latePeriods: config.latePeriods,
    dropPeriods: config.dropPeriods,
    dropSilence: config.dropSilenceMs * MILLISECOND,
    invalidAfter: config.invalidAfter,
    recoverAfter: config.recoverAfter,
    clockJump: config.clockJumpMs * MILLISECOND,
  };
  assertConsistent(options);
  return options;
}

function streamOptions(modality: string, match: MatchKind, config: StreamConfig | undefined): StreamOptions {
  const options = defaultStreamOptions(modality, match);
  if (config === undefined) return options;
  return {
    ...options,
    offset: config.offsetMs * MILLISECOND,
    necessity: config.necessity,
    availability: config.availability,
    ...(config.periodMs !== undefined && { period: config.periodMs * MILLISECOND }),
    ...(config.toleranceMs !== undefined && { tolerance: config.toleranceMs * MILLISECOND }),
  };
}

/** The model's order, but event streams last: their packets come at a pace of their own. */
function defaultPriority(modalities: readonly { modality: string; match: MatchKind }[]): string[] {
  const matched = (kind: MatchKind) => modalities.filter(({ match }) => match === kind).map(({ modality }) => modality);
  return [...matched('nearest'), ...matched('window')];
}

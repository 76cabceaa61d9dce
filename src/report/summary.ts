import { z } from 'zod';
import type { ModalityState } from '../sync/index.js';
import type { Problem } from './problem_list.js';

const count = z.number().int().nonnegative();
/** A figure that does not exist (no sample, class absent) is null: JSON has no NaN. */
const figure = z.number().nullable();
const percent = z.number().min(0).max(100).nullable();
const percentiles = z.strictObject({ p50: figure, p95: figure, p99: figure });

/** States of a modality's health, in the order in which the report lists them. */
export const MODALITY_STATES = [
  'waiting',
  'active',
  'late',
  'dropped',
  'recovering',
  'invalid',
  'disabled',
] as const satisfies readonly ModalityState[];

const stretchScore = z.strictObject({
  frames: count,
  miou: percent.describe('mean IoU of the stretch as one confusion matrix, percent'),
  perClass: z.record(z.string(), percent),
});

const stamp = z
  .string()
  .regex(/^-?\d+$/)
  .nullable();

/** One of the `problems` of a summary or report. */
export const problemSchema = z.strictObject({
  severity: z.enum(['warning', 'error']),
  code: z.string().describe("code of a sensor's reason, or of another kind of problem"),
  modality: z.string().optional(),
  text: z.string(),
  advice: z.string().optional().describe('what to do about it'),
  count,
  first: stamp.describe('receive stamp in nanoseconds of the first message that showed it; null without one'),
  last: stamp,
}) satisfies z.ZodType<Problem>;

/** `summary.json` of a replay. Percentages are 0..100, times milliseconds or seconds as the name says. */
export const replaySummarySchema = z.strictObject({
  formatVersion: z.literal(1),
  partial: z.boolean().describe('true where the replay ended before the bag did: what is here is of its beginning'),
  partialBecause: z.string().optional(),
  run: z
    .strictObject({
      version: z.string().describe('of mle-sam-ros'),
      startedAt: z.string().describe('ISO 8601, UTC'),
      command: z.string().optional().describe('command line, where one started the run'),
    })
    .optional(),
  bag: z.strictObject({
    path: z.string(),
    name: z.string(),
    durationSeconds: z.number().nonnegative(),
    source: z.enum(['simulation', 'recording']),
  }),
  model: z.strictObject({
    name: z.string(),
    sha256: z.string(),
    trainedOn: z.string().describe('data the model was trained on, in words'),
  }),
  provider: z.string(),
  models: z
    .array(
      z.strictObject({
        name: z.string(),
        sha256: z.string(),
        role: z.enum(['primary', 'fallback']),
        provider: z.string().nullable().describe('null where its worker was never started'),
        masks: count,
      }),
    )
    .optional()
    .describe('where there are fallbacks: the first model and those that stand by for it, with the masks each made'),
  frames: z.strictObject({
    reference: count.describe('samples of the reference stream: each should give a mask'),
    published: count.describe('complete + partial'),
    complete: count.describe('masks made from all modalities of the first model'),
    partial: count.describe('masks made from fewer'),
    dropped: count.describe('reference frames without a mask'),
    droppedBecause: z.record(z.string(), count),
  }),
  score: z
    .strictObject({
      unit: z.literal('percent'),
      frames: count.describe('frames with ground truth'),
      convention: z.literal('left-out').describe('classes in neither ground truth nor prediction are left out'),
      miou: percent,
      miouAbsentAsZero: percent.describe('the same with absent classes counted as 0, as CMNeXt does'),
      meanAccuracy: percent,
      meanF1: percent,
      pixelAccuracy: percent,
      perClass: z.record(z.string(), percent).describe('IoU by class name; null = absent'),
      perClassAccuracy: z.record(z.string(), percent),
      perClassF1: z.record(z.string(), percent),
      stretches: z.record(z.string(), stretchScore).describe('by condition, where the bag says it'),
      subsets: z
        .array(
          z.strictObject({
            condition: z.string().nullable(),
            present: z.array(z.string()),
            frames: count,
            miou: percent,
          }),
        )
        .optional()
        .describe('by condition and the modalities the masks were made from, in the order in which they came first'),
    })
    .optional(),
  latencyMs: z.strictObject({
    decode: percentiles,
    syncWait: percentiles,
    inference: percentiles,
    total: percentiles,
  }),
  modalities: z.record(
    z.string(),
    z.strictObject({
      topic: z.string().optional(),
      messages: count,
      used: count.describe('given to at least one set, whatever was found on decoding them'),
      invalid: count.describe('unreadable, or nothing to see in them; those a set had been given count as used too'),
      dropped: count.describe('readable, but given to no set: superseded, too late or out of tolerance'),
      states: z.partialRecord(z.enum(MODALITY_STATES), z.number().nonnegative()).describe('seconds in each state'),
      stateChanges: count,
    }),
  ),
  routing: z
    .record(
      z.string(),
      z.strictObject({
        mean: figure.describe('mean weight over all masks, 0 where absent: over the modalities these add up to 1'),
        meanWhenPresent: figure,
        perLevel: z.array(figure).describe('mean when present by feature level, fine to coarse'),
        stretches: z.record(z.string(), figure).describe('mean (0 where absent) by condition'),
      }),
    )
    .optional()
    .describe('absent where the model routes nothing'),
  throughputFps: figure.describe('masks per second of wall time'),
  realTimeFactor: figure.describe('bag seconds per second of wall time'),
  wallSeconds: z.number().nonnegative(),
  machine: z.strictObject({ cpu: z.string(), cores: count, node: z.string(), platform: z.string() }),
  settings: z.record(z.string(), z.unknown()),
  problems: z.array(problemSchema),
  notices: z.array(z.string()).describe('what was found out and worked by, such as the scale of a sensor'),
});

export type ReplaySummary = z.infer<typeof replaySummarySchema>;

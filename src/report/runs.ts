import { z } from 'zod';

/** Name of the file that lists runs, beside their folders. */
export const RUNS_FILE = 'runs.json';

const count = z.number().int().nonnegative();
const figures = z.record(z.string(), z.number().nullable());

export const RUN_STATES = ['done', 'partial', 'nothing-made', 'failed'] as const;

const run = z.strictObject({
  name: z.string().describe('unique in the list'),
  source: z.string().describe('bag or data set, as it was named'),
  state: z
    .enum(RUN_STATES)
    .describe('partial: it ended early; nothing-made: no mask or no frame to score; failed: it could not be run'),
  because: z.string().optional().describe('one sentence; there unless the state is done'),
  path: z
    .string()
    .optional()
    .describe('its summary.json, dropout.json or evaluation.json, relative to the list; absent where none was written'),
  page: z.string().optional().describe('its report.html or dropout.html, relative to the list'),
  scores: figures.describe('percent, or milliseconds where the name ends in Ms; null where there is none'),
  counts: z.record(z.string(), count),
});

/**
 * `runs.json`: what came of many runs of one command with one model. Holds no wall time, so that the same runs give the
 * same bytes.
 */
export const runListSchema = z.strictObject({
  formatVersion: z.literal(1),
  kind: z.enum(['evaluate', 'replay', 'dropout']),
  version: z.string().describe('of mle-sam-ros'),
  model: z.strictObject({ name: z.string(), sha256: z.string() }),
  runs: z.array(run),
  total: z.strictObject({ scores: figures, counts: z.record(z.string(), count) }).describe('over all runs'),
});

export type RunList = z.infer<typeof runListSchema>;
export type RunEntry = RunList['runs'][number];

import { z } from 'zod';
import { faultSchema, scenarioSchema, sensorKindSchema } from '../faults/index.js';
import { parseJson, stampSchema } from './json.js';

const spanSchema = z.object({
  modality: z.string(),
  fault: z.string(),
  /** The fault with its parameters, and what kind of sensor has it; absent in states of an older injector. */
  spec: faultSchema.optional(),
  kind: sensorKindSchema.optional(),
  from: stampSchema,
  /** Null where it lasts until somebody ends it. */
  to: stampSchema.nullable(),
});

const runSchema = z.object({
  /** The scenario's name, or `manual` for faults set one by one. */
  name: z.string(),
  /** Null for `manual`. */
  scenario: scenarioSchema.nullable(),
  seed: z.number(),
  startedAt: stampSchema,
  endedAt: stampSchema.nullable(),
  faults: z.array(spanSchema),
});

/** What the injector publishes about itself: what fails, since when, and what has failed before. */
export const faultStateSchema = z.object({
  formatVersion: z.literal(1),
  /**
   * `armed`: a scenario is loaded and begins at a trigger or after a pause; `manual`: faults are set one by one;
   * `done`: all scenarios have been played.
   */
  phase: z.enum(['idle', 'armed', 'running', 'manual', 'done']),
  /** System clock of the injector. */
  at: stampSchema,
  /** The scenario that is loaded, and those to come. */
  upcoming: z.array(z.string()),
  active: z.array(z.object({ modality: z.string(), fault: z.string(), since: stampSchema })),
  /** Oldest first; the last one may be in progress. */
  runs: z.array(runSchema),
  topics: z.array(
    z.object({
      modality: z.string(),
      from: z.string(),
      to: z.string(),
      /** Null while nobody publishes there. */
      type: z.string().nullable(),
      received: z.number(),
      sent: z.number(),
      overruns: z.number(),
    }),
  ),
  /** Newest last. */
  problems: z.array(z.string()),
});

export type FaultState = z.infer<typeof faultStateSchema>;
export type FaultRun = FaultState['runs'][number];
export type FaultSpan = FaultRun['faults'][number];

/** Undefined for a text that is no state of a fault injector. */
export function parseFaultState(text: string): FaultState | undefined {
  return parseJson(faultStateSchema, text);
}

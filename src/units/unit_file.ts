import { z } from 'zod';
import { readText } from '../files/index.js';
import { runDescriptionSchema } from './run_description.js';

/** The counts of 32 frames of a large data set, or the pictures of a scenario. */
const MAXIMUM_BYTES = 256 << 20;

const schema = z.strictObject({
  formatVersion: z.literal(1),
  madeBy: z.literal('mle-sam'),
  run: runDescriptionSchema,
  /** Position in the run. */
  index: z.number().int().nonnegative(),
  name: z.string(),
  /** SHA-256 of the run's description, the position, and the files that were read. */
  key: z.string(),
  result: z.json(),
  /** How long it took; the only part that differs from one time to the next. */
  timing: z.json().optional(),
});

/** One unit of work and what came of it: a file of its own, there whole or not at all. */
export type UnitFile = z.infer<typeof schema>;

/** Name of a unit's file. */
export function unitFileName(index: number): string {
  return `unit-${String(index).padStart(6, '0')}.json`;
}

/** Whether a name is one of {@link unitFileName}. */
export function isUnitFileName(name: string): boolean {
  return /^unit-\d{6,}\.json$/.test(name);
}

/**
 * Reads the file of a unit.
 * @throws Error in one sentence where it is none
 */
export async function readUnitFile(path: string): Promise<UnitFile> {
  let raw: unknown;
  try {
    raw = JSON.parse(await readText(path, MAXIMUM_BYTES));
  } catch (cause) {
    throw new Error(`Expected a unit of a run in ${path} but could not read it: ${(cause as Error).message}.`);
  }
  const outcome = schema.safeParse(raw);
  if (outcome.success) return outcome.data;
  const issue = outcome.error.issues[0]!;
  throw new Error(
    `Expected a unit of a run in ${path} but ${issue.path.join('.') || 'it'} is wrong: ${issue.message}. ` +
      'Take the file away and start its shard again.',
  );
}

import { z } from 'zod';
import { readText } from '../files/index.js';
import type { EvaluationUnit } from './score_dataset.js';

/** Twenty thousand frames of a few hundred cells each. */
const MAXIMUM_BYTES = 256 << 20;

const count = z.number().int().min(0);
const schema = z.object({
  formatVersion: z.literal(1),
  dataset: z.object({ kind: z.string(), title: z.string(), split: z.string(), frames: count }),
  slice: z.object({ from: count, to: count, every: count }),
  model: z.object({ name: z.string(), sha256: z.string() }),
  inputs: z.record(z.string(), z.string()),
  scoredAt: z.union([z.literal('as-stored'), z.object({ width: count, height: count })]),
  classes: z.array(z.string()).min(1),
  frames: z.array(z.object({ name: z.string(), condition: z.string(), case: z.string(), counts: z.array(count) })),
  leftOut: z.array(z.object({ name: z.string(), reason: z.string() })),
});

/**
 * Reads what `mle-sam evaluate --out` wrote as `frames.json`.
 * @throws Error in one sentence where it is no such file
 */
export async function readUnit(path: string): Promise<EvaluationUnit> {
  const refuse = (why: string) =>
    new Error(`Expected the frames.json of mle-sam evaluate --out at ${path} but ${why}. Score again with --out.`);
  let raw: unknown;
  try {
    raw = JSON.parse(await readText(path, MAXIMUM_BYTES));
  } catch (cause) {
    throw refuse(`could not read it: ${(cause as Error).message.replace(/\.$/, '')}`);
  }
  const outcome = schema.safeParse(raw);
  if (!outcome.success) throw refuse(`${outcome.error.issues[0]!.path.join('.') || 'it'} is wrong`);
  const { classes, frames } = outcome.data;
  const isWhole = ({ counts }: { counts: readonly number[] }) =>
    counts.length % 3 === 0 &&
    counts.every((value, i) => i % 3 === 2 || value < classes.length + (i % 3 === 1 ? 1 : 0));
  const damaged = frames.find((frame) => !isWhole(frame));
  if (damaged !== undefined) throw refuse(`the counts of ${damaged.name} are none of ${classes.length} classes`);
  return outcome.data;
}

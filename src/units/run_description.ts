import { createHash } from 'node:crypto';
import { z } from 'zod';

/** Commands whose work can be cut into units. */
export const RUN_KINDS = ['evaluate', 'replay', 'dropout'] as const;

export const runDescriptionSchema = z.strictObject({
  kind: z.enum(RUN_KINDS),
  /** Of mle-sam-ros. */
  version: z.string(),
  model: z.strictObject({ name: z.string(), sha256: z.string() }),
  /** All else that decides what comes of it, by name. */
  settings: z.record(z.string(), z.json()),
  /** How many there are, and the SHA-256 of their names in order. */
  units: z.strictObject({ count: z.number().int().positive(), sha256: z.string() }),
});

/** What a whole run is, the same in each of its shards: units of one description belong together. */
export type RunDescription = z.infer<typeof runDescriptionSchema>;

/** Longer values are told by what they belong to alone. */
const SHOWN_CHARACTERS = 60;

/**
 * What tells two runs apart, in words; undefined where they are one.
 */
export function differenceOf(a: RunDescription, b: RunDescription): string | undefined {
  if (a.kind !== b.kind) return `'${a.kind}' and '${b.kind}'`;
  if (a.version !== b.version) return `versions ${a.version} and ${b.version}`;
  if (a.model.sha256 !== b.model.sha256) return `models ${modelText(a)} and ${modelText(b)}`;
  const names = [...new Set([...Object.keys(a.settings), ...Object.keys(b.settings)])];
  const name = names.find((each) => textOf(a.settings[each]) !== textOf(b.settings[each]));
  if (name !== undefined) {
    const [own, other] = [textOf(a.settings[name]), textOf(b.settings[name])];
    const isLong = Math.max(own.length, other.length) > SHOWN_CHARACTERS;
    return isLong ? `other ${name}` : `${name} ${own} and ${other}`;
  }
  return textOf(a.units) === textOf(b.units) ? undefined : 'other lists of inputs';
}

/** SHA-256 of anything that JSON can hold. */
export function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

function modelText({ model: { name, sha256 } }: RunDescription): string {
  return `${name} (${sha256.slice(0, 8)})`;
}

function textOf(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

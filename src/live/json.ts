import { z } from 'zod';
import type { Stamp } from '../messages/index.js';

/** Nanoseconds as text: JSON has no integers of 64 bits. */
export const stampSchema = z
  .string()
  .regex(/^-?\d{1,19}$/, 'nanoseconds')
  .transform((text): Stamp => BigInt(text));

export function renderJson(value: object): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part));
}

/** Reads JSON of a schema; undefined where it is none. */
export function parseJson<T>(schema: z.ZodType<T>, text: string): T | undefined {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return undefined;
  }
  const outcome = schema.safeParse(raw);
  return outcome.success ? outcome.data : undefined;
}

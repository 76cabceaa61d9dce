import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bundle } from '../../model/index.js';
import { fingerprintOf } from '../../outputs/index.js';
import type { PipelineConfig } from '../../pipeline/index.js';
import type { RunDescription } from '../../units/index.js';

type Json = RunDescription['settings'][string];

/** The files of a bag as they are now; null where it cannot be read. */
export async function bagFingerprints(path: string): Promise<unknown> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return null;
  const names = found.isDirectory() ? (await readdir(path)).sort() : [''];
  return Promise.all(names.map(async (name) => [name, await fingerprintOf(join(path, name)).catch(() => null)]));
}

/** What a configuration and the models say of a run, besides the first model. */
export function configurationSettings(config: PipelineConfig, fallbacks: readonly Bundle[]): Record<string, Json> {
  return {
    configuration: plain(config),
    fallbacks: fallbacks.map(({ name, sha256 }) => ({ name, sha256 })),
  };
}

/** Anything of plain values as JSON: maps as pairs, big integers as text. */
export function plain(value: unknown): Json {
  const text = JSON.stringify(value, (_, each: unknown) => {
    if (each instanceof Map) return [...each];
    if (each instanceof Set) return [...each];
    return typeof each === 'bigint' ? String(each) : each;
  });
  return JSON.parse(text ?? 'null') as Json;
}

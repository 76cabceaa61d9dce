import { spawnSync } from 'node:child_process';
import { extname } from 'node:path';

/** `giving-back`: what is free goes back to the system at once. `usual`: what users have. */
export const MALLOCS = ['giving-back', 'usual'] as const;
export type Malloc = (typeof MALLOCS)[number];

/** glibc keeps what threads have freed, in arenas of their own: without this a process only ever seems to grow. */
const GIVING_BACK = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '65536',
  MALLOC_MMAP_THRESHOLD_: '131072',
};

/** Environment of a process whose memory is watched. */
export function mallocEnvironment(malloc: Malloc): Readonly<Record<string, string>> {
  return malloc === 'giving-back' ? GIVING_BACK : {};
}

/** Arguments of Node.js for a process whose memory is watched. */
export function watchedArguments(): string[] {
  return ['--expose-gc', `--import=${new URL(`./collector${extname(import.meta.url)}`, import.meta.url)}`];
}

/** Runs this program anew, and ends with its status, unless it was started to be watched and malloc is as asked for. */
export function requireWatchable(malloc: Malloc): void {
  const wanted = mallocEnvironment(malloc);
  const isSet = Object.entries(wanted).every(([name, value]) => process.env[name] === value);
  if (globalThis.gc !== undefined && isSet) return;
  const args = [...process.execArgv, ...watchedArguments(), ...process.argv.slice(1)];
  const { status, error } = spawnSync(process.execPath, args, { stdio: 'inherit', env: { ...process.env, ...wanted } });
  if (error !== undefined) throw error;
  process.exit(status ?? 1);
}

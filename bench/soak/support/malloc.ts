import { spawnSync } from 'node:child_process';

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

/** Runs this program anew, and ends with its status, unless the collector is at its call and malloc is as asked for. */
export function requireWatchable(malloc: Malloc): void {
  const wanted = mallocEnvironment(malloc);
  const isSet = Object.entries(wanted).every(([name, value]) => process.env[name] === value);
  if (globalThis.gc !== undefined && isSet) return;
  const args = ['--expose-gc', ...process.execArgv, ...process.argv.slice(1)];
  const { status, error } = spawnSync(process.execPath, args, { stdio: 'inherit', env: { ...process.env, ...wanted } });
  if (error !== undefined) throw error;
  process.exit(status ?? 1);
}

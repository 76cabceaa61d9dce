import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the project, found from this file whether it runs from `test/` or from `dist/test/`. */
export const projectRoot = (() => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
})();

/** Folder with real recordings, kept beside the project because their size does not belong in the repository. */
const recordings = resolve(projectRoot, '..', 'shared', 'data');

/**
 * Path of a real recording; skips the running test with a reason where the recordings are absent.
 * @param context - mocha's `this` of the running test or hook
 * @param path - path below the recordings' folder, e.g. `rosbag2/talker_mcap`
 */
export function sharedData(context: Mocha.Context, path: string): string {
  const full = join(recordings, path);
  if (!existsSync(full)) {
    const test = context.test;
    if (test) test.title += ` (skipped: recording ${path} is not beside the project)`;
    context.skip();
  }
  return full;
}

import { lstat, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Overwriting } from './output_folder.js';
import { writeWhole } from './write_whole.js';

/**
 * Checks that a file may be written: it is not there, or its own text says that this project made it.
 * @param mark - how the text says so
 * @throws Error naming the file
 */
export async function requireReplaceable(path: string, mark: RegExp, overwriting: Overwriting): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined || overwriting === 'any') return;
  const text = found.isFile() ? await readFile(path, 'utf8') : '';
  if (mark.test(text)) return;
  throw new Error(
    `Expected no file, or one that mle-sam made, at ${path} but received another one. ` +
      'Write to another place, or replace it with --force.',
  );
}

/** Writes a file whole, in a folder that is made if need be. */
export async function writeOutput(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeWhole(path, text);
}

import { type Stats, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';

/** Files that people write: a megabyte is twenty thousand lines, and takes a second to parse. */
const MAXIMUM_TEXT_BYTES = 1 << 20;

/**
 * Reads a text file of bounded size that people wrote.
 * @throws Error saying what is wrong, to stand behind `could not read it: `
 */
export async function readText(path: string, maximumBytes = MAXIMUM_TEXT_BYTES): Promise<string> {
  const info = await stat(path);
  refuseSpecial(path, info);
  if (info.size > maximumBytes) {
    throw new Error(`Expected at most ${maximumBytes} bytes in ${path} but it has ${info.size}.`);
  }
  return readFile(path, 'utf8');
}

/**
 * Opening a pipe waits for whoever writes to it, maybe for ever, and a device may have no end.
 * @throws Error in one sentence where `path` is a pipe, a device or a socket; nothing else is checked
 */
export function refuseSpecialFile(path: string): void {
  const info = statSync(path, { throwIfNoEntry: false });
  if (info !== undefined) refuseSpecial(path, info);
}

function refuseSpecial(path: string, info: Stats): void {
  if (info.isFile() || info.isDirectory()) return;
  const kind = info.isFIFO() ? 'pipe' : info.isSocket() ? 'socket' : 'device';
  throw new Error(`Expected a regular file at ${path} but it is a ${kind}. Write its content to a file first.`);
}

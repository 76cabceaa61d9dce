import { lstat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, resolve } from 'node:path';
import { readText } from '../../files/index.js';
import { UNITS_FOLDER } from '../../units/index.js';

/** A bag of a run over many. */
export interface NamedBag {
  path: string;
  /** Unique; its results go to a folder of this name. */
  name: string;
}

/**
 * The bags that a command line names: paths, patterns such as `fleet/*.mcap`, and with `@list.txt` the lines of a file,
 * which may be either. A bag that is named twice counts once.
 * @throws Error in one sentence where something names no bag
 */
export async function expandBags(given: readonly string[]): Promise<NamedBag[]> {
  const texts: { text: string; from: string }[] = [];
  for (const text of given) {
    if (!text.startsWith('@')) texts.push({ text, from: 'the command line' });
    else texts.push(...(await linesOf(text.slice(1))));
  }
  const found = new Map<string, string>();
  for (const { text, from } of texts) {
    for (const path of await expand(text, from)) found.set(resolve(path), path);
  }
  const paths = [...found.values()];
  const names = uniqueNames([...found.keys()]);
  return paths.map((path, index) => ({ path, name: names[index]! }));
}

/** Empty lines and what follows a `#` count for nothing. */
async function linesOf(file: string): Promise<{ text: string; from: string }[]> {
  const lines = (await readText(file)).split(/\r?\n/).map((line) => line.replace(/^\s*#.*/, '').trim());
  const texts = lines.filter((line) => line !== '').map((text) => ({ text, from: file }));
  if (texts.length > 0) return texts;
  throw new Error(`Expected bags in ${file}, one a line, but it names none. Write their paths or patterns.`);
}

async function expand(text: string, from: string): Promise<string[]> {
  if (await isThere(text)) return [text];
  const { glob, isDynamicPattern } = await import('tinyglobby');
  if (!isDynamicPattern(text)) return [text];
  const options = { onlyFiles: false, expandDirectories: false, ignore: ['**/*.part'], absolute: isAbsolute(text) };
  const found = await glob(text, options);
  if (found.length > 0) return found.map((path) => path.replace(/\/$/, '')).sort();
  throw new Error(`Expected bags for the pattern ${text} of ${from} but found none. Check it, or quote it.`);
}

async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}

/** The names of the bags, and of those that share one the names of their folders before it, as far as needed. */
function uniqueNames(paths: readonly string[]): string[] {
  // One of the name of the folder with the units would be mixed with them.
  const names = paths.map(nameOfBag).map((name) => (name === UNITS_FOLDER ? `${name}-bag` : name));
  const folders = paths.map((path) => dirname(path));
  for (;;) {
    const twice = names.flatMap((name, index) => (names.indexOf(name) === names.lastIndexOf(name) ? [] : [index]));
    const longer = twice.filter((index) => basename(folders[index]!) !== '');
    if (longer.length === 0) break;
    for (const index of longer) {
      names[index] = `${basename(folders[index]!)}-${names[index]}`;
      folders[index] = dirname(folders[index]!);
    }
  }
  return names.map((name, index) => (names.indexOf(name) === index ? name : `${name}-${index}`));
}

/** Of a bag, without its ending. */
export function nameOfBag(path: string): string {
  return basename(resolve(path)).replace(/\.(mcap|db3)(\.zstd)?$/, '');
}

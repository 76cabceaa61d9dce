import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { byName } from './dataset.js';

/** Values of a pattern's `{names}`. */
export type FrameKey = ReadonlyMap<string, string>;

const NAME = /\{([A-Za-z][A-Za-z0-9_]*)\}/g;

/**
 * A path below a root with `{names}` that stand for any text within a part of it, and `*` for any text that is not asked
 * for: `gt/{split}/{city}/{id}_labels.png`.
 */
export class FramePattern {
  readonly text: string;
  readonly names: readonly string[];
  readonly #parts: readonly string[];

  /** @throws Error where it leaves the root or has `**` */
  constructor(text: string) {
    this.text = text;
    this.#parts = text.split('/');
    this.names = [...new Set([...text.matchAll(NAME)].map((match) => match[1]!))];
    if (text.startsWith('/') || this.#parts.some((part) => part === '' || part === '..' || part.includes('**'))) {
      throw new Error(`a path below the root with {names} and * inside its parts, but received '${text}'`);
    }
  }

  /** All files below `root` that fit, with the values of the names, in the order of their paths. */
  async find(root: string, given: FrameKey): Promise<{ path: string; key: FrameKey }[]> {
    let found: { path: string; key: FrameKey }[] = [{ path: root, key: given }];
    for (const part of this.#parts) {
      const next = await Promise.all(found.map(({ path, key }) => step(path, part, key)));
      found = next.flat();
    }
    return found;
  }
}

/** One part further: by name where all of it is known, else by a look into the folder. */
async function step(folder: string, part: string, key: FrameKey): Promise<{ path: string; key: FrameKey }[]> {
  const known = part.replace(NAME, (whole, name: string) => key.get(name) ?? whole);
  if (!/[{*]/.test(known)) return [{ path: join(folder, known), key }];
  const names: string[] = [];
  const expression = known
    .split(/(\{[^}]*\}|\*)/)
    .map((piece) => {
      const name = /^\{(.*)\}$/.exec(piece)?.[1];
      if (piece === '*') return '.*?';
      if (name === undefined) return piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      if (names.includes(name)) return `\\${names.indexOf(name) + 1}`;
      names.push(name);
      return '(.+?)';
    })
    .join('');
  const fits = new RegExp(`^${expression}$`, 'u');
  const entries = await readdir(folder).catch((): string[] => []);
  return entries.sort(byName).flatMap((entry) => {
    const match = fits.exec(entry);
    if (match === null) return [];
    const values = names.map((name, i) => [name, match[i + 1]!] as const);
    return [{ path: join(folder, entry), key: new Map([...key, ...values]) }];
  });
}

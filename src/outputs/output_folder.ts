import { lstat, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Fingerprint, fingerprintOf, isSame } from './fingerprint.js';
import { writeWhole } from './write_whole.js';

/** What may be replaced: only what a command of this project made and nobody changed since, or anything. */
export type Overwriting = 'own' | 'any';

/** The file in which a folder tells which of its files this project made. */
const RECORD_NAME = '.mle-sam.json';

const recordSchema = z.object({
  formatVersion: z.literal(1),
  files: z.record(
    z.string(),
    /** `being-written`: a run that was killed left it as it is. */
    z.union([z.literal('being-written'), z.object({ bytes: z.number(), sha256: z.string() })]),
  ),
});

type Files = Map<string, Fingerprint | 'being-written'>;

/**
 * The folder a run writes its results to. What an older run left there goes when the new one begins, so that the two are
 * never mixed; what nobody here made stays, and the run is refused.
 */
export class OutputFolder {
  readonly path: string;
  readonly #names: readonly string[];
  readonly #files: Files;

  private constructor(path: string, names: readonly string[], files: Files) {
    this.path = path;
    this.#names = names;
    this.#files = files;
  }

  /**
   * Makes the folder if need be, and takes away what an older run left of the files that will be written.
   * @param names - of those files, all directly in the folder
   * @throws Error naming a file that is there and of another origin; nothing was touched then
   */
  static async claim(path: string, names: readonly string[], overwriting: Overwriting): Promise<OutputFolder> {
    await mkdir(path, { recursive: true });
    const files = await readRecord(path);
    for (const name of overwriting === 'any' ? [] : names) {
      const file = join(path, name);
      if (!(await isOwn(file, files.get(name)))) throw foreign(file);
    }
    const folder = new OutputFolder(path, names, files);
    for (const name of names) files.set(name, 'being-written');
    await folder.#writeRecord();
    for (const name of names) await rm(join(path, name), { force: true, recursive: overwriting === 'any' });
    return folder;
  }

  /** Path of one of the files. */
  file(name: string): string {
    return join(this.path, name);
  }

  /** Remembers the files as they are now: until somebody changes them, the next run may replace them. */
  async finish(): Promise<void> {
    for (const name of this.#names) {
      const fingerprint = await fingerprintOf(this.file(name)).catch(() => undefined);
      if (fingerprint === undefined) this.#files.delete(name);
      else this.#files.set(name, fingerprint);
    }
    await this.#writeRecord();
  }

  async #writeRecord(): Promise<void> {
    const record: z.infer<typeof recordSchema> = { formatVersion: 1, files: Object.fromEntries(this.#files) };
    await writeWhole(join(this.path, RECORD_NAME), `${JSON.stringify(record, null, 2)}\n`);
  }
}

/** A record that cannot be read says nothing: then nothing counts as own. */
async function readRecord(folder: string): Promise<Files> {
  const text = await readFile(join(folder, RECORD_NAME), 'utf8').catch(() => '');
  try {
    return new Map(Object.entries(recordSchema.parse(JSON.parse(text)).files));
  } catch {
    return new Map();
  }
}

/** Whether a file is not there, or is one that this project wrote. A link leads to somebody else's file. */
async function isOwn(path: string, recorded: Fingerprint | 'being-written' | undefined): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return true;
  if (!found.isFile() || recorded === undefined) return false;
  return recorded === 'being-written' || isSame(recorded, await fingerprintOf(path));
}

function foreign(path: string): Error {
  return new Error(
    `Expected no file, or one that mle-sam made and nobody changed, at ${path} but received another one. ` +
      'Write to another place, or replace it with --force.',
  );
}

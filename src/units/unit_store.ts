import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Overwriting, writeWhole } from '../outputs/index.js';
import { jsonText } from '../text/index.js';
import { differenceOf, hashOf, type RunDescription } from './run_description.js';
import { isUnitFileName, readUnitFile, type UnitFile, unitFileName } from './unit_file.js';

/** Folder of the units, in that of a run's results. */
export const UNITS_FOLDER = 'units';
/** In that folder, the names of all units: by it those that are missing are named. */
export const NAMES_FILE = 'names.json';

/** What is done with units of another run that lie where this one's are to go. */
export type OtherRuns = 'refused' | 'replaced';

/**
 * The units of a run, a file each. Several processes may share the folder, also over a network: nothing is locked, a unit
 * appears by a rename, and two processes that do the same unit write the same.
 */
export class UnitStore {
  readonly run: RunDescription;
  readonly names: readonly string[];
  readonly #folder: string;

  private constructor(folder: string, run: RunDescription, names: readonly string[]) {
    this.#folder = folder;
    this.run = run;
    this.names = names;
  }

  /**
   * @param out - folder of the run's results
   * @param names - of all units, in order; unique
   * @param overwriting - `any`: units of another run are replaced, and files that are none
   * @throws Error in one sentence where the folder holds units of another run, or files that are none
   */
  static async open(
    out: string,
    { names, ...about }: Omit<RunDescription, 'units'> & { names: readonly string[] },
    others: OtherRuns,
    overwriting: Overwriting,
  ): Promise<UnitStore> {
    const run: RunDescription = { ...about, units: { count: names.length, sha256: hashOf(names) } };
    const folder = join(out, UNITS_FOLDER);
    await mkdir(folder, { recursive: true });
    for (const name of (await readdir(folder)).filter(isUnitFileName)) {
      const path = join(folder, name);
      const found = await readUnitFile(path).catch((error: unknown) => {
        if (overwriting === 'any') return undefined;
        throw error;
      });
      const difference = found === undefined ? 'no unit' : differenceOf(found.run, run);
      if (difference === undefined) continue;
      if (others === 'refused' && overwriting === 'own') {
        throw new Error(
          `Expected units of one run in ${folder} but those there and this shard have ${difference}. ` +
            'Use another folder, or replace them with --force.',
        );
      }
      await rm(path, { force: true });
    }
    await writeWhole(join(folder, NAMES_FILE), `${jsonText({ formatVersion: 1, madeBy: 'mle-sam', names })}\n`);
    return new UnitStore(folder, run, names);
  }

  /** What a unit's file says it was made of, given what was read for it. */
  keyOf(index: number, inputs: unknown): string {
    return hashOf([this.run, index, inputs]);
  }

  /** The unit, where it was done with the same inputs. */
  async find(index: number, key: string): Promise<UnitFile | undefined> {
    const found = await readUnitFile(join(this.#folder, unitFileName(index))).catch(() => undefined);
    return found?.key === key ? found : undefined;
  }

  /** Writes a unit, whole or not at all; it is on the disk when this returns. */
  async write(unit: Pick<UnitFile, 'index' | 'key' | 'result' | 'timing'>): Promise<void> {
    const name = this.names[unit.index]!;
    const file: UnitFile = { formatVersion: 1, madeBy: 'mle-sam', run: this.run, name, ...unit };
    const path = join(this.#folder, unitFileName(unit.index));
    await writeWhole(path, `${jsonText(file, 'dense')}\n`, 'durable').catch(async (error: unknown) => {
      // Another process, started twice perhaps, was done with it first and took this one's beginnings away.
      if ((await this.find(unit.index, unit.key)) === undefined) throw error;
    });
    await this.#clear(unitFileName(unit.index));
  }

  /** Takes away what a process that was killed left of a unit that is done now. */
  async #clear(name: string): Promise<void> {
    for (const other of await readdir(this.#folder)) {
      if (other.startsWith(`${name}.`) && other.endsWith('.part')) await rm(join(this.#folder, other), { force: true });
    }
  }
}

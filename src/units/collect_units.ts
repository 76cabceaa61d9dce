import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { differenceOf, type RunDescription } from './run_description.js';
import { isUnitFileName, readUnitFile, type UnitFile } from './unit_file.js';
import { NAMES_FILE, UNITS_FOLDER } from './unit_store.js';

/** So many are named; more are counted. */
const NAMED = 8;

/** A unit, and the folder of results it lies in. */
export interface CollectedUnit extends UnitFile {
  folder: string;
}

/** All units of a run, in order. */
export interface CollectedUnits {
  run: RunDescription;
  units: CollectedUnit[];
}

/**
 * Reads all units of one run.
 * @param folders - of results, or of units: shards may have written to one or to several
 * @throws Error in one sentence where there are none, units of two runs, one in two versions, or some are missing
 */
export async function collectUnits(folders: readonly string[]): Promise<CollectedUnits> {
  const found = new Map<number, { path: string; unit: UnitFile }>();
  let first: { path: string; unit: UnitFile } | undefined;
  for (const path of (await Promise.all(folders.map(unitFiles))).flat()) {
    const unit = await readUnitFile(path);
    first ??= { path, unit };
    const difference = differenceOf(first.unit.run, unit.run);
    if (difference !== undefined) {
      throw new Error(
        `Expected units of one run but ${first.path} and ${path} have ${difference}. ` +
          'Merge those of one run, or run the shards of the other again.',
      );
    }
    const same = found.get(unit.index);
    if (same !== undefined && same.unit.key !== unit.key) {
      throw new Error(
        `Expected one result of ${unit.name} but ${same.path} and ${path} are of different inputs. ` +
          'Take away the one that is out of date.',
      );
    }
    found.set(unit.index, { path, unit });
  }
  if (first === undefined) {
    throw new Error(
      `Expected units of a run in ${folders.join(', ')} but found none. Run evaluate, replay or dropout with --shard.`,
    );
  }
  const { run } = first.unit;
  const positions = Array.from({ length: run.units.count }, (_, index) => index);
  const missing = positions.filter((index) => !found.has(index));
  if (missing.length > 0) {
    const names = await namesOf(folders);
    const named = missing
      .slice(0, NAMED)
      .map((index) => names[index] ?? `the ${index + 1}th`)
      .join(', ');
    const more = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : '';
    throw new Error(
      `Expected ${run.units.count} units in ${folders.join(', ')} but ${missing.length} are missing: ${named}${more}. ` +
        'Start the shards again: what is done is skipped.',
    );
  }
  return {
    run,
    units: positions
      .map((index) => found.get(index)!)
      .map(({ path, unit }) => ({ ...unit, folder: resultsFolder(path) })),
  };
}

/** That of the units is in it. */
function resultsFolder(path: string): string {
  const units = dirname(path);
  return basename(units) === UNITS_FOLDER ? dirname(units) : units;
}

/** Names of all units, where a shard has left them. */
async function namesOf(folders: readonly string[]): Promise<readonly string[]> {
  for (const folder of folders) {
    const text = await readFile(join(await unitsFolder(folder), NAMES_FILE), 'utf8').catch(() => '{}');
    const { names } = JSON.parse(text) as { names?: string[] };
    if (names !== undefined) return names;
  }
  return [];
}

/** That of the units, for a folder of results as well. */
async function unitsFolder(folder: string): Promise<string> {
  const inner = join(folder, UNITS_FOLDER);
  const isInner = basename(folder) !== UNITS_FOLDER && (await stat(inner).catch(() => undefined))?.isDirectory();
  return isInner ? inner : folder;
}

async function unitFiles(folder: string): Promise<string[]> {
  const units = await unitsFolder(folder);
  const names = await readdir(units).catch((cause: Error) => {
    throw new Error(`Expected a folder of results at ${folder} but could not read it: ${cause.message}.`);
  });
  return names
    .filter(isUnitFileName)
    .sort()
    .map((name) => join(units, name));
}

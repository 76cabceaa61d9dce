import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readText, refuseSpecialFile } from '../files/index.js';
import { type BagMetadata, parseMetadata } from './metadata.js';
import type { ReportProblem } from './storage.js';

/** Names of storage files; what is inside decides how they are read. */
const STORAGE_NAME = /\.(mcap|db3)(\.zstd?)?$/;

const METADATA_NAME = 'metadata.yaml';

/** Recordings split into thousands of files stay below. */
const MAXIMUM_METADATA_BYTES = 1 << 22;

/** The files a path stands for. */
export interface BagLocation {
  files: string[];
  metadata: BagMetadata | undefined;
}

/**
 * Finds the files of a bag: those its metadata.yaml lists, or those in its folder, or the one file given. A single file
 * takes the metadata beside it that lists it, for what only that says: serialisation and compression.
 * @throws Error when there is nothing that could be a bag
 */
export async function locateBag(path: string, report: ReportProblem): Promise<BagLocation> {
  if (!existsSync(path)) throw new Error(`Expected a bag at ${path} but there is no such file or folder`);
  refuseSpecialFile(path);
  if ((await stat(path)).isDirectory()) return locateInFolder(path, report);
  const metadata = await readMetadata(dirname(path));
  const listed = metadata?.files.some((file) => basename(file) === basename(path)) === true;
  return { files: [path], metadata: listed ? metadata : undefined };
}

async function locateInFolder(folder: string, report: ReportProblem): Promise<BagLocation> {
  const metadata = await readMetadata(folder);
  if (!metadata) return { files: await storageFiles(folder), metadata: undefined };
  const files: string[] = [];
  for (const listed of metadata.files) {
    const found = existingFile(folder, listed);
    if (found === undefined)
      report(`${join(folder, METADATA_NAME)} lists ${listed}, which is missing: the rest is read`);
    else files.push(found);
  }
  if (files.length === 0) {
    throw new Error(
      `Expected the ${metadata.files.length} files that ${join(folder, METADATA_NAME)} lists but found none`,
    );
  }
  return { files, metadata };
}

async function readMetadata(folder: string): Promise<BagMetadata | undefined> {
  const path = join(folder, METADATA_NAME);
  return existsSync(path) ? parseMetadata(await readText(path, MAXIMUM_METADATA_BYTES), path) : undefined;
}

/** Old metadata puts the bag's name in front; compressed bags are listed with and without their last suffix. */
function existingFile(folder: string, listed: string): string | undefined {
  const names = [listed, basename(listed)];
  const candidates = names.flatMap((name) => [name, `${name}.zstd`, name.replace(/\.zstd$/, '')]);
  const found = candidates.find((name) => existsSync(join(folder, name)));
  return found === undefined ? undefined : join(folder, found);
}

async function storageFiles(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => STORAGE_NAME.test(name));
  // An expanded file beside its compressed form is the same file.
  const distinct = names.filter((name) => !/\.zstd?$/.test(name) || !names.includes(name.replace(/\.zstd?$/, '')));
  const kinds = new Set(distinct.map((name) => STORAGE_NAME.exec(name)![1]));
  if (distinct.length === 0) {
    throw new Error(`Expected a bag at ${folder} but the folder holds no metadata.yaml, .mcap or .db3 file`);
  }
  if (kinds.size > 1) {
    throw new Error(
      `Expected one bag at ${folder} but the folder holds MCAP and SQLite files and no metadata.yaml: name one of the files`,
    );
  }
  return distinct.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).map((name) => join(folder, name));
}

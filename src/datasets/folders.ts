import { stat } from 'node:fs/promises';
import { join } from 'node:path';

/** @throws Error in one sentence naming the first folder that a data set lacks */
export async function requireFolders(title: string, root: string, folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    if (await isFolder(join(root, folder))) continue;
    throw new Error(`Expected ${title}'s folder ${folder} in ${root} but it is missing. Check the path.`);
  }
}

export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

export async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}

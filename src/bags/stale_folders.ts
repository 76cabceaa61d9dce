import { readlinkSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

const NAME = 'mle-sam-bag';

/**
 * Beginning of the name of a temporary folder of this process. Numbers of processes mean something within a namespace
 * only: containers may share their temporary folder.
 */
export function workspacePrefix(): string {
  return `${NAME}-${processNamespace()}-${process.pid}-`;
}

/** Removes the folders of processes that are no more: killed ones could not do so themselves. */
export async function removeStaleFolders(temporary: string): Promise<void> {
  const names = await readdir(temporary).catch(() => []);
  const pattern = new RegExp(`^${NAME}-${processNamespace()}-(\\d+)-\\w+$`);
  for (const name of names) {
    const pid = Number(pattern.exec(name)?.[1] ?? process.pid);
    if (pid === process.pid || isAlive(pid)) continue;
    // Another user's folder cannot be removed, and is none of ours.
    await rm(join(temporary, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

function processNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

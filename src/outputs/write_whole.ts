import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Writes a file so that it is there whole or, after a crash, as it was before.
 * @param lasting - `durable`: it has reached the disk when this returns, so that it outlives the machine's end as well
 */
export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  lasting: 'usual' | 'durable' = 'usual',
): Promise<void> {
  // Not the process's id alone: in containers a process that is started again often has the same.
  const beside = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.part`;
  try {
    const file = await open(beside, 'wx');
    try {
      await file.writeFile(content);
      if (lasting === 'durable') await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
    if (lasting === 'durable') await syncFolder(dirname(path));
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/** A rename is lost with the folder that holds it; some network file systems cannot sync one, and need not. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path).catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}

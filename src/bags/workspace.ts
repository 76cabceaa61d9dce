import { closeSync, createReadStream, existsSync, openSync, writeSync } from 'node:fs';
import { copyFile, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { Decompress } from 'fzstd';
import type { ReportProblem } from './storage.js';

/**
 * A temporary folder for one open bag: expanded files, and links to SQLite files (see {@link Workspace.linkDatabase}).
 * Made when first needed, removed by `close`.
 */
export class Workspace {
  #folder: Promise<string> | undefined;
  #count = 0;

  /**
   * Expands a zstd file in a stream; memory stays at the compressor's window whatever the size.
   * A cut file gives what came before the cut, and a problem is reported.
   * @returns path of the expanded file
   */
  async expand(path: string, report: ReportProblem): Promise<string> {
    const target = await this.#newPath(basename(path).replace(/\.zstd?$/, ''));
    const output = openSync(target, 'wx');
    try {
      const decompress = new Decompress((bytes) => {
        for (let written = 0; written < bytes.length; ) written += writeSync(output, bytes, written);
      });
      try {
        for await (const bytes of createReadStream(path, { highWaterMark: 1 << 20 })) {
          decompress.push(bytes as Uint8Array);
        }
        decompress.push(new Uint8Array(0), true);
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (typeof code === 'string') throw new Error(`Cannot expand ${path} into ${target}: ${message}`);
        report(`${path} is cut off or damaged as a zstd file (${message}): what came before is read`);
      }
    } finally {
      closeSync(output);
    }
    return target;
  }

  /**
   * Makes a link to a SQLite file in the workspace and returns the link's path.
   *
   * SQLite puts locks and logs beside the path it opens. Through the link they land in the workspace, so that a bag in
   * a read-only folder opens, and nothing is ever left or changed beside the bag. The write-ahead log of a recorder
   * that crashed is copied along, which lets SQLite see the messages in it.
   */
  async linkDatabase(path: string, report: ReportProblem): Promise<string> {
    const link = await this.#newPath('bag.db3');
    await symlink(resolve(path), link);
    if (existsSync(`${path}-wal`)) {
      await copyFile(`${path}-wal`, `${link}-wal`);
      report(`${path} was not closed by its recorder: messages were recovered from its write-ahead log`);
    }
    if (existsSync(`${path}-journal`)) {
      report(
        `${path} was not closed by its recorder (a rollback journal lies beside it): its last messages may be wrong`,
      );
    }
    return link;
  }

  /** Removes the folder and all in it. */
  async close(): Promise<void> {
    const folder = await this.#folder;
    this.#folder = undefined;
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }

  async #newPath(name: string): Promise<string> {
    this.#folder ??= mkdtemp(join(tmpdir(), 'mle-sam-bag-'));
    return join(await this.#folder, `${this.#count++}-${name}`);
  }
}

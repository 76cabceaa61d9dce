import { closeSync, createReadStream, existsSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { copyFile, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { atExit } from '../process/index.js';
import { ExpansionLimitError, expandZstdStream } from './expand_zstd.js';
import { kindOf } from './file_kind.js';
import { removeStaleFolders, workspacePrefix } from './stale_folders.js';
import type { ReportProblem } from './storage.js';

/** Part of the free disk that a bag may be expanded to, unless said otherwise. */
const SHARE_OF_FREE_DISK = 0.5;
/** As many bytes tell what a file is. */
const HEAD_BYTES = 16;

export interface WorkspaceOptions {
  /** Bytes that all compressed files of the bag may expand to. Default: half of what is free in the temporary folder. */
  maxExpandedBytes?: number;
}

/**
 * A temporary folder for one open bag: expanded files, and links to SQLite files (see {@link Workspace.linkDatabase}).
 * Made when first needed, removed by `close` or when the process ends; what a killed process left is removed by the
 * next one.
 */
export class Workspace {
  readonly #maxExpandedBytes: number | undefined;
  #folder: Promise<string> | undefined;
  #forgetAtExit: (() => void) | undefined;
  #count = 0;
  #expandedBytes = 0;

  constructor({ maxExpandedBytes }: WorkspaceOptions = {}) {
    this.#maxExpandedBytes = maxExpandedBytes;
  }

  /**
   * Expands a zstd file in a stream; memory stays at the compressor's window whatever the size.
   * A cut file gives what came before the cut, and a problem is reported.
   * @returns path of the expanded file
   * @throws Error in one sentence where what comes out is no bag, or more than allowed
   */
  async expand(path: string, report: ReportProblem): Promise<string> {
    const target = await this.#newPath(basename(path).replace(/\.zstd?$/, ''));
    const limit = this.#maxExpandedBytes ?? halfOfFreeDisk();
    const output = openSync(target, 'wx');
    let isKnown = false;
    try {
      await expandZstdStream(
        createReadStream(path, { highWaterMark: 1 << 20 }),
        limit - this.#expandedBytes,
        (bytes) => {
          if (!isKnown && bytes.length >= HEAD_BYTES) {
            isKnown = true;
            requireBag(path, bytes);
          }
          for (let written = 0; written < bytes.length; ) written += writeSync(output, bytes, written);
          this.#expandedBytes += bytes.length;
        },
        'whole',
      );
    } catch (error) {
      if (error instanceof ExpansionLimitError) throw tooLarge(path, limit, this.#maxExpandedBytes);
      if (error instanceof ForeignContentError) throw error;
      const { code, message } = error as NodeJS.ErrnoException;
      if (typeof code === 'string') throw new Error(`Cannot expand ${path} into ${target}: ${message}`);
      report(`${path} is cut off or damaged as a zstd file (${message}): what came before is read`);
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
    this.#forgetAtExit?.();
    this.#forgetAtExit = undefined;
  }

  async #newPath(name: string): Promise<string> {
    this.#folder ??= this.#makeFolder();
    return join(await this.#folder, `${this.#count++}-${name}`);
  }

  async #makeFolder(): Promise<string> {
    await removeStaleFolders(tmpdir());
    const folder = await mkdtemp(join(tmpdir(), workspacePrefix()));
    this.#forgetAtExit = atExit(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  }
}

/** What was compressed is no bag. */
class ForeignContentError extends Error {
  override name = 'ForeignContentError';
}

function requireBag(path: string, head: Uint8Array): void {
  const kind = kindOf(head.subarray(0, HEAD_BYTES));
  if (kind === 'mcap' || kind === 'sqlite3' || kind === 'ros1') return;
  throw new ForeignContentError(`Expected an MCAP or rosbag2 SQLite file in ${path} but what is compressed is neither`);
}

function halfOfFreeDisk(): number {
  const { bavail, bsize } = statfsSync(tmpdir());
  return Math.floor(bavail * bsize * SHARE_OF_FREE_DISK);
}

function tooLarge(path: string, limit: number, given: number | undefined): Error {
  const where = given === undefined ? ` (half of what is free in ${tmpdir()})` : '';
  const gigabytes = (limit / 1e9).toPrecision(3);
  return new Error(
    `Expected ${path} to expand to at most ${gigabytes} GB${where} but it holds more. ` +
      'Give more with --max-expanded, or set TMPDIR to a folder on a larger disk.',
  );
}

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { mallocEnvironment, watchedArguments } from '../../../bench/soak/support/malloc.js';
import { BagWriter } from '../../../src/bags/index.js';
import type { RawMessage } from '../../../src/messages/index.js';

/** What every lane prints; `heap`, which follows nothing over time, has the violations only. */
export interface SoakReport {
  minutes: number;
  lane: string;
  residentMb: number[];
  inUseMb: number[];
  atTheEnd: Record<string, number>;
  violations: string[];
  [figure: string]: unknown;
}

/**
 * Runs a lane of `npm run soak` as a process of its own, from its source or compiled, as this one is.
 * @returns what it printed; fails the test where the lane failed
 */
export async function soak(lane: string, ...args: readonly string[]): Promise<SoakReport> {
  const extension = extname(import.meta.url);
  const program = fileURLToPath(new URL(`../../../bench/soak/${lane}${extension}`, import.meta.url));
  const loader = extension === '.ts' ? ['--import=tsx'] : [];
  // As the lane would start itself anew, which takes a second.
  const child = spawn(process.execPath, [...loader, ...watchedArguments(), program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...mallocEnvironment('giving-back') },
  });
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  return JSON.parse(stdout) as SoakReport;
}

/** @returns the path */
export async function writeBag(path: string, messages: readonly RawMessage[]): Promise<string> {
  const writer = await BagWriter.create(path);
  for (const { topic, type, data, receiveStamp } of messages) {
    await writer.write({ topic, type, data, logTime: receiveStamp });
  }
  await writer.close();
  return path;
}

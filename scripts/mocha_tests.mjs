// Runs compiled mocha tests and counts. Started as a program (by `fork`), it runs the files given and sends the counts
// to its parent: for tests that need environment variables from the start of their process.
import { fork } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './setup.mjs';

/** A file of tests that holds its process for longer hangs. */
const LONGEST_MS = 15 * 60_000;

/** Tests that take minutes have a lane of their own, `npm run test:slow`. */
export const LONG = join('test', 'slow') + sep;

/** Test files below `test/`, as `test/<folder>/<subject>.test.ts`, whose path starts with one of `prefixes`. */
export function testFiles(prefixes) {
  const wanted = prefixes.map((prefix) => prefix.split('/').join(sep));
  return readdirSync(join(root, 'test'), { recursive: true })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => join('test', path))
    .filter((file) => wanted.length === 0 || wanted.some((prefix) => file.startsWith(prefix)))
    .sort();
}

/** @returns counts of passed and failed tests, titles of skipped ones */
export async function runMocha(files) {
  if (files.length === 0) return { passed: 0, failed: 0, skipped: [] };
  const { default: Mocha } = await import('mocha');
  const mocha = new Mocha({ timeout: 60_000, reporter: process.env.CI ? 'dot' : 'spec' });
  for (const file of files) mocha.addFile(join(root, 'dist', file.replace(/\.ts$/, '.js')));
  await mocha.loadFilesAsync();
  const skipped = [];
  return new Promise((resolve) => {
    const runner = mocha.run((failures) => resolve({ passed: runner.stats.passes, failed: failures, skipped }));
    runner.on('pending', (test) => skipped.push(test.fullTitle()));
  });
}

/** Folders whose tests take longest, so that none of them is the last to begin. */
const LONGEST_FIRST = ['dropout', 'sync', 'cli', 'replay', 'simulation', 'sweep', 'fuzz'].map((name) =>
  join('test', name),
);

/**
 * The same, folder by folder in processes of their own, two at a time where there are the processors for it: none of these
 * tests measures time. What a folder's tests print is shown once they are through.
 */
export async function runMochaSideBySide(files) {
  const folders = new Map();
  for (const file of files) {
    const folder = file.split(sep).slice(0, 2).join(sep);
    folders.set(folder, [...(folders.get(folder) ?? []), file]);
  }
  const rest = [...folders.keys()].filter((folder) => !LONGEST_FIRST.includes(folder));
  const waiting = [...LONGEST_FIRST.filter((folder) => folders.has(folder)), ...rest];
  const parts = [];
  const lane = async () => {
    for (let folder = waiting.shift(); folder !== undefined; folder = waiting.shift()) {
      parts.push(await runMochaApart(folders.get(folder), {}, 'shown-at-the-end'));
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, lane));
  return {
    passed: parts.reduce((sum, { passed }) => sum + passed, 0),
    failed: parts.reduce((sum, { failed }) => sum + failed, 0),
    skipped: parts.flatMap(({ skipped }) => skipped),
  };
}

/** The same in a process of its own; one that crashes or hangs counts as one failed test more. */
export function runMochaApart(files, variables, output = 'shown-at-once') {
  return new Promise((resolve) => {
    const child = fork(fileURLToPath(import.meta.url), files, {
      cwd: root,
      env: { ...process.env, ...variables },
      timeout: LONGEST_MS,
      killSignal: 'SIGKILL',
      silent: output === 'shown-at-the-end',
    });
    const printed = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes) => printed.push(bytes));
    let counts;
    child.on('message', (message) => {
      counts = message;
    });
    child.on('close', (code, signal) => {
      process.stdout.write(Buffer.concat(printed));
      if (counts === undefined) console.error(`${files.join(' ')} ended early: ${signal ?? `exit status ${code}`}`);
      resolve(counts ?? { passed: 0, failed: 1, skipped: [] });
    });
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const counts = await runMocha(process.argv.slice(2));
  process.send(counts, () => process.exit());
}

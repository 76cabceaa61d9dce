// Runs compiled mocha tests and counts. Started as a program (by `fork`), it runs the files given and sends the counts
// to its parent: for tests that need environment variables from the start of their process.
import { fork } from 'node:child_process';
import { readdirSync } from 'node:fs';
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

/** The same in a process of its own; one that crashes or hangs counts as one failed test more. */
export function runMochaApart(files, variables) {
  return new Promise((resolve) => {
    const child = fork(fileURLToPath(import.meta.url), files, {
      cwd: root,
      env: { ...process.env, ...variables },
      timeout: LONGEST_MS,
      killSignal: 'SIGKILL',
    });
    let counts;
    child.on('message', (message) => {
      counts = message;
    });
    child.on('exit', (code, signal) => {
      if (counts === undefined) console.error(`${files.join(' ')} ended early: ${signal ?? `exit status ${code}`}`);
      resolve(counts ?? { passed: 0, failed: 1, skipped: [] });
    });
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const counts = await runMocha(process.argv.slice(2));
  process.send(counts, () => process.exit());
}

// Runs compiled mocha tests and counts. Started as a program (by `fork`), it runs the files given and sends the counts
// to its parent: for tests that need environment variables from the start of their process.
import { fork } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './setup.mjs';

/** A file of tests that holds its process for longer hangs. */
const LONGEST_MS = 15 * 60_000;
/** A test hangs that takes longer and does not say so, also where others take the processors. */
const TEST_TIMEOUT_MS = 120_000;
/** Such a test belongs to the slow ones, and a short form of it to the others. */
const LONG_SECONDS = 10;

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

/**
 * @returns counts of passed and failed tests, title and message of each that failed, titles of skipped ones, and those
 * that take long, with their seconds
 */
export async function runMocha(files) {
  const { default: Mocha } = await import('mocha');
  const mocha = new Mocha({ timeout: TEST_TIMEOUT_MS, reporter: process.env.CI ? 'dot' : 'spec' });
  for (const file of files) mocha.addFile(join(root, 'dist', file.replace(/\.ts$/, '.js')));
  await mocha.loadFilesAsync();
  const skipped = [];
  const long = [];
  const failures = [];
  return new Promise((resolve) => {
    const runner = mocha.run((failed) => resolve({ passed: runner.stats.passes, failed, failures, skipped, long }));
    runner.on('pending', (test) => skipped.push(test.fullTitle()));
    runner.on('fail', (test, error) =>
      failures.push({ title: test.fullTitle(), message: String(error?.message ?? error) }),
    );
    const note = (test) => {
      const seconds = (test.duration ?? 0) / 1000;
      if (seconds > LONG_SECONDS) long.push({ title: test.fullTitle(), seconds });
    };
    runner.on('test end', note);
    runner.on('hook end', note);
  });
}

/** Folders whose tests take longest, so that none of them is the last to begin. */
const LONGEST_FIRST = 'cli dropout replay sweep simulation model report sensors sync datasets fuzz bench'
  .split(' ')
  .map((name) => join('test', name));

/** Folders with a test that needs the training package's environment. */
const WITH_TRAINING = [join('test', 'cli')];

/**
 * Jobs for `runJobs`: the files of each folder in a process of their own. None of these tests measures time.
 * @param {Promise} [training] - of `prepareTrainingApart`
 */
export function mochaJobs(files, training) {
  const folders = new Map();
  for (const file of files) {
    const folder = file.split(sep).slice(0, 2).join(sep);
    folders.set(folder, [...(folders.get(folder) ?? []), file]);
  }
  const rest = [...folders.keys()].filter((folder) => !LONGEST_FIRST.includes(folder));
  const names = [...LONGEST_FIRST.filter((folder) => folders.has(folder)), ...rest];
  return names.map((name) => ({
    name,
    ready: WITH_TRAINING.includes(name) ? training : undefined,
    run: (_, { isShown }) => runMochaApart(folders.get(name), { priority: 'low', isShown }),
  }));
}

/**
 * Runs tests in a process of its own; one that crashes or hangs counts as one failed test more.
 * @param {object} [options]
 * @param {Record<string, string>} [options.variables] - of the environment
 * @param {'usual' | 'low'} [options.priority] - low: they take what others leave of the processors
 * @param {boolean} [options.isShown] - what they print is shown at once
 * @returns counts, and as `output` what was printed and not yet shown
 */
export function runMochaApart(files, { variables = {}, priority = 'usual', isShown = false } = {}) {
  return new Promise((resolve) => {
    const child = fork(fileURLToPath(import.meta.url), files, {
      cwd: root,
      env: { ...process.env, ...variables },
      timeout: LONGEST_MS,
      killSignal: 'SIGKILL',
      silent: !isShown,
    });
    if (priority === 'low' && child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
    const printed = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes) => printed.push(bytes));
    let counts;
    child.on('message', (message) => {
      counts = message;
    });
    child.on('close', (code, signal) => {
      const output = Buffer.concat(printed).toString();
      if (counts !== undefined) resolve({ ...counts, output });
      else {
        const ending = `${files.join(' ')} ended early: ${signal ?? `exit status ${code}`}\n`;
        const failures = [{ title: 'its process', message: ending }];
        resolve({ passed: 0, failed: 1, failures, skipped: [], output: output + ending });
      }
    });
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const counts = await runMocha(process.argv.slice(2));
  process.send(counts, () => process.exit());
}

// The Python half of the tests: ruff and pytest.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './setup.mjs';
import { python, training } from './training_environment.mjs';

/** What ruff looks at, with the settings each folder finds on its way up. */
const PYTHON = ['training', 'launch', 'scripts/gpu', 'test/ros/peers', 'bench/peer'];

/**
 * A job for `runJobs` that lints the project's Python and runs the training package's tests; lint that fails counts as one
 * failed test. They take the processor time that is left, because tests on a ROS graph, which need theirs at once, run
 * beside them.
 * @param {'fast' | 'slow'} lane - tests marked as slow, or all others
 * @param {Promise<string | undefined>} ready - of `prepareTrainingApart`
 */
export function trainingJob(lane, ready) {
  return { name: `training/tests (${lane})`, ready, run: (reason) => runTrainingTests(lane, reason) };
}

async function runTrainingTests(lane, reason) {
  if (reason !== undefined) {
    // Where these tests must run, an environment that cannot be made is a failure.
    return { passed: 0, failed: process.env.CI ? 1 : 0, skipped: [`all of training/tests: ${reason}`] };
  }
  const checks = lane === 'slow' ? [] : [['check'], ['format', '--check']];
  const lint = [];
  for (const args of checks) {
    lint.push({ args, ...(await runWithLeastPriority(['-m', 'ruff', ...args, ...PYTHON], root)) });
  }
  const folder = mkdtempSync(join(tmpdir(), 'mle-sam-pytest-'));
  const report = join(folder, 'junit.xml');
  const options = ['-q', '-p', 'no:cacheprovider', '--durations=5', `--junitxml=${report}`];
  const marked = ['-m', lane === 'slow' ? 'slow' : 'not slow'];
  const tests = await runWithLeastPriority(['-m', 'pytest', ...options, ...marked, 'tests'], training);
  const xml = existsSync(report) ? readFileSync(report, 'utf8') : '';
  rmSync(folder, { recursive: true });
  const count = (name) => Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(xml)?.[1] ?? 0);
  const skipped = [...xml.matchAll(/<skipped [^>]*message="([^"]*)"/g)].map((match) => `training/tests: ${match[1]}`);
  const failedTests = count('failures') + count('errors');
  const lintFailures = lint.filter(({ status }) => status !== 0);
  const failures = [...xml.matchAll(FAILURE)].map(([, file, test, message]) => ({ title: `${file} ${test}`, message }));
  for (const { args, output } of lintFailures) failures.push({ title: `ruff ${args.join(' ')}`, message: output });
  // A crash of pytest itself leaves no report: that is a failure, not an empty success.
  return {
    passed: count('tests') - failedTests - skipped.length,
    failed: (tests.status !== 0 && failedTests === 0 ? 1 : failedTests) + lintFailures.length,
    failures,
    skipped,
    output: [...lint, tests].map(({ output }) => output).join(''),
  };
}

/** A test in JUnit's XML that failed: its file, its name, the first line of what went wrong. */
const FAILURE =
  /<testcase classname="([^"]*)" name="([^"]*)"[^>]*>\s*<(?:failure|error) message="([^"]*?)(?:&#10;[^"]*)?"/g;

/** Tests that take longer hang. */
const LONGEST_MS = 40 * 60_000;

/** One thread: the tests' models are tiny, and threads that wait for each other take processor time from other lanes. */
const ONE_THREAD = { OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };

/** Runs the environment's Python; gives its exit status and what it printed. */
function runWithLeastPriority(args, cwd) {
  return new Promise((resolve) => {
    const env = { ...process.env, ...ONE_THREAD };
    const limit = { timeout: LONGEST_MS, killSignal: 'SIGKILL' };
    const child = spawn(python, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], ...limit });
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
    const printed = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => printed.push(bytes));
    child.on('error', (error) => printed.push(Buffer.from(`${error.message}\n`)));
    child.on('close', (code) => resolve({ status: code ?? 1, output: Buffer.concat(printed).toString() }));
  });
}

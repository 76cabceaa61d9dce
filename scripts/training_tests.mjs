// The Python half of `npm test`: the training package's environment, then ruff and pytest.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './setup.mjs';
import { prepareTraining, python, training } from './training_environment.mjs';

/** What ruff looks at, with the settings each folder finds on its way up. */
const PYTHON = ['training', 'launch', 'scripts/gpu', 'test/ros/peers', 'bench/peer'];

/**
 * Lints the project's Python and runs the training package's tests; lint that fails counts as one failed test. They take
 * the processor time that is left, because tests on a ROS graph, which need theirs at once, run beside them; what they
 * print is shown at the end.
 * @param lane - tests marked as slow, or all others
 * @returns counts like mocha's, with the reasons of skipped tests
 */
export async function runTrainingTests(lane) {
  const reason = prepareTraining();
  if (reason !== undefined) {
    // Where these tests must run, an environment that cannot be made is a failure.
    return { passed: 0, failed: process.env.CI ? 1 : 0, skipped: [`all of training/tests: ${reason}`] };
  }
  const checks = lane === 'slow' ? [] : [['check'], ['format', '--check']];
  const lint = checks.filter(
    (args) => spawnSync(python, ['-m', 'ruff', ...args, ...PYTHON], { cwd: root, stdio: 'inherit' }).status !== 0,
  );
  const folder = mkdtempSync(join(tmpdir(), 'mle-sam-pytest-'));
  const report = join(folder, 'junit.xml');
  const options = ['-q', '-p', 'no:cacheprovider', '--durations=5', `--junitxml=${report}`];
  const marked = ['-m', lane === 'slow' ? 'slow' : 'not slow'];
  const status = await runWithLeastPriority(python, ['-m', 'pytest', ...options, ...marked, 'tests'], training);
  const xml = existsSync(report) ? readFileSync(report, 'utf8') : '';
  rmSync(folder, { recursive: true });
  const count = (name) => Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(xml)?.[1] ?? 0);
  const skipped = [...xml.matchAll(/<skipped [^>]*message="([^"]*)"/g)].map((match) => `training/tests: ${match[1]}`);
  const failedTests = count('failures') + count('errors');
  // A crash of pytest itself leaves no report: that is a failure, not an empty success.
  return {
    passed: count('tests') - failedTests - skipped.length,
    failed: (status !== 0 && failedTests === 0 ? 1 : failedTests) + lint.length,
    skipped,
  };
}

function runWithLeastPriority(command, args, cwd) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
    const printed = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => printed.push(bytes));
    child.on('error', (error) => printed.push(Buffer.from(`${error.message}\n`)));
    child.on('close', (code) => {
      process.stdout.write(Buffer.concat(printed));
      resolve(code ?? 1);
    });
  });
}

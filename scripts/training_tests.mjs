// The Python half of `npm test`: a virtual environment of its own under training/.venv, then ruff and pytest.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './setup.mjs';

const training = join(root, 'training');
const environment = join(training, '.venv');
const python = join(environment, 'bin', 'python');
const OLDEST_PYTHON = [3, 11];

/** Creates or refreshes the virtual environment; returns the reason why it can't, if so. */
function prepare() {
  const version = spawnSync('python3', ['-c', 'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2])']);
  if (version.status !== 0) return 'no python3 with venv and pip was found';
  const [major, minor] = version.stdout.toString().trim().split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_PYTHON;
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    return `expected Python >= ${OLDEST_PYTHON.join('.')} but received ${major}.${minor}`;
  }

  const key = createHash('sha256')
    .update(readFileSync(join(training, 'pyproject.toml')))
    .digest('hex');
  const marker = join(environment, 'mle-sam-setup');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === key) return undefined;
  console.log('Installing the training package (PyTorch among others, once) ...');
  const steps = [
    ['python3', ['-m', 'venv', environment]],
    [python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-e', `${training}[dev]`]],
  ];
  for (const [command, args] of steps) {
    const { status, stderr } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'pipe'] });
    if (status !== 0) {
      const lastLine = stderr?.toString().trim().split('\n').at(-1) ?? '';
      return `"${[command, ...args].join(' ')}" failed: ${lastLine}`;
    }
  }
  writeFileSync(marker, key);
  return undefined;
}

/**
 * Lints the training package and runs its tests; lint that fails counts as one failed test.
 * @returns counts like mocha's, with the reasons of skipped tests
 */
export function runTrainingTests() {
  const reason = prepare();
  if (reason !== undefined) {
    // Where these tests must run, an environment that cannot be made is a failure.
    return { passed: 0, failed: process.env.CI ? 1 : 0, skipped: [`all of training/tests: ${reason}`] };
  }
  const lint = [['check'], ['format', '--check']].filter(
    (args) => spawnSync(python, ['-m', 'ruff', ...args, '.'], { cwd: training, stdio: 'inherit' }).status !== 0,
  );
  const folder = mkdtempSync(join(tmpdir(), 'mle-sam-pytest-'));
  const report = join(folder, 'junit.xml');
  const { status } = spawnSync(
    python,
    ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', '--durations=5', `--junitxml=${report}`, 'tests'],
    { cwd: training, stdio: 'inherit' },
  );
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

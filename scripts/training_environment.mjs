// The virtual environment of the training package, training/.venv: made once, and again when its requirements change.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

export const training = join(root, 'training');
const environment = join(training, '.venv');
export const python = join(environment, 'bin', 'python');
const OLDEST_PYTHON = [3, 11];

/** Creates or refreshes the virtual environment; returns the reason why it can't, if so. */
export function prepareTraining() {
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

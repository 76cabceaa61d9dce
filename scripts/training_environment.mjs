// The virtual environment of the training package, training/.venv: made once, and again when its requirements change.
import { fork, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
  const editable = `${training}[dev]`;
  const steps = [
    ['python3', ['-m', 'venv', environment]],
    // Python compiles a module when it is first imported, which most of PyTorch's never are.
    [python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-compile', '-e', editable]],
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

/** The same in a process of its own, so that other work goes on meanwhile. */
export function prepareTrainingApart() {
  return new Promise((resolve) => {
    const child = fork(fileURLToPath(import.meta.url));
    child.on('message', ({ reason }) => resolve(reason));
    child.on('exit', (code, signal) => resolve(`its set-up ended early: ${signal ?? `exit status ${code}`}`));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const reason = prepareTraining();
  if (process.send !== undefined) process.send({ reason }, () => process.exit());
  else if (reason !== undefined) {
    console.error(`No training package: ${reason}`);
    process.exit(1);
  }
}

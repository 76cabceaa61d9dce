// Brings a fresh clone to the point where everything runs: packages installed as the lock file says, TypeScript built.
// Plain JavaScript on Node's own modules, because it runs before anything is installed. Does nothing when nothing changed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const OLDEST_NODE = [20, 20];

/** Runs a program in the project's root with its output shown; ends this process with its status if it fails. */
export function runOrExit(command, args, environment = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...environment },
    shell: process.platform === 'win32',
  });
  if (error) console.error(`Could not run ${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  console.error(
    `Expected Node >= ${OLDEST_NODE.join('.')} but received ${process.versions.node}. Install a newer Node.`,
  );
  process.exit(1);
}

function installPackages() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  // The lock file alone does not say whether a ROS was sourced when the optional rclnodejs was tried. The tests' own ROS
  // brings an rclnodejs of its own, and must not make anything be installed anew.
  const sourced = process.env.MLE_SAM_TEST_ROS === undefined ? process.env.ROS_DISTRO : undefined;
  const key = createHash('sha256')
    .update(lock)
    .update(sourced ?? '')
    .digest('hex');
  const marker = join(root, 'node_modules', '.mle-sam-setup');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === key) return;
  console.log('Installing packages ...');
  // onnxruntime-node would otherwise fetch several hundred MB of CUDA libraries at install time.
  runOrExit('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { ONNXRUNTIME_NODE_INSTALL: 'skip' });
  mkdirSync(dirname(marker), { recursive: true });
  writeFileSync(marker, key);
}

export function setUp() {
  checkNode();
  installPackages();
  runOrExit(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', root]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setUp();

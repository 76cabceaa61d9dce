// `node scripts/stage_package.mjs FOLDER`: makes in FOLDER/package what an installed node needs: the compiled program and
// its production packages, rclnodejs built for the ROS of this shell among them. Called by CMake; the source tree is only
// read. Work is redone when what it depends on has changed. Packages come from the registry, or from the folder
// `offline/` of an archive made by `npm run pack:offline`.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { mergeRos } from './merge_ros.mjs';
import { readOffline } from './offline.mjs';
import { checkNode, root } from './setup.mjs';
import { fail, hashOf, hashOfFiles, leaveOutDevelopment, leaveOutOtherPlatforms, once } from './staging.mjs';

const [folder] = process.argv.slice(2);
if (folder === undefined) fail('Expected the folder to stage the package in but received none.');
checkNode();
const compiler = join(resolve(folder), 'compiler');
const staged = join(resolve(folder), 'package');
const manifests = ['package.json', 'package-lock.json'];
const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const offline = readOffline(root, lock);

function run(command, args, cwd, environment = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd,
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  if (status !== 0) fail(`"${[command, ...args].join(' ')}" in ${cwd} failed${error ? `: ${error.message}` : ''}`);
}

/** Packages into an empty folder: from the archive where there is one, else from the registry. */
function installPackages(target, { omit }) {
  for (const name of manifests) cpSync(join(root, name), join(target, name));
  if (offline === undefined) {
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    run('npm', ['ci', ...quiet, ...(omit === undefined ? [] : [`--omit=${omit}`])], target);
    return;
  }
  cpSync(offline.packages, join(target, 'node_modules'), { recursive: true, verbatimSymlinks: true });
  if (omit === 'dev') leaveOutDevelopment(target, lock);
}

/** What in the environment rclnodejs is built for. */
function rosOfThisShell() {
  const { ROS_DISTRO, AMENT_PREFIX_PATH } = process.env;
  if (!ROS_DISTRO || !AMENT_PREFIX_PATH) {
    fail('Expected a sourced ROS 2 but ROS_DISTRO is not set: source /opt/ros/<distro>/setup.bash first.');
  }
  return [ROS_DISTRO, process.version, process.arch];
}

function stagePackages() {
  const key = hashOf(lock, offline?.key ?? '', ...rosOfThisShell());
  const packages = join(staged, 'node_modules');
  once(packages, key, () => {
    const work = join(resolve(folder), 'production');
    rmSync(work, { recursive: true, force: true });
    mkdirSync(work, { recursive: true });
    installPackages(work, { omit: 'dev' });
    cpSync(join(work, 'node_modules'), packages, { recursive: true, verbatimSymlinks: true });
    rmSync(work, { recursive: true });
    const rclnodejs = join(packages, 'rclnodejs');
    if (!existsSync(rclnodejs)) {
      fail('Expected npm to install rclnodejs but it left it out: it needs Node >= 20.20.2. Install a newer Node.');
    }
    buildRclnodejs(rclnodejs);
    leaveOutOtherPlatforms(packages);
  });
}

/**
 * A prebuilt binary where there is one for this Ubuntu and ROS, else built here. Not by its own install script: that
 * calls npx for a tool of development, and takes the folder above the command `ros2` for the root of ROS, which fails
 * where `ros2` is part of an overlay or not installed.
 */
function buildRclnodejs(rclnodejs) {
  const require = createRequire(join(rclnodejs, 'package.json'));
  if (require('./scripts/install.cjs').checkPrebuiltBinary()) return;
  const ros = mergeRos(join(resolve(folder), 'ros'));
  // Headers beside Node.js itself, as its packages and archives bring them, save the download.
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? ['--nodedir', prefix] : [];
  const gyp = require.resolve('node-gyp/bin/node-gyp.js');
  run(process.execPath, [gyp, '-j', '4', 'rebuild', ...headers], rclnodejs, {
    PATH: `${join(ros, 'bin')}:${process.env.PATH}`,
  });
}

/** What the npm package holds beside the compiled program; CMake installs models, configuration and Python, and a robot is no cluster. */
const otherFiles = [
  'LICENSE',
  ...files.filter((file) => !/^(dist\/src|models|config|deploy|samples|training\/.*)$/.test(file)),
];

function compile() {
  const key = hashOfFiles(root, ['src', 'tsconfig.json', ...manifests]);
  once(join(staged, 'dist'), key, () => {
    once(compiler, hashOf(lock, offline?.key ?? ''), () => installPackages(compiler, {}));
    for (const name of ['src', 'dist']) rmSync(join(compiler, name), { recursive: true, force: true });
    for (const name of ['src', 'tsconfig.json']) cpSync(join(root, name), join(compiler, name), { recursive: true });
    run(process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc'), '-p', '.'], compiler);
    cpSync(join(compiler, 'dist', 'src'), join(staged, 'dist', 'src'), { recursive: true });
  });
}

stagePackages();
compile();
for (const file of [...manifests, ...otherFiles]) {
  rmSync(join(staged, file), { recursive: true, force: true });
  cpSync(join(root, file), join(staged, file), { recursive: true });
}
// What an earlier version of the package had and this one has not.
const known = new Set(['node_modules', 'dist', ...[...manifests, ...otherFiles].map((file) => file.split('/')[0])]);
for (const name of readdirSync(staged)) {
  if (!known.has(name)) rmSync(join(staged, name), { recursive: true });
}

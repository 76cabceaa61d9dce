// `node scripts/stage_package.mjs FOLDER`: makes in FOLDER/package what an installed node needs: the compiled program and
// its production packages, rclnodejs built for the ROS of this shell among them. Called by CMake; the source tree is only
// read. Work is redone when what it depends on has changed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { checkNode, root } from './setup.mjs';

const [folder] = process.argv.slice(2);
if (folder === undefined) fail('Expected the folder to stage the package in but received none.');
checkNode();
const compiler = join(resolve(folder), 'compiler');
const staged = join(resolve(folder), 'package');
const manifests = ['package.json', 'package-lock.json'];
const lock = readFileSync(join(root, 'package-lock.json'));

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

function run(command, args, cwd) {
  // rclnodejs calls npx where it builds from source, which otherwise waits for an answer.
  const env = { ...process.env, npm_config_yes: 'true' };
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit', env });
  if (status !== 0) fail(`"${[command, ...args].join(' ')}" in ${cwd} failed${error ? `: ${error.message}` : ''}`);
}

/** Does `make` in an empty folder that then holds the manifests, unless it was done with the same key. */
function once(target, key, make) {
  const marker = join(target, '.made-from');
  const hash = createHash('sha256').update(key.join('\0')).digest('hex');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === hash) return;
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const name of manifests) cpSync(join(root, name), join(target, name));
  make();
  writeFileSync(marker, hash);
}

const NPM_CI = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

function compile() {
  once(compiler, [lock], () => run('npm', NPM_CI, compiler));
  rmSync(join(compiler, 'src'), { recursive: true, force: true });
  cpSync(join(root, 'src'), join(compiler, 'src'), { recursive: true });
  cpSync(join(root, 'tsconfig.json'), join(compiler, 'tsconfig.json'));
  run(process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc'), '-p', '.'], compiler);
}

/** What in the environment rclnodejs is built for. */
function rosOfThisShell() {
  const { ROS_DISTRO, AMENT_PREFIX_PATH } = process.env;
  if (!ROS_DISTRO || !AMENT_PREFIX_PATH) {
    fail('Expected a sourced ROS 2 but ROS_DISTRO is not set: source /opt/ros/<distro>/setup.bash first.');
  }
  return [ROS_DISTRO, process.version, process.arch];
}

function installPackages() {
  once(staged, [lock, ...rosOfThisShell()], () => {
    run('npm', [...NPM_CI, '--omit=dev'], staged);
    const rclnodejs = join(staged, 'node_modules', 'rclnodejs');
    if (!existsSync(rclnodejs)) {
      fail('Expected npm to install rclnodejs but it left it out: it needs Node >= 20.20.2. Install a newer Node.');
    }
    // Its install script alone; the one after it would generate interfaces, which happens when everything is installed.
    run(process.execPath, [join('scripts', 'install.cjs')], rclnodejs);
    leaveOutOtherPlatforms();
  });
}

/** onnxruntime-node brings the libraries of every platform, 250 MB of which are not this one's. */
function leaveOutOtherPlatforms() {
  const bin = join(staged, 'node_modules', 'onnxruntime-node', 'bin');
  for (const napi of readdirSync(bin)) {
    for (const platform of readdirSync(join(bin, napi))) {
      for (const arch of readdirSync(join(bin, napi, platform))) {
        if (platform === process.platform && arch === process.arch) continue;
        rmSync(join(bin, napi, platform, arch), { recursive: true });
      }
    }
  }
}

/** What the npm package holds beside the compiled program; CMake installs models and configuration. */
function otherFiles() {
  const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return ['LICENSE', ...files.filter((file) => !['dist/src', 'models', 'config', 'samples'].includes(file))];
}

installPackages();
compile();
for (const [from, to] of [
  [join(compiler, 'dist', 'src'), join(staged, 'dist', 'src')],
  ...otherFiles().map((file) => [join(root, file), join(staged, file)]),
]) {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true });
}

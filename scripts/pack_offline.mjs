// `npm run pack:offline -- [--arch x64|arm64] [--out FILE.tar.gz]`: an archive that colcon builds without a registry in
// reach: the sources of the package and, in `offline/`, its npm packages for the target's processor. Run where there is
// a registry; any Linux machine makes archives for the others.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './setup.mjs';
import { fail, hashOf, leaveOutOtherPlatforms, leaveOutPackages, runtimePackages } from './staging.mjs';

/** What `colcon build` reads of the source tree. */
const BUILD_SOURCES = JSON.parse(readFileSync(join(root, 'cmake', 'sources.json'), 'utf8'));
const ARCHITECTURES = ['x64', 'arm64'];

/** The lock file's packages that the build or the installed node needs: all but those of tests and linters. */
function neededPackages(lock) {
  const { packages } = JSON.parse(lock);
  const compilers = Object.keys(packages[''].devDependencies).filter((name) => /^(typescript$|@types\/)/.test(name));
  const needed = new Set(runtimePackages(lock));
  const add = (name) => {
    const path = `node_modules/${name}`;
    if (packages[path] === undefined || needed.has(path)) return;
    needed.add(path);
    const { dependencies, optionalDependencies } = packages[path];
    Object.keys({ ...dependencies, ...optionalDependencies }).forEach(add);
  };
  compilers.forEach(add);
  return needed;
}

function run(command, args, cwd) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (status !== 0) fail(`"${[command, ...args].join(' ')}" failed${error ? `: ${error.message}` : ''}`);
}

function pack({ arch, out }) {
  if (!ARCHITECTURES.includes(arch)) fail(`Expected ${ARCHITECTURES.join(' or ')} for --arch but received ${arch}.`);
  const work = mkdtempSync(join(tmpdir(), 'mle-sam-offline-'));
  try {
    const tree = join(work, 'mle_sam_ros');
    const offline = join(tree, 'offline');
    mkdirSync(offline, { recursive: true });
    for (const name of BUILD_SOURCES) {
      const isSource = (path) => !/__pycache__|\.egg-info/.test(path);
      cpSync(join(root, name), join(tree, name), { recursive: true, filter: isSource });
    }
    for (const name of ['package.json', 'package-lock.json']) cpSync(join(root, name), join(offline, name));
    const target = ['--os=linux', `--cpu=${arch}`, '--libc=glibc'];
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...target], offline);
    const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
    leaveOutPackages(offline, lock, neededPackages(lock));
    leaveOutOtherPlatforms(join(offline, 'node_modules'), { platform: 'linux', arch });
    const manifest = { platform: 'linux', arch, lock: hashOf(lock) };
    writeFileSync(join(offline, 'manifest.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
    mkdirSync(dirname(out), { recursive: true });
    run('tar', ['--create', '--gzip', '--file', out, '--directory', work, 'mle_sam_ros']);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  console.log(`${out}: ${(statSync(out).size / 1e6).toFixed(0)} MB, for Linux on ${arch}`);
  console.log('On the target: unpack it into the src folder of a workspace and run colcon build.');
}

const { values } = parseArgs({
  options: { arch: { type: 'string', default: process.arch }, out: { type: 'string' } },
});
pack({ arch: values.arch, out: resolve(values.out ?? join(root, 'out', `mle-sam-ros-offline-${values.arch}.tar.gz`)) });

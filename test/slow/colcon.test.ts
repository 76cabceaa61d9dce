import assert from 'node:assert/strict';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { loadBundle } from '../../src/model/index.js';
import { domainOf, Program, waitUntil } from '../ros/support/index.js';
import { type ColconBuild, ColconWorkspace, move, sourced } from '../ros/support/installed.js';
import type { ImageFields } from '../ros/support/messages.js';
import { machineShare, timed } from '../ros/support/pace.js';
import { Rig } from '../ros/support/rig.js';
import { townMessages } from '../ros/support/town.js';
import { projectRoot } from '../support/shared_data.js';

const LOOP_SECONDS = 4;
const PATIENT = { deadlineMs: 90_000 };
/** Promised after a crash, on a machine with time for it. */
const BACK_WITHIN_MS = 5000;

/** A build with nothing to do; of processor time, which a busy machine does not change. */
const NO_OP_SECONDS = 5;
const workspace = new ColconWorkspace();

describe('colcon build --symlink-install', function () {
  this.timeout(20 * 60_000);
  let build: ColconBuild;
  before(async () => {
    workspace.copySources();
    build = await workspace.build('linked', ['--symlink-install']);
  });
  after(() => workspace.clear('linked'));

  it('installs executables that `ros2 run` finds: links to files that may be executed', () => {
    for (const name of ['mle_sam', 'mle-sam']) {
      const file = join(build.installation, 'lib', 'mle_sam_ros', name);
      assert.ok(lstatSync(file).isSymbolicLink(), `${name} is a link`);
      assert.ok(statSync(file).mode & 0o111, `${name} may be executed`);
    }
  });

  it('takes models and configuration through their links', async () => {
    const program = join(build.installation, 'lib', 'mle_sam_ros', 'mle-sam');
    const model = join(build.installation, 'share', 'mle_sam_ros', 'models', 'reference');
    assert.ok(lstatSync(join(model, 'encoder.onnx')).isSymbolicLink());
    const inspect = Program.start(program, ['inspect', model, '--no-providers'], { env: sourced(build.installation) });
    assert.deepEqual(await inspect.end(PATIENT), { code: 0, signal: null }, inspect.lines.join('\n'));
  });

  it(`has next to nothing to do a second time: less than ${NO_OP_SECONDS} s of processor time`, async () => {
    const generated = join(build.installation, 'share', 'mle_sam_ros', 'node_modules', 'rclnodejs', 'generated');
    const before = statSync(join(generated, '.made-from')).mtimeMs;
    const { cpuSeconds } = await workspace.build('linked', ['--symlink-install']);
    assert.ok(cpuSeconds < NO_OP_SECONDS, `it took ${cpuSeconds.toFixed(1)} s`);
    assert.equal(statSync(join(generated, '.made-from')).mtimeMs, before, 'interfaces were not generated again');
  });
});

describe('The package installed by colcon', function () {
  this.timeout(20 * 60_000);
  const domain = domainOf(import.meta.url);
  let installation: string;
  let share: string;
  let rig: Rig;

  before(async () => {
    installation = join(mkdtempSync(join(tmpdir(), 'mle-sam-colcon-')), 'install');
    share = join(installation, 'share', 'mle_sam_ros');
    workspace.copySources();
    const built = await workspace.build('install');
    workspace.clear();
    move(built.installation, installation);
    const messages = await townMessages(LOOP_SECONDS);
    rig = new Rig({ messages, loop: LOOP_SECONDS, domain, listen: ['mask'], env: profile() });
    await rig.program.line('ready', PATIENT);
    await rig.tell({ play: true });
  });
  after(async () => {
    await rig?.stop();
    rmSync(join(installation, '..'), { recursive: true, force: true });
  });

  const files = (folder: string) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name));
  const generated = () => files(join(share, 'node_modules', 'rclnodejs', 'generated'));
  // As launch sets it, and as drivers should have it.
  const profile = () => ({ FASTDDS_DEFAULT_PROFILES_FILE: join(share, 'config', 'fastdds_large_images.xml') });
  const executable = (name: string) => join(installation, 'lib', 'mle_sam_ros', name);

  it('has two executables for `ros2 run` to find', () => {
    const found = files(join(installation, 'lib', 'mle_sam_ros')).filter((file) => statSync(file).mode & 0o111);
    assert.deepEqual(found.sort(), [executable('mle-sam'), executable('mle_sam')]);
  });

  it('has every message, service, launch file, configuration and model', async () => {
    for (const folder of ['msg', 'srv', 'launch', 'config', 'models']) {
      const expected = files(join(projectRoot, folder)).map((file) => relative(projectRoot, file));
      const tracked = expected.filter((file) => !file.includes('__pycache__'));
      assert.ok(tracked.length > 0, `${folder} holds something`);
      for (const file of tracked) {
        const isSame = readFileSync(join(share, file)).equals(readFileSync(join(projectRoot, file)));
        assert.ok(isSame, `${file} is installed as it is in the sources`);
      }
    }
    const { name } = await loadBundle(join(share, 'models', 'reference'));
    assert.equal(name, 'reference');
  });

  it('stands on its own: no link leads out of it, and no development package came along', () => {
    const root = realpathSync(installation) + sep;
    const links = files(installation).filter((file) => lstatSync(file).isSymbolicLink());
    for (const link of links) assert.ok(realpathSync(link).startsWith(root), `${link} leads out`);
    const packages = readdirSync(join(share, 'node_modules'));
    for (const name of ['rclnodejs', 'onnxruntime-node', 'sharp'])
      assert.ok(packages.includes(name), `${name} is there`);
    for (const name of ['typescript', 'mocha', 'tsx']) assert.ok(!packages.includes(name), `${name} is not there`);
  });

  it('has JavaScript interfaces of its own and of all other packages', () => {
    const names = new Set(generated().map((file) => file.split(sep).at(-1)));
    for (const name of ['mle_sam_ros__srv__SetModality.js', 'mle_sam_ros__msg__SemanticMask.js'])
      assert.ok(names.has(name), `${name} is there`);
    assert.ok(names.has('lifecycle_msgs__srv__ChangeState.js'), 'those of ROS itself are there');
  });

  it('offers the command line', async () => {
    const help = Program.start(executable('mle-sam'), ['--help'], { cwd: tmpdir(), env: sourced(installation) });
    assert.deepEqual(await help.end(PATIENT), { code: 0, signal: null });
    for (const command of ['replay', 'inject', 'monitor'])
      assert.ok(
        help.lines.some((line) => line.startsWith(`  ${command} `)),
        `${command} is listed`,
      );
  });

  it('makes masks with the model it brought along, and is there again after a crash', async () => {
    const before = generated().length;
    // What launch's respawn does.
    const loop = `while true; do "${executable('mle_sam')}"; sleep 0.5; done`;
    const supervisor = Program.start('sh', ['-c', loop], {
      cwd: tmpdir(),
      env: { ...sourced(installation), ...profile(), ROS_DOMAIN_ID: String(domain) },
    });
    try {
      const first = (await rig.more<ImageFields>('mask', 3, PATIENT)).at(-1)!;
      assert.equal(first.fields.encoding, 'mono8');
      assert.equal(generated().length, before, 'nothing was left to generate');
      const node = nodeOf(supervisor.pid);
      const maps = readFileSync(`/proc/${node}/maps`, 'utf8');
      assert.ok(maps.includes(join(share, 'node_modules', 'onnxruntime-node')), 'runs the installed ONNX Runtime');
      assert.ok(!maps.includes(join(projectRoot, 'node_modules')), 'runs nothing of the source tree');

      process.kill(node, 'SIGKILL');
      await waitUntil('the end of the node', () => !isRunning(node));
      rig.forget();
      const backMs = await timed(() => rig.more('mask', 1, PATIENT));
      // A busy machine is given what it is short of.
      assert.ok(backMs < BACK_WITHIN_MS / machineShare(), `masks were back after ${backMs.toFixed(0)} ms`);
      assert.notEqual(nodeOf(supervisor.pid), node);

      const second = nodeOf(supervisor.pid);
      process.kill(second, 'SIGTERM');
      await waitUntil('the end of the node that was asked to end', () => !isRunning(second));
    } finally {
      supervisor.kill();
    }
  });
});

/** The process the supervisor has started last. */
function nodeOf(supervisor: number): number {
  const children = readFileSync(`/proc/${supervisor}/task/${supervisor}/children`, 'utf8').trim().split(' ');
  return Number(children.at(-1));
}

function isRunning(pid: number): boolean {
  try {
    // A zombie has no command line.
    return readFileSync(`/proc/${pid}/cmdline`).length > 0;
  } catch {
    return false;
  }
}

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from '../ros/support/index.js';
import { ColconWorkspace, sourced } from '../ros/support/installed.js';
import { projectRoot } from '../support/shared_data.js';

const PATIENT = { deadlineMs: 120_000 };
/** Runs a command where no network is, as another user's root where only root may have that. */
const WITHOUT_NETWORK = [
  ['unshare', '--net'],
  ['unshare', '--map-root-user', '--net'],
].find(([program = '', ...args]) => spawnSync(program, [...args, 'true']).status === 0);

const why =
  process.env.MLE_SAM_TEST_ROS === undefined ? 'there is no ROS' : 'unshare may not take the network away here';
const isPossible = WITHOUT_NETWORK !== undefined && process.env.MLE_SAM_TEST_ROS !== undefined;
const suite = isPossible ? describe : describe.skip;

suite(`The archive of npm run pack:offline${isPossible ? '' : ` (not run: ${why})`}`, function () {
  this.timeout(13 * 60_000);
  const folder = mkdtempSync(join(tmpdir(), 'mle-sam-offline-'));
  const archive = join(folder, 'mle-sam.tar.gz');
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is built by colcon where no network is, and what is installed runs', async () => {
    const pack = join(projectRoot, 'scripts', 'pack_offline.mjs');
    execFileSync(process.execPath, [pack, '--out', archive], { stdio: ['ignore', 'ignore', 'inherit'] });
    const workspace = new ColconWorkspace(join(folder, 'workspace'));
    workspace.unpack(archive);
    const { installation } = await workspace.build('install', [], WITHOUT_NETWORK);

    const share = join(installation, 'share', 'mle_sam_ros');
    const packages = join(share, 'node_modules');
    for (const name of ['rclnodejs', 'onnxruntime-node', 'sharp']) assert.ok(existsSync(join(packages, name)), name);
    // With its native part loaded, and the node's way to ROS.
    const program = join(installation, 'lib', 'mle_sam_ros', 'mle-sam');
    const model = join(share, 'models', 'reference');
    const [command = '', ...args] = [...WITHOUT_NETWORK!, program, 'inspect', model];
    const inspect = Program.start(command, args, { cwd: folder, env: sourced(installation) });
    assert.deepEqual(await inspect.end(PATIENT), { code: 0, signal: null }, inspect.lines.join('\n'));
    const generated = join(packages, 'rclnodejs', 'generated', 'mle_sam_ros', 'mle_sam_ros__srv__SetModality.js');
    assert.ok(existsSync(generated), 'JavaScript interfaces were generated');
  });
});

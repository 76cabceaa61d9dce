import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { RawMessage } from '../../src/messages/index.js';
import { cameraInfo, header, raw } from '../sensors/support/messages.js';
import { projectRoot } from '../support/shared_data.js';
import { stampAt } from '../support/tiny_rig.js';
import { domainOf, type Program } from './support/index.js';
import type { ImageFields } from './support/messages.js';
import { startNode, TINY_BUNDLE } from './support/node.js';
import { affordablePace } from './support/pace.js';
import { Rig } from './support/rig.js';

const PATIENT = { deadlineMs: 60_000 };
const SIDE = 1024;
const FRAMES = 4;
const profile = join(projectRoot, 'config', 'fastdds_large_images.xml');
/** The variable's name until Jazzy, and since; where both are set, the file is read twice and refused. */
const isOld = ['humble', 'jazzy'].includes(process.env.ROS_DISTRO ?? '');
const env = { [isOld ? 'FASTRTPS_DEFAULT_PROFILES_FILE' : 'FASTDDS_DEFAULT_PROFILES_FILE']: profile };

describe('The node and large pictures', function () {
  this.timeout(120_000);
  const domain = domainOf(import.meta.url);
  let rig: Rig;
  let node: Program;

  before(async () => {
    const args = ['--clock', '--stamps', 'recorded', '--rate', String(affordablePace()), '--wait-for-masks'];
    rig = new Rig({ messages: largePictures(), loop: FRAMES / 10, domain, listen: ['mask'], args, env });
    node = startNode(domain, { model: TINY_BUNDLE, use_sim_time: true }, { env });
    await Promise.all([rig.program.line('ready', PATIENT), node.line('Active.', PATIENT)]);
    await rig.heardOn(['/camera/camera_info', '/camera/image']);
    await rig.tell({ play: true });
  });
  after(async () => {
    await Promise.all([rig?.stop(), node?.stop()]);
  });

  it('hears 1024x1024 sent best effort with the Fast DDS profile that comes with the package', async () => {
    // Long enough for two of them to be overtaken where the node is held up.
    const masks = await rig.more<ImageFields>('mask', 40, PATIENT);
    const [first, last] = [masks[0]!.stamp, masks.at(-1)!.stamp];
    const sent = rig.sent('/camera/image').filter(({ stamp }) => stamp! >= first && stamp! <= last);
    const made = new Set(masks.map(({ stamp }) => stamp));
    const share = sent.filter(({ stamp }) => made.has(stamp!)).length / sent.length;
    assert.ok(share >= 0.95, `a mask of ${(100 * share).toFixed(0)} % of ${sent.length} pictures`);
    const { width, height, encoding } = masks.at(-1)!.fields;
    assert.deepEqual({ width, height, encoding }, { width: SIDE, height: SIDE, encoding: 'mono8' });
  });
});

/** A camera at 10 Hz whose pictures have three megabytes, and no two are alike. */
function largePictures(): RawMessage[] {
  return Array.from({ length: FRAMES }, (_, k) => {
    const stamp = stampAt(k / 10);
    const data = new Uint8Array(3 * SIDE * SIDE).map((_, i) => 40 + ((i * 7 + k * 13) % 101));
    const size = { height: SIDE, width: SIDE };
    const picture = {
      header: header('camera', stamp),
      ...size,
      encoding: 'rgb8',
      is_bigendian: 0,
      step: 3 * SIDE,
      data,
    };
    const k9 = [800, 0, 511.5, 0, 800, 511.5, 0, 0, 1];
    const info = cameraInfo({
      header: header('camera', stamp),
      ...size,
      k: k9,
      p: [800, 0, 511.5, 0, 0, 800, 511.5, 0, 0, 0, 1, 0],
    });
    return [
      raw('/camera/camera_info', 'sensor_msgs/msg/CameraInfo', info, stamp),
      raw('/camera/image', 'sensor_msgs/msg/Image', picture, stamp),
    ];
  }).flat();
}

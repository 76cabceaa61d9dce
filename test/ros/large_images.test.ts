import assert from 'node:assert/strict';
import { join } from 'node:path';
import { projectRoot } from '../support/shared_data.js';
import { domainOf, Program } from './support/index.js';
import { startNode, TINY_BUNDLE } from './support/node.js';

const PATIENT = { deadlineMs: 90_000 };
const SENT = 50;

describe('Large best-effort images', function () {
  this.timeout(180_000);
  // Fast DDS reads the profile when the process starts; peers inherit this process's variables.
  const profile = join(projectRoot, 'config', 'fastdds_large_images.xml');
  const domain = domainOf(import.meta.url);
  let node: Program;
  let camera: Program;

  before(async () => {
    node = startNode(domain, { model: TINY_BUNDLE });
    await node.line('Active.', PATIENT);
    const script = join(projectRoot, 'test', 'ros', 'peers', 'large_camera.py');
    camera = Program.start('python', ['-u', script, String(SENT), '10'], {
      env: {
        ROS_DOMAIN_ID: String(domain),
        // Jazzy's Fast DDS reads the first, Kilted's the second.
        FASTRTPS_DEFAULT_PROFILES_FILE: profile,
        FASTDDS_DEFAULT_PROFILES_FILE: profile,
      },
    });
  });
  after(async () => {
    await Promise.all([node?.stop(), camera?.stop()]);
  });

  it('of 1024x1024 arrive where the camera’s process has the profile of this package, and become masks', async () => {
    const line = await camera.line('"sent"', PATIENT);
    const { received, masks, sizes } = JSON.parse(line) as { received: number; masks: number; sizes: number[][] };
    assert.ok(received >= 0.9 * SENT, `${received} of ${SENT} arrived`);
    assert.ok(masks > 0, `${masks} masks`);
    assert.deepEqual(sizes, [[1024, 1024]]);
  });
});

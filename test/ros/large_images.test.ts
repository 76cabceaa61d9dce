import assert from 'node:assert/strict';
import { join } from 'node:path';
import { projectRoot } from '../support/shared_data.js';
import { domainOf, Program } from './support/index.js';
import { startNode, TINY_BUNDLE } from './support/node.js';

const PATIENT = { deadlineMs: 90_000 };
const SENT = 50;
/** Pictures of 3 MB, for which the profile has room, and of 12 MB, most of which the default transport loses. */
const LARGE = 1024;
const HUGE = 2048;

interface Sent {
  received: number;
  masks: number;
  sizes: number[][];
  /** As the node's middleware counted them. */
  lost: number;
  /** What the node's diagnostics advised while pictures were sent, each with level and message. */
  told: Record<string, [level: number, message: string]>;
}

describe('Large best-effort images', function () {
  this.timeout(180_000);
  const profile = join(projectRoot, 'config', 'fastdds_large_images.xml');
  const domain = domainOf(import.meta.url);

  /** Sends square pictures to a new node. Fast DDS reads the profile when a process starts. */
  async function send(size: number, env: Readonly<Record<string, string>>): Promise<Sent> {
    const node = startNode(domain, { model: TINY_BUNDLE });
    await node.line('Active.', PATIENT);
    const camera = Program.peer('large_camera.py', [String(SENT), '10', String(size)], domain, env);
    try {
      return JSON.parse(await camera.line('"sent"', PATIENT)) as Sent;
    } finally {
      await Promise.all([camera.stop(), node.stop()]);
    }
  }

  it('do not arrive, or only some, without the profile of this package: diagnostics say so, and name it', async () => {
    const { received, told, lost } = await send(HUGE, {});
    console.log(`      ${received} of ${SENT} arrived, the middleware counts ${lost} as lost`);
    assert.ok(received < 0.7 * SENT, `${received} of ${SENT} arrived: this transport has room for them`);
    const [toDo, [level, message]] = Object.entries(told).at(-1) ?? ['', [0, '']];
    assert.match(toDo, /start the publisher with the Fast DDS profile config\/fastdds_large_images\.xml/);
    assert.ok(level > 0, message);
    assert.match(
      message,
      /publisher on \/camera\/image, but no|messages a second arrive on \/camera\/image|messages of \/camera\/image were lost/,
    );
  });

  it('arrive where the camera’s process has the profile, and become masks', async () => {
    // Jazzy's Fast DDS reads the first, Kilted's the second.
    const names = ['FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'];
    const { received, masks, sizes } = await send(LARGE, Object.fromEntries(names.map((name) => [name, profile])));
    assert.ok(received >= 0.9 * SENT, `${received} of ${SENT} arrived`);
    assert.ok(masks > 0, `${masks} masks`);
    assert.deepEqual(sizes, [[LARGE, LARGE]]);
  });
});

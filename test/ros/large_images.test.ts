import assert from 'node:assert/strict';
import { join } from 'node:path';
import { projectRoot } from '../support/shared_data.js';
import { domainOf, Program } from './support/index.js';
import { startNode, TINY_BUNDLE } from './support/node.js';
import { affordablePace } from './support/pace.js';

const PATIENT = { deadlineMs: 90_000 };
const SENT = 50;
/** Pictures a second. */
const RATE = 10;
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
  // Jazzy's Fast DDS reads the first, Kilted's the second.
  const variables = ['FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'];
  const withProfile = Object.fromEntries(variables.map((name) => [name, profile]));
  const domain = domainOf(import.meta.url);

  /** Sends square pictures to a new node, all but `withheld` of ten. Fast DDS reads the profile when a process starts. */
  async function send(
    size: number,
    env: Readonly<Record<string, string>>,
    { withheld = 0, rate = RATE } = {},
  ): Promise<Sent> {
    const node = startNode(domain, { model: TINY_BUNDLE });
    await node.line('Active.', PATIENT);
    const sizes = [String(SENT), String(rate), String(size), String(withheld)];
    const camera = Program.peer('large_camera.py', sizes, domain, env);
    try {
      return JSON.parse(await camera.line('"sent"', PATIENT)) as Sent;
    } finally {
      await Promise.all([camera.stop(), node.stop()]);
    }
  }

  /** Diagnostics advised the profile, and said with a level above OK what is missing of which topic. */
  function assertAdvised({ told }: Sent): void {
    const advice = Object.entries(told).filter(([toDo]) =>
      /start the publisher with the Fast DDS profile config\/fastdds_large_images\.xml/.test(toDo),
    );
    assert.ok(advice.length > 0, JSON.stringify(told));
    for (const [, [level, message]] of advice) {
      assert.ok(level > 0, message);
      assert.match(message, /\/camera\/image/);
    }
  }

  it('do not arrive, or only some, without the profile of this package: diagnostics say so, and name it', async function () {
    const sent = await send(HUGE, {});
    console.log(`      ${sent.received} of ${SENT} arrived, the middleware counts ${sent.lost} as lost`);
    // How many are lost depends on the buffers of the machine's kernel. None may be lost, and then none is told.
    if (sent.received > 0.8 * SENT) this.skip();
    assertAdvised(sent);
  });

  it('that do not arrive while their CameraInfo does are told, whatever this machine loses', async () => {
    const sent = await send(LARGE, withProfile, { withheld: 4 });
    assert.ok(sent.received < 0.7 * SENT, `${sent.received} of ${SENT} arrived`);
    assertAdvised(sent);
  });

  it('arrive where the camera’s process has the profile, and become masks', async () => {
    // As fast as the machine can take them: none waits for a node that is held up until the next ones push it out.
    const { received, masks, sizes } = await send(LARGE, withProfile, { rate: RATE * affordablePace() });
    assert.ok(received >= 0.9 * SENT, `${received} of ${SENT} arrived`);
    assert.ok(masks > 0, `${masks} masks`);
    assert.deepEqual(sizes, [[LARGE, LARGE]]);
  });
});

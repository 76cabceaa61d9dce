import assert from 'node:assert/strict';
import type { RawMessage } from '../../src/messages/index.js';
import { domainOf, type Program, waitUntil } from './support/index.js';
import type { ImageFields } from './support/messages.js';
import { startNode, TINY_BUNDLE } from './support/node.js';
import { affordablePace } from './support/pace.js';
import { Rig } from './support/rig.js';
import { TOWN_HEARD, TOWN_TOPICS, townMessages } from './support/town.js';

const LOOP_SECONDS = 3;
const PATIENT = { deadlineMs: 90_000 };
/** What exact-time synchronisers pair with each other: message_filters.TimeSynchronizer compares whole stamps. */
const PAIRS_WANTED = 25;

/** The same message under another stamp. */
function stamped(message: RawMessage, change: (stamp: bigint) => bigint): RawMessage {
  const data = message.data.slice();
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const stamp = change(BigInt(view.getInt32(4, true)) * 1_000_000_000n + BigInt(view.getUint32(8, true)));
  view.setInt32(4, Number(stamp / 1_000_000_000n), true);
  view.setUint32(8, Number(stamp % 1_000_000_000n), true);
  return { ...message, data };
}

describe('The stamps of the node on a graph', function () {
  this.timeout(180_000);
  const domain = domainOf(import.meta.url);
  let rig: Rig;
  let node: Program;

  before(async () => {
    const messages = await townMessages(LOOP_SECONDS);
    // A LiDAR that counts from its own start speaks first; the camera stamps to the nanosecond.
    const uptime = (stamp: bigint) => stamp % 1_000_000_000n;
    const changed = messages.map((message) => {
      if (message.topic === TOWN_TOPICS.lidar) return stamped(message, uptime);
      return message.topic.startsWith('/camera/') ? stamped(message, (stamp) => stamp + 123n) : message;
    });
    const lidar = changed.find(({ topic }) => topic === TOWN_TOPICS.lidar)!;
    const first = { ...lidar, receiveStamp: changed[0]!.receiveStamp };
    const args = ['--clock', '--stamps', 'recorded', '--rate', String(affordablePace()), '--wait-for-masks'];
    rig = new Rig({ messages: [first, ...changed], loop: LOOP_SECONDS, domain, listen: ['mask'], args });
    node = startNode(domain, { model: TINY_BUNDLE, use_sim_time: true });
    await Promise.all([rig.program.line('ready', PATIENT), node.line('Active.', PATIENT)]);
  });
  after(async () => {
    await Promise.all([rig?.stop(), node?.stop()]);
  });

  it('are those of the camera to the nanosecond, so that image and mask are paired by exact time', async () => {
    await rig.heardOn(TOWN_HEARD);
    await rig.tell({ play: true });
    const masks = () => rig.received<ImageFields>('mask');
    await waitUntil(`${PAIRS_WANTED} masks`, () => masks().length >= PAIRS_WANTED, { deadlineMs: 120_000 });
    const images = new Set(rig.sent(TOWN_TOPICS.camera).map(({ stamp }) => stamp));
    const unpaired = masks().filter(({ stamp }) => !images.has(stamp));
    assert.deepEqual(
      unpaired.map(({ stamp }) => stamp),
      [],
    );
    assert.ok(masks().every(({ stamp }) => stamp % 1000n === 123n));
  });
});

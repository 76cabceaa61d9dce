import assert from 'node:assert/strict';
import { domainOf, type Program, waitUntil } from './support/index.js';
import {
  type DiagnosticsFields,
  type ImageFields,
  LEVEL,
  type SemanticMaskFields,
  STATE,
  type StatusFields,
} from './support/messages.js';
import { startNode, TINY_BUNDLE } from './support/node.js';
import { affordablePace } from './support/pace.js';
import { type ReplayedFrame, replayTown } from './support/replayed.js';
import { Rig } from './support/rig.js';
import { TOWN_HEARD, TOWN_TOPICS, townMessages } from './support/town.js';

type Modality = keyof typeof TOWN_TOPICS;

/** Camera, depth and LiDAR at 10 Hz, events at 50; the camera works all this time. */
const LOOP_SECONDS = 5;
const LISTENED = ['mask', 'confidence', 'label_info', 'semantic_mask', 'modality_status', '/diagnostics'];
const HALF_PERIOD_NS = 50e6;
const WARM_UP_MASKS = 10;
const PATIENT = { deadlineMs: 60_000 };

describe('The node on a graph with four sensors', function () {
  this.timeout(180_000);
  const domain = domainOf(import.meta.url);
  const pace = affordablePace();
  let node: Program;
  let rig: Rig;
  let replayed: ReadonlyMap<bigint, ReplayedFrame>;

  before(async () => {
    const messages = await townMessages(LOOP_SECONDS);
    replayed = await replayTown(TINY_BUNDLE, LOOP_SECONDS);
    const args = ['--clock', '--stamps', 'recorded', '--rate', String(pace), '--wait-for-masks'];
    rig = new Rig({ messages, loop: LOOP_SECONDS, domain, listen: LISTENED, args });
    node = startNode(domain, { model: TINY_BUNDLE, use_sim_time: true });
    await Promise.all([node.line('Active.', PATIENT), rig.program.line('ready', PATIENT)]);
    await rig.heardOn(TOWN_HEARD);
    await rig.tell({ play: true });
    await rig.more('mask', WARM_UP_MASKS + 55, { deadlineMs: 120_000 });
  });
  after(async () => {
    await Promise.all([node?.stop(), rig?.stop()]);
  });

  const masks = () => rig.received<ImageFields>('mask');
  const wholes = () => rig.received<SemanticMaskFields>('semantic_mask');
  /** Waits until simulated time has gone on. */
  const pass = async (seconds: number) => {
    const until = rig.time + BigInt(Math.round(seconds * 1e9));
    await waitUntil(`${seconds} s of simulated time`, () => rig.time >= until, PATIENT);
  };

  it('makes a mask of nearly every camera frame', () => {
    // The first pictures come while code is still being compiled.
    const [first, last] = [masks()[WARM_UP_MASKS]!.stamp, masks().at(-1)!.stamp];
    const frames = rig.sent(TOWN_TOPICS.camera).filter(({ stamp }) => stamp! >= first && stamp! <= last);
    const made = new Set(masks().map(({ stamp }) => stamp));
    assert.ok(frames.length >= 50, `${frames.length} frames prove something`);
    const share = frames.filter(({ stamp }) => made.has(stamp!)).length / frames.length;
    assert.ok(share >= 0.95, `a mask of ${(100 * share).toFixed(1)} % of the frames`);
    assert.ok(
      masks().every(({ stamp }, k) => k === 0 || stamp > masks()[k - 1]!.stamp),
      'stamps rise',
    );
  });

  it('publishes masks and confidences as images on the camera image', () => {
    for (const topic of ['mask', 'confidence']) {
      const { digest, ...fields } = rig.received<ImageFields>(topic).at(-1)!.fields;
      const expected = { encoding: 'mono8', width: 640, height: 384, step: 640, is_bigendian: 0 };
      assert.deepEqual(fields, { frame: 'camera_optical', ...expected });
      assert.match(digest, /^[0-9a-f]{64}$/);
    }
  });

  it('says once what the class ids mean, for whoever comes late', () => {
    const infos = rig.received<{ classes: Record<string, string> }>('label_info');
    assert.equal(infos.length, 1);
    const { classes } = infos[0]!.fields;
    assert.equal(Object.keys(classes).length, 16);
    assert.equal(classes['255'], 'unlabeled');
    const { fields } = wholes().at(-1)!;
    for (const [id, [name]] of Object.entries(fields.classes)) assert.equal(classes[id], name);
  });

  it('makes the very masks the replay makes of the same messages', () => {
    let compared = 0;
    for (const { stamp, fields } of wholes()) {
      const expected = replayed.get(stamp);
      if (expected === undefined) continue;
      const present = new Map(fields.present.map((modality, k) => [modality, BigInt(fields.presentStamps[k]!)]));
      // Before discovery was complete a sensor may have been missing.
      if (present.size < expected.present.size) continue;
      assert.deepEqual(present, expected.present);
      assert.equal(fields.mask.digest, expected.mask, `the mask of ${stamp}`);
      assert.equal(fields.confidence.digest, expected.confidence, `the confidence of ${stamp}`);
      compared++;
    }
    assert.ok(compared >= 0.9 * replayed.size, `${compared} of ${replayed.size} masks of the replay`);
  });

  it('sends the same mask alone and in the message with everything', () => {
    const alone = new Map(masks().map(({ stamp, fields }) => [stamp, fields.digest]));
    const both = wholes().filter(({ stamp }) => alone.has(stamp));
    assert.ok(both.length >= 40, `${both.length} masks came both ways`);
    for (const { stamp, fields } of both) assert.equal(fields.mask.digest, alone.get(stamp));
    const ofAll = wholes().filter(({ fields }) => fields.present.length === 4);
    assert.ok(ofAll.length >= 40, `${ofAll.length} masks of all sensors`);
    const { present, routing, routingLevels } = ofAll.at(-1)!.fields;
    assert.deepEqual(present, ['camera', 'depth', 'events', 'lidar']);
    assert.equal(routing.length, routingLevels * present.length);
    for (let level = 0; level < routingLevels; level++) {
      const row = routing.slice(level * present.length, (level + 1) * present.length);
      assert.ok(Math.abs(row.reduce((sum, weight) => sum + weight, 0) - 1) < 1e-3, 'the weights of a level sum to 1');
    }
  });

  it('tells how every sensor fares', async () => {
    // At any one moment a sensor may be late.
    const isActive = ({ state }: StatusFields['modalities'][number]) => state === STATE.active;
    const { fields } = await waitUntil(
      'a status with four active sensors',
      () => rig.received<StatusFields>('modality_status').findLast((told) => told.fields.modalities.every(isActive)),
      PATIENT,
    );
    assert.equal(fields.reference, 'camera');
    const described = fields.modalities.map(({ name, topic, type, state }) => ({ name, topic, type, state }));
    const compressed = 'sensor_msgs/msg/CompressedImage';
    assert.deepEqual(described, [
      { name: 'camera', topic: TOWN_TOPICS.camera, type: compressed, state: STATE.active },
      { name: 'depth', topic: TOWN_TOPICS.depth, type: compressed, state: STATE.active },
      { name: 'events', topic: TOWN_TOPICS.events, type: 'event_camera_msgs/msg/EventPacket', state: STATE.active },
      { name: 'lidar', topic: TOWN_TOPICS.lidar, type: 'sensor_msgs/msg/PointCloud2', state: STATE.active },
    ]);
    const statuses = () => rig.received<DiagnosticsFields>('/diagnostics').at(-1)?.fields.statuses ?? [];
    const isCalm = () => statuses().length > 0 && statuses().every(({ level }) => level <= LEVEL.warn);
    try {
      await waitUntil('diagnostics without an error', isCalm, PATIENT);
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${JSON.stringify(statuses())}`);
    }
    assert.ok(statuses().length >= 6, 'one status a modality, one each for sync and inference');
  });

  for (const modality of Object.keys(TOWN_TOPICS) as Modality[]) {
    it(`goes on without ${modality} and takes it back, without a restart`, async () => {
      const topic = TOWN_TOPICS[modality];
      await pass(0.5);
      await rig.tell({ mute: [topic] });
      const silentFrom = rig.sent(topic).at(-1)!.stamp!;
      // Long enough for one frame in twenty to be lost.
      await pass(2.2);
      await rig.tell({ unmute: [topic] });
      const isBack = () => rig.sent(topic).find(({ stamp }) => stamp! > silentFrom)?.stamp;
      const silentTo = await waitUntil(`${modality} again`, isBack, PATIENT);
      await pass(1.2);

      const degraded = wholes().find(({ stamp, fields }) => stamp > silentFrom && isWithout(fields, modality));
      assert.ok(degraded, 'a mask without it');
      const degradeMs = Number(degraded.stamp - silentFrom) / 1e6;
      assert.ok(degradeMs <= 300, `the first mask without it lies ${degradeMs} ms after its last sample`);
      const recovered = wholes().find(({ stamp, fields }) => stamp >= silentTo && !isWithout(fields, modality));
      assert.ok(recovered, 'a mask with it again');
      const recoverMs = Number(recovered.stamp - silentTo) / 1e6;
      assert.ok(recoverMs <= 600, `the first mask with it lies ${recoverMs} ms after its first sample`);

      const pacer = modality === 'camera' ? 'depth' : 'camera';
      const frames = rig.sent(TOWN_TOPICS[pacer]).filter(({ stamp }) => stamp! > silentFrom && stamp! < silentTo);
      // A picture of the instant at which the other sensor stopped or began is in that one's mask, under its stamp.
      const made = wholes().map(({ stamp }) => stamp);
      const isCovered = (frame: bigint) => made.some((stamp) => Math.abs(Number(stamp - frame)) < HALF_PERIOD_NS);
      const covered = frames.filter(({ stamp }) => isCovered(stamp!)).length;
      assert.ok(frames.length >= 20, `${frames.length} frames without ${modality}`);
      assert.ok(covered >= 0.95 * frames.length, `a mask of ${covered} of ${frames.length} frames`);
      const told = rig.received<StatusFields>('modality_status');
      assert.ok(
        told.some(({ stamp, fields }) => stamp > silentFrom && stateOf(fields, modality) === STATE.dropped),
        'the status said so',
      );
    });
  }

  it('publishes nothing while every sensor is silent, and goes on when they are back', async () => {
    await pass(0.5);
    await rig.tell({ mute: Object.values(TOWN_TOPICS) });
    await pass(1);
    rig.forget();
    await pass(1);
    assert.equal(masks().length, 0, 'no mask of nothing');
    const isError = ({ fields }: { fields: DiagnosticsFields }) =>
      fields.statuses.some(({ level }) => level === LEVEL.error);
    await waitUntil(
      'an error in the diagnostics',
      () => rig.received<DiagnosticsFields>('/diagnostics').some(isError),
      PATIENT,
    );
    await rig.tell({ unmute: Object.values(TOWN_TOPICS) });
    await waitUntil('a mask of all four', () => wholes().some(({ fields }) => fields.present.length === 4), PATIENT);
    assert.equal(node.ending, undefined);
  });
});

function isWithout({ present }: SemanticMaskFields, modality: string): boolean {
  return !present.includes(modality);
}

function stateOf({ modalities }: StatusFields, modality: string): number | undefined {
  return modalities.find(({ name }) => name === modality)?.state;
}

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { projectRoot } from '../support/shared_data.js';
import { domainOf, type Program, waitUntil } from './support/index.js';
import type { DiagnosticsFields, ImageFields, SemanticMaskFields } from './support/messages.js';
import { startNode, TINY_BUNDLE } from './support/node.js';
import { affordablePace } from './support/pace.js';
import { type ReplayedFrame, replayTown } from './support/replayed.js';
import { Rig } from './support/rig.js';
import { TOWN_TOPICS, townMessages } from './support/town.js';

const REFERENCE_BUNDLE = join(projectRoot, 'models', 'reference');
const PATIENT = { deadlineMs: 90_000 };
/** The reference model takes a tenth of a second for a frame on two idle cores, which other tests may not leave it. */
const MODEL_PACE = 0.35;
const SECONDS = 2;

describe('The node under simulated time', function () {
  this.timeout(180_000);
  const domain = domainOf(import.meta.url);
  let rig: Rig;
  let node: Program;

  before(async () => {
    const messages = await townMessages(SECONDS);
    const args = ['--clock', '--stamps', 'recorded', '--restart', '--rate', String(affordablePace() * MODEL_PACE)];
    const listen = ['mask', 'semantic_mask', '/diagnostics'];
    rig = new Rig({ messages, loop: SECONDS, domain, listen, args });
    node = startNode(domain, { model: REFERENCE_BUNDLE, threads: 1, use_sim_time: true });
    await Promise.all([rig.program.line('ready', PATIENT), node.line('Active.', PATIENT)]);
  });
  after(async () => {
    await Promise.all([rig?.stop(), node?.stop()]);
  });

  const masks = () => rig.received<ImageFields>('mask');
  const wholes = () => rig.received<SemanticMaskFields>('semantic_mask');
  /** How often stamps have gone back. */
  const rounds = () => masks().filter(({ stamp }, k) => k > 0 && stamp < masks()[k - 1]!.stamp).length;

  const resets = () => {
    const last = rig.received<DiagnosticsFields>('/diagnostics').at(-1);
    return Number(last?.fields.statuses.find(({ name }) => name.endsWith('sync'))?.values.resets ?? 0);
  };

  it('reads nothing before time begins', async () => {
    assert.equal(await rig.ask('subscribers', TOWN_TOPICS.camera), 0);
  });

  it('goes on when the clock goes back, as often as it does', async () => {
    await rig.tell({ play: true });
    await waitUntil('masks of a third round', () => rounds() >= 2, { deadlineMs: 150_000 });
    assert.equal(node.ending, undefined);
    // Diagnostics come once a second, the masks of a round before them.
    await waitUntil('diagnostics that count both resets', () => resets() >= 2, PATIENT);
  });

  it('makes the masks of the replay with the reference model too', async () => {
    const replayed = await replayTown(REFERENCE_BUNDLE, SECONDS);
    // The first windows of events hold what came before the clock went back, or nothing.
    const settledFrom = [...replayed.keys()][4]!;
    const settled = wholes().filter(({ stamp }) => stamp >= settledFrom);
    const alike = settled.filter(({ stamp, fields }) => isAlike(fields, replayed.get(stamp)));
    for (const { stamp, fields } of alike) assert.equal(fields.mask.digest, replayed.get(stamp)!.mask, `mask ${stamp}`);
    assert.ok(alike.length >= 10, `${alike.length} masks made from the same images`);
  });
});

describe('The node under the time of day', function () {
  this.timeout(120_000);
  const domain = domainOf(`${import.meta.url} system`);
  let rig: Rig;
  let node: Program;

  before(async () => {
    // At its true pace: stamps of the time of day that are played slower are those of clocks that run slow.
    rig = new Rig({ messages: await townMessages(5), loop: 5, domain, listen: ['mask', 'semantic_mask'] });
    node = startNode(domain, { model: TINY_BUNDLE });
    await Promise.all([rig.program.line('ready', PATIENT), node.line('Active.', PATIENT)]);
    await rig.tell({ play: true });
  });
  after(async () => {
    await Promise.all([rig?.stop(), node?.stop()]);
  });

  it('gives each mask the stamp of its image', async () => {
    const masks = await rig.more<ImageFields>('mask', 15, PATIENT);
    // Where the camera is late, another sensor stands in for it.
    const sent = Object.values(TOWN_TOPICS).flatMap((topic) => rig.sent(topic));
    const stamps = new Set(sent.map(({ stamp }) => stamp));
    for (const { stamp } of masks) assert.ok(stamps.has(stamp), `${stamp} is the stamp of a message`);
    assert.ok(
      masks.some(({ stamp }) => rig.sent(TOWN_TOPICS.camera).some((image) => image.stamp === stamp)),
      'of the camera as well',
    );
  });
});

/** Whether both were made from the same samples. */
function isAlike({ present, presentStamps }: SemanticMaskFields, replayed: ReplayedFrame | undefined): boolean {
  if (replayed === undefined || replayed.present.size !== present.length) return false;
  return present.every((modality, k) => replayed.present.get(modality) === BigInt(presentStamps[k]!));
}

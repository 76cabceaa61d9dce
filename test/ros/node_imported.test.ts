import assert from 'node:assert/strict';
import { withImportedBundle } from '../support/imported_bundle.js';
import { domainOf } from './support/index.js';
import { LinkedPackage } from './support/linked_package.js';
import type { SemanticMaskFields } from './support/messages.js';
import { startNode } from './support/node.js';
import { affordablePace } from './support/pace.js';
import { replayTown } from './support/replayed.js';
import { Rig } from './support/rig.js';
import { TOWN_HEARD, townMessages } from './support/town.js';

const LOOP_SECONDS = 5;
const PATIENT = { deadlineMs: 60_000 };

interface MaskInfo {
  statuses: { name: string; values: Record<string, string> }[];
}

describe('The node with a network of another make', function () {
  this.timeout(180_000);
  const domain = domainOf(import.meta.url);

  it('makes the very masks the replay makes, and says nothing of a routing that there is not', () =>
    withImportedBundle(async (bundle) => {
      const messages = await townMessages(LOOP_SECONDS);
      const replayed = await replayTown(bundle, LOOP_SECONDS);
      const args = ['--clock', '--stamps', 'recorded', '--rate', String(affordablePace()), '--wait-for-masks'];
      const listen = ['mask', 'mask_info', 'semantic_mask'];
      const rig = new Rig({ messages, loop: LOOP_SECONDS, domain, listen, args });
      const node = startNode(domain, { model: bundle, use_sim_time: true });
      try {
        await Promise.all([node.line('Active.', PATIENT), rig.program.line('ready', PATIENT)]);
        await rig.heardOn(TOWN_HEARD);
        await rig.tell({ play: true });
        await rig.more('semantic_mask', 45, { deadlineMs: 120_000 });
        let compared = 0;
        for (const { stamp, fields } of rig.received<SemanticMaskFields>('semantic_mask')) {
          assert.deepEqual([fields.routingLevels, fields.routing], [0, []]);
          const expected = replayed.get(stamp);
          if (expected === undefined || fields.present.length < expected.present.size) continue;
          assert.equal(fields.mask.digest, expected.mask, `the mask of ${stamp}`);
          assert.equal(fields.confidence.digest, expected.confidence, `the confidence of ${stamp}`);
          compared++;
        }
        assert.ok(compared >= 30, `${compared} of ${replayed.size} masks of the replay`);
        for (const { fields } of rig.received<MaskInfo>('mask_info')) {
          for (const { values } of fields.statuses) assert.ok(!('routing_weights' in values), JSON.stringify(values));
        }
      } finally {
        await Promise.all([node.stop(), rig.stop()]);
      }
    }));

  it('is started with it by the launch file, through the installed program', () =>
    withImportedBundle(async (bundle) => {
      const installed = new LinkedPackage();
      const rig = new Rig({ messages: await townMessages(LOOP_SECONDS), loop: LOOP_SECONDS, domain, listen: ['mask'] });
      const launched = installed.launch('mle_sam.launch.py', [`bundle:=${bundle}`, 'provider:=cpu'], domain);
      try {
        await Promise.all([launched.line('Active.', PATIENT), rig.program.line('ready', PATIENT)]);
        assert.ok(
          launched.lines.some((line) => /Loaded network: camera, depth, events, lidar\./.test(line)),
          launched.lines.join('\n'),
        );
        await rig.tell({ play: true });
        await rig.more('mask', 5, PATIENT);
      } finally {
        await Promise.all([launched.stop(), rig.stop()]);
        installed.remove();
      }
    }));
});

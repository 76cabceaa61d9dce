import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tinyDrive } from '../support/tiny_rig.js';
import { soak, writeBag } from './support/soak_lane.js';

/** A second or two of each lane in one process; `test/slow/soak.test.ts` runs them for longer. */
describe('npm run soak', function () {
  this.timeout(240_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mle-sam-soak-test-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('replays a bag again and again', async () => {
    const bag = await writeBag(join(folder, 'tiny.mcap'), tinyDrive({ seconds: 1 }));
    const { replays, masks } = await soak('replay', '--bag', bag, '--minutes', '0.001');
    assert.equal(replays, 3);
    assert.equal(masks, 30);
  });

  it('takes a pipeline through its life again and again', async () => {
    const { rounds, masks, atTheEnd } = await soak('lifecycle', '--rounds', '4');
    assert.equal(rounds, 4);
    assert.ok(Number(masks) > 0);
    assert.ok(atTheEnd.residentMb! > 10);
  });

  it('runs random scenarios', async () => {
    const { scenarios, masks } = await soak('storm', '--seed', '1', '--scenarios', '1');
    assert.equal(scenarios, 1);
    assert.ok(Number(masks) > 20);
  });

  it('sends more than the model can serve', async () => {
    // So many times that it stays an overload where the model becomes faster after it was measured.
    const report = await soak('overload', '--minutes', '0.04', '--model-ms', '50', '--times', '12');
    const { sent, masks, overtaken, lost, withoutSet, problems } = report as unknown as Record<string, number>;
    assert.equal(sent, masks! + overtaken! + lost! + withoutSet!);
    assert.ok(overtaken! > masks!);
    assert.deepEqual(problems, []);
  });
});

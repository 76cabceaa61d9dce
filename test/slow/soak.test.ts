import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { soak, writeBag } from '../bench/support/soak_lane.js';
import { townMessages } from '../ros/support/town.js';

/** About half a minute of each lane of `npm run soak` in one process; by hand they run for ten minutes and more. */
describe('npm run soak', function () {
  this.timeout(600_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mle-sam-soak-test-'));
  });
  after(() => rm(folder, { recursive: true }));

  it("replays two seconds of the sample bag's sensors, and no replay leaves anything behind", async () => {
    const bag = await writeBag(join(folder, 'town.mcap'), await townMessages(2));
    const { replays } = await soak('replay', '--bag', bag, '--minutes', '0.7');
    assert.ok(Number(replays) >= 3);
  });

  it('takes a pipeline through 60 lives', async () => {
    const { masks } = await soak('lifecycle', '--rounds', '60');
    assert.ok(Number(masks) > 60);
  });

  it('goes through a storm of random scenarios', async () => {
    const { scenarios, recoveries } = await soak('storm', '--scenarios', '20', '--seed', '2');
    assert.equal(scenarios, 20);
    assert.ok(Number(recoveries) > 0);
  });

  it('leaves no objects of its own behind on the heap', async () => {
    const { masks, lost } = await soak('heap', '--warm-up', '600', '--masks', '600');
    assert.equal(masks, 600);
    assert.equal(lost, 0);
  });

  it('accounts for every frame at three times what the model can serve', async () => {
    const { overtaken, masks } = await soak('overload', '--minutes', '0.5');
    assert.ok(Number(overtaken) > Number(masks));
  });
});

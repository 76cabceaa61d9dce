import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_PIPELINE_CONFIG } from '../../src/pipeline/index.js';
import { withReplaySource } from '../../src/replay/index.js';
import { visitBagFrames } from '../../src/robustness/index.js';
import { CONDITIONS, stretchDrive, writeDrive } from '../../src/simulation/index.js';
import { projectRoot } from '../support/shared_data.js';

/** `npm run bench -- blindness` looks at more of the same. */
describe('sensors that work under any condition', () => {
  it('are never taken for blind, and none is left out of a mask', async function () {
    this.timeout(1_200_000);
    const folder = await mkdtemp(join(tmpdir(), 'mle-sam-conditions-'));
    try {
      const bag = join(folder, 'conditions.mcap');
      const stretches = CONDITIONS.map((condition) => ({ condition, seconds: 4 }));
      await writeDrive(bag, { drive: stretchDrive({ stretches, outages: [] }, 3), seed: 'false alarms' });
      const model = join(projectRoot, 'models', 'reference');
      const { used, leftOut } = await withReplaySource(
        { bag, model, config: DEFAULT_PIPELINE_CONFIG, provider: 'cpu', threads: 1 },
        (source) => visitBagFrames(source, 1, () => Promise.resolve()),
      );
      assert.deepEqual({ used, leftOut }, { used: 30, leftOut: 0 });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

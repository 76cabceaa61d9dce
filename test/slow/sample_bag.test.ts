import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replaySample } from '../replay/support/sample_bag.js';

describe('the bundled bag with the bundled model', function () {
  this.timeout(600_000);

  it('gives byte-equal masks on a second run', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mle-sam-sample-'));
    try {
      const runs: Buffer[] = [];
      for (const name of ['first', 'second']) {
        const { paths } = await replaySample(join(folder, name));
        runs.push(await readFile(paths.masks));
      }
      const [first, second] = runs;
      assert.ok(first!.length > 1e6, `${first!.length} bytes`);
      assert.ok(second!.equals(first!));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { merge, RESULTS, tinyDropouts } from '../cli/support/tiny_dropouts.js';

describe('mle-sam dropout of many bags', function () {
  this.timeout(600_000);

  it('gives the same in four shards and with worker processes', async () => {
    const { folder, bags, dropout } = await tinyDropouts();
    try {
      const [whole, shards, jobs] = ['whole', 'shards', 'jobs'].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      await dropout(...bags, '-o', whole);
      for (const shard of ['2/4', '4/4', '1/4', '3/4']) await dropout(...bags, '-o', shards, '--shard', shard);
      await merge(shards);
      await dropout(...bags, '-o', jobs, '--jobs', '2');
      const files = ['monday', 'tuesday'].flatMap((name) => RESULTS.map((file) => join(name, file)));
      for (const out of [shards, jobs]) {
        for (const file of ['runs.json', ...files])
          assert.equal(readFileSync(join(out, file), 'utf8'), readFileSync(join(whole, file), 'utf8'), file);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

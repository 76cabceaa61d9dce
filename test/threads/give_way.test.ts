import assert from 'node:assert/strict';
import { once } from 'node:events';
import { getPriority } from 'node:os';
import { extname } from 'node:path';
import { giveWay } from '../../src/threads/give_way.js';
import { startWorker } from '../../src/threads/start_worker.js';

describe('giveWay', () => {
  it('makes the calling thread less urgent, and no other', async function () {
    if (process.platform !== 'linux') this.skip();
    const before = getPriority();
    const entry = new URL(`./support/polite_worker${extname(import.meta.url)}`, import.meta.url);
    const [priority] = (await once(startWorker(entry, {}), 'message')) as [number];
    assert.equal(priority, Math.min(19, before + 5));
    assert.equal(getPriority(), before);
  });

  it('leaves things as they are where a priority belongs to the whole process', function () {
    if (process.platform === 'linux') this.skip();
    const before = getPriority();
    giveWay();
    assert.equal(getPriority(), before);
  });
});

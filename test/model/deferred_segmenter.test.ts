import assert from 'node:assert/strict';
import { DeferredSegmenter, loadBundle, Segmenter, SegmenterError, standBy, startAll } from '../../src/model/index.js';
import { frameSetOf, imageOf, tinyBundle } from './support/tiny_bundle.js';

describe('DeferredSegmenter', function () {
  this.timeout(120_000);
  const set = () => frameSetOf([imageOf('camera', 100)]);
  const kindOf = (work: Promise<unknown>) =>
    work.then(
      () => 'done',
      (error: SegmenterError) => error.kind,
    );

  it('starts its worker when the first set is for it, once, and not before', async () => {
    const bundle = await loadBundle(tinyBundle);
    let starts = 0;
    const segmenter = new DeferredSegmenter(() => {
      starts++;
      return Segmenter.create(bundle, { threads: 1 });
    });
    assert.deepEqual([segmenter.state, starts, segmenter.started], ['deferred', 0, undefined]);
    assert.deepEqual(
      [await kindOf(segmenter.segment(set())), await kindOf(segmenter.segment(set()))],
      ['restarting', 'restarting'],
    );
    assert.equal(segmenter.state, 'starting');
    await segmenter.whenReady();
    assert.deepEqual([segmenter.state, starts], ['idle', 1]);
    assert.deepEqual(new Set((await segmenter.segment(set())).labels), new Set([5]));
    await segmenter.close();
    assert.equal(await kindOf(segmenter.segment(set())), 'closed');
  });

  it('has failed where its worker cannot be started, and is closed without one', async () => {
    const bundle = await loadBundle(tinyBundle);
    const failing = () => Promise.reject(new SegmenterError('failed', 'no provider'));
    const segmenter = new DeferredSegmenter(failing);
    assert.equal(await kindOf(segmenter.segment(set())), 'restarting');
    assert.equal(await kindOf(segmenter.whenReady()), 'failed');
    assert.deepEqual([segmenter.state, await kindOf(segmenter.segment(set()))], ['failed', 'failed']);
    await segmenter.close();
    await new DeferredSegmenter(failing).close();
    await assert.rejects(startAll(standBy([bundle], failing)), (error: Error) => {
      return error.message === `The fallback ${bundle.name} cannot be used. no provider`;
    });
  });
});

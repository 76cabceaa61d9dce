import assert from 'node:assert/strict';
import type { RawMessage } from '../../src/messages/raw_message.js';
import { ContentWatch } from '../../src/sensors/index.js';
import { header, image, raw } from './support/messages.js';

/** A picture of one grey level taken at `stamp`. */
function picture(stamp: bigint, level: number): RawMessage {
  const data = new Uint8Array(12).fill(level);
  const message = image({ header: header('camera', stamp), encoding: 'mono8', width: 4, height: 3, step: 4, data });
  return raw('/camera/image', 'sensor_msgs/msg/Image', message);
}

/** Feeds the levels of a stream, a new stamp each, and tells which messages count as frozen. */
function frozenAmong(
  levels: number[],
  watch: ContentWatch,
  stamps = levels.map((_, i) => BigInt(i) * 100n),
): boolean[] {
  return levels.map((level, i) => {
    const message = picture(stamps[i]!, level);
    watch.observe('camera', message);
    return watch.frozenSince('camera', message) !== undefined;
  });
}

describe('ContentWatch', () => {
  const no = false;
  const yes = true;

  it('calls the third of three equal messages frozen, and the ones that follow', () => {
    assert.deepEqual(frozenAmong([1, 2, 2, 2, 2, 3, 3, 4], new ContentWatch()), [no, no, no, yes, yes, no, no, no]);
  });

  it('has a limit that can be set', () => {
    assert.deepEqual(frozenAmong([1, 1, 1, 1, 1], new ContentWatch(5)), [no, no, no, no, yes]);
    assert.deepEqual(frozenAmong([1, 1, 1], new ContentWatch(2)), [no, yes, yes]);
  });

  it('does not count the same message delivered again', () => {
    assert.deepEqual(frozenAmong([1, 1, 1, 1], new ContentWatch(), [0n, 0n, 0n, 100n]), [no, no, no, no]);
  });

  it('keeps streams apart, and forgets on reset', () => {
    const watch = new ContentWatch();
    for (const modality of ['camera', 'depth', 'camera', 'depth']) {
      const message = picture(BigInt(modality.length), 7);
      watch.observe(modality, message);
      assert.equal(watch.frozenSince('camera', message) !== undefined, false);
    }
    assert.deepEqual(frozenAmong([1, 1], watch, [1n, 2n]), [no, no]);
    watch.reset();
    assert.deepEqual(frozenAmong([1, 1, 1], watch, [3n, 4n, 5n]), [no, no, yes]);
  });

  it('sees a difference in the last byte and in the length', () => {
    const watch = new ContentWatch(2);
    const [first, second] = [picture(1n, 5), picture(2n, 5)];
    second.data[second.data.length - 1]!++;
    watch.observe('camera', first);
    watch.observe('camera', second);
    assert.equal(watch.frozenSince('camera', second) !== undefined, false);
    const shorter = { ...second, data: second.data.subarray(0, 20) };
    watch.observe('camera', shorter);
    assert.equal(watch.frozenSince('camera', shorter) !== undefined, false);
  });

  it('does not trip over messages shorter than a header', () => {
    const watch = new ContentWatch(2);
    const stub: RawMessage = { topic: '/x', type: 'x', data: new Uint8Array(3), receiveStamp: 0n };
    watch.observe('camera', stub);
    watch.observe('camera', { ...stub, data: new Uint8Array(3) });
  });
});

import assert from 'node:assert/strict';
import { timeFromStamp } from '../../src/messages/index.js';
import { GroundTruthBuffer, readGroundTruth } from '../../src/replay/index.js';
import { raw } from '../sensors/support/messages.js';

const TYPE = 'sensor_msgs/msg/Image';

function labelMessage(changes: object): ReturnType<typeof raw> {
  const message = {
    header: { stamp: timeFromStamp(5_000_000_007n), frame_id: 'camera' },
    height: 2,
    width: 3,
    encoding: 'mono8',
    is_bigendian: 0,
    step: 3,
    data: Uint8Array.of(1, 2, 3, 4, 5, 255),
    ...changes,
  };
  return raw('/labels', TYPE, message);
}

describe('readGroundTruth', () => {
  const cases: { title: string; changes: object; labels: number[] }[] = [
    { title: 'mono8', changes: {}, labels: [1, 2, 3, 4, 5, 255] },
    {
      title: '8UC1 with padded rows',
      changes: { encoding: '8UC1', step: 4, data: Uint8Array.of(1, 2, 3, 99, 4, 5, 255, 99) },
      labels: [1, 2, 3, 4, 5, 255],
    },
    {
      title: 'mono16, little-endian',
      changes: { encoding: 'mono16', step: 6, data: Uint8Array.of(1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0) },
      labels: [1, 2, 3, 4, 5, 6],
    },
    {
      title: '16UC1, big-endian',
      changes: { encoding: '16UC1', is_bigendian: 1, step: 6, data: Uint8Array.of(0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6) },
      labels: [1, 2, 3, 4, 5, 6],
    },
  ];
  for (const { title, changes, labels } of cases) {
    it(`reads ${title}`, () => {
      const outcome = readGroundTruth(labelMessage(changes));
      assert.ok(outcome.kind === 'labels');
      assert.equal(outcome.stamp, 5_000_000_007n);
      assert.deepEqual([...outcome.image.labels], labels);
      assert.deepEqual([outcome.image.width, outcome.image.height], [3, 2]);
    });
  }

  const bad: { title: string; changes: object; reason: RegExp }[] = [
    { title: 'colours', changes: { encoding: 'rgb8' }, reason: /Expected mono8 or mono16 .* received 'rgb8'/ },
    { title: 'too few bytes', changes: { data: Uint8Array.of(1, 2) }, reason: /whole label image .* 2 bytes/ },
    { title: 'a step below the width', changes: { step: 2 }, reason: /step 2/ },
    {
      title: 'ids of more than a byte, little-endian',
      changes: { encoding: 'mono16', step: 6, data: Uint8Array.of(1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 1) },
      reason: /class ids below 256/,
    },
    {
      title: 'ids of more than a byte, big-endian',
      changes: {
        encoding: 'mono16',
        is_bigendian: 1,
        step: 6,
        data: Uint8Array.of(0, 1, 2, 2, 0, 3, 0, 4, 0, 5, 0, 6),
      },
      reason: /class ids below 256/,
    },
    { title: 'no pixels', changes: { width: 0, step: 0, data: new Uint8Array() }, reason: /0x2/ },
  ];
  for (const { title, changes, reason } of bad) {
    it(`refuses ${title}`, () => {
      const outcome = readGroundTruth(labelMessage(changes));
      assert.ok(outcome.kind === 'invalid');
      assert.match(outcome.reason, reason);
    });
  }

  it('refuses bytes that are no message', () => {
    const outcome = readGroundTruth({ topic: '/l', type: TYPE, data: new Uint8Array(9), receiveStamp: 0n });
    assert.equal(outcome.kind, 'invalid');
  });
});

describe('GroundTruthBuffer', () => {
  const MS = 1_000_000n;
  const image = (id: number) => ({ width: 1, height: 1, labels: Uint8Array.of(id) });
  const filled = (): GroundTruthBuffer => {
    const buffer = new GroundTruthBuffer();
    for (const ms of [0n, 100n, 200n]) buffer.add(ms * MS, image(Number(ms)));
    return buffer;
  };

  const cases: { stamp: bigint; found: number | undefined }[] = [
    { stamp: 100n, found: 100 },
    { stamp: 112n, found: 100 },
    { stamp: 190n, found: 200 },
    { stamp: 150n, found: undefined },
    { stamp: 225n, found: 200 },
    { stamp: 226n, found: undefined },
  ];
  for (const { stamp, found } of cases) {
    it(`finds ${found ?? 'nothing'} for a mask at ${stamp} ms`, () => {
      assert.equal(filled().find(stamp * MS)?.image.labels[0], found);
    });
  }

  it('is settled for a stamp once nothing nearer can come', () => {
    assert.equal(filled().isSettled(170n * MS), true);
    assert.equal(filled().isSettled(190n * MS), false);
    assert.equal(new GroundTruthBuffer().isSettled(0n), false);
  });

  it('forgets what later masks cannot want', () => {
    const buffer = filled();
    buffer.releaseBefore(130n * MS);
    assert.equal(buffer.find(100n * MS), undefined);
    assert.equal(buffer.find(200n * MS)?.image.labels[0], 200);
  });
});

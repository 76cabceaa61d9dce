import assert from 'node:assert/strict';
import { encodeMessage, type RawMessage, timeFromStamp } from '../../src/messages/index.js';
import type { FrameResult } from '../../src/pipeline/index.js';
import { ReplayRecording } from '../../src/replay/replay_recording.js';
import type { PublishedFrame } from '../../src/report/index.js';
import { header, raw } from '../sensors/support/messages.js';

const SIZE = { width: 2, height: 1 };

function frameAt(ms: number): FrameResult {
  const stamp = BigInt(ms) * 1_000_000n;
  return {
    model: { name: 'tiny', sha256: '0', role: 'primary', cause: undefined },
    segmentation: {
      ...SIZE,
      stamp,
      frameId: 'camera',
      labels: new Uint8Array(2),
      confidence: new Uint8Array(2),
      present: ['camera'],
      routing: new Map(),
      timings: { encodeMs: 0, headMs: 0, totalMs: 0 },
    },
    reference: 'camera',
    absent: new Map(),
    images: new Map(),
    messages: new Map(),
    grid: { size: SIZE, model: undefined, cameraInfo: undefined, pictureSize: undefined, frameId: 'camera' },
    arrivedAt: stamp + 5_000_000n,
    closedAt: stamp + 9_000_000n,
    labelPoints: async () => ({ kind: 'invalid', reason: 'no LiDAR' }),
    latency: { syncWaitMs: 1, decodeMs: 2, inferenceMs: 3, totalMs: 6 },
  };
}

function labelsAt(ms: number): RawMessage {
  const stamp = BigInt(ms) * 1_000_000n;
  const data = Uint8Array.of(1, 2);
  const image = { header: header('camera', stamp), ...SIZE, encoding: 'mono8', is_bigendian: 0, step: 2, data };
  return raw('/ground_truth', 'sensor_msgs/msg/Image', image, stamp);
}

function recordingOf(groundTruth: 'present' | 'absent') {
  const recorded: PublishedFrame[] = [];
  const problems: string[] = [];
  const recording = new ReplayRecording({
    recorder: {
      published: async (frame) => {
        recorded.push(frame);
      },
      dropped: () => undefined,
      modalityState: () => undefined,
      notice: () => undefined,
      problemLasted: () => undefined,
      problem: (_, text) => {
        problems.push(text);
      },
    },
    masks: {
      frame: async () => undefined,
      points: async () => undefined,
      truth: async () => undefined,
      modalityChanged: async () => undefined,
      modelChanged: async () => undefined,
      warned: async () => undefined,
      copy: async () => undefined,
    },
    groundTruth,
    classCount: 25,
    representations: new Map(),
    cameraModality: 'camera',
  });
  return { recording, recorded, problems };
}

describe('ReplayRecording', () => {
  it('scores masks in order with label images that come before or after them', async () => {
    const { recording, recorded } = recordingOf('present');
    await recording.groundTruth(labelsAt(0));
    for (const ms of [0, 100, 200]) await recording.published(frameAt(ms));
    assert.equal(recorded.length, 1, 'masks wait for label images that may still come');
    for (const ms of [110, 300]) await recording.groundTruth(labelsAt(ms));
    await recording.published(frameAt(300));
    const found = recorded.map(({ segmentation, groundTruth }) => [segmentation.stamp / 1_000_000n, !!groundTruth]);
    assert.deepEqual(found, [
      [0n, true],
      [100n, true],
      [200n, false],
      [300n, true],
    ]);
  });

  it('does not keep masks for ground truth that ended long ago', async () => {
    const { recording, recorded } = recordingOf('present');
    await recording.groundTruth(labelsAt(0));
    for (let k = 0; k < 1000; k++) await recording.published(frameAt(100 * k));
    assert.ok(recorded.length > 960, `${1000 - recorded.length} masks are held`);
    await recording.finish();
    assert.deepEqual(
      recorded.map(({ arrivedAt }) => arrivedAt),
      Array.from({ length: 1000 }, (_, k) => BigInt(100 * k + 5) * 1_000_000n),
    );
  });

  it('goes on after a condition that cannot be read', async () => {
    const { recording, recorded, problems } = recordingOf('absent');
    const type = 'std_msgs/msg/String';
    const good = encodeMessage(type, { data: 'night' });
    for (const [data, ms] of [[good, 0n] as const, [good.subarray(0, 5), 100n] as const]) {
      recording.condition({ topic: '/simulation/condition', type, data, receiveStamp: ms * 1_000_000n });
    }
    await recording.published(frameAt(200));
    assert.equal(recorded[0]!.stretch, 'night');
    assert.equal(problems.length, 1);
    assert.equal(timeFromStamp(recorded[0]!.arrivedAt).nanosec, 205_000_000);
  });
});

import assert from 'node:assert/strict';
import { RunRecording } from '../../src/dropout/run_record.js';
import type { Stamp } from '../../src/messages/index.js';
import type { FrameResult } from '../../src/pipeline/index.js';
import { header, raw } from '../sensors/support/messages.js';

/** A frame as the pipeline would hand it over; `imageAt` is the stamp of its only picture. */
function frame(stamp: Stamp, imageAt = stamp): FrameResult {
  const size = { width: 1, height: 1 };
  return {
    model: { name: 'tiny', sha256: '0', role: 'primary', cause: undefined },
    segmentation: {
      stamp,
      frameId: 'camera',
      ...size,
      labels: new Uint8Array(1),
      confidence: new Uint8Array(1),
      present: ['camera'],
      routing: new Map([['camera', [0.5, 1]]]),
      timings: { encodeMs: 0, headMs: 0, totalMs: 0 },
    },
    reference: 'camera',
    absent: new Map(),
    images: new Map([
      ['camera', { modality: 'camera', stamp: imageAt, ...size, data: new Uint8Array(3), quality: { kind: 'good' } }],
    ]),
    messages: new Map(),
    grid: { size, model: undefined, cameraInfo: undefined, pictureSize: undefined, frameId: 'camera' },
    arrivedAt: stamp,
    closedAt: stamp,
    labelPoints: async () => ({ kind: 'invalid', reason: 'no LiDAR' }),
    latency: { syncWaitMs: 0, decodeMs: 0, inferenceMs: 0, totalMs: 0 },
  };
}

const OPTIONS = {
  modalityByTopic: new Map([['/c', 'camera']]),
  modalities: ['camera'],
  essential: new Set<string>(),
  groundTruth: 'ignored',
} as const;

describe('RunRecording', () => {
  /** Origins of the stamps of masks, after pictures under the given stamps came in. */
  async function origins(delivered: readonly Stamp[], masks: readonly Stamp[]): Promise<string[]> {
    const recording = new RunRecording(OPTIONS);
    for (const stamp of delivered) recording.received(raw('/c', 'std_msgs/msg/Header', header('c', stamp), stamp));
    for (const stamp of masks) await recording.published(frame(stamp));
    return recording.record().masks.map(({ stampOrigin }) => stampOrigin);
  }

  it('tells a stamp that no picture had', async () => {
    assert.deepEqual(await origins([1n, 2n], [1n, 3n, 2n]), ['delivered', 'unknown', 'delivered']);
  });

  it('tells an old mask under its stamp again', async () => {
    assert.deepEqual(await origins([1n, 2n], [1n, 2n, 1n]), ['delivered', 'delivered', 'repeated']);
  });

  it('lets a stamp be used again that came again, but not twice in a row', async () => {
    assert.deepEqual(await origins([1n, 2n, 1n], [1n, 2n, 1n]), ['delivered', 'delivered', 'delivered']);
    assert.deepEqual(await origins([1n, 1n], [1n, 1n]), ['delivered', 'repeated']);
  });

  it('measures how far a picture is from its mask, and means the weights over the levels', async () => {
    const recording = new RunRecording(OPTIONS);
    recording.received(raw('/c', 'std_msgs/msg/Header', header('c', 900n), 900n));
    await recording.published(frame(900n, 400n));
    const [mask] = recording.record().masks;
    assert.equal(mask!.imageDistance.get('camera'), 500);
    assert.equal(mask!.routing?.get('camera'), 0.75);
  });
});

import assert from 'node:assert/strict';
import { decodeMessage, encodeMessage } from '../../src/messages/index.js';
import type { Bundle } from '../../src/model/index.js';
import { semanticMask } from '../../src/node/outputs/semantic_mask.js';
import { type FrameResult, mono8Image } from '../../src/pipeline/index.js';

const TYPE = 'mle_sam_ros/msg/SemanticMask';
const HEADER = { stamp: { sec: 1_730_800_000, nanosec: 0 }, frame_id: 'camera_optical' };

describe('~/semantic_mask', () => {
  it('has an empty confidence and no weights where the model gives neither', () => {
    const frame = {
      segmentation: { stamp: 7n, present: ['camera'] },
      absent: new Map(),
      images: new Map([['camera', { stamp: 7n }]]),
      latency: { syncWaitMs: 1, decodeMs: 2, inferenceMs: 3, totalMs: 6 },
    } as unknown as FrameResult;
    const bundle = { classes: [{ id: 0, name: 'road', color: [1, 2, 3] }] } as unknown as Bundle;
    const mask = mono8Image(HEADER, { width: 2, height: 1 }, Uint8Array.from([0, 255]));
    const message = semanticMask(HEADER, frame, bundle, { mask });
    const read = decodeMessage<{
      mask: { data: Uint8Array };
      confidence: { width: number; height: number; data: Uint8Array; encoding: string };
      routing_levels: number;
      routing_weights: Float32Array;
    }>({ topic: '/m', type: TYPE, receiveStamp: 0n, data: encodeMessage(TYPE, message) });
    assert.deepEqual([...read.mask.data], [0, 255]);
    const { width, height, data, encoding } = read.confidence;
    assert.deepEqual([width, height, data.length, encoding], [0, 0, 0, 'mono8']);
    assert.deepEqual([read.routing_levels, read.routing_weights.length], [0, 0]);
  });
});

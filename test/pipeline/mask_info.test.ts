import assert from 'node:assert/strict';
import { decodeMessage, encodeMessage } from '../../src/messages/index.js';
import { type DiagnosticArray, type FrameResult, maskInfo } from '../../src/pipeline/index.js';

const STAMP = 1_730_800_000_000_000_000n;
const HEADER = { stamp: { sec: 1_730_800_000, nanosec: 0 }, frame_id: 'camera_optical' };

const FIRST: FrameResult['model'] = { name: 'day', sha256: '0', role: 'primary', cause: undefined };

function frame(absent: [string, string][], model = FIRST): FrameResult {
  return {
    segmentation: {
      stamp: STAMP,
      present: ['camera', 'lidar'],
      confidence: Uint8Array.of(255, 0, 255, 0),
      routing: new Map([
        ['camera', [0.75, 0.5]],
        ['lidar', [0.25, 0.5]],
      ]),
    },
    model,
    reference: 'camera',
    absent: new Map(absent),
    images: new Map([
      ['camera', { stamp: STAMP }],
      ['lidar', { stamp: STAMP - 12_500_000n }],
    ]),
    latency: { syncWaitMs: 12.5, decodeMs: 8.25, inferenceMs: 60.5, totalMs: 81.25 },
  } as unknown as FrameResult;
}

const values = ({ status }: DiagnosticArray, index: number) =>
  Object.fromEntries(status[index]!.values.map(({ key, value }) => [key, value]));

describe('~/mask_info', () => {
  it('has the header of the mask and tells what it was made from', () => {
    const info = maskInfo(HEADER, 'front/mle_sam', frame([['depth', 'dropped']]));
    assert.deepEqual(info.header, HEADER);
    assert.deepEqual(
      info.status.map(({ name, level, message }) => [name, level, message]),
      [
        ['front/mle_sam: mask', 1, 'from camera, lidar; without depth (dropped)'],
        ['front/mle_sam: mask: camera', 0, 'present'],
        ['front/mle_sam: mask: lidar', 0, 'present'],
        ['front/mle_sam: mask: depth', 1, 'absent: dropped'],
      ],
    );
    assert.deepEqual(values(info, 0), {
      present_modalities: 'camera lidar',
      absent_modalities: 'depth',
      reference: 'camera',
      model: 'day',
      model_role: 'primary',
      mean_confidence: '0.5000',
      sync_wait_ms: '12.500',
      decode_ms: '8.250',
      inference_ms: '60.500',
      total_ms: '81.250',
    });
    assert.deepEqual(values(info, 2), {
      'lidar/is_fused': 'True',
      stamp_offset_ms: '-12.500',
      routing_weights: '0.2500 0.5000',
      routing_weight: '0.3750',
    });
  });

  it('leaves out what the clock of the machine says where runs have to be equal', () => {
    const timed = Object.keys(values(maskInfo(HEADER, 'mle_sam', frame([])), 0));
    const timeless = Object.keys(values(maskInfo(HEADER, 'mle_sam', frame([]), 'left-out'), 0));
    assert.deepEqual(
      timed.filter((key) => !timeless.includes(key)),
      ['decode_ms', 'inference_ms', 'total_ms'],
    );
  });

  it('names the model that stood by and made it, and why', () => {
    const cause = {
      code: 'fallback-in-use',
      model: 'night',
      passedOver: [{ model: 'day', needs: 'any', missing: [['camera', 'black']] }],
    } as const;
    const model: FrameResult['model'] = { name: 'night', sha256: '1', role: 'fallback', cause };
    const info = maskInfo(HEADER, 'mle_sam', frame([], model));
    const words = 'from camera, lidar; night makes the masks as fallback: day needs camera (black)';
    assert.deepEqual([info.status[0]!.level, info.status[0]!.message], [1, words]);
    assert.deepEqual([values(info, 0).model, values(info, 0).model_role], ['night', 'fallback']);
  });

  it('holds nothing against sensors that were never there or are switched off', () => {
    const info = maskInfo(
      HEADER,
      'mle_sam',
      frame([
        ['depth', 'waiting'],
        ['events', 'disabled'],
      ]),
    );
    assert.deepEqual(new Set(info.status.map(({ level }) => level)), new Set([0]));
  });

  it('is a standard message', () => {
    const info = maskInfo(HEADER, 'mle_sam', frame([]));
    const type = 'diagnostic_msgs/msg/DiagnosticArray';
    const data = encodeMessage(type, info);
    assert.deepEqual(decodeMessage<DiagnosticArray>({ topic: '/m', type, data, receiveStamp: 0n }), info);
  });
});

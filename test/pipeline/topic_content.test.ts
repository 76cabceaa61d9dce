import assert from 'node:assert/strict';
import sharp from 'sharp';
import { encodeMessage, type RawMessage } from '../../src/messages/index.js';
import { describeContent, isDescribable, type TopicContent } from '../../src/pipeline/topic_content.js';

const header = { stamp: { sec: 1, nanosec: 0 }, frame_id: 'f' };

function raw(type: string, message: object): RawMessage {
  return { topic: '/t', type, data: encodeMessage(type, message), receiveStamp: 0n };
}

async function depthPng(): Promise<Buffer> {
  const pixels = { create: { width: 12, height: 5, channels: 3, background: 'black' } } as const;
  const png = await sharp(pixels).toColourspace('b-w').png().toBuffer();
  return Buffer.concat([Buffer.alloc(12), png]);
}

describe('describeContent', () => {
  const cases: { type: string; message: () => object | Promise<object>; expected: TopicContent }[] = [
    {
      type: 'sensor_msgs/msg/Image',
      message: () => ({ header, width: 4, height: 3, encoding: 'bayer_rggb8', step: 4, data: new Uint8Array(12) }),
      expected: { kind: 'image', encoding: 'bayer_rggb8', width: 4, height: 3, frameId: 'f' },
    },
    {
      type: 'sensor_msgs/msg/CompressedImage',
      message: async () => ({ header, format: '16UC1; compressedDepth png', data: await depthPng() }),
      expected: {
        kind: 'compressed-image',
        format: '16UC1; compressedDepth png',
        frameId: 'f',
        width: 12,
        height: 5,
        codec: 'png',
      },
    },
    {
      type: 'sensor_msgs/msg/CompressedImage',
      message: () => ({ header, format: 'jpeg', data: new Uint8Array(10) }),
      expected: { kind: 'compressed-image', format: 'jpeg', frameId: 'f' },
    },
    {
      type: 'event_camera_msgs/msg/EventPacket',
      message: () => ({ header, width: 640, height: 480, encoding: 'evt3', events: new Uint8Array(2) }),
      expected: { kind: 'events', encoding: 'evt3', width: 640, height: 480, frameId: 'f' },
    },
    {
      type: 'dvs_msgs/msg/EventArray',
      message: () => ({ header, width: 240, height: 180, events: [] }),
      expected: { kind: 'events', encoding: 'array of events', width: 240, height: 180, frameId: 'f' },
    },
    {
      type: 'sensor_msgs/msg/CameraInfo',
      message: () => ({ header, width: 64, height: 48, distortion_model: 'equidistant' }),
      expected: { kind: 'camera-info', width: 64, height: 48, distortionModel: 'equidistant', frameId: 'f' },
    },
  ];
  for (const { type, message, expected } of cases) {
    it(`reads ${type} as ${JSON.stringify(expected)}`, async () => {
      assert.ok(isDescribable(type));
      assert.deepEqual(await describeContent(raw(type, await message())), expected);
    });
  }

  it('says why a damaged message cannot be read', async () => {
    const whole = raw('sensor_msgs/msg/Image', { header, data: new Uint8Array(50) });
    const content = await describeContent({ ...whole, data: whole.data.subarray(0, 30) });
    assert.equal(content?.kind, 'unreadable');
    assert.match(content?.kind === 'unreadable' ? content.reason : '', /\/t/);
  });

  it('leaves other types alone', async () => {
    assert.equal(isDescribable('std_msgs/msg/String'), false);
    assert.equal(await describeContent(raw('std_msgs/msg/String', { data: 'a' })), undefined);
  });
});

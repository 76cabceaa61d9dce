import assert from 'node:assert/strict';
import fc from 'fast-check';
import { encodeMessage, peekHeader, type RawMessage } from '../../src/messages/index.js';

const header = { stamp: { sec: 1_700_000_000, nanosec: 999_999_999 }, frame_id: 'camera_optical_frame' };

function raw(type: string, data: Uint8Array): RawMessage {
  return { topic: '/topic', type, data, receiveStamp: 0n };
}

/** A std_msgs/Header with frame "ab" in the byte order asked for. */
function headerBytes(order: 'little' | 'big', nanosec = 7, length = 3): Uint8Array {
  const bytes = new Uint8Array(19);
  const view = new DataView(bytes.buffer);
  view.setUint8(1, order === 'little' ? 1 : 0);
  view.setInt32(4, -5, order === 'little');
  view.setUint32(8, nanosec, order === 'little');
  view.setUint32(12, length, order === 'little');
  bytes.set([0x61, 0x62, 0], 16);
  return bytes;
}

describe('messages: peekHeader', () => {
  for (const type of ['sensor_msgs/msg/Image', 'sensor_msgs/msg/PointCloud2', 'event_camera_msgs/msg/EventPacket']) {
    it(`reads stamp and frame of ${type}`, () => {
      assert.deepEqual(peekHeader(raw(type, encodeMessage(type, { header }))), {
        kind: 'header',
        stamp: 1_700_000_000_999_999_999n,
        frameId: 'camera_optical_frame',
      });
    });
  }

  for (const order of ['little', 'big'] as const) {
    it(`reads ${order}-endian headers, times before the epoch included`, () => {
      const peek = peekHeader(raw('std_msgs/msg/Header', headerBytes(order)));
      assert.deepEqual(peek, { kind: 'header', stamp: -4_999_999_993n, frameId: 'ab' });
    });
  }

  it('accepts an empty frame, with and without its terminating zero', () => {
    for (const length of [0, 1]) {
      const peek = peekHeader(raw('std_msgs/msg/Header', headerBytes('little', 0, length)));
      assert.deepEqual(peek, { kind: 'header', stamp: -5_000_000_000n, frameId: '' });
    }
  });

  it('says so when a type has no header', () => {
    const data = encodeMessage('tf2_msgs/msg/TFMessage', { transforms: [] });
    assert.deepEqual(peekHeader(raw('tf2_msgs/msg/TFMessage', data)), { kind: 'headerless' });
  });

  const malformed: [string, string, Uint8Array, RegExp][] = [
    ['no bytes', 'std_msgs/msg/Header', new Uint8Array(0), /at least 16 bytes/],
    ['an unknown encapsulation', 'std_msgs/msg/Header', headerBytes('little').with(0, 9), /encapsulation/],
    ['too many nanoseconds', 'std_msgs/msg/Header', headerBytes('little', 1e9), /nanosec below 1000000000/],
    ['a frame_id beyond the end', 'std_msgs/msg/Header', headerBytes('big', 0, 4), /within the 3 bytes left/],
    ['an unknown type', 'acme_msgs/msg/Thing', headerBytes('little'), /known definition/],
  ];
  for (const [name, type, bytes, expected] of malformed) {
    it(`reports ${name}`, () => {
      const peek = peekHeader(raw(type, bytes));
      assert.ok(peek.kind === 'malformed');
      assert.match(peek.reason, expected);
    });
  }

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (data) => {
        peekHeader(raw('sensor_msgs/msg/Image', data));
      }),
    );
  });
});

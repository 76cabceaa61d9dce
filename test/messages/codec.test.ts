import assert from 'node:assert/strict';
import fc from 'fast-check';
import { openBag } from '../../src/bags/index.js';
import {
  decodeMessage,
  encodeMessage,
  type Image,
  type MessageSchema,
  type RawMessage,
  schemaFor,
} from '../../src/messages/index.js';
import { sharedData } from '../support/shared_data.js';

const IMAGE = 'sensor_msgs/msg/Image';

/** A 2x1 mono8 image, laid out by hand from the CDR rules: 4-byte alignment of integers counted behind the header. */
const imageBytes = Uint8Array.from([
  ...[0, 1, 0, 0], // little endian
  ...[0x05, 0, 0, 0], // sec 5
  ...[0x07, 0, 0, 0], // nanosec 7
  ...[4, 0, 0, 0, ...Buffer.from('cam\0')], // frame_id
  ...[1, 0, 0, 0], // height
  ...[2, 0, 0, 0], // width
  ...[6, 0, 0, 0, ...Buffer.from('mono8\0')], // encoding, ends 34 bytes behind the encapsulation
  0, // is_bigendian
  0, // padding
  ...[2, 0, 0, 0], // step
  ...[2, 0, 0, 0, 0xaa, 0xbb], // data
]);

const image: Image = {
  header: { stamp: { sec: 5, nanosec: 7 }, frame_id: 'cam' },
  height: 1,
  width: 2,
  encoding: 'mono8',
  is_bigendian: 0,
  step: 2,
  data: Uint8Array.of(0xaa, 0xbb),
};

function raw(type: string, data: Uint8Array, schema?: MessageSchema): RawMessage {
  return { topic: '/topic', type, data, receiveStamp: 0n, ...(schema ? { schema } : {}) };
}

/** The same structure in the IDL that newer recorders store; written from the OMG grammar. */
const imageIdl: MessageSchema = {
  name: IMAGE,
  encoding: 'ros2idl',
  text: `${'='.repeat(80)}
IDL: builtin_interfaces/msg/Time
module builtin_interfaces { module msg { struct Time { int32 sec; uint32 nanosec; }; }; };
${'='.repeat(80)}
IDL: sensor_msgs/msg/Image
#include "std_msgs/msg/Header.idl"
module sensor_msgs {
  module msg {
    module Image_Constants { const uint8 UNUSED = 3; };
    struct Image {
      std_msgs::msg::Header header;
      uint32 height;
      uint32 width;
      string encoding;
      uint8 is_bigendian;
      uint32 step;
      sequence<uint8> data;
    };
  };
};
${'='.repeat(80)}
IDL: std_msgs/msg/Header
#include "builtin_interfaces/msg/Time.idl"
module std_msgs { module msg { struct Header { builtin_interfaces::msg::Time stamp; string frame_id; }; }; };
`,
};

describe('messages: decode and encode', () => {
  const schemas: [string, MessageSchema | undefined][] = [
    ['the built-in definition', undefined],
    ['a ros2msg schema', schemaFor(IMAGE)],
    ['a ros2idl schema', imageIdl],
    ['a schema without text, as SQLite bags may have', { name: IMAGE, encoding: 'ros2msg', text: '' }],
  ];
  for (const [name, schema] of schemas) {
    it(`decodes an image by ${name}`, () => {
      assert.deepEqual(decodeMessage<Image>(raw(IMAGE, imageBytes, schema)), image);
    });
  }

  it('encodes an image to the bytes the CDR rules ask for, in a buffer of its own', () => {
    const encoded = encodeMessage(IMAGE, image);
    assert.deepEqual(encoded, imageBytes);
    assert.equal(encoded.byteOffset, 0);
    assert.equal(encoded.buffer.byteLength, encoded.byteLength);
  });

  it('decodes big-endian messages', () => {
    const bytes = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 7, 0, 0, 0, 2, 0x61, 0]);
    const header = decodeMessage(raw('std_msgs/msg/Header', bytes));
    assert.deepEqual(header, { stamp: { sec: 5, nanosec: 7 }, frame_id: 'a' });
  });

  it('refuses encapsulations whose headers lie elsewhere than those that were checked', () => {
    // Of delimited and parameter lists the library reads lengths at places of their own: beyond what was walked.
    for (const kind of [2, 3, 5, 8, 9, 10, 11, 18, 20, 21, 0x7f, 0x93, 255]) {
      const bytes = Uint8Array.from([0, kind, 0, 0, 0, 0, 0, 5, 0, 0, 0, 7, 0, 0, 0, 2, 0x61, 0]);
      assert.throws(
        () => decodeMessage(raw('std_msgs/msg/Header', bytes)),
        /Expected encapsulation 0, 1, 6.* received/,
      );
    }
  });

  it('gives byte arrays as views, not copies', () => {
    const { data } = decodeMessage<Image>(raw(IMAGE, imageBytes));
    assert.equal(data.buffer, imageBytes.buffer);
    assert.equal(data.byteOffset, imageBytes.byteLength - 2);
  });

  it('reads 64-bit fields of event packets as bigint', () => {
    const packet = {
      header: { stamp: { sec: 1, nanosec: 2 }, frame_id: 'events' },
      height: 480,
      width: 640,
      seq: 2n ** 63n + 1n,
      time_base: 17n,
      encoding: 'evt3',
      is_bigendian: false,
      events: Uint8Array.of(1, 2, 3, 4),
    };
    for (const type of ['event_camera_msgs/msg/EventPacket', 'event_array_msgs/msg/EventArray']) {
      assert.deepEqual(decodeMessage(raw(type, encodeMessage(type, packet))), packet);
    }
  });

  it('aligns 64-bit fields to four bytes in XCDR 2, to eight in XCDR 1', () => {
    const packet = {
      header: { stamp: { sec: 1, nanosec: 2 }, frame_id: 'event' },
      height: 480,
      width: 640,
      seq: 3n,
      time_base: 4n,
      encoding: 'e',
      is_bigendian: false,
      events: Uint8Array.of(),
    };
    const numbers = (...values: number[]) => values.flatMap((value) => [value, 0, 0, 0]);
    const text = (letters: string) => [...numbers(letters.length + 1), ...Buffer.from(`${letters}\0`)];
    // Stamp 8, text 4 + 6, padding 2, two numbers 8: seq is due at byte 28, which only four divides.
    const head = [...numbers(1, 2), ...text('event'), 0, 0, ...numbers(480 & 255), ...numbers(640 & 255)];
    head[20 + 1] = 480 >> 8;
    head[24 + 1] = 640 >> 8;
    const tail = [...numbers(3, 0, 4, 0), ...text('e'), 0, 0, ...numbers(0)];
    const type = 'event_camera_msgs/msg/EventPacket';
    assert.deepEqual(decodeMessage(raw(type, Uint8Array.from([0, 7, 0, 0, ...head, ...tail]))), packet);
    const padded = Uint8Array.from([0, 1, 0, 0, ...head, 0, 0, 0, 0, ...tail]);
    assert.deepEqual(decodeMessage(raw(type, padded)), packet);
    assert.deepEqual(encodeMessage(type, packet), padded);
  });

  it('walks arrays of structures by alignment, as in dvs_msgs', () => {
    // The first event begins 4-aligned, the second at an odd stride of 14 (offset 30 from the header).
    const event = (x: number) => ({ x, y: 2, ts: { sec: 3, nanosec: 4 }, polarity: true });
    const message = {
      header: { stamp: { sec: 0, nanosec: 0 }, frame_id: '' },
      height: 1,
      width: 1,
      events: [event(10), event(11), event(12)],
    };
    const type = 'dvs_msgs/msg/EventArray';
    const encoded = encodeMessage(type, message);
    assert.equal(encoded.byteLength, 4 + 28 + 13 + 1 + 15 + 1 + 15);
    assert.deepEqual(decodeMessage(raw(type, encoded)), message);
  });

  it('names a type that nobody defines', () => {
    assert.throws(
      () => decodeMessage(raw('acme_msgs/msg/Thing', imageBytes)),
      /known definition but received acme_msgs/,
    );
    assert.throws(() => encodeMessage('acme_msgs/msg/Thing', {}), /acme_msgs\/msg\/Thing/);
  });

  it('names a schema that cannot be parsed', () => {
    const schema: MessageSchema = { name: 'a/msg/B', encoding: 'ros2msg', text: 'this is ! not a definition' };
    assert.throws(
      () => decodeMessage(raw('a/msg/B', imageBytes, schema)),
      /definition of a\/msg\/B .* cannot be parsed/,
    );
  });

  it('reads and writes the 188 messages of another implementation', async function () {
    const bag = await openBag(sharedData(this, 'rosbags-rs/test_bag_mcap'));
    let count = 0;
    for await (const message of bag.messages()) {
      const byBag = decodeMessage<object>(message);
      count++;
      // Jazzy added a field to Range; the recorder knew the older one.
      if (message.type === 'sensor_msgs/msg/Range') continue;
      const byOurText = decodeMessage<object>({ ...message, schema: schemaFor(message.type) });
      assert.deepEqual(byOurText, byBag, `schemaFor ${message.type}`);
      const again = encodeMessage(message.type, byBag);
      // Another writer may leave garbage in padding: compare what the bytes mean, and how many they are.
      assert.deepEqual(decodeMessage(raw(message.type, again)), byBag, message.type);
      assert.ok(Math.abs(again.byteLength - message.data.byteLength) < 4, `size of ${message.type}`);
    }
    await bag.close();
    assert.equal(count, 188);
  });
});

describe('messages: bytes that lie', () => {
  const cases: [string, string, Uint8Array, RegExp][] = [
    ['nothing', IMAGE, new Uint8Array(0), /at least 4 bytes but received 0/],
    [
      'an image cut in its data',
      IMAGE,
      imageBytes.subarray(0, -1),
      /2 bytes for field data but the message has 1 left/,
    ],
    [
      'a frame_id longer than the message',
      IMAGE,
      withUint32(imageBytes, 12, 0xffffffff),
      /4294967295 bytes for field header.frame_id/,
    ],
    [
      'an image that claims four gigabytes',
      IMAGE,
      withUint32(imageBytes, 44, 0xfffffff0),
      /4294967280 bytes for field data/,
    ],
    ['doubles beyond the end', 'std_msgs/msg/Float64MultiArray', hugeArray(), /34359738360 bytes for field data/],
    ['strings beyond the end', 'sensor_msgs/msg/JointState', hugeStrings(), /for field name/],
  ];
  for (const [name, type, bytes, expected] of cases) {
    it(`refuses ${name} before allocating`, () => {
      const before = process.memoryUsage().arrayBuffers;
      assert.throws(() => decodeMessage(raw(type, bytes)), expected);
      assert.ok(process.memoryUsage().arrayBuffers - before < 1 << 20);
    });
  }

  it('never reads past its own bytes into those around them', () => {
    // A message inside a larger buffer, as a reader of chunks hands it out: 0x55 must never show up.
    fc.assert(
      fc.property(
        fc.nat({ max: imageBytes.length }),
        fc.array(fc.tuple(fc.nat({ max: imageBytes.length - 1 }), fc.integer({ min: 0, max: 0x54 })), { maxLength: 4 }),
        (length, changes) => {
          const around = new Uint8Array(imageBytes.length + 512).fill(0x55);
          around.set(imageBytes.subarray(0, length), 256);
          for (const [index, value] of changes) if (index < length) around[256 + index] = value;
          let decoded: Image;
          try {
            decoded = decodeMessage<Image>(raw(IMAGE, around.subarray(256, 256 + length)));
          } catch (error) {
            assert.match((error as Error).message, /^Cannot decode a message of \/topic as/);
            return;
          }
          assert.ok(!decoded.data.includes(0x55));
          assert.ok(!decoded.encoding.includes('U') && !decoded.header.frame_id.includes('U'));
        },
      ),
      { numRuns: 500 },
    );
  });
});

function withUint32(bytes: Uint8Array, offset: number, value: number): Uint8Array {
  const copy = bytes.slice();
  new DataView(copy.buffer).setUint32(offset, value, true);
  return copy;
}

/** layout.dim empty, data_offset 0, then a sequence of 2^32 - 1 doubles of which none is there */
function hugeArray(): Uint8Array {
  return Uint8Array.from([0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
}

function hugeStrings(): Uint8Array {
  return Uint8Array.from([0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
}

describe('messages: bounds', () => {
  it('refuse more structures than a message has use for, before they are made', () => {
    const type = 'sensor_msgs/msg/PointCloud2';
    const field = { name: '', offset: 0, datatype: 7, count: 1 };
    const cloud = (count: number) =>
      encodeMessage(type, { header: {}, fields: Array.from({ length: count }, () => field), data: new Uint8Array(0) });
    assert.throws(() => decodeMessage(raw(type, cloud(140_000))), /Expected at most 262144 structures and strings/);
    assert.equal(decodeMessage<{ fields: unknown[] }>(raw(type, cloud(1000))).fields.length, 1000);
  });
});

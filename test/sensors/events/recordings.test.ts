import assert from 'node:assert/strict';
import { openBag } from '../../../src/bags/index.js';
import { decodeMessage, type EventPacket } from '../../../src/messages/index.js';
import { EventBuffer, type EventDecoder, EventStream } from '../../../src/sensors/events/index.js';
import { sharedData } from '../../support/shared_data.js';
import { decoderFor } from './support.js';

async function packetsOf(path: string): Promise<EventPacket[]> {
  const bag = await openBag(path);
  try {
    const packets: EventPacket[] = [];
    for await (const raw of bag.messages()) packets.push(decodeMessage<EventPacket>(raw));
    return packets;
  } finally {
    await bag.close();
  }
}

/** Sums over all events of a recording; times in nanoseconds of the sensor's clock, summed modulo 2^64. */
function checksums(packets: EventPacket[], decoder: EventDecoder) {
  const sums = { packets: packets.length, events: 0, t: 0n, x: 0, y: 0, polarity: 0, triggers: 0, faults: 0 };
  let first: bigint | undefined;
  const buffer = new EventBuffer();
  for (const packet of packets) {
    buffer.clear();
    const report = decoder.decode(packet, buffer);
    sums.triggers += report.triggers;
    sums.events += report.events;
    sums.faults += report.outside + report.unknownWords + (report.invalid === undefined ? 0 : 1);
    for (let i = 0; i < buffer.length; i++) {
      const t = decoder.origin + BigInt(buffer.t[i]!);
      first ??= t;
      sums.t += t;
      sums.x += buffer.x[i]!;
      sums.y += buffer.y[i]!;
      sums.polarity += buffer.polarity[i]!;
    }
  }
  return { ...sums, t: BigInt.asUintN(64, sums.t), first };
}

/** Sums published in ORIGIN.md beside the recordings; those of time for libcaer in event_camera_codecs' own tests. */
const recordings = [
  {
    folder: 'test_data_evt3_trigger',
    encoding: 'evt3',
    expected: {
      packets: 105,
      events: 82_469,
      t: 1_222_326_831_810_000n,
      x: 42_078_718,
      y: 31_656_267,
      polarity: 41_439,
      triggers: 2,
      faults: 0,
      first: 14_224_870_000n,
    },
  },
  {
    folder: 'test_data_libcaer_rollover',
    encoding: 'libcaer',
    expected: {
      packets: 201,
      events: 334_331,
      t: 15_762_826_572_202_229_126n,
      x: 111_651_612,
      y: 82_801_007,
      polarity: 181_908,
      triggers: 0,
      faults: 0,
      first: 1_702_309_120_762_236_018n,
    },
  },
  {
    folder: 'test_data_mono_cd',
    encoding: 'mono',
    expected: {
      packets: 2,
      events: 100,
      t: 4_950_000n,
      x: 34_450,
      y: 26_450,
      polarity: 50,
      triggers: 0,
      faults: 0,
      first: 0n,
    },
  },
];

/** ON and OFF events of each pixel, at most 255, counted without a ring or a clock. */
function countsOf(packets: EventPacket[]): { on: Uint8ClampedArray; off: Uint8ClampedArray } {
  const { width, height, encoding } = packets[0]!;
  const on = new Uint8ClampedArray(width * height);
  const off = new Uint8ClampedArray(width * height);
  const buffer = new EventBuffer();
  const decoder = decoderFor(encoding);
  for (const packet of packets) decoder.decode(packet, buffer);
  for (let i = 0; i < buffer.length; i++) (buffer.polarity[i] === 1 ? on : off)[buffer.y[i]! * width + buffer.x[i]!]!++;
  return { on, off };
}

/** Red and blue of an image. */
function channels(image: Uint8Array): { on: Uint8ClampedArray; off: Uint8ClampedArray } {
  const channel = (offset: number) =>
    Uint8ClampedArray.from({ length: image.length / 3 }, (_, i) => image[3 * i + offset]!);
  return { on: channel(0), off: channel(2) };
}

describe('recordings of event cameras', function () {
  // Reading a database takes seconds where the machine is busy.
  this.timeout(120_000);

  for (const { folder, encoding, expected } of recordings) {
    it(`${folder} holds the events others found in it`, async function () {
      const packets = await packetsOf(sharedData(this, `event_camera_codecs/${folder}`));
      assert.ok(packets.every((packet) => packet.encoding === encoding));
      assert.deepEqual(checksums(packets, decoderFor(encoding)), expected);
    });
  }

  for (const folder of ['test_data_evt3_trigger', 'test_data_libcaer_rollover']) {
    it(`${folder} lies steadily on ROS time, its events where their stamps say`, async function () {
      const packets = await packetsOf(sharedData(this, `event_camera_codecs/${folder}`));
      const stream = new EventStream({ horizonMs: 10_000 });
      for (const packet of packets) {
        const report = stream.pushPacket(packet);
        assert.deepEqual([report.clock?.kind, report.lostPackets, report.superseded], ['steady', 0, false]);
        const { sec, nanosec } = packet.header.stamp;
        const ahead = Number(stream.latestStamp! - (BigInt(sec) * 1_000_000_000n + BigInt(nanosec))) / 1e6;
        // A packet lasts 10 to 12 ms; its stamp tells its first or last event.
        assert.ok(ahead >= 0 && ahead < 20, `events reach ${ahead} ms beyond the stamp`);
      }
      const [width, height] = [packets[0]!.width, packets[0]!.height];
      const gridIndex = Int32Array.from({ length: width * height }, (_, i) => i);
      const size = { width, height };
      const representation = { kind: 'counts-recency', windowMs: 5000, countScale: 1 } as const;
      const image = await stream.render(
        stream.latestStamp!,
        { kind: 'scatter', grid: size, sensor: size, gridIndex },
        representation,
      );
      assert.deepEqual(channels(image), countsOf(packets));
    });
  }
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeMessage, timeFromStamp } from '../../../src/messages/index.js';
import type { EventPacket } from '../../../src/messages/types.js';
import { type EventEncoding, EventStream, eventEncodings } from '../../../src/sensors/events/index.js';
import { projectRoot } from '../../support/shared_data.js';
import { mutateFields } from '../mutate.js';
import { type FuzzTarget, require, requireSentence } from '../target.js';
import { rigOf, runThroughRig, STAMP } from './rig.js';

const PACKET = 'event_camera_msgs/msg/EventPacket';
const REPRESENTATION = { kind: 'counts-recency', windowMs: 40, countScale: 64 } as const;

function packetOf(encoding: EventEncoding, events: Uint8Array, number: number): EventPacket {
  const stamp = STAMP + BigInt(number) * 5_000_000n;
  const head = { stamp: timeFromStamp(stamp), frame_id: 'x' };
  return {
    header: head,
    height: 32,
    width: 64,
    seq: BigInt(number),
    time_base: stamp,
    encoding,
    is_bigendian: false,
    events,
  };
}

/** Words of each kind the encoding has, few enough to be quick. */
function eventsOf(encoding: EventEncoding): Uint8Array {
  switch (encoding) {
    case 'evt3': {
      const group = [0x8001, 0x6001, 0x0005, 0x2007, 0x2808, 0x3003, 0x4fff, 0x50a5, 0xa000, 0xe000, 0x7000];
      return new Uint8Array(Uint16Array.from({ length: 20 * group.length }, (_, i) => group[i % group.length]!).buffer);
    }
    case 'evt2':
      return new Uint8Array(
        Uint32Array.from([0x80000001, 0x00403805, 0x10407006, 0xa0000000, 0x80000002, 0x00403805]).buffer,
      );
    default:
      return Uint8Array.from({ length: 320 }, (_, i) => [3, 0, 0, 0, 7 + (i % 40), 0, i % 30, 0][i % 8]!);
  }
}

/** A mutated packet between two good ones: state lives across packets. */
function packetTarget(encoding: EventEncoding): FuzzTarget {
  const good = eventsOf(encoding);
  const seed = packetOf(encoding, good, 1);
  return {
    name: `events-${encoding}`,
    weight: 5,
    form: 'binary',
    seeds: async () => [encodeMessage(PACKET, seed)],
    async generate(random) {
      try {
        return encodeMessage(PACKET, mutateFields(seed, random));
      } catch {
        return encodeMessage(PACKET, seed);
      }
    },
    async run(data) {
      const message = (bytes: Uint8Array) => ({ topic: '/x/data', type: PACKET, data: bytes, receiveStamp: STAMP });
      const before = encodeMessage(PACKET, packetOf(encoding, good, 0));
      const after = encodeMessage(PACKET, packetOf(encoding, good, 2));
      return runThroughRig(rigOf(REPRESENTATION), [message(before), message(data), message(after)]);
    },
  };
}

const fixture = (name: string) => new Uint8Array(readFileSync(join(projectRoot, 'test/sensors/events/fixtures', name)));

export const eventTargets: readonly FuzzTarget[] = [
  ...eventEncodings.map(packetTarget),
  {
    name: 'event-array',
    weight: 8,
    form: 'binary',
    seeds: async () => [fixture('event_array_le.bin'), fixture('event_array_be.bin')],
    async run(data) {
      const stream = new EventStream({ capacity: 5000 });
      const report = stream.pushEventArray(data);
      if (report.invalid !== undefined) requireSentence(report.invalid, 'pushEventArray');
      require(report.events >= 0 && report.events <= data.length, `${report.events} events of ${data.length} bytes`);
      return `${report.events} ${report.outside} ${report.firstTime} ${report.lastTime} ${report.invalid}`;
    },
  },
];

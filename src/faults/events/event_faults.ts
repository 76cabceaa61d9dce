import type { EventPacket, RawMessage } from '../../messages/index.js';
import { sizeReason } from '../../sensors/events/event_decoder.js';
import { eventArrayTypes } from '../../sensors/events/index.js';
import type { FaultParts, StreamFault } from '../fault.js';
import { reencoded, tryDecode } from '../reencode.js';
import { coarse, type EventEdit } from './event_edit.js';
import { Evt3Editor } from './evt3_editor.js';
import { editRecords, RECORD_FORMATS } from './record_editor.js';

interface EventArray {
  width: number;
  height: number;
  events: { x: number; y: number; ts: { sec: number; nanosec: number }; polarity: boolean }[];
  header: { stamp: { sec: number; nanosec: number } };
}

/** Packets keep coming and hold nothing. */
export function createNoEvents(): StreamFault {
  return {
    apply(raw) {
      const message = tryDecode<object>(raw);
      if (message === undefined) return raw;
      return reencoded(raw, { ...message, events: eventArrayTypes.includes(raw.type) ? [] : new Uint8Array(0) });
    },
  };
}

/** Pixels fire by themselves: so many of each packet's pixels, with a polarity drawn at random. */
export function createEventNoise({ level }: { level: number }, { random }: FaultParts): StreamFault {
  return eventFault({
    factor: 1,
    spurious: ({ width, height }) =>
      Array.from({ length: Math.round(level * width * height) }, () => ({
        x: random.integer(0, width - 1),
        y: random.integer(0, height - 1),
        on: random.chance(0.5),
      })),
  });
}

/** `factor` x `factor` pixels share one coordinate; events keep their number, time and polarity. */
export function createEventLowResolution({ factor }: { factor: number }): StreamFault {
  return eventFault({ factor, spurious: () => [] });
}

function eventFault(edit: EventEdit): StreamFault {
  const evt3 = new Evt3Editor();
  const change = (raw: RawMessage, use: 'edited' | 'followed'): RawMessage => {
    if (eventArrayTypes.includes(raw.type)) return use === 'edited' ? editArray(raw, edit) : raw;
    const packet = tryDecode<EventPacket>(raw);
    // A word stream's state goes on in packets that are left as they are.
    if (packet === undefined || sizeReason(packet) !== undefined || (use === 'followed' && packet.encoding !== 'evt3'))
      return raw;
    const format = RECORD_FORMATS.get(packet.encoding);
    if (packet.encoding !== 'evt3' && format === undefined) {
      throw new Error(
        `Expected one of evt3, ${[...RECORD_FORMATS.keys()].join(', ')} for the encoding of events that faults change ` +
          `but received '${packet.encoding}' on ${raw.topic}. Use drop, freeze or timing faults on it.`,
      );
    }
    const events = format === undefined ? evt3.edit(packet, edit) : editRecords(packet, format, edit);
    return use === 'edited' ? reencoded(raw, { ...packet, events }) : raw;
  };
  return { watch: (raw) => void change(raw, 'followed'), apply: (raw) => change(raw, 'edited') };
}

function editArray(raw: RawMessage, { factor, spurious }: EventEdit): RawMessage {
  const message = tryDecode<EventArray>(raw);
  if (message === undefined || sizeReason({ width: message.width, height: message.height }) !== undefined) return raw;
  const events = message.events.map((event) => ({ ...event, x: coarse(event.x, factor), y: coarse(event.y, factor) }));
  const ts = message.events.at(-1)?.ts ?? message.header.stamp;
  for (const { x, y, on } of spurious(message)) events.push({ x, y, ts, polarity: on });
  return reencoded(raw, { ...message, events });
}

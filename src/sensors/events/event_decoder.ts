import type { EventPacket } from '../../messages/types.js';
import { BOUNDS, sizeProblem } from '../bounds.js';
import type { EventBuffer } from './event_buffer.js';

/** What one packet held besides the events appended to the buffer. */
export interface PacketReport {
  /** Events appended to the buffer. */
  events: number;
  /** External trigger edges; they are counted and never drawn. */
  triggers: number;
  /** Events dropped because their pixel lies outside the packet's width and height, or is not known after a loss. */
  outside: number;
  /** Words of a type the format does not define; skipped. */
  unknownWords: number;
  /**
   * Sensor time of the first event, or where there is none the first time stated, and the last time stated; in
   * nanoseconds since the decoder's origin. Undefined for a packet that tells no time.
   */
  firstTime: number | undefined;
  lastTime: number | undefined;
  /** Why the packet is not what it claims to be. Events decoded up to there are in the buffer and usable. */
  invalid: string | undefined;
}

/**
 * Which instant of a packet its `header.stamp` tells, so that the sensor's clock can be laid on ROS time: `first`, the
 * first event, as Prophesee's drivers stamp a packet when they begin to fill it; `last`, the last event, as the libcaer
 * driver stamps it when it has it all.
 */
export type StampAnchor = 'first' | 'last';

/**
 * Decodes the packets of one topic. State lives across packets: a word stream is cut into packets anywhere, and row,
 * time and roll-over count of one packet continue in the next.
 */
export interface EventDecoder {
  readonly stampAnchor: StampAnchor;
  /** Nanoseconds of the sensor's clock that event time 0 stands for. Fixed by the first packet decoded. */
  readonly origin: bigint;
  /** Appends the packet's events to `into`; never throws on bad bytes, see `PacketReport.invalid`. */
  decode(packet: EventPacket, into: EventBuffer): PacketReport;
  /** Tells that packets before the next one were lost: state that may be stale is not trusted until renewed. */
  resynchronise(): void;
}

/**
 * The most events taken from one packet. A vector word of two bytes holds up to twelve events, so a packet of some
 * megabytes could fill the memory.
 */
export const MAX_EVENTS_PER_PACKET = BOUNDS.packetEvents;

/** The reason for a packet that holds more events than `MAX_EVENTS_PER_PACKET`; the rest of it is not decoded. */
export function tooManyReason(packet: EventPacket): string {
  return `Expected at most ${MAX_EVENTS_PER_PACKET} events in a packet but received more in ${packet.events.length} bytes`;
}

/** A report of a packet nothing was read from yet. */
export function emptyReport(): PacketReport {
  return {
    events: 0,
    triggers: 0,
    outside: 0,
    unknownWords: 0,
    firstTime: undefined,
    lastTime: undefined,
    invalid: undefined,
  };
}

/** The reason for a packet whose length is no whole number of words, or undefined. */
export function cutWordReason(packet: EventPacket, wordBytes: number): string | undefined {
  const { length } = packet.events;
  if (length % wordBytes === 0) return undefined;
  return (
    `Expected a multiple of ${wordBytes} bytes for events of encoding ${packet.encoding} but received ${length}; ` +
    'the last word is cut off'
  );
}

/**
 * The reason for bytes that are not of the packet's encoding at all, or undefined. A few words of undefined type are a
 * newer sensor's; of random bytes a third or so are undefined, and what seems to be events there must not be drawn.
 */
export function foreignReason(packet: EventPacket, unknownWords: number, words: number): string | undefined {
  if (unknownWords <= 8 + words / 10) return undefined;
  return `Expected words of encoding ${packet.encoding} but received ${unknownWords} of undefined type among ${words}`;
}

/**
 * The reason for a message without a believable sensor size, which its events are checked against, or with more bytes
 * than may be worked off in one go; or undefined.
 */
export function sizeReason(message: { width: number; height: number; events?: Uint8Array }): string | undefined {
  const bytes = message.events?.byteLength ?? 0;
  if (bytes > BOUNDS.packetBytes) {
    return `Expected at most ${BOUNDS.packetBytes} bytes in a packet but received ${bytes}. Send shorter packets.`;
  }
  return sizeProblem(message, BOUNDS.eventSensorPixels, 'an event sensor');
}

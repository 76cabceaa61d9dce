import type { EventDecoder } from './event_decoder.js';
import { Evt2Decoder } from './evt2.js';
import { Evt3Decoder } from './evt3.js';
import { LibcaerDecoder } from './libcaer.js';
import { LibcaerCmpDecoder } from './libcaer_cmp.js';
import { MonoDecoder, TriggerDecoder } from './mono.js';

const decoders = {
  evt3: Evt3Decoder,
  evt2: Evt2Decoder,
  mono: MonoDecoder,
  trigger: TriggerDecoder,
  libcaer: LibcaerDecoder,
  libcaer_cmp: LibcaerCmpDecoder,
} as const;

/** The values of `EventPacket.encoding` that can be decoded. */
export const eventEncodings = Object.keys(decoders) as EventEncoding[];
export type EventEncoding = keyof typeof decoders;

/** A fresh decoder for the packets of one topic, or the reason there is none. */
export function createEventDecoder(
  encoding: string,
): { kind: 'decoder'; decoder: EventDecoder } | { kind: 'invalid'; reason: string } {
  if (!Object.hasOwn(decoders, encoding)) {
    const reason = `Expected one of ${eventEncodings.join(', ')} for the event encoding but received '${encoding}'`;
    return { kind: 'invalid', reason };
  }
  return { kind: 'decoder', decoder: new decoders[encoding as EventEncoding]() };
}

import type { EventDecoder } from './event_decoder.js';
import { Evt2Decoder } from './evt2.js';
import { Evt3Decoder } from './evt3.js';
import { Evt21Decoder } from './evt21.js';
import { LibcaerDecoder } from './libcaer.js';
import { LibcaerCmpDecoder } from './libcaer_cmp.js';
import { MonoDecoder, TriggerDecoder } from './mono.js';

const decoders = {
  evt3: Evt3Decoder,
  evt21: Evt21Decoder,
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
  spelling: string,
): { kind: 'decoder'; decoder: EventDecoder } | { kind: 'invalid'; reason: string } {
  const encoding = knownSpelling(spelling);
  if (!Object.hasOwn(decoders, encoding)) {
    const reason = `Expected one of ${eventEncodings.join(', ')} for the event encoding but received '${spelling}'`;
    return { kind: 'invalid', reason };
  }
  return { kind: 'decoder', decoder: new decoders[encoding as EventEncoding]() };
}

/** `EVT3`, `evt3.0` and `evt2.1` are in use too. */
function knownSpelling(encoding: string): string {
  return /^evt\d/i.test(encoding) ? encoding.toLowerCase().replace(/[._]/g, '').replace(/0$/, '') : encoding;
}

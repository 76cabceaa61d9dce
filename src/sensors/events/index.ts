export { ClockMapping, type ClockMappingOptions, type ClockObservation } from './clock_mapping.js';
export { createEventDecoder, type EventEncoding, eventEncodings } from './create_decoder.js';
export { EventArrayReader, eventArrayTypes } from './event_array_cdr.js';
export { EventBuffer } from './event_buffer.js';
export type { EventDecoder, PacketReport } from './event_decoder.js';
export { buildEventLookup, type EventLookup } from './event_lookup.js';
export { EventRing, type EventRingLimits } from './event_ring.js';
export { EventStream, type EventStreamOptions, type EventStreamReport, eventFault } from './event_stream.js';
export { type EventRepresentation, renderEvents } from './render_events.js';

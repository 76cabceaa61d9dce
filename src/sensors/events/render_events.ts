import { inSlices } from '../in_slices.js';
import { Pool } from '../pool.js';
import type { Representation } from '../representation.js';
import type { EventBuffer } from './event_buffer.js';
import type { EventLookup } from './event_lookup.js';
import type { EventRing, EventWindow, IndexRange } from './event_ring.js';

/** The representations an event window can be drawn in. */
export type EventRepresentation = Extract<Representation, { kind: 'polarity' | 'counts-recency' }>;

const NANOSECONDS_PER_MILLISECOND = 1e6;
const EVENTS_PER_SLICE = 40_000;
const PIXELS_PER_SLICE = 100_000;

/**
 * Draws the events of the window that ends at `end` (included) and starts `windowMs` earlier (excluded).
 * - `polarity`: R = 255 where a pixel had an ON event, B = 255 where it had an OFF one, G = 0 (as DELIVER).
 * - `counts-recency`: R = min(255, ON events * countScale), B likewise OFF, G = 255 (1 - age of the newest / window).
 * @param end - nanoseconds since the decoder's origin
 * @returns height * width * 3 bytes on the grid, RGB order; 0 = nothing known
 */
export async function renderEvents(
  ring: EventRing,
  end: number,
  lookup: EventLookup,
  representation: EventRepresentation,
): Promise<Uint8Array> {
  const window = { start: end - representation.windowMs * NANOSECONDS_PER_MILLISECOND, end };
  // Taken at once: while the event loop turns below, the next packets come in.
  const events = ring.copyOf(window);
  const pixels = lookup.grid.width * lookup.grid.height;
  const cells = lookup.kind === 'scatter' ? pixels : lookup.sensor.width * lookup.sensor.height;
  const seen = free.take(lookup) ?? { counts: new Uint32Array(cells * 2), newest: new Float32Array(cells) };
  await inSlices(events.length, EVENTS_PER_SLICE, (from, to) => accumulate(events, { from, to }, window, lookup, seen));
  const image = new Uint8Array(pixels * 3);
  const windowNanoseconds = end - window.start;
  await inSlices(pixels, PIXELS_PER_SLICE, (from, to) =>
    paint(image, { from, to }, seen, lookup, representation, windowNanoseconds),
  );
  seen.counts.fill(0);
  seen.newest.fill(0);
  free.give(lookup, seen);
  return image;
}

/** Counts of a lookup's cells, all 0, that no window is counted in just now: a megabyte that would be made anew for each. */
const free = new Pool<EventLookup, Seen>();

/** What happened in each cell: a grid pixel where events are scattered, a sensor pixel where they are gathered. */
interface Seen {
  /** ON and OFF events, interleaved. */
  counts: Uint32Array;
  /** Nanoseconds from the window's start to the newest event; 0 where there was none. */
  newest: Float32Array;
}

function accumulate(
  { x: xs, y: ys, polarity, t: times }: EventBuffer,
  { from, to }: IndexRange,
  { start, end }: EventWindow,
  lookup: EventLookup,
  { counts, newest }: Seen,
): void {
  const { width, height } = lookup.sensor;
  const gridIndex = lookup.kind === 'scatter' ? lookup.gridIndex : undefined;
  for (let i = from; i < to; i++) {
    const t = times[i]!;
    const x = xs[i]!;
    const y = ys[i]!;
    if (t <= start || t > end || x >= width || y >= height) continue;
    const own = y * width + x;
    const cell = gridIndex === undefined ? own : gridIndex[own]!;
    if (cell < 0) continue;
    counts[2 * cell + 1 - polarity[i]!]!++;
    const since = t - start;
    if (since > newest[cell]!) newest[cell] = since;
  }
}

function paint(
  image: Uint8Array,
  { from, to }: IndexRange,
  { counts, newest }: Seen,
  lookup: EventLookup,
  representation: EventRepresentation,
  windowNanoseconds: number,
): void {
  const isPolarity = representation.kind === 'polarity';
  const scale = isPolarity ? 255 : representation.countScale;
  const recencyScale = isPolarity ? 0 : 255 / windowNanoseconds;
  const sensorIndex = lookup.kind === 'gather' ? lookup.sensorIndex : undefined;
  for (let pixel = from; pixel < to; pixel++) {
    const cell = sensorIndex === undefined ? pixel : sensorIndex[pixel]!;
    // Whatever has events has a newest one, and most have none.
    if (cell < 0 || newest[cell] === 0) continue;
    image[3 * pixel] = Math.min(255, Math.round(counts[2 * cell]! * scale));
    image[3 * pixel + 1] = Math.round(newest[cell]! * recencyScale);
    image[3 * pixel + 2] = Math.min(255, Math.round(counts[2 * cell + 1]! * scale));
  }
}

import type { Representation } from '../representation.js';
import type { EventLookup } from './event_lookup.js';
import type { EventRing, EventWindow, IndexRange } from './event_ring.js';

/** The representations an event window can be drawn in. */
export type EventRepresentation = Extract<Representation, { kind: 'polarity' | 'counts-recency' }>;

const NANOSECONDS_PER_MILLISECOND = 1e6;

/**
 * Draws the events of the window that ends at `end` (included) and starts `windowMs` earlier (excluded).
 * - `polarity`: R = 255 where a pixel had an ON event, B = 255 where it had an OFF one, G = 0 (as DELIVER).
 * - `counts-recency`: R = min(255, ON events * countScale), B likewise OFF, G = 255 (1 - age of the newest / window).
 * @param end - nanoseconds since the decoder's origin
 * @returns height * width * 3 bytes on the grid, RGB order; 0 = nothing known
 */
export function renderEvents(
  ring: EventRing,
  end: number,
  lookup: EventLookup,
  representation: EventRepresentation,
): Uint8Array {
  const window = { start: end - representation.windowMs * NANOSECONDS_PER_MILLISECOND, end };
  const pixels = lookup.grid.width * lookup.grid.height;
  const cells = lookup.kind === 'scatter' ? pixels : lookup.sensor.width * lookup.sensor.height;
  const seen = { counts: new Uint32Array(cells * 2), newest: new Float32Array(cells) };
  for (const range of ring.ranges(window)) accumulate(ring, range, window, lookup, seen);

  const image = new Uint8Array(pixels * 3);
  const isPolarity = representation.kind === 'polarity';
  const scale = isPolarity ? 255 : representation.countScale;
  const recencyScale = isPolarity ? 0 : 255 / (end - window.start);
  for (let pixel = 0, i = 0; pixel < pixels; pixel++, i += 3) {
    const cell = lookup.kind === 'scatter' ? pixel : lookup.sensorIndex[pixel]!;
    if (cell < 0) continue;
    image[i] = Math.min(255, Math.round(seen.counts[2 * cell]! * scale));
    image[i + 1] = Math.round(seen.newest[cell]! * recencyScale);
    image[i + 2] = Math.min(255, Math.round(seen.counts[2 * cell + 1]! * scale));
  }
  return image;
}

/** What happened in each cell: a grid pixel where events are scattered, a sensor pixel where they are gathered. */
interface Seen {
  /** ON and OFF events, interleaved. */
  counts: Uint32Array;
  /** Nanoseconds from the window's start to the newest event; 0 where there was none. */
  newest: Float32Array;
}

function accumulate(ring: EventRing, range: IndexRange, window: EventWindow, lookup: EventLookup, seen: Seen): void {
  const { x: xs, y: ys, polarity, t: times } = ring;
  const { start, end } = window;
  const { width, height } = lookup.sensor;
  const gridIndex = lookup.kind === 'scatter' ? lookup.gridIndex : undefined;
  const { counts, newest } = seen;
  for (let i = range.from; i < range.to; i++) {
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

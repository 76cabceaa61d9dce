import type { ImageSize } from '../modality_image.js';
import type { Representation } from '../representation.js';
import type { EventRing } from './event_ring.js';

/** The representations an event window can be drawn in. */
export type EventRepresentation = Extract<Representation, { kind: 'polarity' | 'counts-recency' }>;

const NANOSECONDS_PER_MILLISECOND = 1e6;

/** Where events are drawn: the grid, and for each sensor pixel its index in the grid or -1 (`buildEventLookup`). */
export interface EventCanvas {
  grid: ImageSize;
  sensor: ImageSize;
  lookup: Int32Array;
}

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
  canvas: EventCanvas,
  representation: EventRepresentation,
): Uint8Array {
  const pixels = canvas.grid.width * canvas.grid.height;
  const on = new Uint32Array(pixels);
  const off = new Uint32Array(pixels);
  const newest = new Float64Array(pixels).fill(Number.NEGATIVE_INFINITY);
  const start = end - representation.windowMs * NANOSECONDS_PER_MILLISECOND;
  const { width: sensorWidth, height: sensorHeight } = canvas.sensor;
  const { lookup } = canvas;
  const { x: xs, y: ys, polarity, t: times } = ring;

  ring.forEachRange({ start, end }, (from, to) => {
    for (let i = from; i < to; i++) {
      const t = times[i]!;
      const x = xs[i]!;
      const y = ys[i]!;
      if (t <= start || t > end || x >= sensorWidth || y >= sensorHeight) continue;
      const pixel = lookup[y * sensorWidth + x]!;
      if (pixel < 0) continue;
      if (polarity[i] === 1) on[pixel]!++;
      else off[pixel]!++;
      if (t > newest[pixel]!) newest[pixel] = t;
    }
  });

  const image = new Uint8Array(pixels * 3);
  const isPolarity = representation.kind === 'polarity';
  const scale = isPolarity ? 255 : representation.countScale;
  for (let pixel = 0, i = 0; pixel < pixels; pixel++, i += 3) {
    if (newest[pixel] === Number.NEGATIVE_INFINITY) continue;
    image[i] = Math.min(255, Math.round(on[pixel]! * scale));
    if (!isPolarity) image[i + 1] = Math.round((255 * (newest[pixel]! - start)) / (end - start));
    image[i + 2] = Math.min(255, Math.round(off[pixel]! * scale));
  }
  return image;
}

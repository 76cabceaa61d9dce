import { EventBuffer, type EventRepresentation, EventRing, type ImageSize, renderEvents } from '../sensors/index.js';
import { type Column, readColumns } from './hdf5.js';
import type { Matrix3, MusesCalibration } from './muses_calibration.js';

const COLUMNS = ['events/x', 'events/y', 'events/p', 'events/t'];
const NANOSECONDS_PER_MICROSECOND = 1000;
const MICROSECONDS_PER_MILLISECOND = 1000;
/** Sides that 11-bit coordinates reach: events beyond are none of a sensor's. */
const MOST_SIDE = 2048;

/** Events of the window that ends with the last one of a file. */
export interface MusesEvents {
  events: EventBuffer;
  /** Nanoseconds since the first instant of the window. */
  end: number;
  /** The least sensor that has all of them. */
  sensor: ImageSize;
}

/**
 * Reads the last `windowMs` of an `.h5` of MUSES (`events/{x,y,t,p}`, t in microseconds). As in the SDK the window's
 * first instant belongs to it.
 * @throws Error in one sentence where the file cannot be read
 */
export async function readMusesEvents(path: string, windowMs: number): Promise<MusesEvents> {
  const [x, y, p, t] = (await readColumns(path, COLUMNS)) as [Column, Column, Column, Column];
  if (x.length !== t.length || y.length !== t.length || p.length !== t.length) {
    throw new Error(
      `Expected columns of one length in ${path} but received ${x.length}, ${y.length}, ${p.length} and ${t.length}. ` +
        'Copy the file again.',
    );
  }
  const window = windowMs * MICROSECONDS_PER_MILLISECOND;
  const end = window * NANOSECONDS_PER_MICROSECOND;
  let latest = t.length > 0 ? t[0]! : 0;
  for (let i = 1; i < t.length; i++) if (t[i]! > latest) latest = t[i]!;
  const events = new EventBuffer();
  let [width, height] = [1, 1];
  for (let i = 0; i < t.length; i++) {
    const age = Number(latest) - Number(t[i]!);
    if (age > window) continue;
    const [column, row] = [Number(x[i]!), Number(y[i]!)];
    if (!(column >= 0 && column < MOST_SIDE && row >= 0 && row < MOST_SIDE)) {
      throw new Error(
        `Expected events within ${MOST_SIDE}x${MOST_SIDE} pixels in ${path} but received one at ${column}, ${row}. ` +
          'Copy the file again.',
      );
    }
    events.reserve(1);
    const place = events.length++;
    events.x[place] = column;
    events.y[place] = row;
    events.polarity[place] = Number(p[i]!) === 1 ? 1 : 0;
    // The robot's windows leave their first instant out: an event of it is one nanosecond younger.
    events.t[place] = Math.max(1, end - age * NANOSECONDS_PER_MICROSECOND);
    width = Math.max(width, column + 1);
    height = Math.max(height, row + 1);
  }
  return { events, end, sensor: { width, height } };
}

/**
 * Draws events as the robot does, each moved to the pixel of the frame camera that the homography takes it to. Unlike in
 * the SDK, counts end at 255 (there they are bytes that start again at 0), and events that fall outside are left out
 * (there negative places count from the other side).
 */
export async function drawMusesEvents(
  { events, end, sensor }: MusesEvents,
  calibration: MusesCalibration,
  size: ImageSize,
  representation: EventRepresentation,
): Promise<Uint8Array> {
  const ring = new EventRing({ horizon: Number.POSITIVE_INFINITY, capacity: Math.max(1, events.length) });
  ring.push(events);
  const gridIndex = scatterIndex(calibration.eventHomography(size), sensor, size);
  return renderEvents(ring, end, { kind: 'scatter', sensor, grid: size, gridIndex }, representation);
}

/** For each pixel of the sensor the index of its pixel in the grid, or -1. */
function scatterIndex(homography: Matrix3, sensor: ImageSize, grid: ImageSize): Int32Array {
  const [[a, b, c], [d, e, f], [g, h, k]] = homography as [Matrix3[number], Matrix3[number], Matrix3[number]];
  const index = new Int32Array(sensor.width * sensor.height).fill(-1);
  for (let y = 0, i = 0; y < sensor.height; y++) {
    for (let x = 0; x < sensor.width; x++, i++) {
      const scale = x * g + y * h + k;
      const column = roundHalfToEven((x * a + y * b + c) / scale);
      const row = roundHalfToEven((x * d + y * e + f) / scale);
      if (column >= 0 && column < grid.width && row >= 0 && row < grid.height) index[i] = row * grid.width + column;
    }
  }
  return index;
}

/** As NumPy rounds. */
function roundHalfToEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

import assert from 'node:assert/strict';
import { CameraModel } from '../../../src/sensors/calibration/index.js';
import {
  buildEventLookup,
  EventBuffer,
  type EventLookup,
  EventRing,
  renderEvents,
} from '../../../src/sensors/events/index.js';
import type { Row } from './support.js';

const MS = 1e6;

function bufferOf(rows: Row[]): EventBuffer {
  const buffer = new EventBuffer();
  buffer.reserve(rows.length);
  rows.forEach(([x, y, polarity, t], i) => {
    buffer.x[i] = x;
    buffer.y[i] = y;
    buffer.polarity[i] = polarity;
    buffer.t[i] = t;
  });
  buffer.length = rows.length;
  return buffer;
}

function ringOf(rows: Row[]): EventRing {
  const ring = new EventRing({ horizon: 1e12, capacity: 1000 });
  ring.push(bufferOf(rows));
  return ring;
}

/** A sensor of 3 x 2 pixels mirrored into a grid of 2 x 2: columns 2, 1 are columns 0, 1; column 0 lies outside. */
const lookup = {
  kind: 'scatter',
  grid: { width: 2, height: 2 },
  sensor: { width: 3, height: 2 },
  gridIndex: Int32Array.from([-1, 1, 0, -1, 3, 2]),
} as const;

describe('renderEvents', () => {
  it('draws counts and the age of the newest event', async () => {
    const ring = ringOf([
      [2, 0, 1, 10 * MS],
      [2, 0, 1, 20 * MS],
      [2, 0, 0, 30 * MS],
      [1, 1, 0, 40 * MS],
      [0, 1, 1, 40 * MS],
    ]);
    const representation = { kind: 'counts-recency', windowMs: 40, countScale: 64 } as const;
    // Newest of pixel 0: 30 ms, a quarter of the window old: 255 * 0.75 = 191.25.
    assert.deepEqual(
      [...(await renderEvents(ring, 40 * MS, lookup, representation))],
      [128, 191, 64, 0, 0, 0, 0, 0, 0, 0, 255, 64],
    );
  });

  it('saturates at 255 and scales by fractions', async () => {
    const ring = ringOf(Array.from({ length: 5 }, (): Row => [1, 0, 1, 1 * MS]));
    const draw = async (countScale: number) =>
      (await renderEvents(ring, 1 * MS, lookup, { kind: 'counts-recency', windowMs: 1, countScale }))[3];
    assert.deepEqual([await draw(64), await draw(51), await draw(0.5), await draw(0.3)], [255, 255, 3, 2]);
  });

  it('draws polarity as 255 in red and blue', async () => {
    const ring = ringOf([
      [2, 0, 1, 10 * MS],
      [2, 0, 1, 20 * MS],
      [1, 0, 0, 20 * MS],
      [2, 1, 0, 20 * MS],
      [2, 1, 1, 20 * MS],
    ]);
    assert.deepEqual(
      [...(await renderEvents(ring, 20 * MS, lookup, { kind: 'polarity', windowMs: 50 }))],
      [255, 0, 0, 0, 0, 255, 255, 0, 255, 0, 0, 0],
    );
  });

  it('leaves out events at the window start, before it, and after its end', async () => {
    const ring = ringOf([
      [2, 0, 1, 9 * MS],
      [2, 0, 1, 10 * MS],
      [1, 0, 1, 20 * MS + 1],
    ]);
    const image = await renderEvents(ring, 20 * MS, lookup, { kind: 'polarity', windowMs: 10 });
    assert.deepEqual([...image], Array(12).fill(0));
  });

  it('draws what was there when it was asked, whatever comes while it draws', async () => {
    const ring = new EventRing({ horizon: 1e9, capacity: 3 });
    const old: Row[] = [
      [2, 0, 1, 10 * MS],
      [1, 0, 1, 20 * MS],
      [2, 1, 1, 20 * MS],
    ];
    ring.push(bufferOf(old));
    const drawing = renderEvents(ring, 20 * MS, lookup, { kind: 'polarity', windowMs: 20 });
    ring.push(bufferOf([[1, 1, 0, 19 * MS]]));
    ring.clear();
    assert.deepEqual([...(await drawing)], [255, 0, 0, 255, 0, 0, 255, 0, 0, 0, 0, 0]);
  });

  it('leaves out events outside the sensor the lookup was made for', async () => {
    const ring = ringOf([
      [3, 0, 1, MS],
      [0, 2, 1, MS],
    ]);
    const image = await renderEvents(ring, MS, lookup, { kind: 'polarity', windowMs: 10 });
    assert.deepEqual([...image], Array(12).fill(0));
  });
});

describe('buildEventLookup', () => {
  const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  const pinhole = (width: number, height: number, f: number) =>
    new CameraModel({ width, height, fx: f, fy: f, cx: (width - 1) / 2, cy: (height - 1) / 2 });

  it('maps a camera onto itself pixel by pixel', async () => {
    const camera = pinhole(7, 5, 6);
    assert.deepEqual(indexesOf(await buildEventLookup(camera, camera, identity), 'scatter'), [...Array(35).keys()]);
  });

  it('finds the grid pixel of a coarser grid', async () => {
    const lookup = await buildEventLookup(pinhole(4, 2, 4), pinhole(2, 1, 2), identity);
    assert.deepEqual(indexesOf(lookup, 'scatter'), [0, 0, 1, 1, 0, 0, 1, 1]);
  });

  it('turns by the rotation from event camera to grid camera', async () => {
    // Rolled by 90 degrees: the event camera's right (x) is the grid camera's down (y).
    const rolled = [0, -1, 0, 1, 0, 0, 0, 0, 1];
    const lookup = await buildEventLookup(pinhole(3, 3, 2), pinhole(3, 3, 2), rolled);
    assert.deepEqual(indexesOf(lookup, 'scatter'), [2, 5, 8, 1, 4, 7, 0, 3, 6]);
  });

  it('equals the homography K_grid R K_event^-1 where lenses do not bend', async () => {
    const events = pinhole(40, 30, 53);
    const grid = pinhole(64, 48, 41);
    const angle = 0.07;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    const indexes = indexesOf(await buildEventLookup(events, grid, [c, 0, s, 0, 1, 0, -s, 0, c]), 'scatter');
    for (let v = 0; v < 30; v++) {
      for (let u = 0; u < 40; u++) {
        const x = (u - 19.5) / 53;
        const y = (v - 14.5) / 53;
        const z = -s * x + c;
        const column = Math.round((41 * (c * x + s)) / z + 31.5);
        const line = Math.round((41 * y) / z + 23.5);
        const inside = column >= 0 && column < 64 && line >= 0 && line < 48;
        assert.equal(indexes[v * 40 + u], inside ? line * 64 + column : -1, `pixel ${u}, ${v}`);
      }
    }
  });

  it('leaves out what lies behind the grid camera or beside its picture', async () => {
    const behind = [-1, 0, 0, 0, 1, 0, 0, 0, -1];
    const camera = pinhole(7, 5, 6);
    assert.ok(indexesOf(await buildEventLookup(camera, camera, behind), 'scatter').every((index) => index === -1));
    const wide = await buildEventLookup(pinhole(5, 1, 1), pinhole(3, 1, 1), identity);
    assert.deepEqual(indexesOf(wide, 'scatter'), [-1, 0, 1, 2, -1]);
  });

  it('lets a grid finer than the sensor take from it, without holes, in the same directions', async () => {
    const lookup = await buildEventLookup(pinhole(2, 1, 2), pinhole(4, 2, 4), identity);
    assert.deepEqual(indexesOf(lookup, 'gather'), [0, 0, 1, 1, 0, 0, 1, 1]);
    // Turned about the vertical axis: whatever the way of looking up, the same directions meet.
    const angle = 0.1;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    const turn = [c, 0, s, 0, 1, 0, -s, 0, c];
    const [coarse, fine] = [pinhole(16, 12, 12), pinhole(64, 48, 48)];
    const gathered = indexesOf(await buildEventLookup(coarse, fine, turn), 'gather');
    const point = new Float64Array(2);
    for (let v = 0; v < 12; v++) {
      for (let u = 0; u < 16; u++) {
        const x = (u - 7.5) / 12;
        const z = -s * x + c;
        assert.ok(fine.project(c * x + s, (v - 5.5) / 12, z, point));
        const column = Math.round(point[0]!);
        const row = Math.round(point[1]!);
        if (column < 0 || column > 63 || row < 0 || row > 47) continue;
        assert.equal(gathered[row * 64 + column], v * 16 + u, `sensor pixel ${u}, ${v}`);
      }
    }
    assert.ok(gathered.includes(-1), 'a part of the grid lies beside the sensor');
  });

  it('draws a gathered event on every grid pixel that lies in its sensor pixel', async () => {
    const gather = await buildEventLookup(pinhole(2, 1, 2), pinhole(4, 2, 4), identity);
    const image = await renderEvents(ringOf([[1, 0, 1, MS]]), MS, gather, { kind: 'polarity', windowMs: 1 });
    assert.deepEqual(
      Array.from({ length: 8 }, (_, i) => image[3 * i]),
      [0, 0, 255, 255, 0, 0, 255, 255],
    );
  });
});

function indexesOf(lookup: EventLookup, kind: EventLookup['kind']): number[] {
  assert.equal(lookup.kind, kind);
  return [...(lookup.kind === 'scatter' ? lookup.gridIndex : lookup.sensorIndex)];
}

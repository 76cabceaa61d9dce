import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { CameraModel } from '../../../src/sensors/calibration/index.js';
import { labelledCloud, labelPoints, type PointCloud, readPointCloud } from '../../../src/sensors/lidar/index.js';
import { SOURCE_SHA256 } from '../../../src/sensors/lidar/kernel/points_wasm.js';
import { createHeader } from '../../../src/simulation/sensors/ros_messages.js';
import { projectRoot } from '../../support/shared_data.js';

const UNLABELED = 255;
const header = createHeader(0n, 'lidar');

describe('kernel of point clouds', () => {
  it('was made from its source', () => {
    const source = readFileSync(join(projectRoot, 'src/sensors/lidar/kernel/points.as'));
    assert.equal(SOURCE_SHA256, createHash('sha256').update(source).digest('hex'), 'run `npm run kernel`');
  });

  it('reads what a DataView does, of points of any width, in more than one block', async () => {
    for (const [step, count] of [
      [16, 8192],
      [22, 20_000],
      [48, 8193],
      [300_000, 2],
      [200_001, 3],
    ] as const) {
      const data = Uint8Array.from({ length: step * count }, (_, i) => (i % 4 === 3 ? 66 : (i * 7) % 251));
      const view = new DataView(data.buffer);
      const offsets = { x: 8, y: 0, z: 12, intensity: 4 };
      const points = Array.from({ length: count }, (_, i) => i * step);
      // Points without return would be left out, and the values of all points are asked for.
      for (const at of points) for (const offset of [0, 4, 8, 12]) view.setFloat32(at + offset, at + offset + 1, true);
      const fields = Object.entries(offsets).map(([name, offset]) => ({ name, offset, datatype: 7, count: 1 }));
      const message = { header, height: 1, width: count, fields, is_bigendian: false, is_dense: true };
      const outcome = await readPointCloud(
        { ...message, point_step: step, row_step: step * count, data },
        { intensityFullScale: 'as-is' },
      );
      assert.ok(outcome.kind === 'cloud');
      for (const [name, offset] of Object.entries(offsets)) {
        const expected = Float32Array.from(points, (at) => view.getFloat32(at + offset, true));
        assert.deepEqual(outcome.cloud[name as keyof typeof offsets], expected, `${name}, ${step} bytes a point`);
      }
    }
  });

  it('writes what a DataView does, in more than one block', async () => {
    const length = 20_000;
    const column = (from: number) => Float32Array.from({ length: length + 5 }, (_, i) => from + i / 3);
    const cloud: PointCloud = { length, x: column(1), y: column(-2), z: column(3e5), intensity: column(0.1) };
    const label = Uint8Array.from({ length }, (_, i) => i % 256);
    const confidence = Uint8Array.from({ length }, (_, i) => (i * 3) % 256);
    const colours = Uint8Array.from({ length: 1024 }, (_, i) => (i % 4 === 3 ? (i < 512 ? 255 : 0) : (i * 5) % 256));
    for (const sure of [confidence, undefined]) {
      const labels = { label, ...(sure && { confidence: sure }), inView: 0, hidden: 0 };
      const { data } = await labelledCloud(header, cloud, labels, colours);
      const expected = new DataView(new ArrayBuffer(24 * length));
      for (let i = 0, at = 0; i < length; i++, at += 24) {
        for (const [k, name] of (['x', 'y', 'z', 'intensity'] as const).entries()) {
          expected.setFloat32(at + 4 * k, cloud[name][i]!, true);
        }
        const [red, green, blue, alpha] = colours.subarray(4 * label[i]!);
        expected.setUint32(at + 16, alpha === 0 ? 0x808080 : red! * 65536 + green! * 256 + blue!, true);
        expected.setUint8(at + 20, label[i]!);
        expected.setUint8(at + 21, sure?.[i] ?? 0);
      }
      assert.equal(Buffer.compare(data, new Uint8Array(expected.buffer)), 0);
    }
  });
});

describe('labelPoints, by its definition', () => {
  /** Points of a camera that is the LiDAR: x right, y down, z ahead. */
  const identity = { rotation: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), translation: new Float64Array(3) };

  it('hides a point exactly where nearer points are both above and below it', async () => {
    const number = (max: number) => fc.integer({ min: 0, max });
    // Pixels of the picture and some around it, and depths far enough apart to hide each other.
    const pixels = fc.array(fc.tuple(number(13), number(23), number(4)), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(pixels, fc.constantFrom(20, 120, 400), async (chosen, f) => {
        const size = { width: 12, height: 22 };
        const grid = new CameraModel({ ...size, fx: f, fy: f, cx: 5.5, cy: 10.5 });
        const at = chosen.map(([column, row, far]) => ({ column: column - 1, row: row - 1, depth: 2 * 1.7 ** far }));
        const cloud: PointCloud = {
          length: at.length,
          x: Float32Array.from(at, ({ column, depth }) => ((column - 5.5) / f) * depth),
          y: Float32Array.from(at, ({ row, depth }) => ((row - 10.5) / f) * depth),
          z: Float32Array.from(at, ({ depth }) => depth),
          intensity: new Float32Array(at.length),
        };
        const mask = { ...size, labels: Uint8Array.from({ length: 264 }, (_, i) => i % 200) };
        const { label, inView, hidden } = await labelPoints(cloud, grid, identity, mask, UNLABELED);
        const inside = at.filter(({ column, row }) => column >= 0 && column < 12 && row >= 0 && row < 22);
        const reach = Math.max(2, Math.ceil(f * 2 * (Math.PI / 180)));
        const isHidden = (point: (typeof at)[0]) =>
          [-1, 1].every((side) =>
            inside.some(({ column, row, depth }) => {
              const rows = side * (row - point.row);
              const isNear = rows >= 1 && rows <= reach && Math.abs(column - point.column) <= 1;
              return isNear && depth < 0.9 * point.depth - 0.5;
            }),
          );
        const expected = at.map((point) =>
          !inside.includes(point) || isHidden(point) ? UNLABELED : (12 * point.row + point.column) % 200,
        );
        assert.deepEqual([...label], expected);
        assert.deepEqual([inView, hidden], [inside.length, inside.filter(isHidden).length]);
      }),
      { numRuns: 300 },
    );
  });
});

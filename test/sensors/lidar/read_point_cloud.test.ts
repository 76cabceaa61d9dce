import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { PointCloud2, PointField } from '../../../src/messages/types.js';
import { type PointCloud, readPointCloud } from '../../../src/sensors/lidar/index.js';
import { projectRoot } from '../../support/shared_data.js';

/** Layouts and values written by numpy, see fixtures/make_fixtures.py. */
interface Fixture {
  name: string;
  message: Omit<PointCloud2, 'header' | 'data'>;
  data: string;
  values: { x: number[]; y: number[]; z: number[]; intensity?: number[] };
}

const fixtures = JSON.parse(
  readFileSync(join(projectRoot, 'test/sensors/lidar/fixtures/clouds.json'), 'utf8'),
) as Fixture[];

const header = { stamp: { sec: 0, nanosec: 0 }, frame_id: 'lidar' };

/** Points x, y, z, intensity as float32. */
function cloudOf(points: number[][], changes: Partial<PointCloud2> = {}): PointCloud2 {
  const data = new Uint8Array(Float32Array.from(points.flat()).buffer);
  const field = (name: string, offset: number): PointField => ({ name, offset, datatype: 7, count: 1 });
  return {
    header,
    height: 1,
    width: points.length,
    fields: [field('x', 0), field('y', 4), field('z', 8), field('intensity', 12)],
    is_bigendian: false,
    point_step: 16,
    row_step: 16 * points.length,
    data,
    is_dense: true,
    ...changes,
  };
}

async function read(message: PointCloud2, options = {}): Promise<PointCloud> {
  const outcome = await readPointCloud(message, options);
  assert.equal(outcome.kind, 'cloud', outcome.kind === 'invalid' ? outcome.reason : '');
  return (outcome as { cloud: PointCloud }).cloud;
}

const column = (values: ArrayLike<number>, cloud: PointCloud) => Array.from(values).slice(0, cloud.length);

describe('readPointCloud', () => {
  for (const { name, message, data, values } of fixtures) {
    it(`reads the layout "${name}" as numpy wrote it`, async () => {
      const cloud = await read({ header, ...message, data: new Uint8Array(Buffer.from(data, 'base64')) });
      assert.equal(cloud.length, message.width * message.height);
      for (const axis of ['x', 'y', 'z'] as const) assert.deepEqual(column(cloud[axis], cloud), values[axis]);
      const is16bit =
        (message.fields.find((field) => field.name === 'intensity')?.datatype ?? 0) in { 4: 1, 5: 1, 6: 1 };
      const expected = (values.intensity ?? values.x.map(() => 0)).map((value) =>
        is16bit ? (value * 255) / 65535 : value,
      );
      column(cloud.intensity, cloud).forEach((intensity, i) => {
        assert.ok(Math.abs(intensity - expected[i]!) < 1e-3, `intensity ${intensity}, expected ${expected[i]}`);
      });
    });
  }

  it('drops points with a coordinate that is not finite and keeps the others aligned', async () => {
    const cloud = await read(
      cloudOf([
        [Number.NaN, 1, 1, 10],
        [1, 2, 3, 20],
        [1, Number.POSITIVE_INFINITY, 3, 30],
        [4, 5, Number.NEGATIVE_INFINITY, 40],
        [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3, 50],
        [7, 8, 9, 60],
      ]),
    );
    const { x, y, z, intensity } = cloud;
    assert.deepEqual(
      [x, y, z, intensity].map((values) => column(values, cloud)),
      [
        [1, 7],
        [2, 8],
        [3, 9],
        [20, 60],
      ],
    );
  });

  it('scales intensities by the value that means full scale, and bounds them', async () => {
    const message = cloudOf([0, 0.5, 1, 2, -1, Number.NaN].map((intensity) => [1, 1, 1, intensity]));
    assert.deepEqual([...(await read(message, { intensityFullScale: 1 })).intensity], [0, 127.5, 255, 255, 0, 0]);
    assert.deepEqual([...(await read(message)).intensity], [0, 0.5, 1, 2, 0, 0]);
  });

  it('reads an empty cloud', async () => {
    assert.equal((await read(cloudOf([]))).length, 0);
    assert.equal((await read(cloudOf([], { point_step: 16, height: 0 }))).length, 0);
  });

  it('needs neither padding behind the last row nor a row_step for a single row', async () => {
    const points = [
      [1, 1, 1, 1],
      [2, 2, 2, 2],
    ];
    assert.equal((await read(cloudOf(points, { row_step: 0 }))).length, 2);
    const twoRows = cloudOf(points, { width: 1, height: 2, row_step: 16 });
    assert.deepEqual([...(await read(twoRows)).x], [1, 2]);
  });

  for (const [what, rowStep] of [
    ['0', 0],
    ['the size of the whole cloud', 64],
    ['counted in points', 2],
  ] as const) {
    it(`puts a row_step right that is ${what}, where the bytes are those of unpadded rows`, async () => {
      const points = [1, 2, 3, 4].map((value) => [value, value, value, value]);
      const rows = cloudOf(points, { width: 2, height: 2, row_step: rowStep });
      assert.deepEqual([...(await read(rows)).x], [1, 2, 3, 4]);
      const longer = { ...rows, data: new Uint8Array([...rows.data, 0]) };
      assert.equal((await readPointCloud(longer)).kind, 'invalid');
    });
  }

  it('leaves out points in the place of the sensor, which are beams without return', async () => {
    const cloud = await read(
      cloudOf([
        [0, 0, 0, 10],
        [0, 0, 1, 20],
        [-0, 0, 0, 30],
      ]),
    );
    assert.deepEqual(column(cloud.intensity, cloud), [20]);
  });

  const twoPoints = [
    [1, 2, 3, 4],
    [5, 6, 7, 8],
  ];
  const lies: { title: string; message: PointCloud2; reason: RegExp }[] = [
    {
      title: 'a field beyond point_step',
      message: cloudOf(twoPoints, { point_step: 14 }),
      reason: /Expected field 'intensity' within point_step 14 .* bytes 12 to 16/,
    },
    { title: 'a point_step of 0', message: cloudOf(twoPoints, { point_step: 0 }), reason: /within point_step 0/ },
    {
      title: 'data shorter than claimed',
      message: cloudOf(twoPoints, { width: 3 }),
      reason: /Expected data of at least 48 bytes .* received 32/,
    },
    {
      title: 'rows that overlap',
      message: cloudOf(twoPoints, { height: 2, row_step: 16 }),
      reason: /Expected row_step of at least point_step \* width = 32 .* received 16/,
    },
    {
      title: 'two thousand million points in 32 bytes',
      message: cloudOf(twoPoints, { width: 2_000_000_000 }),
      reason: /Expected width \* height of at most/,
    },
    {
      title: 'sixty-four megabytes in 32 bytes',
      message: cloudOf(twoPoints, { width: 4_000_000 }),
      reason: /Expected data of at least 64000000 bytes/,
    },
    {
      title: 'a datatype that is none',
      message: cloudOf(twoPoints, { fields: cloudOf([]).fields.map((field) => ({ ...field, datatype: 9 })) }),
      reason: /Expected field 'x' with datatype 1\.\.8 .* received 9/,
    },
    {
      title: 'an array field that ends beyond point_step',
      message: cloudOf(twoPoints, {
        fields: [...cloudOf([]).fields, { name: 'rest', offset: 8, datatype: 2, count: 2 ** 32 - 1 }],
      }),
      reason: /Expected field 'rest' within point_step/,
    },
    {
      title: 'no z',
      message: cloudOf(twoPoints, { fields: cloudOf([]).fields.filter(({ name }) => name !== 'z') }),
      reason: /Expected a field 'z' .* fields x, y, intensity/,
    },
  ];
  for (const { title, message, reason } of lies) {
    it(`refuses ${title}`, async () => {
      const outcome = await readPointCloud(message);
      assert.equal(outcome.kind, 'invalid');
      assert.match(outcome.kind === 'invalid' ? outcome.reason : '', reason);
    });
  }

  it('does not walk over rows that a cloud without columns claims', async () => {
    // Walking over four thousand million rows would take longer than a test may.
    assert.equal((await read(cloudOf([], { width: 0, height: 2 ** 32 - 1 }))).length, 0);
  });

  it('never throws, whatever the header claims', async () => {
    const number = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constantFrom(2 ** 31, 2 ** 32 - 1));
    const field = fc.record({
      name: fc.constantFrom('x', 'y', 'z', 'intensity', 'ring'),
      offset: number,
      datatype: fc.integer({ min: 0, max: 9 }),
      count: number,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          height: number,
          width: number,
          point_step: number,
          row_step: number,
          fields: fc.array(field, { maxLength: 6 }),
          is_bigendian: fc.boolean(),
          data: fc.uint8Array({ maxLength: 300 }),
        }),
        async (claims) => {
          const outcome = await readPointCloud(cloudOf([], claims));
          if (outcome.kind === 'cloud') assert.ok(outcome.cloud.length <= claims.width * claims.height);
        },
      ),
      { seed: 5, numRuns: 500 },
    );
    // Random claims are seldom true, so that also true ones are bent one at a time.
    const bend = fc.record({
      key: fc.constantFrom('height', 'width', 'point_step', 'row_step'),
      value: number,
    });
    await fc.assert(
      fc.asyncProperty(bend, async ({ key, value }) => {
        const outcome = await readPointCloud(cloudOf(twoPoints, { [key]: value }));
        if (outcome.kind === 'cloud') assert.ok(outcome.cloud.length <= 2);
      }),
      { seed: 6, numRuns: 300 },
    );
  });
});

import assert from 'node:assert/strict';
import { CameraModel } from '../../../src/sensors/calibration/index.js';
import { type DepthMap, DepthScale } from '../../../src/sensors/depth/index.js';
import type { SensorNotice } from '../../../src/sensors/index.js';

const SIZE = { width: 160, height: 120 };
const grid = new CameraModel({ ...SIZE, fx: 120, fy: 120, cx: 79.5, cy: 59.5 });
/** A camera that looks ahead, `height` above the base frame's ground. */
const mountAt = (height: number) => ({
  grid,
  toBase: {
    rotation: Float64Array.of(0, 0, 1, -1, 0, 0, 0, -1, 0),
    translation: Float64Array.of(0, 0, height),
  },
});

/** Flat ground below the horizon and a wall 12 m ahead above it, as a camera at `height` sees them, times `factor`. */
function street(height: number, factor: number): DepthMap {
  const metres = new Float32Array(SIZE.width * SIZE.height);
  for (let v = 0; v < SIZE.height; v++) {
    const slope = (v - 59.5) / 120;
    const ground = slope > 0 ? height / slope : Number.POSITIVE_INFINITY;
    metres.fill(factor * Math.min(12, ground), v * SIZE.width, (v + 1) * SIZE.width);
  }
  return { ...SIZE, metres };
}

async function found(unit: number, pictures: DepthMap[], ground: ReturnType<typeof mountAt> | undefined) {
  const notices: SensorNotice[] = [];
  const scale = new DepthScale('depth', (notice) => notices.push(notice));
  for (const picture of pictures) await scale.observe(picture, unit, ground);
  return { factor: scale.factor, isOpen: scale.isOpen, notices };
}

describe('DepthScale', () => {
  for (const [what, unit, factor, value] of [
    ['integers of a tenth of a millimetre', 0.001, 0.1, 0.0001],
    ['integers of a quarter of a millimetre', 0.001, 0.25, 0.00025],
    ['integers of a centimetre', 0.001, 10, 0.01],
    ['floats in millimetres', 1, 0.001, 0.001],
    ['floats in centimetres', 1, 0.01, 0.01],
  ] as const) {
    it(`finds ${what} by the ground, and says so once`, async () => {
      const picture = street(1.5, 1 / factor);
      const { factor: chosen, notices } = await found(unit, [picture, picture], mountAt(1.5));
      assert.equal(chosen, factor);
      assert.deepEqual(
        notices.map((notice) => notice.code === 'scale-found' && [notice.quantity, notice.value]),
        [['depth', value]],
      );
    });
  }

  it('finds floats in millimetres without a mount, by their size', async () => {
    const { factor } = await found(1, [street(1.5, 1000)], undefined);
    assert.equal(factor, 0.001);
  });

  it('keeps the usual unit where the ground lies right, and stops looking', async () => {
    for (const unit of [0.001, 1]) {
      const { factor, isOpen, notices } = await found(unit, [street(1.5, 1)], mountAt(1.5));
      assert.deepEqual([factor, isOpen, notices], [1, false, []]);
    }
  });

  it('keeps the usual unit where the base frame is not on the ground, or too low to tell', async () => {
    // A base frame 0.6 m above the ground, the camera 1 m above that; and a robot as low as a shoe box.
    for (const [true_, mounted] of [
      [1.6, 1],
      [0.3, 0.12],
    ] as const) {
      const { factor, notices } = await found(0.001, [street(true_, 1)], mountAt(mounted));
      assert.deepEqual([factor, notices], [1, []]);
    }
  });

  it('looks at ten pictures and no more', async () => {
    const wall = { ...SIZE, metres: new Float32Array(SIZE.width * SIZE.height).fill(3) };
    assert.equal((await found(0.001, new Array<DepthMap>(9).fill(wall), mountAt(1.5))).isOpen, true);
    assert.equal((await found(0.001, new Array<DepthMap>(10).fill(wall), mountAt(1.5))).isOpen, false);
  });
});

import type { CameraModel, RigidTransform } from '../calibration/index.js';
import type { SensorNotice } from '../notice.js';
import type { DepthMap } from './depth_map.js';

/** So many pictures are looked at; a scale that has not shown by then is the usual one. */
const PICTURES = 10;
const PIXEL_STRIDE = 3;
/** Fewer pixels than this say nothing. */
const FEWEST_PIXELS = 200;
/** No depth camera has a quarter of its picture farther away than this, in metres. */
const FARTHEST_NEAR_QUARTER = 100;
/** A camera lower than this above the base frame's ground sees too little of it, or that is not the ground. */
const LOWEST_CAMERA = 0.5;
const FARTHEST_GROUND = 25;
/** Ground must be so much of what lies below the horizon, and its scale so exact. */
const GROUND_SHARE = 0.25;
const TOLERANCE = 0.08;
/** How far the usual unit may be off and still be it: a base frame need not lie on the ground to the centimetre. */
const USUAL_TOLERANCE = 0.35;
/** Bins of the ratio's logarithm, three percent wide. */
const BIN = Math.log(1.03);

/**
 * Units other than the usual one that drivers are known to publish, as factors to it: a tenth and a quarter of a
 * millimetre (Orbbec and RealSense at close range, L515), centimetres and metres for integers; centimetres and
 * millimetres for floats.
 */
const INTEGER_FACTORS = [0.1, 0.25, 10, 1000] as const;
const FLOAT_FACTORS = [0.01, 0.001] as const;

/** From the grid camera's frame to the base frame, with the camera that the depth lies on. */
export interface GroundView {
  grid: CameraModel;
  toBase: RigidTransform;
}

/**
 * Finds out the unit of a depth camera's samples. The usual one, millimetres for integers and metres for floats
 * (REP-118), is kept unless the picture cannot be of it: floats that would put most of the scene beyond a hundred
 * metres, or a ground that lies where the camera's mount says it is only in another unit.
 */
export class DepthScale {
  readonly #modality: string;
  readonly #tell: (notice: SensorNotice) => void;
  #factor = 1;
  #left = PICTURES;

  constructor(modality: string, tell: (notice: SensorNotice) => void) {
    this.#modality = modality;
    this.#tell = tell;
  }

  /** What depths of the usual unit are to be multiplied by. */
  get factor(): number {
    return this.#factor;
  }

  /** True while pictures are still looked at. */
  get isOpen(): boolean {
    return this.#left > 0;
  }

  /**
   * Looks at one picture in the usual unit, laid on the grid, while it still looks.
   * @param unit - metres of one unit of the samples, 0.001 or 1
   * @param ground - where the ground must be seen, where that is known
   */
  async observe(depth: DepthMap, unit: number, ground: GroundView | undefined): Promise<void> {
    if (!this.isOpen) return;
    const metres = sampleDepths(depth);
    if (metres.length < FEWEST_PIXELS) return;
    this.#left--;
    const ratio = ground && (await groundRatio(depth, ground));
    const factors = unit === 1 ? FLOAT_FACTORS : INTEGER_FACTORS;
    const byGround = ratio === undefined ? undefined : factors.find((factor) => isNear(ratio, factor, TOLERANCE));
    if (byGround !== undefined) {
      this.#decide(byGround, unit, 'only so the ground lies where the mount of the camera says it is');
    } else if (ratio !== undefined && isNear(ratio, 1, USUAL_TOLERANCE)) this.#left = 0;
    else if (unit === 1 && metres[Math.floor(metres.length / 4)]! > FARTHEST_NEAR_QUARTER) {
      this.#decide(0.001, unit, `three quarters of its values are above ${FARTHEST_NEAR_QUARTER}, too far in metres`);
    }
  }

  #decide(factor: number, unit: number, because: string): void {
    this.#factor = factor;
    this.#left = 0;
    this.#tell({ code: 'scale-found', modality: this.#modality, quantity: 'depth', value: factor * unit, because });
  }
}

function isNear(ratio: number, factor: number, tolerance: number): boolean {
  return Math.abs(Math.log(ratio / factor)) < Math.log(1 + tolerance);
}

function sampleDepths({ metres }: DepthMap): Float32Array {
  return metres.filter((value, i) => i % (PIXEL_STRIDE * PIXEL_STRIDE) === 0 && value > 0).sort();
}

/**
 * How many times farther away the ground must be than it was measured: the most frequent ratio of all pixels that look
 * down, or undefined where none is frequent. What stands on the ground spreads over many ratios.
 */
async function groundRatio(depth: DepthMap, { grid, toBase }: GroundView): Promise<number | undefined> {
  const rays = await grid.rays();
  const [upX, upY, upZ] = [toBase.rotation[6]!, toBase.rotation[7]!, toBase.rotation[8]!];
  const height = toBase.translation[2]!;
  if (height < LOWEST_CAMERA) return undefined;
  const counts = new Map<number, number>();
  let total = 0;
  for (let v = 0; v < depth.height; v += PIXEL_STRIDE) {
    for (let u = 0; u < depth.width; u += PIXEL_STRIDE) {
      const i = v * depth.width + u;
      const measured = depth.metres[i]!;
      const slope = upX * rays[3 * i]! + upY * rays[3 * i + 1]! + upZ * rays[3 * i + 2]!;
      const expected = -height / slope;
      if (measured === 0 || !(slope < 0) || expected > FARTHEST_GROUND) continue;
      total++;
      const bin = Math.round(Math.log(expected / measured) / BIN);
      counts.set(bin, (counts.get(bin) ?? 0) + 1);
    }
  }
  if (total < FEWEST_PIXELS) return undefined;
  let best = { count: 0, bin: 0 };
  for (const bin of counts.keys()) {
    const count = [bin - 1, bin, bin + 1].reduce((sum, near) => sum + (counts.get(near) ?? 0), 0);
    if (count > best.count || (count === best.count && bin < best.bin)) best = { count, bin };
  }
  return best.count >= GROUND_SHARE * total ? Math.exp(best.bin * BIN) : undefined;
}

import type { SensorNotice } from '../notice.js';
import type { IntensityField, PointCloud } from './point_cloud.js';

/** Fewer values than this say nothing about their scale. */
const FEWEST_VALUES = 50;
/** More are not looked at: sorting a large cloud would hold the event loop up. */
const MOST_SORTED = 20_000;
/** Share of the values a scale must hold; the few above are retro-reflectors and stray light. */
const NEARLY_ALL = 0.999;
/**
 * Photon counts have no full scale. The 95th percentile is laid at half of it, where scales of reflectivity have it
 * (136 of 255 in the simulator's drives); what lies far above are retro-reflectors.
 */
const BRIGHT = 0.95;
const BRIGHT_LEVEL = 0.5;
/** Full scale of a percentage-free unit interval, of bytes, and of 16 bits. */
const UNIT = 1;
const BYTE = 255;
const WORD = 65535;

type Range = 'unit' | 'byte' | 'beyond';

/**
 * Finds out which value of a LiDAR's intensity field means full scale: 1, 255, 65535, or for photon counts what brings
 * them where reflectivities lie. The first cloud decides, and the decision stays, so that a dark scene does not
 * flicker, unless later values cannot be of that scale.
 */
export class IntensityScale {
  readonly #modality: string;
  readonly #tell: (notice: SensorNotice) => void;
  #decided: { range: Range; fullScale: number; falloff: Falloff } | undefined;

  constructor(modality: string, tell: (notice: SensorNotice) => void) {
    this.#modality = modality;
    this.#tell = tell;
  }

  /**
   * @param cloud - with intensities as the field has them; counts that fall with the distance are put right in place
   * @returns the value that means full scale
   */
  fullScale(cloud: PointCloud, field: IntensityField): number {
    // Bytes cannot be of any other scale.
    if (field.datatype <= 2) return BYTE;
    const decided = this.#decided;
    if (decided === undefined || isMostlyAbove(cloud.intensity, LIMITS[decided.range])) this.#look(cloud, field);
    if (this.#decided?.falloff === 'square') correctFalloff(cloud);
    return this.#decided?.fullScale ?? assumedFullScale(field);
  }

  /** Decides where the cloud says anything. */
  #look(cloud: PointCloud, field: IntensityField): void {
    const sorted = sample(cloud.intensity);
    const range = sorted.length < FEWEST_VALUES ? undefined : rangeOf(sorted, field);
    if (range === undefined) return;
    if (this.#decided !== undefined && !isBeyond(range, this.#decided.range)) return;
    const top = quantile(sorted, NEARLY_ALL);
    const falloff = range === 'beyond' ? falloffOf(cloud) : 'none';
    const known = { unit: UNIT, byte: BYTE, beyond: undefined }[range];
    const fullScale = known ?? scaleOfCounts(falloff === 'none' ? sorted : correctedSample(cloud));
    this.#decided = { range, fullScale, falloff };
    if (fullScale === assumedFullScale(field) && falloff === 'none') return;
    const values = `99.9 % of the values of '${field.name}' are at most ${Number(top.toPrecision(4))}`;
    const counts =
      falloff === 'none' ? 'counts' : 'counts that fall with the square of the distance, which is put right';
    const because = range === 'beyond' && fullScale !== WORD ? `${values} and so are ${counts}, not 0 to 255` : values;
    this.#tell({ code: 'scale-found', modality: this.#modality, quantity: 'intensity', value: fullScale, because });
  }
}

/** What a field's values are taken as while nothing is known: floats as 0..255, 16 bits and more as 0..65535. */
function assumedFullScale({ datatype }: IntensityField): number {
  return datatype >= 3 && datatype <= 6 ? WORD : BYTE;
}

/** Undefined for values that could be of any scale, such as nothing but ones. */
function rangeOf(sorted: Float32Array, { datatype }: IntensityField): Range | undefined {
  const top = quantile(sorted, NEARLY_ALL);
  if (top > BYTE) return 'beyond';
  if (top > UNIT) return 'byte';
  const isReal = datatype >= 7 && sorted.some((value) => value < UNIT);
  return isReal ? 'unit' : undefined;
}

/** Values above these contradict a decision. */
const LIMITS: Readonly<Record<Range, number>> = { unit: UNIT, byte: BYTE, beyond: Number.POSITIVE_INFINITY };

function isMostlyAbove(values: Float32Array, limit: number): boolean {
  let above = 0;
  for (let i = 0; i < values.length; i++) if (values[i]! > limit) above++;
  return above > (1 - NEARLY_ALL) * values.length;
}

/** Some of the values that are any, sorted. */
function sample(values: Float32Array): Float32Array {
  const stride = Math.max(1, Math.floor(values.length / MOST_SORTED));
  return values.filter((value, i) => i % stride === 0 && value > 0 && value < Number.POSITIVE_INFINITY).sort();
}

const ORDER: readonly Range[] = ['unit', 'byte', 'beyond'];

function isBeyond(range: Range, decided: Range): boolean {
  return ORDER.indexOf(range) > ORDER.indexOf(decided);
}

function scaleOfCounts(sorted: Float32Array): number {
  const fullScale = quantile(sorted, BRIGHT) / BRIGHT_LEVEL;
  const highest = sorted.at(-1)!;
  return highest <= WORD && fullScale > WORD / 2 ? WORD : fullScale;
}

function quantile(sorted: Float32Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

/** `square`: photon counts of a LiDAR that does not correct them, which fall as 1 / r². */
type Falloff = 'none' | 'square';

/** Near and far points, metres, whose medians are compared; nearer ones are weakened by the receiver's overlap. */
const NEAR = [4, 12] as const;
const FAR = [20, 60] as const;
/** Reflectivities do not fall like this between near and far; what falls at least so steeply is a count of photons. */
const STEEP = -0.8;
/** Distances beyond which the correction stays the same, metres: it is 1 at the first one. */
const CORRECTED = [8, 80] as const;

function falloffOf(cloud: PointCloud): Falloff {
  const near = between(cloud, NEAR);
  const far = between(cloud, FAR);
  if (near.length < FEWEST_VALUES || far.length < FEWEST_VALUES) return 'none';
  const slope = Math.log(quantile(far, 0.5) / quantile(near, 0.5)) / Math.log(middle(FAR) / middle(NEAR));
  return slope < STEEP ? 'square' : 'none';
}

function middle([low, high]: readonly [number, number]): number {
  return Math.sqrt(low * high);
}

/** Intensities of the points at these distances, sorted. */
function between({ x, y, z, intensity }: PointCloud, [low, high]: readonly [number, number]): Float32Array {
  return intensity
    .filter((value, i) => {
      const range = Math.hypot(x[i]!, y[i]!, z[i]!);
      return value > 0 && range >= low && range <= high;
    })
    .sort();
}

function correctFalloff({ x, y, z, intensity, length }: PointCloud): void {
  const [least, most] = CORRECTED;
  for (let i = 0; i < length; i++) {
    const squared = x[i]! * x[i]! + y[i]! * y[i]! + z[i]! * z[i]!;
    intensity[i]! *= Math.min(Math.max(squared, least * least), most * most) / (least * least);
  }
}

function correctedSample(cloud: PointCloud): Float32Array {
  const copy = { ...cloud, intensity: cloud.intensity.slice() };
  correctFalloff(copy);
  return sample(copy.intensity);
}

import type { SensorNotice } from '../notice.js';
import type { IntensityField } from './point_cloud.js';

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
  #decided: { range: Range; fullScale: number } | undefined;

  constructor(modality: string, tell: (notice: SensorNotice) => void) {
    this.#modality = modality;
    this.#tell = tell;
  }

  /**
   * @param values - of one cloud, as the field has them
   * @returns the value that means full scale
   */
  fullScale(values: Float32Array, field: IntensityField): number {
    // Bytes cannot be of any other scale.
    if (field.datatype <= 2) return BYTE;
    if (this.#decided !== undefined && !isMostlyAbove(values, LIMITS[this.#decided.range])) {
      return this.#decided.fullScale;
    }
    const sorted = sample(values);
    if (sorted.length < FEWEST_VALUES) return this.#decided?.fullScale ?? assumedFullScale(field);
    const range = rangeOf(sorted, field);
    if (range === undefined) return this.#decided?.fullScale ?? assumedFullScale(field);
    if (this.#decided === undefined || isBeyond(range, this.#decided.range)) this.#decide(range, sorted, field);
    return this.#decided!.fullScale;
  }

  #decide(range: Range, sorted: Float32Array, field: IntensityField): void {
    const top = quantile(sorted, NEARLY_ALL);
    const known = { unit: UNIT, byte: BYTE, beyond: undefined }[range];
    const fullScale = known ?? scaleOfCounts(sorted);
    this.#decided = { range, fullScale };
    if (fullScale === assumedFullScale(field)) return;
    const values = `99.9 % of the values of '${field.name}' are at most ${Number(top.toPrecision(4))}`;
    const because = range === 'beyond' && fullScale !== WORD ? `${values} and so are counts, not 0 to 255` : values;
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

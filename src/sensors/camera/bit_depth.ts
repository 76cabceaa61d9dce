import type { SensorNotice } from '../notice.js';

/** What sensors really deliver in 16-bit samples. */
const DEPTHS = [10, 12, 14, 16] as const;
/** Darker pictures than this tell nothing: every sensor's lens may be covered. */
const LEAST_EVIDENCE = 512;

/** The highest sample of a picture, and all its samples combined by OR. */
export interface SampleRange {
  highest: number;
  union: number;
}

/** Chooses how many bits of 16-bit samples are used; 16 keeps their upper eight. */
export type BitDepthChoice = number | ((range: SampleRange) => number);

/**
 * Finds out how many bits a camera uses of its 16-bit samples: sensors of 10 to 14 bits are often published as they
 * are, in the lower bits of mono16 or bayer16, and would look black. Brighter pictures raise the depth, none lowers it.
 */
export class BitDepth {
  readonly #modality: string;
  readonly #tell: (notice: SensorNotice) => void;
  #bits: number | undefined;

  constructor(modality: string, tell: (notice: SensorNotice) => void) {
    this.#modality = modality;
    this.#tell = tell;
  }

  bits({ highest, union }: SampleRange): number {
    // Samples that fill the upper bits end in zeros.
    const isUpperBits = union !== 0 && (union & 0b11) === 0;
    if (highest < LEAST_EVIDENCE || isUpperBits) return this.#bits ?? 16;
    const needed = DEPTHS.find((bits) => highest < 2 ** bits)!;
    if (this.#bits === undefined || needed > this.#bits) {
      this.#bits = needed;
      if (needed < 16) {
        const because = `the highest of its 16-bit samples so far is ${highest}`;
        this.#tell({ code: 'scale-found', modality: this.#modality, quantity: 'bit-depth', value: needed, because });
      }
    }
    return this.#bits;
  }
}

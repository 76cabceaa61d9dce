import type { SensorNotice } from './notice.js';
import type { Representation } from './representation.js';

/** How a figure of single images was spread over the training images. */
export interface Spread {
  mean: number;
  std: number;
}

/** What a modality's images looked like in training; see the manifest's `inputStatistics`. */
export interface ModalityStatistics {
  /** Mean of each channel over the pixels that know anything, 0..255. */
  channels: readonly [Spread, Spread, Spread];
  /** Depth: noise of the distances, as a share of them, from which on the model is better off without the sensor. */
  maxScatter?: number | undefined;
}

/** So many images in a row must differ: one scene may be an odd one, and so may ten. */
const IMAGES = 30;
/** How many deviations, and how many levels at least, a mean must lie aside. */
const DEVIATIONS = 3;
const LEAST_LEVELS = 16;
/** Pixels looked at: their mean is that of all to a level or so, also where few know anything. */
const LOOKED_AT = 16_384;
/** Images that know less than this share say nothing. */
const LEAST_KNOWN_SHARE = 1e-3;

/**
 * Tells when a sensor's images are for long not such as the model was trained on: a wrong scale, a wrong mount, another
 * kind of sensor. The sensor is alive, and its masks may still be useful.
 */
export class InputWatch {
  readonly #modality: string;
  readonly #statistics: ModalityStatistics | undefined;
  readonly #everyPixel: boolean;
  #aside = 0;
  #concern: Extract<SensorNotice, { code: 'not-as-trained' }> | undefined;

  constructor(modality: string, representation: Representation, statistics: ModalityStatistics | undefined) {
    this.#modality = modality;
    this.#statistics = statistics;
    this.#everyPixel = representation.kind === 'rgb';
  }

  /** What differs now, where it has for long. */
  get concern(): SensorNotice | undefined {
    return this.#concern;
  }

  /**
   * Looks at the next good image.
   * @param data - RGB bytes on the grid
   * @returns what differs, when it has just become clear that it does
   */
  observe(data: Uint8Array): SensorNotice | undefined {
    const trained = this.#statistics?.channels;
    if (trained === undefined) return undefined;
    const means = knownMeans(data, this.#everyPixel);
    if (means === undefined) return undefined;
    const channel = trained.findIndex(
      ({ mean, std }, i) => Math.abs(means[i]! - mean) > Math.max(LEAST_LEVELS, DEVIATIONS * std),
    );
    this.#aside = channel < 0 ? 0 : this.#aside + 1;
    if (channel < 0) this.#concern = undefined;
    if (this.#aside < IMAGES || this.#concern !== undefined) return undefined;
    const { mean: trainedMean, std: trainedStd } = trained[channel]!;
    const mean = means[channel]!;
    this.#concern = { code: 'not-as-trained', modality: this.#modality, channel, mean, trainedMean, trainedStd };
    return this.#concern;
  }
}

function knownMeans(data: Uint8Array, everyPixel: boolean): [number, number, number] | undefined {
  const pixels = data.length / 3;
  const stride = 3 * Math.max(1, Math.floor(pixels / LOOKED_AT));
  let [seen, known, red, green, blue] = [0, 0, 0, 0, 0];
  for (let i = 0; i + 2 < data.length; i += stride) {
    const [r, g, b] = [data[i]!, data[i + 1]!, data[i + 2]!];
    seen++;
    if (!everyPixel && (r | g | b) === 0) continue;
    known++;
    red += r;
    green += g;
    blue += b;
  }
  if (known === 0 || known < LEAST_KNOWN_SHARE * seen) return undefined;
  return [red / known, green / known, blue / known];
}

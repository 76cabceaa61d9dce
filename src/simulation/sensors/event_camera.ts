import { Random } from '../../random/random.js';
import { GaussianStream } from '../noise.js';
import { collectEvents, type EventBatch, EventSink } from './event_batch.js';

export interface EventCameraOptions {
  readonly width: number;
  readonly height: number;
  /** Contrast threshold: change of the natural logarithm of intensity that fires an event. */
  readonly threshold: number;
  readonly seed: number | string;
}

/** Radiance below which the photodiode's dark current hides all contrast. */
const DARK_RADIANCE = 0.0012;
/** Radiance at which the photoreceptor follows within one step; below, its bandwidth falls with the light. */
const FAST_RADIANCE = 0.004;
/** A pixel that fired rests for some milliseconds: more than this many events a step are lost. */
const MAX_EVENTS_PER_STEP = 2;

/**
 * An event camera: each pixel remembers the log intensity of its last event and fires when the present one differs by
 * its threshold, which varies from pixel to pixel (the model of ESIM and v2e). Between two pictures log intensity is
 * taken as linear, which dates the crossings.
 */
export class EventCamera {
  readonly width: number;
  readonly height: number;
  readonly #thresholds: Float32Array;
  readonly #reference: Float32Array;
  readonly #previous: Float32Array;
  readonly #luminance: Float32Array;
  readonly #noise: GaussianStream;
  #previousTime: number | undefined;

  constructor(options: EventCameraOptions) {
    this.width = options.width;
    this.height = options.height;
    const count = options.width * options.height;
    const random = new Random(options.seed, 'event camera');
    this.#noise = new GaussianStream(random.uint32());
    this.#thresholds = new Float32Array(count);
    for (let i = 0; i < count; i++) {
      this.#thresholds[i] = options.threshold * Math.max(0.4, 1 + 0.12 * this.#noise.next());
    }
    this.#reference = new Float32Array(count);
    this.#luminance = new Float32Array(count);
    this.#previous = new Float32Array(count);
  }

  /**
   * Takes the picture at `time` and returns the events since the previous one; the first call returns none.
   * @param radiance - linear RGB, interleaved
   * @param time - microseconds of the sensor's clock, rising
   * @param noiseRate - events a pixel and second that no light caused
   */
  step(radiance: Float32Array, time: number, noiseRate: number): EventBatch {
    const count = this.#reference.length;
    this.#focus(radiance);
    const previousTime = this.#previousTime;
    this.#previousTime = time;
    const noise = this.#noise;
    if (previousTime === undefined) {
      for (let i = 0; i < count; i++) {
        const level = this.#logIntensity(i);
        this.#previous[i] = level;
        // Anywhere within the threshold, as after having watched for a while.
        this.#reference[i] = level + this.#thresholds[i]! * (1.6 * noise.uniform() - 0.8);
      }
      return collectEvents(new EventSink(0), this.height);
    }
    const sink = new EventSink(previousTime);
    const span = time - previousTime;
    const spontaneous = (noiseRate * span) / 1e6;
    for (let i = 0; i < count; i++) {
      const from = this.#previous[i]!;
      const to = from + this.#speed(i) * (this.#logIntensity(i) - from);
      this.#previous[i] = to;
      const threshold = this.#thresholds[i]!;
      const x = i % this.width;
      const y = (i - x) / this.width;
      let reference = this.#reference[i]!;
      const polarity = to > reference ? 1 : 0;
      const step = polarity === 1 ? threshold : -threshold;
      let fired = 0;
      while (polarity === 1 ? to - reference >= threshold : reference - to >= threshold) {
        reference += step;
        if (fired++ < MAX_EVENTS_PER_STEP) {
          const fraction = (reference - from) / (to - from);
          sink.add(x, y, polarity, span * Math.min(0.9999, Math.max(0, fraction)));
        }
      }
      this.#reference[i] = reference;
      if (noise.uniform() < spontaneous) {
        sink.add(x, y, noise.uniform() < 0.6 ? 1 : 0, span * noise.uniform());
      }
    }
    return collectEvents(sink, this.height);
  }

  /** Luminance as the lens draws it: its spot covers some of the neighbouring pixels (binomial, 3 x 3). */
  #focus(radiance: Float32Array): void {
    const { width, height } = this;
    const blurred = this.#luminance;
    for (let y = 0; y < height; y++) {
      const above = 3 * width * Math.max(0, y - 1);
      const here = 3 * width * y;
      const below = 3 * width * Math.min(height - 1, y + 1);
      let middle = column(radiance, above, here, below);
      let left = middle;
      for (let x = 0; x < width; x++) {
        const next = 3 * Math.min(width - 1, x + 1);
        const right = column(radiance, above + next, here + next, below + next);
        blurred[y * width + x] = (left + 2 * middle + right) / 16;
        left = middle;
        middle = right;
      }
    }
  }

  /** Share of a change the photoreceptor has followed at the end of a step (first-order low pass, as in v2e). */
  #speed(pixel: number): number {
    return Math.min(1, 0.2 + this.#luminance[pixel]! / FAST_RADIANCE);
  }

  #logIntensity(pixel: number): number {
    const luminance = this.#luminance[pixel]!;
    // Few photons make the logarithm noisy.
    const sigma = 0.01 + 0.0002 / (luminance + 0.003);
    return Math.log(Math.max(0, luminance) + DARK_RADIANCE) + sigma * this.#noise.next();
  }
}

/** Luminance of three pixels above each other, weights 1, 2, 1. */
function column(radiance: Float32Array, above: number, here: number, below: number): number {
  return luminanceAt(radiance, above) + 2 * luminanceAt(radiance, here) + luminanceAt(radiance, below);
}

function luminanceAt(radiance: Float32Array, at: number): number {
  return 0.25 * radiance[at]! + 0.6 * radiance[at + 1]! + 0.15 * radiance[at + 2]!;
}

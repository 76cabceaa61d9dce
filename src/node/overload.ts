import { millisecondsBetween, type Stamp } from '../messages/index.js';

/** So long sets are counted before it is said how many get no mask. */
const COUNT_MS = 1000;
/** After so long without an overtaken set the model keeps up again. */
const CALM_MS = 5000;

interface Episode {
  /** Of the first and the latest overtaken set. */
  since: Stamp;
  last: Stamp;
  masks: number;
  overtaken: number;
  isTold: boolean;
}

/**
 * Says once that sets come faster than masks are made, with the rates, and once when that is over: an overtaken set is
 * nothing that happened to one frame, it is how things are.
 */
export class Overload {
  readonly #tell: (text: string) => void;
  #episode: Episode | undefined;

  constructor(tell: (text: string) => void) {
    this.#tell = tell;
  }

  /** A mask was published. */
  made(now: Stamp): void {
    const episode = this.#episode;
    if (episode === undefined) return;
    if (millisecondsBetween(episode.last, now) >= CALM_MS) {
      this.#end(episode);
      return;
    }
    episode.masks++;
    this.#tellRates(episode, now);
  }

  /** A newer set came while the model was busy. */
  overtaken(now: Stamp): void {
    this.#episode ??= { since: now, last: now, masks: 0, overtaken: 0, isTold: false };
    this.#episode.overtaken++;
    this.#episode.last = now;
    this.#tellRates(this.#episode, now);
  }

  #tellRates(episode: Episode, now: Stamp): void {
    const milliseconds = millisecondsBetween(episode.since, now);
    if (episode.isTold || milliseconds < COUNT_MS) return;
    episode.isTold = true;
    const rate = (count: number) => ((1000 * count) / milliseconds).toFixed(1);
    const { masks, overtaken } = episode;
    this.#tell(
      `The model is slower than the sensors: of ${rate(masks + overtaken)} sets a second ${rate(masks)} get a mask, the ` +
        'others are overtaken by a newer one. The masks are made of the newest sets. A lower rate of the reference ' +
        'sensor, a smaller model or a faster provider helps.',
    );
  }

  #end({ since, last, overtaken, isTold }: Episode): void {
    this.#episode = undefined;
    const seconds = millisecondsBetween(since, last) / 1000;
    if (isTold) {
      const sets = overtaken === 1 ? '1 was' : `${overtaken} were`;
      this.#tell(`Every set gets its mask again: ${sets} overtaken by a newer one in ${seconds.toFixed(1)} s.`);
    }
  }
}

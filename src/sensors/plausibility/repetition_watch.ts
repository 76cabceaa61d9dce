import type { RawMessage } from '../../messages/raw_message.js';
import type { Stamp } from '../../messages/stamp.js';

/** Encapsulation (4 bytes), then `header.stamp` (8): what differs between two messages with the same content. */
const BYTES_BEFORE_CONTENT = 12;
/** Places at which a message is looked at, and bytes at each. Noise alone tells two pictures apart by fewer. */
const PLACES = 64;
const BYTES = 8;
/** Messages that are remembered, the newest ones: half a minute of a slow sensor, ten seconds of a fast camera. */
const REMEMBERED = 300;
/** So many different messages in a row that came before in the same order: less may be a lamp that blinks. */
const LEAST_RUN = 12;
/** How evenly old they are, at most so much apart. */
const EVENNESS_NS = 60_000_000n;
/** What was told holds for so long after the last repetition: content may go on being old once it is new again. */
const HOLDS_NS = 3_000_000_000n;

/**
 * Tells a sensor that shows the past over again, as a buffer that is played twice or a recording in a loop does: message
 * for message what it sent before, in the same order. One that stands still, and sends the same again and again, is none.
 */
export class RepetitionWatch {
  /** Stamp of the newest message of each content, oldest first. */
  readonly #seen = new Map<number, Stamp>();
  #previous: number | undefined;
  #run = new Set<number>();
  #age = 0n;
  #told: { age: Stamp; at: Stamp } | undefined;
  #newest: Stamp = 0n;

  /** Takes in the sensor's next message. */
  observe({ data }: RawMessage, stamp: Stamp): void {
    this.#newest = stamp;
    const print = fingerprint(data);
    if (print === this.#previous) return;
    this.#previous = print;
    const before = this.#seen.get(print);
    const age = before === undefined ? 0n : stamp - before;
    if (age <= 0n) this.#run.clear();
    else {
      const apart = age > this.#age ? age - this.#age : this.#age - age;
      if (apart > EVENNESS_NS) this.#run.clear();
      this.#run.add(print);
      this.#age = age;
      if (this.#run.size >= LEAST_RUN) this.#told = { age, at: stamp };
    }
    // Again at the end: what is oldest goes first.
    this.#seen.delete(print);
    this.#seen.set(print, stamp);
    if (this.#seen.size > REMEMBERED) this.#seen.delete(this.#seen.keys().next().value!);
  }

  /** Seconds ago that what it shows was new; undefined while it shows nothing twice. */
  get age(): number | undefined {
    if (this.#told === undefined || this.#newest - this.#told.at > HOLDS_NS) return undefined;
    return Number(this.#told.age) / 1e9;
  }
}

/** 32 bits of a message's content (FNV-1a over samples of it and its length). */
function fingerprint(data: Uint8Array): number {
  const length = Math.max(0, data.length - BYTES_BEFORE_CONTENT);
  const step = Math.max(BYTES, Math.floor(length / PLACES));
  let hash = 0x811c9dc5 ^ data.length;
  for (let place = 0; place < PLACES; place++) {
    const from = BYTES_BEFORE_CONTENT + place * step;
    for (let at = from; at < Math.min(data.length, from + BYTES); at++) {
      hash = Math.imul(hash ^ data[at]!, 0x01000193);
    }
  }
  return hash >>> 0;
}

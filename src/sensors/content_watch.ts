import type { RawMessage } from '../messages/raw_message.js';
import type { Stamp } from '../messages/stamp.js';

/** Encapsulation (4 bytes), then `header.stamp` (8): what differs between two messages with the same content. */
const BYTES_BEFORE_CONTENT = 12;

/**
 * Tells content that comes again and again under new stamps, as from a hung driver or a stuck frame grabber. A real
 * sensor's noise never repeats a whole picture, but a simulator without noise does while nothing moves, and so does
 * whoever publishes one picture; what the repeats mean is up to {@link SensorRig}. Payloads are compared as bytes, which ends at
 * the first difference, and one message a modality is kept by reference, not copied.
 */
export class ContentWatch {
  #identicalLimit: number;
  #ownLimits: ReadonlyMap<string, number> = new Map();
  readonly #latest = new Map<string, { raw: RawMessage; identical: number; since: Stamp }>();
  /** Messages that repeat the content of the one before, with how often and since when. */
  readonly #repeats = new WeakMap<RawMessage, { identical: number; since: Stamp }>();

  /** @param identicalLimit - so many messages in a row with the same content make a frozen sensor; 0 for never */
  constructor(identicalLimit = 3) {
    this.#identicalLimit = identicalLimit;
  }

  /** Puts other limits in force, for all and for single modalities. */
  retune(identicalLimit: number, ownLimits: ReadonlyMap<string, number>): void {
    this.#identicalLimit = identicalLimit;
    this.#ownLimits = ownLimits;
  }

  /** Whether a modality has a limit of its own, which then holds whatever the others see. */
  hasOwnLimit(modality: string): boolean {
    return this.#ownLimits.has(modality);
  }

  /** Takes in a modality's next message, one that starts with a header. */
  observe(modality: string, raw: RawMessage): void {
    const latest = this.#latest.get(modality);
    if (latest === undefined || !sameBytes(latest.raw.data, raw.data, BYTES_BEFORE_CONTENT)) {
      this.#latest.set(modality, { raw, identical: 1, since: raw.receiveStamp });
      return;
    }
    // The very same message delivered twice says nothing about the sensor.
    if (!sameBytes(latest.raw.data, raw.data, 0)) latest.identical++;
    latest.raw = raw;
    const { identical, since } = latest;
    this.#repeats.set(raw, { identical, since });
  }

  /** Since when the content has been the same, for a message at or beyond the limit of repeats. */
  frozenSince(modality: string, raw: RawMessage): Stamp | undefined {
    const limit = this.#ownLimits.get(modality) ?? this.#identicalLimit;
    const repeat = this.#repeats.get(raw);
    return limit > 0 && repeat !== undefined && repeat.identical >= limit ? repeat.since : undefined;
  }

  reset(): void {
    this.#latest.clear();
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array, from: number): boolean {
  return Buffer.compare(a.subarray(from), b.subarray(from)) === 0;
}

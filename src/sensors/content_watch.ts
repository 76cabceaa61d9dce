import type { RawMessage } from '../messages/raw_message.js';

/** Encapsulation (4 bytes), then `header.stamp` (8): what differs between two messages with the same content. */
const BYTES_BEFORE_CONTENT = 12;

/**
 * Tells a frozen sensor: one that keeps sending the same content under new stamps, as a hung driver or a stuck frame
 * grabber does. A real sensor's noise never repeats a whole picture. Payloads are compared as bytes, which ends at
 * the first difference, and one message a modality is kept by reference, not copied.
 */
export class ContentWatch {
  readonly #identicalLimit: number;
  readonly #latest = new Map<string, { raw: RawMessage; identical: number }>();
  readonly #frozen = new WeakSet<RawMessage>();

  /** @param identicalLimit - so many messages in a row with the same content make a frozen sensor; at least 2 */
  constructor(identicalLimit = 3) {
    this.#identicalLimit = identicalLimit;
  }

  /** Takes in a modality's next message, one that starts with a header. */
  observe(modality: string, raw: RawMessage): void {
    const latest = this.#latest.get(modality);
    if (latest === undefined || !sameBytes(latest.raw.data, raw.data, BYTES_BEFORE_CONTENT)) {
      this.#latest.set(modality, { raw, identical: 1 });
      return;
    }
    // The very same message delivered twice says nothing about the sensor.
    if (!sameBytes(latest.raw.data, raw.data, 0)) latest.identical++;
    latest.raw = raw;
    if (latest.identical >= this.#identicalLimit) this.#frozen.add(raw);
  }

  /** True for a message at or beyond the limit of repeats. */
  isFrozen(raw: RawMessage): boolean {
    return this.#frozen.has(raw);
  }

  reset(): void {
    this.#latest.clear();
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array, from: number): boolean {
  return Buffer.compare(a.subarray(from), b.subarray(from)) === 0;
}

import { decodeMessage, type RawMessage, type Stamp } from '../messages/index.js';

/** Conditions of a drive, as the simulator tells them: each holds until the next. */
export class DriveConditions {
  readonly #spans: { from: Stamp; name: string }[] = [];

  /** @throws Error where the message cannot be decoded */
  add(raw: RawMessage): void {
    this.#spans.push({ from: raw.receiveStamp, name: decodeMessage<{ data: string }>(raw).data });
  }

  /** Undefined where none was told before. */
  at(stamp: Stamp): string | undefined {
    return this.#spans.findLast(({ from }) => from <= stamp)?.name;
  }
}

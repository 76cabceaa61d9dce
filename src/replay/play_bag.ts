import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { BagReader } from '../bags/index.js';
import type { RawMessage, Stamp } from '../messages/index.js';

/** What is played to: takes messages, and wants to be woken at times of its own. */
export interface Player {
  message(raw: RawMessage): Promise<void>;
  /** When {@link wake} is to be called if no message comes before; undefined for never. */
  nextWakeUp(): Stamp | undefined;
  wake(at: Stamp): Promise<void>;
  /** True while something received still waits for its deadline. */
  isWaiting(): boolean;
}

export interface PlayOptions {
  topics: readonly string[];
  /** `max`: as fast as the player is ready; `realtime`: at the pace of the log times. */
  rate: 'max' | 'realtime';
  /** How long after the end of the bag what still waits is waited for, ns. */
  lingerNs: bigint;
  /** Ends the playing before the next message. */
  signal?: AbortSignal;
}

/** How the playing went. */
export interface Playing {
  /** How far it fell behind the pace of the bag at most; 0 for `max`, which has none. */
  lagMs: number;
  /** How much silence of the bag was skipped; 0 for `max`, which never waits. */
  skippedMs: number;
}

/**
 * Plays a bag in its own time: messages at their log time, and in between the player is woken when it wants to be.
 * After the last message time goes on until nothing waits any more; silence from then on is nobody's fault.
 */
export async function playBag(
  bag: Pick<BagReader, 'messages'>,
  player: Player,
  { topics, rate, lingerNs, signal }: PlayOptions,
): Promise<Playing> {
  const pace = rate === 'realtime' ? new Pace(signal) : undefined;
  let end: Stamp | undefined;
  for await (const raw of bag.messages({ topics })) {
    if (signal?.aborted) break;
    for (let due = player.nextWakeUp(); due !== undefined && due < raw.receiveStamp; due = player.nextWakeUp()) {
      await pace?.until(due);
      await player.wake(due);
    }
    await pace?.until(raw.receiveStamp);
    if (signal?.aborted) break;
    await player.message(raw);
    end = raw.receiveStamp;
  }
  const last = end === undefined ? undefined : end + lingerNs;
  for (
    let due = player.nextWakeUp();
    due !== undefined && last !== undefined && due <= last;
    due = player.nextWakeUp()
  ) {
    if (!player.isWaiting() || signal?.aborted) break;
    await pace?.until(due);
    await player.wake(due);
  }
  return { lagMs: pace?.lagMs ?? 0, skippedMs: pace?.skippedMs ?? 0 };
}

/** Messages taken without a pause for longer than this would keep the model's answers from being heard. */
const LONGEST_TURN_MS = 10;

/** A longer silence is a recording that was paused, or two in one bag: nobody waits for the rest of it. */
const LONGEST_WAIT_MS = 60_000;

/** Keeps the pace of a bag: its first stamp is now. */
class Pace {
  readonly #signal: AbortSignal | undefined;
  #offsetMs: number | undefined;
  #pausedAtMs = performance.now();
  #lagMs = 0;
  #skippedMs = 0;

  get skippedMs(): number {
    return this.#skippedMs;
  }

  /** @param signal - ends a pause */
  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  get lagMs(): number {
    return this.#lagMs;
  }

  async until(stamp: Stamp): Promise<void> {
    const stampMs = Number(stamp / 1000n) / 1000;
    this.#offsetMs ??= performance.now() - stampMs;
    const nowMs = performance.now();
    let waitMs = stampMs + this.#offsetMs - nowMs;
    if (waitMs > LONGEST_WAIT_MS) {
      this.#skippedMs += waitMs;
      this.#offsetMs -= waitMs;
      waitMs = 0;
    }
    this.#lagMs = Math.max(this.#lagMs, -waitMs);
    // Timers are not finer than this, and a bag has thousands of messages a second.
    if (waitMs > 1)
      await sleep(waitMs, undefined, { ...(this.#signal && { signal: this.#signal }) }).catch(() => undefined);
    else if (nowMs - this.#pausedAtMs > LONGEST_TURN_MS) await nextTurn();
    else return;
    this.#pausedAtMs = performance.now();
  }
}

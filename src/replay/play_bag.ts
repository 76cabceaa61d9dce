import { setTimeout as sleep } from 'node:timers/promises';
import type { BagReader } from '../bags/index.js';
import type { RawMessage, Stamp } from '../messages/index.js';

/** What is played to: takes messages, and wants to be woken at times of its own. */
export interface Player {
  /** The bag's time has come to `stamp`; called before everything that happens then. */
  timeIs(stamp: Stamp): void;
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
}

/**
 * Plays a bag in its own time: messages at their log time, and in between the player is woken when it wants to be.
 * After the last message time goes on until nothing waits any more; silence from then on is nobody's fault.
 */
export async function playBag(bag: BagReader, player: Player, { topics, rate, lingerNs }: PlayOptions): Promise<void> {
  const pace = rate === 'realtime' ? new Pace() : undefined;
  const at = async (stamp: Stamp): Promise<void> => {
    await pace?.until(stamp);
    player.timeIs(stamp);
  };
  let end: Stamp | undefined;
  for await (const raw of bag.messages({ topics })) {
    for (let due = player.nextWakeUp(); due !== undefined && due < raw.receiveStamp; due = player.nextWakeUp()) {
      await at(due);
      await player.wake(due);
    }
    await at(raw.receiveStamp);
    await player.message(raw);
    end = raw.receiveStamp;
  }
  if (end === undefined) return;
  for (let due = player.nextWakeUp(); due !== undefined && due <= end + lingerNs; due = player.nextWakeUp()) {
    if (!player.isWaiting()) break;
    await at(due);
    await player.wake(due);
  }
}

/** Keeps the pace of a bag: its first stamp is now. */
class Pace {
  #offsetMs: number | undefined;

  async until(stamp: Stamp): Promise<void> {
    const stampMs = Number(stamp / 1000n) / 1000;
    this.#offsetMs ??= performance.now() - stampMs;
    const wait = stampMs + this.#offsetMs - performance.now();
    // Timers are not finer than this, and a bag has thousands of messages a second.
    if (wait > 1) await sleep(wait);
  }
}

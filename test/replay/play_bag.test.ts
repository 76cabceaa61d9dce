import assert from 'node:assert/strict';
import type { RawMessage, Stamp } from '../../src/messages/index.js';
import { type Player, playBag } from '../../src/replay/play_bag.js';

const MS = 1_000_000n;

/** A bag whose messages are known by the millisecond they were logged at. */
function bagOf(...atMs: number[]) {
  return {
    async *messages(): AsyncGenerator<RawMessage> {
      for (const ms of atMs) {
        yield { topic: '/t', type: 'std_msgs/msg/String', data: new Uint8Array(4), receiveStamp: BigInt(ms) * MS };
      }
    },
  };
}

/** A player that wants to be woken at given times, and notes what happens to it. */
class NotingPlayer implements Player {
  readonly heard: string[] = [];
  readonly #wakes: Stamp[];
  constructor(...wakesMs: number[]) {
    this.#wakes = wakesMs.map((ms) => BigInt(ms) * MS);
  }
  async message({ receiveStamp }: RawMessage): Promise<void> {
    this.heard.push(`message ${receiveStamp / MS}`);
  }
  nextWakeUp(): Stamp | undefined {
    return this.#wakes[0];
  }
  async wake(at: Stamp): Promise<void> {
    this.heard.push(`wake ${at / MS}`);
    this.#wakes.shift();
  }
  isWaiting(): boolean {
    return this.#wakes.length > 0;
  }
}

describe('playBag', () => {
  const options = { topics: ['/t'], rate: 'max', lingerNs: 100n * MS } as const;

  it('wakes the player between messages, and after the last for as long as something may still come', async () => {
    const player = new NotingPlayer(5, 10, 14, 30, 115, 130);
    assert.deepEqual(await playBag(bagOf(0, 10, 20), player, options), { lagMs: 0, skippedMs: 0 });
    const heard = 'message 0, wake 5, message 10, wake 10, wake 14, message 20, wake 30, wake 115';
    assert.equal(player.heard.join(', '), heard);
  });

  it('plays nothing of an empty bag', async () => {
    const player = new NotingPlayer(5);
    await playBag(bagOf(), player, options);
    assert.deepEqual(player.heard, []);
  });

  it('tells how far it fell behind the pace, and lets the model be heard meanwhile', async () => {
    const player = new NotingPlayer();
    let turns = 0;
    const count = (): void => {
      turns++;
      immediate = setImmediate(count);
    };
    let immediate = setImmediate(count);
    player.message = async () => {
      for (const start = performance.now(); performance.now() - start < 4; );
    };
    const messages = Array.from({ length: 50 }, (_, k) => k);
    const { lagMs } = await playBag(bagOf(...messages), player, { ...options, rate: 'realtime' });
    clearImmediate(immediate);
    assert.ok(lagMs >= 140, `50 messages of 4 ms in 50 ms, yet only ${lagMs} ms behind`);
    assert.ok(turns >= 10, `the event loop turned ${turns} times in 200 ms`);
  });

  it('skips a silence that nobody would wait for, and tells how long it was', async () => {
    const player = new NotingPlayer();
    const year = 365 * 86_400_000;
    const started = performance.now();
    const { skippedMs } = await playBag(bagOf(0, 20, year, year + 20), player, { ...options, rate: 'realtime' });
    assert.ok(Math.abs(skippedMs - (year - 20)) < 1000);
    assert.ok(performance.now() - started >= 38, 'the rest keeps its pace');
    assert.equal(player.heard.length, 4);
  });
});

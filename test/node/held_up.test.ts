import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Heard, playLoop } from './support/busy_loop.js';

/** A loop that has nothing else to do. */
const calmTurnMs = (messages: number) => (messages > 0 ? 1 : 3);

const setsOf = (heard: readonly Heard[]) =>
  heard.flatMap(({ event, at }) => ('closedBy' in event ? [{ ...event, at }] : []));

/** What must not happen because of the node: time lines that start anew, stamps that are refused or blamed. */
function faultsOf(heard: readonly Heard[]): string[] {
  return heard.flatMap(({ event, at }) => {
    if (event.kind === 'reset') return [`${at} ms: ${event.reason}`];
    if (event.kind === 'warning' && event.cause !== undefined) return [`${at} ms: ${event.modality} ${event.reason}`];
    if (event.kind === 'transition' && event.to === 'invalid') return [`${at} ms: ${event.modality} ${event.reason}`];
    return [];
  });
}

function assertRising(heard: readonly Heard[]): void {
  const sets = setsOf(heard);
  for (let index = 1; index < sets.length; index++) {
    const [before, set] = [sets[index - 1]!, sets[index]!];
    assert.ok(set.stamp > before.stamp, `${set.stamp} after ${before.stamp}`);
  }
}

describe('a node that is held up', () => {
  const HOLDS = [250, 420, 600, 900, 1400, 2900].map((length, index) => ({ from: 3000 + index * 6000, length }));

  it('goes on with all sensors and rising stamps, however long it was held', () => {
    const holds = [...HOLDS];
    const heard = playLoop({
      endMs: 3000 + HOLDS.length * 6000,
      turnMs: (realMs, messages) => {
        const hold = holds[0];
        if (hold === undefined || realMs < hold.from) return calmTurnMs(messages);
        holds.shift();
        return hold.length;
      },
    });
    assert.deepEqual(faultsOf(heard), []);
    assertRising(heard);
    const sets = setsOf(heard);
    for (const { from, length } of HOLDS) {
      const back = sets.find(({ kind, at }) => kind === 'complete' && at >= from + length)!.at - (from + length);
      assert.ok(back <= 150, `all sensors again ${back} ms after it was held for ${length} ms`);
    }
    // All wait in the middleware meanwhile: none was silent.
    assert.deepEqual(
      heard.filter(({ event }) => event.kind === 'transition' && event.to === 'dropped'),
      [],
    );
  });
});

describe('a node on a busy machine', () => {
  /** So many milliseconds a turn and a message take, each up to twice as long by chance. */
  const busy = fc.record({
    from: fc.integer({ min: 0, max: 4000 }),
    forMs: fc.integer({ min: 500, max: 6000 }),
    idleMs: fc.integer({ min: 1, max: 160 }),
    messageMs: fc.double({ min: 0, max: 1.5, noNaN: true }),
    jitter: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 5, maxLength: 60 }),
  });

  it('blames no sensor for it, and has all of them again when it is over', () => {
    fc.assert(
      fc.property(busy, ({ from, forMs, idleMs, messageMs, jitter }) => {
        let turn = 0;
        const heard = playLoop({
          endMs: from + forMs + 4000,
          turnMs: (realMs, messages) => {
            if (realMs < from || realMs >= from + forMs) return calmTurnMs(messages);
            return (idleMs + messages * messageMs) * (1 + jitter[turn++ % jitter.length]!);
          },
        });
        // While all that has ever come had waited, its clocks are found anew.
        const later = heard.filter(({ at }) => at >= 1000);
        assert.deepEqual(faultsOf(later), []);
        assertRising(later);
        const dropped = heard.filter(({ event }) => event.kind === 'transition' && event.to === 'dropped');
        assert.deepEqual(dropped, []);
        const after = setsOf(heard).filter(({ at }) => at >= from + forMs + 700);
        assert.deepEqual(
          after.filter(({ kind }) => kind !== 'complete'),
          [],
        );
        assert.ok(after.length >= 30, `${after.length} sets in 3.3 s`);
      }),
      { numRuns: 100 },
    );
  });

  it('blames no sensor where each turn takes as long as the period of most sensors', () => {
    // Samples of the slow ones wait for a turn, always the same time, and those of the fast one do not.
    for (const turn of [80, 90, 99, 100, 100.1, 101, 110, 200, 300]) {
      const turnMs = (realMs: number) => (realMs < 1300 || realMs >= 5300 ? 3 : turn);
      for (const phase of [0, 15, 30, 45, 60, 75, 90]) {
        const heard = playLoop({ endMs: 6500, turnMs: (realMs) => turnMs(realMs - phase) });
        assert.deepEqual(faultsOf(heard), [], `turns of ${turn} ms from ${1300 + phase} ms on`);
      }
    }
  });

  it('still finds out which sensor has fallen silent', () => {
    for (const turn of [30, 80, 200]) {
      const heard = playLoop({
        endMs: 9000,
        turnMs: (realMs) => (realMs < 3000 ? 3 : turn),
        sends: (modality, stamp) => modality !== 'lidar' || stamp < 4000,
      });
      const dropped = heard.find(({ event }) => event.kind === 'transition' && event.to === 'dropped');
      assert.ok(dropped?.event.kind === 'transition' && dropped.event.modality === 'lidar', `turns of ${turn} ms`);
      assert.ok(dropped.at < 4000 + 500 + 3 * turn, `${dropped.at} ms, turns of ${turn} ms`);
    }
  });
});

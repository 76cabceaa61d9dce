import assert from 'node:assert/strict';
import { climbLadder, ProviderRefusedError, selectRungs } from '../../src/model/ladder.js';
import type { Provider } from '../../src/model/providers.js';

const rung = (name: string): Provider => ({
  name,
  encodeMode: 'batched',
  createSessions: () => Promise.reject(new Error('not called by the ladder')),
});
const ladder = ['gpu', 'cpu', 'slow'].map(rung);

describe('climbLadder', () => {
  it('stays on the first rung that holds and times each', async () => {
    let now = 0;
    const tried: string[] = [];
    const outcome = await climbLadder(
      ladder,
      async ({ name }) => {
        tried.push(name);
        now += 10 * tried.length;
        if (name === 'gpu') throw new ProviderRefusedError('wrong labels');
        return { result: name.length, reason: 'right labels' };
      },
      () => now,
    );
    assert.deepEqual(tried, ['gpu', 'cpu']);
    assert.deepEqual(outcome, {
      kind: 'chosen',
      provider: ladder[1],
      result: 3,
      attempts: [
        { provider: 'gpu', outcome: 'refused', reason: 'wrong labels', ms: 10 },
        { provider: 'cpu', outcome: 'chosen', reason: 'right labels', ms: 20 },
      ],
    });
  });

  it('tells what became of every rung when none holds', async () => {
    const outcome = await climbLadder(
      ladder,
      ({ name }) => Promise.reject(new Error(`no ${name}`)),
      () => 0,
    );
    assert.equal(outcome.kind, 'none');
    assert.deepEqual(
      outcome.attempts.map(({ provider, outcome: kind, reason }) => `${provider} ${kind} ${reason}`),
      ['gpu failed no gpu', 'cpu failed no cpu', 'slow failed no slow'],
    );
  });
});

describe('selectRungs', () => {
  it('takes all for auto and one by name', () => {
    assert.deepEqual(selectRungs(ladder, 'auto'), ladder);
    assert.deepEqual(selectRungs(ladder, 'cpu'), [ladder[1]]);
  });
});

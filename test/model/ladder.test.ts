import assert from 'node:assert/strict';
import { climbLadder, type ProviderAttempt, ProviderRefusedError, selectRungs } from '../../src/model/ladder.js';
import type { Provider, ProviderFallback, ProviderRequest } from '../../src/model/providers.js';

const rung = (name: string): Provider => ({
  name,
  encodeMode: 'batched',
  afterError: 'go-on',
  createSessions: () => Promise.reject(new Error('not called by the ladder')),
});
const ladder = ['tensorrt', 'cuda', 'cpu'].map(rung);

describe('climbLadder', () => {
  it('stays on the first rung that holds and times each', async () => {
    let now = 0;
    const tried: string[] = [];
    const outcome = await climbLadder(
      ladder,
      async ({ name }, notes) => {
        tried.push(name);
        now += 10 * tried.length;
        notes.timings.createMs = now;
        if (name === 'tensorrt') throw new ProviderRefusedError('wrong labels');
        return { result: name.length, reason: 'right labels' };
      },
      () => now,
    );
    assert.deepEqual(tried, ['tensorrt', 'cuda']);
    assert.deepEqual(outcome, {
      kind: 'chosen',
      provider: ladder[1],
      result: 4,
      attempts: [
        { provider: 'tensorrt', outcome: 'refused', reason: 'wrong labels', ms: 10, timings: { createMs: 10 } },
        { provider: 'cuda', outcome: 'chosen', reason: 'right labels', ms: 20, timings: { createMs: 30 } },
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
      ['tensorrt failed no tensorrt', 'cuda failed no cuda', 'cpu failed no cpu'],
    );
  });
});

describe('selectRungs', () => {
  const failed = (provider: string): ProviderAttempt => ({ provider, outcome: 'left', reason: '', ms: 0, timings: {} });
  const cases: [ProviderRequest, ProviderFallback, given: string[], expected: string[]][] = [
    ['auto', 'down', [], ['tensorrt', 'cuda', 'cpu']],
    ['tensorrt', 'down', [], ['tensorrt', 'cuda', 'cpu']],
    ['cuda', 'down', [], ['cuda', 'cpu']],
    ['cpu', 'down', [], ['cpu']],
    ['cuda', 'none', [], ['cuda']],
    ['auto', 'down', ['tensorrt'], ['cuda', 'cpu']],
    ['auto', 'down', ['tensorrt', 'cuda'], ['cpu']],
    ['cuda', 'none', ['cuda'], []],
  ];
  for (const [request, fallback, given, expected] of cases) {
    it(`takes ${expected.join(', ') || 'none'} for ${request}, falling ${fallback}, without ${given.join(', ') || 'any'}`, () => {
      const rungs = selectRungs(ladder, request, fallback, given.map(failed));
      assert.deepEqual(
        rungs.map(({ name }) => name),
        expected,
      );
    });
  }

  it('finds nothing where the ladder lacks the rung asked for', () => {
    assert.deepEqual(selectRungs(ladder.slice(1), 'tensorrt', 'down'), []);
  });
});

describe('climbLadder, before each rung,', () => {
  it('tells which it tries, what is left and what became of those above', async () => {
    const told: unknown[] = [];
    await climbLadder(
      ladder,
      ({ name }) => (name === 'cpu' ? Promise.resolve({ result: 0, reason: '' }) : Promise.reject(new Error('no'))),
      () => 0,
      ({ name }, below, attempts) => told.push([name, below.map((rung) => rung.name), attempts.length]),
    );
    assert.deepEqual(told, [
      ['tensorrt', ['cuda', 'cpu'], 0],
      ['cuda', ['cpu'], 1],
      ['cpu', [], 2],
    ]);
  });
});

import assert from 'node:assert/strict';
import { fuzz, inputOf, judge, minimise, prepare } from './fuzzer.js';
import { type FuzzTarget, require } from './target.js';
import { allTargets } from './targets/index.js';

/** Four times as many, of another seed, in `npm run test:slow`. */
const CASES = Number(process.env.FUZZ_CASES ?? 5_000);
const SEED = Number(process.env.FUZZ_SEED ?? 20_260_726);

describe('The fuzzer', function () {
  this.timeout(600_000);

  it(`finds nothing in ${CASES} cases over all targets`, async () => {
    const { cases, failures } = await fuzz(await prepare(allTargets), { cases: CASES, seed: SEED, mostFailures: 5 });
    const commands = failures.map(
      ({ target, index, reason }) => `npm run fuzz -- --only ${target} --seed ${SEED} --case ${index}: ${reason}`,
    );
    assert.deepEqual(commands, []);
    const total = [...cases.values()].reduce((sum, count) => sum + count, 0);
    assert.ok(total > 0.99 * CASES, `${total} cases`);
  });

  const seeds = async () => [Uint8Array.from({ length: 200 }, (_, i) => i)];
  const target = (run: (input: Uint8Array) => unknown): FuzzTarget => ({
    name: 'test',
    weight: 1,
    form: 'binary',
    seeds,
    run: async (input) => String(await run(input)),
  });

  it('notices exceptions of the language, results outside their contract, and outcomes that differ', async () => {
    const input = new Uint8Array(5);
    const throwing = target(() => (undefined as unknown as string).length);
    assert.match((await judge(throwing, input)) ?? '', /threw TypeError: Cannot read properties/);
    assert.match(
      (await judge(
        target(() => require(false, 'no grid')),
        input,
      )) ?? '',
      /^no grid$/,
    );
    let calls = 0;
    assert.match(
      (await judge(
        target(() => calls++),
        input,
        2,
      )) ?? '',
      /gave '0', and then '1'/,
    );
    const refusing = target(() => {
      throw new Error('Expected four bytes but received five.');
    });
    assert.equal(await judge(refusing, input, 2), undefined);
  });

  it('gives the same input for the same seed and index, and another for another', async () => {
    for (const prepared of await prepare(allTargets)) {
      const first = await inputOf(prepared, 5, 7);
      assert.deepEqual(await inputOf(prepared, 5, 7), first, prepared.target.name);
    }
  });

  it('leaves of a failing input what it needs to fail', async () => {
    const needle = target((input) => require(!input.includes(77), 'a 77 is there'));
    const [input] = await needle.seeds();
    assert.deepEqual(await minimise(needle, input!, 'a 77 is there'), Uint8Array.of(77));
  });
});

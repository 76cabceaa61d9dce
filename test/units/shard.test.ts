import assert from 'node:assert/strict';
import fc from 'fast-check';
import { findShard, unitsOfShard } from '../../src/units/index.js';

describe('findShard', () => {
  const slurm = (id: number, count: number, more: Record<string, string> = {}) => ({
    SLURM_ARRAY_TASK_ID: String(id),
    SLURM_ARRAY_TASK_COUNT: String(count),
    ...more,
  });
  const cases: [flag: string | undefined, environment: Record<string, string>, expected: string | undefined][] = [
    [undefined, {}, undefined],
    ['2/4', {}, '2/4'],
    ['2/4', slurm(0, 8), '2/4'],
    ['none', slurm(0, 8), undefined],
    [undefined, slurm(0, 4), '1/4'],
    [undefined, slurm(4, 4, { SLURM_ARRAY_TASK_MIN: '1', SLURM_ARRAY_TASK_MAX: '4' }), '4/4'],
    [undefined, slurm(30, 4, { SLURM_ARRAY_TASK_MIN: '10', SLURM_ARRAY_TASK_STEP: '10' }), '3/4'],
    [undefined, slurm(7, 1, { SLURM_ARRAY_TASK_MIN: '7' }), '1/1'],
    [undefined, { JOB_COMPLETION_INDEX: '3', JOB_COMPLETIONS: '4' }, '4/4'],
    [undefined, { ...slurm(1, 2), JOB_COMPLETION_INDEX: '3', JOB_COMPLETIONS: '4' }, '2/2'],
  ];
  for (const [flag, environment, expected] of cases) {
    it(`${flag ?? ''} ${JSON.stringify(environment)} is ${expected ?? 'all'}`, () => {
      const shard = findShard(flag, environment);
      assert.equal(shard && `${shard.index}/${shard.count}`, expected);
    });
  }

  const wrong: [flag: string | undefined, environment: Record<string, string>, sentence: RegExp][] = [
    ['5/4', {}, /Expected 1\/N to N\/N, or none, for --shard but received '5\/4'/],
    ['0/4', {}, /received '0\/4'/],
    ['1/0', {}, /received '1\/0'/],
    ['-1/4', {}, /received '-1\/4'/],
    ['1 of 4', {}, /received '1 of 4'/],
    [undefined, { SLURM_ARRAY_TASK_ID: '1' }, /Expected SLURM_ARRAY_TASK_COUNT beside SLURM_ARRAY_TASK_ID/],
    [undefined, slurm(9, 3, { SLURM_ARRAY_TASK_MIN: '1' }), /Expected a job array without gaps, such as --array=0-2,/],
    [undefined, slurm(12, 4, { SLURM_ARRAY_TASK_MIN: '10', SLURM_ARRAY_TASK_STEP: '10' }), /without gaps/],
    [undefined, { JOB_COMPLETION_INDEX: '1' }, /Expected JOB_COMPLETIONS beside JOB_COMPLETION_INDEX/],
    [undefined, { JOB_COMPLETION_INDEX: '4', JOB_COMPLETIONS: '4' }, /Expected a JOB_COMPLETION_INDEX below 4/],
    [
      undefined,
      { JOB_COMPLETION_INDEX: 'two', JOB_COMPLETIONS: '4' },
      /Expected a whole number for JOB_COMPLETION_INDEX/,
    ],
  ];
  for (const [flag, environment, sentence] of wrong) {
    it(`refuses ${flag ?? ''} ${JSON.stringify(environment)}`, () => {
      assert.throws(() => findShard(flag, environment), sentence);
    });
  }

  it('gives each unit to one shard, and as many to each as can be', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 50 }), (units, count) => {
        let next = 0;
        for (let index = 1; index <= count; index++) {
          const { from, to } = unitsOfShard({ index, count }, units);
          assert.equal(from, next);
          assert.ok(to - from >= Math.floor(units / count) && to - from <= Math.ceil(units / count));
          next = to;
        }
        assert.equal(next, units);
      }),
    );
  });
});

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../../src/random/random.js';
import { writeSmallSet } from '../cli/support/small_set.js';
import { tinyBundle } from '../model/support/tiny_bundle.js';
import { projectRoot } from '../support/shared_data.js';

const MAIN = join(projectRoot, 'dist', 'src', 'cli', 'main.js');
const KILLS = 20;
const SHARDS = 4;

/** Ends a process without a word at random moments, and starts its shard again, as a cluster does. */
describe('shards that are killed', function () {
  this.timeout(600_000);
  let folder: string;
  let root: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mle-sam-killed-'));
    root = await writeSmallSet(join(folder, 'small'), 40);
  });
  after(() => rmSync(folder, { recursive: true }));

  const evaluation = (out: string, ...more: string[]) => {
    const usual = ['--provider', 'cpu', '--threads', '1', '-p', 'absent', 'emm', '--predictions', `${out}-masks`];
    return [MAIN, 'evaluate', root, '-m', tinyBundle, '-o', out, ...usual, ...more];
  };
  function run(args: string[]): string {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return stdout;
  }
  /**
   * Kills a run some time after its start, or after it has done something, however busy the machine is.
   * @returns whether it was killed before it was done
   */
  function killedAfter(milliseconds: number, args: string[], isDue = () => true): Promise<boolean> {
    const child = spawn(process.execPath, args, { stdio: 'ignore' });
    const began = performance.now();
    const timer = setInterval(() => {
      if (performance.now() - began >= milliseconds && isDue()) child.kill('SIGKILL');
    }, 2);
    return new Promise((resolve) => {
      child.on('exit', (_, signal) => {
        clearInterval(timer);
        resolve(signal === 'SIGKILL');
      });
    });
  }
  const unitsIn = (out: string) =>
    existsSync(join(out, 'units'))
      ? readdirSync(join(out, 'units')).filter((name) => name.endsWith('.json')).length
      : 0;

  for (const jobs of [[], ['--jobs', '2']]) {
    it(`give what one run gives after ${KILLS} kills at random times ${jobs.join(' ')}`, async () => {
      const whole = join(folder, 'whole');
      if (!existsSync(whole)) run(evaluation(whole));
      const began = performance.now();
      run(evaluation(join(folder, `paced${jobs.length}`), '--shard', '1/4', ...jobs));
      const duration = performance.now() - began;
      const out = join(folder, `killed${jobs.length}`);
      const random = new Random(604, 'kills');
      let killed = 0;
      let doneBetween = 0;
      for (let attempt = 0; killed < KILLS; attempt++) {
        assert.ok(attempt < 10 * KILLS, `only ${killed} were killed in time`);
        const before = unitsIn(out);
        const shard = `${1 + (attempt % SHARDS)}/${SHARDS}`;
        const args = evaluation(out, '--shard', shard, ...jobs);
        // Every other one once it has done a unit or two more: on a machine that has become slower since the pace was taken,
        // no random moment may be late enough for that.
        const wanted = before + random.integer(1, 2);
        const isKilled =
          attempt % 2 === 0
            ? await killedAfter(random.range(0, 1.3 * duration), args)
            : await killedAfter(0, args, () => unitsIn(out) >= wanted);
        if (isKilled) killed++;
        if (unitsIn(out) > before) doneBetween++;
      }
      assert.ok(doneBetween >= 1, `only ${doneBetween} had done anything`);
      const kept = Array.from({ length: SHARDS }, (_, shard) =>
        run(evaluation(out, '--shard', `${shard + 1}/${SHARDS}`, ...jobs)),
      );
      assert.ok(
        kept.some((text) => /were there already/.test(text)),
        kept.join(''),
      );
      run([MAIN, 'merge', out]);
      for (const name of ['evaluation.json', 'frames.json', 'runs.json']) {
        assert.equal(readFileSync(join(out, name), 'utf8'), readFileSync(join(whole, name), 'utf8'), name);
      }
      for (const name of readdirSync(`${whole}-masks`, { recursive: true, encoding: 'utf8' })) {
        if (!name.endsWith('.png')) continue;
        assert.deepEqual(readFileSync(join(`${out}-masks`, name)), readFileSync(join(`${whole}-masks`, name)), name);
      }
    });
  }
});

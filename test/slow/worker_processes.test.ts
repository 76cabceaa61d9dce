import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeSmallSet } from '../cli/support/small_set.js';
import { tinyBundle } from '../model/support/tiny_bundle.js';
import { projectRoot } from '../support/shared_data.js';

const MAIN = join(projectRoot, 'dist', 'src', 'cli', 'main.js');

describe('how worker processes end', function () {
  this.timeout(240_000);
  let folder: string;
  let root: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mle-sam-jobs-'));
    root = await writeSmallSet(join(folder, 'small'), 60);
  });
  after(() => rmSync(folder, { recursive: true }));

  const evaluation = (out: string) => {
    const protocols = ['-p', 'absent', 'emm', 'rmm', 'nm'];
    return [MAIN, 'evaluate', root, '-m', tinyBundle, '-o', out, '--provider', 'cpu', ...protocols, '--jobs', '2'];
  };
  const unitsIn = (out: string) =>
    existsSync(join(out, 'units'))
      ? readdirSync(join(out, 'units')).filter((name) => /^unit-.*\.json$/.test(name))
      : [];
  /** Processes below one, by what Linux says of them. */
  function childrenOf(pid: number): number[] {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  }
  function isRunning(pid: number): boolean {
    try {
      // What nobody has asked how it ended is still listed, without a command line.
      return readFileSync(`/proc/${pid}/cmdline`).length > 0;
    } catch {
      return false;
    }
  }

  /** Processor time of a process so far. */
  function ticksOf(pid: number): number {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return Number(fields[11]) + Number(fields[12]);
  }

  async function ended(out: string, end: (pid: number, workers: number[]) => void) {
    const child = spawn(process.execPath, evaluation(out), { stdio: ['ignore', 'ignore', 'pipe'] });
    let told = '';
    child.stderr.on('data', (part) => {
      told += String(part);
    });
    const exit = new Promise<{ status: number | null; signal: string | null }>((resolve) => {
      // What it said last comes before this.
      child.on('close', (status, signal) => resolve({ status, signal }));
    });
    for (; unitsIn(out).length < 2; await sleep(20)) assert.equal(child.exitCode, null, told);
    const workers = childrenOf(child.pid!);
    assert.equal(workers.length, 2);
    end(child.pid!, workers);
    const how = await exit;
    for (let waited = 0; workers.some(isRunning); waited++) {
      assert.ok(waited < 3000, 'a worker outlives its parent');
      await sleep(20);
    }
    return { ...how, told };
  }

  it('with SIGTERM to the command: the workers end too, what is done stays and is not done again', async () => {
    const out = join(folder, 'term');
    const { status } = await ended(out, (pid) => process.kill(pid, 'SIGTERM'));
    assert.equal(status, 143);
    const done = unitsIn(out).length;
    assert.ok(done >= 2 && done < 60 && !existsSync(join(out, 'evaluation.json')));
    const again = spawnSync(process.execPath, evaluation(out), { encoding: 'utf8' });
    assert.equal(again.status, 0, again.stderr);
    assert.equal(unitsIn(out).length, 60);
  });

  it('with SIGKILL to the command: the workers end by themselves', async () => {
    const { signal } = await ended(join(folder, 'kill'), (pid) => process.kill(pid, 'SIGKILL'));
    assert.equal(signal, 'SIGKILL');
  });

  it('with SIGKILL to a worker: the command says so and fails, and the other finishes its unit', async () => {
    const out = join(folder, 'worker');
    // The other one may not have been given a unit yet.
    const busiest = (workers: number[]) => workers.sort((one, other) => ticksOf(other) - ticksOf(one))[0]!;
    const { status, told } = await ended(out, (_, workers) => process.kill(busiest(workers), 'SIGKILL'));
    assert.equal(status, 1);
    assert.match(told, /A worker process ended by SIGKILL while it worked on frame \d+\. Start the command again/);
    assert.deepEqual(
      unitsIn(out).map((name) => JSON.parse(readFileSync(join(out, 'units', name), 'utf8')).madeBy),
      unitsIn(out).map(() => 'mle-sam'),
    );
  });
});

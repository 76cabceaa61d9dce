import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeSmallSet } from '../cli/support/small_set.js';
import { tinyBundle } from '../model/support/tiny_bundle.js';
import { projectRoot } from '../support/shared_data.js';
import { SlurmCluster, whyNoSlurm } from './support/slurm_cluster.js';

const MAIN = join(projectRoot, 'dist', 'src', 'cli', 'main.js');
const SCRIPTS = join(projectRoot, 'deploy', 'slurm');
const PROTOCOLS = ['--protocol', 'absent', 'emm', 'rmm', 'nm'];

describe('The job array for Slurm', function () {
  this.timeout(540_000);
  let cluster: SlurmCluster | undefined;
  before(async function () {
    const reason = whyNoSlurm();
    if (reason !== undefined) {
      this.test!.parent!.title += ` (${reason})`;
      this.skip();
    }
    cluster = await SlurmCluster.start();
  });
  after(() => cluster?.stop());

  it('gives what one run gives: four shards, one killed and requeued, merged by a job that waits for them', async () => {
    const { folder } = cluster!;
    const set = await writeSmallSet(join(folder, 'small'), 160);
    const evaluation = ['evaluate', set, '-m', tinyBundle, '--provider', 'cpu', ...PROTOCOLS];
    const [out, whole] = [join(folder, 'out'), join(folder, 'whole')];
    process.env.MLE_SAM = `${process.execPath} ${MAIN}`;
    const array = cluster!.run(
      'sbatch',
      '--parsable',
      '--array=0-3',
      join(SCRIPTS, 'shards.sbatch'),
      ...evaluation,
      '-o',
      out,
    );
    const merge = cluster!.run(
      'sbatch',
      '--parsable',
      `--dependency=afterok:${array}`,
      join(SCRIPTS, 'merge.sbatch'),
      out,
      '--require',
      'leftOut<=0',
    );
    delete process.env.MLE_SAM;
    const killed = `${array}_0`;
    // Once it has done something, and not all of its forty frames.
    await until(() => unitsIn(out) > 2);
    cluster!.run('scontrol', 'requeue', killed);
    assert.ok(unitsIn(out) < 160);
    await until(() => cluster!.states(array).get(killed) === 'PENDING');
    // A requeued job waits for two minutes, so that what ended it is over.
    cluster!.run('scontrol', 'update', `JobId=${killed}`, 'StartTime=now');
    await until(() => [...cluster!.states(array).values()].every((state) => state === 'COMPLETED'));
    await until(() => [...cluster!.states(merge).values()].every((state) => state === 'COMPLETED'));
    const log = readFileSync(join(folder, `mle-sam-${array}_0.log`), 'utf8');
    assert.match(
      log,
      /start 0\n[\s\S]*start 1\n[\s\S]*shard 1 of 4 \(SLURM_ARRAY_TASK_ID\): \d+ of \d+ units done, \d+ were there already/,
    );
    const run = spawnSync(process.execPath, [MAIN, ...evaluation, '--threads', '1', '-o', whole], { encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
    for (const name of ['evaluation.json', 'frames.json', 'runs.json']) {
      assert.equal(readFileSync(join(out, name), 'utf8'), readFileSync(join(whole, name), 'utf8'), name);
    }
  });

  function unitsIn(out: string): number {
    const folder = join(out, 'units');
    return existsSync(folder) ? readdirSync(folder).filter((name) => /^unit-.*\.json$/.test(name)).length : 0;
  }

  async function until(holds: () => boolean): Promise<void> {
    for (let waited = 0; !holds(); waited++) {
      assert.ok(waited < 1200, `waited for too long: ${cluster!.run('squeue', '--states=all')}`);
      await sleep(200);
    }
  }
});

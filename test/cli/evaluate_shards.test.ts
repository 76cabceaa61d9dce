import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { evaluateCommand } from '../../src/cli/evaluate.js';
import { mergeCommand } from '../../src/cli/merge.js';
import { runListSchema } from '../../src/report/index.js';
import { setInManifest, tinyBundle } from '../model/support/tiny_bundle.js';
import { writeSmallSet } from './support/small_set.js';

/** All that a run writes besides how long it took. */
const RESULTS = ['evaluation.json', 'evaluation.html', 'frames.json', 'runs.json'];
const PROTOCOLS = ['-p', 'absent', 'emm', 'rmm', 'nm', '--seed', '3'];

describe('mle-sam evaluate in shards', function () {
  this.timeout(240_000);
  let folder: string;
  let root: string;
  let whole: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mle-sam-shards-'));
    root = await writeSmallSet(join(folder, 'small'), 12);
    whole = join(folder, 'whole');
    await evaluate('-o', whole, ...PROTOCOLS, '--predictions', join(folder, 'masks-whole'));
  });
  after(() => rmSync(folder, { recursive: true }));

  let told: string;
  async function evaluate(...args: string[]): Promise<string> {
    told = '';
    const command = evaluateCommand((part) => {
      told += part;
    });
    const usual = ['--provider', 'cpu', '--threads', '1', ...(args.includes('-m') ? [] : ['-m', tinyBundle])];
    await command.parseAsync([root, ...usual, ...args], { from: 'user' });
    return told;
  }
  async function merge(...args: string[]): Promise<string> {
    told = '';
    const command = mergeCommand((part) => {
      told += part;
    });
    await command.parseAsync(args, { from: 'user' });
    return told;
  }
  function assertSameResults(out: string): void {
    for (const name of RESULTS)
      assert.equal(readFileSync(join(out, name), 'utf8'), readFileSync(join(whole, name), 'utf8'));
  }
  function masks(path: string): [string, string][] {
    const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.png'));
    return files.sort().map((name) => [name, readFileSync(join(path, name), 'base64')]);
  }

  it('gives with four shards, in any order, byte for byte what one run gives, masks included', async () => {
    const out = join(folder, 'four');
    const saved = join(folder, 'masks-four');
    for (const shard of ['3/4', '1/4', '4/4', '2/4']) {
      const text = await evaluate('-o', out, ...PROTOCOLS, '--shard', shard, '--predictions', saved);
      assert.match(text, /^shard \d of 4 \(--shard\): 3 of 3 units done; the run has 12\. .*mle-sam merge/);
      assert.ok(!existsSync(join(out, 'evaluation.json')));
    }
    const printed = await merge(out, '--json');
    assertSameResults(out);
    assert.equal(printed, readFileSync(join(whole, 'evaluation.json'), 'utf8'));
    assert.deepEqual(masks(saved), masks(join(folder, 'masks-whole')));
    assert.equal(masks(saved).length, 12);
    const list = runListSchema.parse(JSON.parse(readFileSync(join(out, 'runs.json'), 'utf8')));
    assert.deepEqual(list.runs[0]!.counts, { frames: 12, leftOut: 0, unlabelled: 0 });
  });

  it('takes its shard from Slurm and Kubernetes; shards may write to folders of their own', async () => {
    const outs: string[] = [];
    for (const index of [0, 1, 2]) {
      const out = join(folder, `own-${index}`);
      outs.push(out);
      const environment: Record<string, string> =
        index === 0
          ? { JOB_COMPLETION_INDEX: '0', JOB_COMPLETIONS: '3' }
          : { SLURM_ARRAY_TASK_ID: String(index + 1), SLURM_ARRAY_TASK_COUNT: '3', SLURM_ARRAY_TASK_MIN: '1' };
      Object.assign(process.env, environment);
      try {
        assert.match(
          await evaluate('-o', out, ...PROTOCOLS, '--predictions', join(folder, 'masks-own')),
          /4 of 4 units/,
        );
      } finally {
        for (const name of Object.keys(environment)) delete process.env[name];
      }
    }
    const out = join(folder, 'merged');
    await merge(...outs, '-o', out);
    assertSameResults(out);
    await assert.rejects(
      merge(outs[0]!, outs[2]!),
      /Expected 12 units in .* but 4 are missing: frame 4, frame 5, frame 6/,
    );
  });

  it('gives the same with worker processes, and prints it', async () => {
    const out = join(folder, 'jobs');
    const text = await evaluate('-o', out, ...PROTOCOLS, '--jobs', '2', '--predictions', join(folder, 'masks-jobs'));
    assertSameResults(out);
    assert.match(text, /tiny on 12 frames of small val/);
    assert.deepEqual(masks(join(folder, 'masks-jobs')), masks(join(folder, 'masks-whole')));
    // Masks that are wanted elsewhere are made, though their frames are scored; those of another run make room.
    const elsewhere = join(folder, 'masks-elsewhere');
    await evaluate('--predictions', elsewhere, '--every', '5');
    await evaluate('-o', out, ...PROTOCOLS, '--jobs', '1', '--predictions', elsewhere);
    assert.deepEqual(masks(elsewhere), masks(join(folder, 'masks-whole')));
    assertSameResults(out);
  });

  it('needs no folder for worker processes, and leaves none', async () => {
    // One of its own: in that of the machine, others that evaluate come and go.
    const temporary = join(folder, 'temporary');
    mkdirSync(temporary);
    const before = process.env.TMPDIR;
    process.env.TMPDIR = temporary;
    try {
      const report = JSON.parse(await evaluate('--jobs', '2', '--json'));
      assert.equal(report.frames.used, 12);
      assert.deepEqual(readdirSync(temporary), []);
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    }
  });

  it('gives the same of some of the frames, most of which cannot be read', async () => {
    const damaged = join(folder, 'damaged');
    cpSync(root, damaged, { recursive: true });
    for (const frame of ['fog/0000', 'fog/0006', 'sun/0001', 'sun/0005', 'sun/0007', 'sun/0010', 'sun/0011']) {
      truncateSync(join(damaged, 'depth', `${frame}.png`), 40);
    }
    const run = async (...args: string[]) => {
      const command = evaluateCommand(() => undefined);
      const usual = ['--provider', 'cpu', '--threads', '1', '-m', tinyBundle, '--convention', 'zero'];
      await command.parseAsync([damaged, ...usual, ...args], { from: 'user' });
    };
    for (const every of ['1', '2', '5']) {
      const [one, cut] = [join(folder, `damaged-${every}`), join(folder, `damaged-cut-${every}`)];
      await run('-o', one, '--every', every);
      for (const shard of ['1/3', '2/3', '3/3']) await run('-o', cut, '--every', every, '--shard', shard);
      await merge(cut);
      for (const name of RESULTS)
        assert.equal(readFileSync(join(cut, name), 'utf8'), readFileSync(join(one, name), 'utf8'));
    }
  });

  it('does only what is not done, and anew what was made of files that have changed', async () => {
    const out = join(folder, 'again');
    const copy = join(folder, 'copy');
    cpSync(root, copy, { recursive: true });
    const run = async (...args: string[]) => {
      const command = evaluateCommand((part) => {
        told = part;
      });
      await command.parseAsync([copy, '--provider', 'cpu', '-m', tinyBundle, '-o', out, ...args], { from: 'user' });
      return told;
    };
    await run('--shard', '1/2');
    assert.match(await run('--shard', '1/1'), /6 of 12 units done, 6 were there already/);
    rmSync(join(out, 'units', 'unit-000003.json'));
    writeFileSync(join(out, 'units', 'unit-000003.json.17-abc.part'), 'half');
    cpSync(join(copy, 'camera', 'sun', '0001.png'), join(copy, 'camera', 'sun', '0004.png'));
    assert.match(await run('--shard', '1/1'), /2 of 12 units done, 10 were there already/);
    assert.deepEqual(
      readdirSync(join(out, 'units')).filter((name) => name.endsWith('.part')),
      [],
    );
  });

  it('holds the whole to bounds', async () => {
    const out = join(folder, 'four');
    const before = process.exitCode;
    try {
      const text = await merge(
        out,
        '--require',
        'miou>=0',
        '--require',
        'iou.road>=101',
        '--junit',
        join(folder, 'j.xml'),
      );
      assert.match(text, /passed: miou >= 0 .*\n! FAILED: iou\.road >= 101/);
      assert.equal(process.exitCode, 3);
    } finally {
      process.exitCode = before;
    }
    await assert.rejects(merge(out, '--require', 'iou.sea>=1'), /Expected one of miou, .* but received 'iou\.sea'/);
  });

  it('refuses in one sentence what does not belong together', async () => {
    const out = join(folder, 'four');
    await assert.rejects(evaluate('-o', out, '--shard', '5/4'), /Expected 1\/N to N\/N, or none, for --shard/);
    await assert.rejects(evaluate('--shard', '1/4'), /Expected a folder for the units of shard 1\/4 \(--shard\)/);
    await assert.rejects(
      evaluate('-o', out, '--shard', '1/4', '--require', 'miou>=1'),
      /Expected --require with mle-sam merge but received it with a shard/,
    );
    await assert.rejects(
      evaluate('-o', out, '--shard', '1/4'),
      /Expected units of one run in .* have protocols .* and .*--force/,
    );
    const other = join(folder, 'other-bundle');
    cpSync(tinyBundle, other, { recursive: true });
    setInManifest(other, 'name', 'twin');
    const [first, second] = [join(folder, 'first'), join(folder, 'second')];
    await evaluate('-o', first, '--shard', '1/2');
    await evaluate('-o', second, '--shard', '2/2', '-m', other);
    await assert.rejects(
      merge(first, second),
      /^Error: Expected units of one run but .*unit-000000\.json and .*unit-000006\.json have models tiny \(\w{8}\) and twin \(\w{8}\)\./,
    );
    await assert.rejects(merge(folder), /Expected units of a run in .* but found none/);
    await assert.rejects(merge(join(folder, 'nowhere')), /Expected a folder of results at .*nowhere/);
    const file = join(first, 'units', 'unit-000000.json');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.slice(0, 100));
    await assert.rejects(merge(first), /Expected a unit of a run in .*unit-000000\.json but could not read it/);
    writeFileSync(file, text);
    writeFileSync(join(second, 'evaluation.json'), 'mine');
    await evaluate('-o', second, '--shard', '1/2', '-m', other);
    await assert.rejects(merge(second), /Expected no file, or one that mle-sam made and nobody changed/);
    assert.equal(readFileSync(join(second, 'evaluation.json'), 'utf8'), 'mine');
  });
});

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mergeCommand } from '../../src/cli/merge.js';
import { replayCommand } from '../../src/cli/replay.js';
import { expandBags } from '../../src/cli/units/expand_bags.js';
import { runListSchema } from '../../src/report/index.js';
import { tinyBundle } from '../model/support/tiny_bundle.js';
import { TINY_TOPICS } from '../support/tiny_rig.js';
import { writeTinyBag } from './support/tiny_bag.js';

describe('mle-sam replay of many bags', function () {
  this.timeout(240_000);
  let folder: string;
  let whole: string;
  let configuration: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mle-sam-many-'));
    for (const [name, seconds] of [
      ['monday', 1],
      ['tuesday', 0.5],
      ['wednesday', 0.7],
    ] as const) {
      mkdirSync(join(folder, 'fleet', name), { recursive: true });
      await writeTinyBag(join(folder, 'fleet', name, 'drive.mcap'), seconds);
    }
    writeFileSync(join(folder, 'fleet', 'broken.mcap'), 'no bag at all');
    const modalities = Object.entries(TINY_TOPICS).map(([name, topic]) => [name, { topic }]);
    configuration = join(folder, 'configuration.yaml');
    writeFileSync(configuration, JSON.stringify({ modalities: Object.fromEntries(modalities) }));
    whole = join(folder, 'whole');
    await replay(join(folder, 'fleet', '*', '*.mcap'), join(folder, 'fleet', 'broken.mcap'), '-o', whole);
  });
  after(() => rmSync(folder, { recursive: true }));

  async function kept(work: () => Promise<unknown>): Promise<{ text: string; status: number | string | undefined }> {
    let text = '';
    const { exitCode } = process;
    const { write } = process.stdout;
    process.exitCode = 0;
    process.stdout.write = (part: string | Uint8Array) => {
      text += String(part);
      return true;
    };
    try {
      await work();
      return { text, status: process.exitCode };
    } finally {
      process.stdout.write = write;
      process.exitCode = exitCode;
    }
  }
  const usual = () => ['-m', tinyBundle, '-c', configuration, '--provider', 'cpu', '--threads', '1'];
  const replay = (...args: string[]) => kept(() => replayCommand().parseAsync([...args, ...usual()], { from: 'user' }));
  const merge = (...args: string[]) => kept(() => mergeCommand().parseAsync(args, { from: 'user' }));
  const listIn = (out: string) => runListSchema.parse(JSON.parse(readFileSync(join(out, 'runs.json'), 'utf8')));

  it('lists what came of each, the one that cannot be read as well', () => {
    const { runs, total } = listIn(whole);
    assert.deepEqual(
      runs.map(({ name, state, path }) => [name, state, path]),
      [
        ['monday-drive', 'done', 'monday-drive/summary.json'],
        ['tuesday-drive', 'done', 'tuesday-drive/summary.json'],
        ['wednesday-drive', 'done', 'wednesday-drive/summary.json'],
        ['broken', 'failed', undefined],
      ],
    );
    assert.match(runs[3]!.because!, /broken\.mcap/);
    assert.deepEqual([total.counts.runs, total.counts.failed, total.counts.masks], [4, 1, 22]);
    for (const { path, page } of runs.slice(0, 3)) {
      assert.ok(existsSync(join(whole, path!)) && existsSync(join(whole, page!)));
    }
  });

  it('gives the same list in shards, with the same masks', async () => {
    const out = join(folder, 'shards');
    const list = join(folder, 'list.txt');
    const fleet = (name: string) => join(folder, 'fleet', name);
    writeFileSync(list, `# a fleet\n${fleet('*/*.mcap')}\n\n${fleet('broken.mcap')}\n${fleet('monday/drive.mcap')}\n`);
    for (const shard of ['2/2', '1/2']) assert.equal((await replay(`@${list}`, '-o', out, '--shard', shard)).status, 0);
    const { text, status } = await merge(out);
    assert.match(text, /│ monday-drive +│ done/);
    assert.equal(status, 1);
    assert.equal(readFileSync(join(out, 'runs.json'), 'utf8'), readFileSync(join(whole, 'runs.json'), 'utf8'));
    for (const name of ['monday-drive', 'tuesday-drive', 'wednesday-drive']) {
      const masks = (at: string) => readFileSync(join(at, name, 'masks.mcap'));
      assert.ok(masks(out).equals(masks(whole)), name);
    }
    assert.equal((await merge(out, '--require', 'masks>=22', '--require', 'failed<=0')).status, 3);
  });

  it('gives the same list with worker processes; does again what failed or was taken away', async () => {
    const out = join(folder, 'jobs');
    const bags = [join(folder, 'fleet', '*', '*.mcap'), join(folder, 'fleet', 'broken.mcap')];
    await replay(...bags, '-o', out, '--jobs', '2');
    assert.equal(readFileSync(join(out, 'runs.json'), 'utf8'), readFileSync(join(whole, 'runs.json'), 'utf8'));
    rmSync(join(out, 'tuesday-drive', 'masks.mcap'));
    const { text } = await replay(...bags, '-o', out, '--shard', '1/1');
    assert.match(text, /shard 1 of 1 \(--shard\): 2 of 4 units done, 2 were there already/);
    assert.ok(existsSync(join(out, 'tuesday-drive', 'masks.mcap')));
  });

  it('holds one bag to bounds as well', async () => {
    const [bag, out] = [join(folder, 'fleet', 'monday', 'drive.mcap'), join(folder, 'one')];
    const junit = join(folder, 'one.xml');
    const passed = await replay(bag, '-o', out, '--require', 'masks>=10', '--require', 'failed<=0', '--junit', junit);
    assert.deepEqual([passed.status, /passed: masks >= 10 \(10\)/.test(passed.text)], [0, true]);
    assert.match(readFileSync(junit, 'utf8'), /<testsuites name="mle-sam replay drive" tests="2" failures="0">/);
    assert.equal((await replay(bag, '-o', out, '--require', 'miou>=1')).status, 3);
    await assert.rejects(replay(bag, '--require', 'speed>=1'), /Expected one of miou, .* but received 'speed'/);
  });

  it('says what names no bag', async () => {
    await assert.rejects(
      expandBags([join(folder, 'nowhere', '*.mcap')]),
      /Expected bags for the pattern .*but found none/,
    );
    writeFileSync(join(folder, 'empty.txt'), '# nothing\n');
    await assert.rejects(expandBags([`@${join(folder, 'empty.txt')}`]), /Expected bags in .*empty\.txt, one a line/);
  });
});

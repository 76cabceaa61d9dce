import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareCommand } from '../../src/cli/compare.js';
import { dropoutCommand } from '../../src/cli/dropout.js';
import { mergeCommand } from '../../src/cli/merge.js';
import { runListSchema } from '../../src/report/index.js';
import { tinyBundle } from '../model/support/tiny_bundle.js';
import { TINY_TOPICS } from '../support/tiny_rig.js';
import { writeTinyBag } from './support/tiny_bag.js';

const RESULTS = ['dropout.json', 'dropout.html', 'frames.json'];
const SCENARIOS = {
  'camera-lost': '{ fault: drop, modality: camera, at: 1, until: 2 }',
  'depth-and-lidar-lost': '{ fault: drop, modality: [depth, lidar], at: 1, until: 2 }',
  'all-lost': '{ fault: drop, modality: all, at: 1, until: 2 }',
};

describe('mle-sam dropout of many bags', function () {
  this.timeout(240_000);
  let folder: string;
  let scenarios: string;
  let configuration: string;
  let bags: string[];
  let whole: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mle-sam-dropouts-'));
    scenarios = join(folder, 'scenarios');
    mkdirSync(scenarios);
    for (const [name, fault] of Object.entries(SCENARIOS)) {
      const text = `name: ${name}\ndescription: Sensors fall silent.\nfaults: [${fault}]\nexpect: { recoverMs: 1000 }\n`;
      writeFileSync(join(scenarios, `${name}.yaml`), text);
    }
    bags = [await writeTinyBag(join(folder, 'monday.mcap'), 3), await writeTinyBag(join(folder, 'tuesday.mcap'), 3.5)];
    const modalities = Object.entries(TINY_TOPICS).map(([name, topic]) => [name, { topic }]);
    configuration = join(folder, 'configuration.yaml');
    writeFileSync(configuration, JSON.stringify({ modalities: Object.fromEntries(modalities) }));
    whole = join(folder, 'whole');
    await dropout(...bags, '-o', whole);
  });
  after(() => rmSync(folder, { recursive: true }));

  async function kept(work: (write: (text: string) => void) => Promise<unknown>) {
    let text = '';
    const { exitCode } = process;
    process.exitCode = 0;
    try {
      await work((part) => {
        text += part;
      });
      return { text, status: process.exitCode };
    } finally {
      process.exitCode = exitCode;
    }
  }
  const usual = () => ['-m', tinyBundle, '-c', configuration, '-s', scenarios, '--provider', 'cpu', '--threads', '1'];
  const dropout = (...args: string[]) =>
    kept((write) => dropoutCommand(write).parseAsync([...args, ...usual()], { from: 'user' }));
  const merge = (...args: string[]) => kept((write) => mergeCommand(write).parseAsync(args, { from: 'user' }));
  const textOf = (...path: string[]) => readFileSync(join(...path), 'utf8');

  it('gives of each bag what that bag alone gives', async () => {
    for (const [index, name] of ['monday', 'tuesday'].entries()) {
      const alone = join(folder, `alone-${name}`);
      await dropout(bags[index]!, '-o', alone);
      for (const file of RESULTS) assert.equal(textOf(whole, name, file), textOf(alone, file), `${name} ${file}`);
    }
    const list = runListSchema.parse(JSON.parse(textOf(whole, 'runs.json')));
    assert.deepEqual(
      list.runs.map(({ name, state, path, counts }) => [name, state, path, counts.scenarios]),
      [
        ['monday', 'done', 'monday/dropout.json', 3],
        ['tuesday', 'done', 'tuesday/dropout.json', 3],
      ],
    );
  });

  it('gives the same in four shards and with worker processes', async () => {
    const shards = join(folder, 'shards');
    for (const shard of ['2/4', '4/4', '1/4', '3/4']) await dropout(...bags, '-o', shards, '--shard', shard);
    await merge(shards);
    const jobs = join(folder, 'jobs');
    await dropout(...bags, '-o', jobs, '--jobs', '2');
    for (const out of [shards, jobs]) {
      assert.equal(textOf(out, 'runs.json'), textOf(whole, 'runs.json'));
      for (const name of ['monday', 'tuesday']) {
        for (const file of RESULTS) assert.equal(textOf(out, name, file), textOf(whole, name, file), `${name} ${file}`);
      }
    }
  });

  it('cuts one bag by its scenarios, and goes on without a bag that cannot be read', async () => {
    const one = join(folder, 'one');
    for (const shard of ['1/2', '2/2']) await dropout(bags[0]!, '-o', one, '--shard', shard);
    await merge(one);
    for (const file of RESULTS) assert.equal(textOf(one, file), textOf(whole, 'monday', file), file);
    const broken = join(folder, 'broken.mcap');
    writeFileSync(broken, 'no bag at all');
    const { text, status } = await dropout(broken, bags[1]!, '-o', join(folder, 'with-broken'));
    assert.equal(status, 1);
    assert.match(text, /! broken: .*broken\.mcap/);
    assert.equal(textOf(folder, 'with-broken', 'tuesday', 'dropout.json'), textOf(whole, 'tuesday', 'dropout.json'));
  });

  it('holds the worst over scenarios and bags to bounds', async () => {
    const junit = join(folder, 'junit.xml');
    const passed = await merge(whole, '--require', 'recovered<=600', '--require', 'continuity.camera-lost>=90');
    assert.equal(passed.status, 0, passed.text);
    assert.match(passed.text, /passed: recovered <= 600/);
    const failed = await merge(whole, '--require', 'recovered.all-lost<=0', '--junit', junit);
    assert.equal(failed.status, 3);
    assert.match(failed.text, /! FAILED: recovered\.all-lost <= 0, but \d/);
    assert.match(
      readFileSync(junit, 'utf8'),
      /monday\.camera-lost[\s\S]*<testsuite name="required" tests="1" failures="1">/,
    );
    const alone = await dropout(bags[0]!, '-o', join(folder, 'bound'), '--require', 'recovered<=0');
    assert.equal(alone.status, 3);
    await assert.rejects(
      dropout(bags[0]!, '--require', 'speed>=1'),
      /Expected one of recovered, .* but received 'speed'/,
    );
  });

  it('compares two runs scenario by scenario', async () => {
    const { text } = await kept((write) =>
      compareCommand(write).parseAsync([join(whole, 'monday'), join(folder, 'alone-monday')], { from: 'user' }),
    );
    assert.match(text, /│ camera-lost \(10\) +│ \d.* \+0\.00 \.\. \+0\.00 │/);
    for (const name of Object.keys(SCENARIOS)) assert.match(text, new RegExp(`│ ${name} +│ (\\d+) ms → \\1 ms `));
    const bounds = ['--require', 'recovered<=0', '--require', 'newlyFailed<=0', '--require', 'low>=0'];
    const folders = [join(whole, 'monday'), join(folder, 'alone-monday')];
    const { status } = await kept((write) =>
      compareCommand(write).parseAsync([...folders, ...bounds], { from: 'user' }),
    );
    assert.equal(status, 0);
  });
});

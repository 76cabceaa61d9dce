import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compareCommand } from '../../src/cli/compare.js';
import { runListSchema } from '../../src/report/index.js';
import { kept, merge, RESULTS, SCENARIOS, type TinyDropouts, tinyDropouts } from './support/tiny_dropouts.js';

/** `test/slow/dropout_shards` cuts many bags into shards. */
describe('mle-sam dropout of many bags', function () {
  this.timeout(240_000);
  let folder: string;
  let bags: readonly string[];
  let whole: string;
  let dropout: TinyDropouts['dropout'];
  before(async () => {
    ({ folder, bags, dropout } = await tinyDropouts());
    whole = join(folder, 'whole');
    await dropout(...bags, '-o', whole);
  });
  after(() => rmSync(folder, { recursive: true }));

  const textOf = (...path: string[]) => readFileSync(join(...path), 'utf8');

  it('gives of each bag what that bag alone gives, with worker processes as well', async () => {
    for (const [index, name] of ['monday', 'tuesday'].entries()) {
      const alone = join(folder, `alone-${name}`);
      await dropout(bags[index]!, '-o', alone, ...(index === 0 ? [] : ['--jobs', '2']));
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

import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBag } from '../../src/bags/index.js';
import { simulateCommand, splitFrames } from '../../src/cli/simulate.js';

describe('mle-sam simulate', function () {
  this.timeout(120_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mle-sam-simulate-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function run(...args: string[]): Promise<string> {
    let output = '';
    const command = simulateCommand((text) => {
      output += text;
    });
    command.exitOverride().configureOutput({ writeErr: () => undefined });
    await command.parseAsync(args, { from: 'user' });
    return output;
  }

  it('writes a bag of the asked length from a drive in a file', async () => {
    const file = join(folder, 'drive.yaml');
    await writeFile(file, 'stretches:\n  - {condition: fog, seconds: 3}\n  - {condition: night, seconds: 1}\n');
    const out = join(folder, 'bag');
    const told = await run(out, '--drive', file, '--duration', '0.4', '--seed', '9');
    assert.match(told, /messages, 0\.4 s, fog 0\.3 s, night 0\.1 s/);
    const bag = await openBag(out);
    try {
      assert.ok(bag.info.durationSeconds > 0.3 && bag.info.durationSeconds < 0.5, `${bag.info.durationSeconds} s`);
      assert.deepEqual(bag.info.problems, []);
      const latched = bag.info.topics.find(({ name }) => name === '/tf_static');
      assert.equal(latched?.qos[0]?.durability, 'transient_local');
    } finally {
      await bag.close();
    }
  });

  it('writes one split of a data set when asked for one', async () => {
    const root = join(folder, 'set');
    const told = await run(root, '--layout', 'deliver', '--frames', '1', '--split', 'test', '--workers', '1');
    assert.match(told, /1 frames written, 0 were there/);
    const pictures = (await readdir(root, { recursive: true })).filter((name) => name.endsWith('.png'));
    assert.equal(pictures.length, 5);
    assert.ok(pictures.every((name) => name.includes('/test/')));
  });

  it('shares frames among the splits without losing any', () => {
    for (const count of [1, 7, 100, 3333]) {
      const { train, val, test } = splitFrames(count, undefined);
      assert.equal(train + val + test, count);
    }
    assert.deepEqual(splitFrames(100, undefined), { train: 80, val: 10, test: 10 });
    assert.deepEqual(splitFrames(5, 'val'), { train: 0, val: 5, test: 0 });
  });

  const refused: [string, string[], RegExp][] = [
    ['a seed that is no number', ['--seed', 'x'], /whole number from 0 on but received 'x'/],
    ['no frames', ['--frames', '0'], /whole number from 1 on but received '0'/],
    ['an endless drive', ['--duration', '1e9'], /up to 600 but received '1e9'/],
    ['an unknown layout', ['--layout', 'tar'], /bag, deliver/],
    ['an unknown drive', ['--drive', 'moon'], /Expected a drive preset .* but received 'moon'/],
  ];
  for (const [name, args, expected] of refused) {
    it(`refuses ${name}`, () => assert.rejects(run(join(folder, 'x'), ...args), expected));
  }
});

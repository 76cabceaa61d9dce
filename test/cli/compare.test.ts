import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareCommand } from '../../src/cli/compare.js';
import { evaluateCommand } from '../../src/cli/evaluate.js';
import { DELIVER_CLASSES } from '../../src/datasets/classes.js';
import type { EvaluationUnit } from '../../src/datasets/index.js';
import { DELIVER_MODALITIES, writeBundle } from '../datasets/support/bundles.js';
import { writeDeliverFrame } from '../datasets/support/trees.js';
import { tinyBundle } from '../model/support/tiny_bundle.js';

const unit = (name: string, changes: Partial<EvaluationUnit> = {}): EvaluationUnit => ({
  formatVersion: 1,
  dataset: { kind: 'deliver', title: 'DELIVER', split: 'val', frames: 3 },
  slice: { from: 0, to: 3, every: 1 },
  model: { name, sha256: '0' },
  inputs: { camera: 'camera' },
  scoredAt: { width: 2, height: 2 },
  classes: ['road', 'sky'],
  frames: [
    { name: 'x', condition: 'sun', case: 'none', counts: [0, 0, 3, 1, 1, 1] },
    { name: 'y', condition: 'fog', case: 'none', counts: [0, 0, 2, 1, 1, 2] },
  ],
  leftOut: [],
  ...changes,
});

describe('mle-sam compare', () => {
  let folder: string;
  let exitCode: typeof process.exitCode;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mle-sam-compare-'));
  });
  after(() => rmSync(folder, { recursive: true }));
  beforeEach(() => {
    exitCode = process.exitCode;
  });
  afterEach(() => {
    process.exitCode = exitCode;
  });

  function save(name: string, content: unknown): string {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, 'frames.json'), typeof content === 'string' ? content : JSON.stringify(content));
    return join(folder, name);
  }
  async function run(...args: string[]): Promise<string> {
    let text = '';
    await compareCommand((part) => {
      text += part;
    }).parseAsync(args, { from: 'user' });
    return text;
  }

  it('tells differences of all, of classes and of conditions, frames of one run only, and the same twice', async () => {
    const a = save('a', unit('first'));
    const worse = [
      { name: 'y', condition: 'fog', case: 'none', counts: [0, 0, 1, 0, 1, 1, 1, 1, 2] },
      { name: 'x', condition: 'sun', case: 'none', counts: [0, 0, 3, 1, 1, 1] },
      { name: 'z', condition: 'sun', case: 'none', counts: [0, 0, 4] },
    ];
    const b = save('b', unit('second', { frames: worse }));
    const report = JSON.parse(await run(a, b, '--json'));
    // road 4 of 5 hit; sky 3 hit and 1 wrong: IoU 0.8 and 0.75.
    assert.deepEqual([report.miou.a, report.miou.b, report.frames, report.onlyInB], [100, 77.5, 2, 1]);
    assert.ok(Math.abs(report.classes[1].difference + 25) < 1e-9);
    assert.deepEqual(
      report.conditions.map(({ name, frames, difference }: Record<string, number>) => [name, frames, difference! < 0]),
      [
        ['fog', 1, true],
        ['sun', 1, false],
      ],
    );
    assert.equal(report.convention, 'cityscapes');
    const text = await run(a, b);
    assert.equal(text, await run(a, join(b, 'frames.json')));
    assert.match(text, /A first, B second, on 2 frames of DELIVER val/);
    assert.match(text, /! Frames of one run only are left out: 0 of A, 1 of B/);
    assert.match(text, /│ mIoU │ 100\.00 │ 77\.50 │ -22\.50 │/);
  });

  it('writes the comparison as a page, and replaces no file of another origin', async () => {
    const a = save('a', unit('first'));
    const page = join(folder, 'pages', 'compare.html');
    for (let time = 0; time < 2; time++) await run(a, a, '--page', page);
    assert.match(readFileSync(page, 'utf8'), /No clear difference/);
    writeFileSync(page, 'mine');
    await assert.rejects(run(a, a, '--page', page), /Expected no file, or one that mle-sam made, at .*compare\.html/);
    await run(a, a, '--page', page, '--force');
    assert.match(readFileSync(page, 'utf8'), /No clear difference/);
  });

  it('holds differences to bounds: exit status 3 and JUnit', async () => {
    const a = save('a', unit('first'));
    const junit = join(folder, 'junit.xml');
    const text = await run(a, a, '--require', 'difference>=0', '--require', 'low.sky>1', '--junit', junit);
    assert.match(text, /passed: difference >= 0 \(0\)/);
    assert.match(text, /! FAILED: low\.sky > 1, but 0/);
    assert.equal(process.exitCode, 3);
    const xml = readFileSync(junit, 'utf8');
    assert.match(xml, /<testsuites name="mle-sam compare DELIVER" tests="2" failures="1">/);
    assert.match(xml, /<testcase classname="compare\.DELIVER" name="low\.sky &gt; 1">/);
    await assert.rejects(
      run(a, a, '--require', 'speed>=1'),
      /Expected one of difference, low, high, .* for --require but received 'speed'/,
    );
  });

  it('refuses runs that do not compare, and files that are none', async () => {
    const a = save('a', unit('first'));
    const refused: [unknown, RegExp][] = [
      [
        unit('b', { classes: ['road', 'ski'] }),
        /Expected the same classes in both runs but received road, sky and road, ski\./,
      ],
      [
        unit('b', { scoredAt: 'as-stored' }),
        /Expected the same size of scoring in both runs but received 2x2 and as-stored\./,
      ],
      [
        unit('b', { dataset: { kind: 'muses', title: 'MUSES', split: 'val', frames: 3 } }),
        /Expected the same data set in both runs/,
      ],
      [unit('b', { frames: [] }), /Expected frames that both runs have but found none\./],
      [
        unit('b', { frames: [{ name: 'x', condition: '', case: '', counts: [0, 5, 1] }] }),
        /the counts of x are none of 2 classes/,
      ],
      ['{', /Expected the frames\.json of mle-sam evaluate --out at .* but could not read it/],
      [{}, /but formatVersion is wrong\. Score again with --out\./],
    ];
    for (const [content, sentence] of refused) await assert.rejects(run(a, save('b', content)), sentence);
    await assert.rejects(run(a, join(folder, 'nowhere')), /but could not read it: ENOENT/);
  });

  it('scores bundles itself where it is told on what', async () => {
    const root = join(folder, 'set');
    await writeDeliverFrame(root, 'sun/val/MAP_1_point1', '000001', (x) => 1 + ((x >> 6) % 25));
    const bundle = writeBundle(join(folder, 'bundle'), DELIVER_MODALITIES, DELIVER_CLASSES);
    await assert.rejects(
      run(bundle, bundle),
      /Expected a data set to score the bundle .* on but received none\. Name it with --data\./,
    );
    await assert.rejects(
      run(bundle, bundle, '--data', folder),
      /Expected a data set at .* but found no layout that is known/,
    );
    const text = await run(bundle, bundle, '--data', root, '--provider', 'cpu', '--require', 'difference>=0');
    assert.match(text, /A tiny, B tiny, on 1 frames of DELIVER val/);
    assert.match(text, /passed: difference >= 0/);
  });

  it('is refused a bound that says nothing, before anything is run', async () => {
    const silent = evaluateCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => undefined });
    for (const bound of ['miou', 'miou>=', 'miou=5', '>=5', 'miou>=many']) {
      await assert.rejects(
        silent.parseAsync(['x', '--require', bound], { from: 'user' }),
        /Expected a requirement such as 'miou>=50'/,
      );
    }
    await assert.rejects(
      evaluateCommand().parseAsync(['nowhere.mcap', '-m', tinyBundle, '--require', 'iou.road>=5'], { from: 'user' }),
      /Expected one of frames, leftOut, miou, absent\.average, .* for --require but received 'iou\.road'/,
    );
  });
});

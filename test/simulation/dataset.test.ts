import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { framePath, planFrames } from '../../src/simulation/dataset/dataset_layout.js';
import { CONDITIONS, FAILURES, writeDataset } from '../../src/simulation/index.js';

describe('data set plan', () => {
  it('gives all conditions equal parts and some frames a failure', () => {
    const plans = planFrames('train', 1500, 1);
    for (const condition of CONDITIONS) {
      assert.equal(plans.filter((plan) => plan.condition === condition).length, 300);
    }
    for (const failure of FAILURES) {
      const count = plans.filter((plan) => plan.failure === failure).length;
      assert.ok(count > 30 && count < 200, `${failure} ${count}`);
    }
  });

  it('never shows a world in two splits', () => {
    const worlds = (split: 'train' | 'val' | 'test') => planFrames(split, 200, 1).map(({ worldSeed }) => worldSeed);
    const train = new Set(worlds('train'));
    for (const other of [...worlds('val'), ...worlds('test')]) assert.ok(!train.has(other));
  });

  it('begins with the plan of a smaller set, and has a path of its own for every frame', () => {
    const plans = planFrames('val', 400, 1);
    assert.deepEqual(plans.slice(0, 100), planFrames('val', 100, 1));
    assert.equal(new Set(plans.map((plan) => framePath(plan, 'img', 'rgb'))).size, 400);
  });

  it('names files as DELIVER does', () => {
    for (const plan of planFrames('test', 60, 1)) {
      assert.match(
        framePath(plan, 'hha', 'hha'),
        /^hha\/(cloud|fog|night|rain|sun)\/test\/MAP_\d+_point\d+(_[a-z]+)?\/\d{6}_hha_front\.png$/,
      );
    }
  });
});

describe('data set', function () {
  this.timeout(120_000);
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'mle-sam-dataset-'));
  });
  after(() => rm(root, { recursive: true }));

  it('is written by threads, described, and goes on where it stopped', async () => {
    const options = { root, seed: 5, frames: { train: 2, val: 1, test: 0 }, workers: 2 };
    const ticks: number[] = [];
    const first = await writeDataset({ ...options, onFrame: (done) => ticks.push(done) });
    assert.deepEqual(first, { written: 3, present: 0 });
    assert.deepEqual(ticks, [1, 2, 3]);
    const description = JSON.parse(await readFile(join(root, 'dataset.json'), 'utf8'));
    assert.equal(description.frames, 3);
    assert.deepEqual([description.width, description.height, description.classes.length], [320, 192, 15]);

    const files = (await readdir(root, { recursive: true })).filter((name) => name.endsWith('.png')).sort();
    assert.equal(files.length, 15);
    const semantic = files.find((name) => name.startsWith('semantic'))!;
    const image = files.find((name) => name.startsWith('img'))!;
    const bytes = await readFile(join(root, image));
    const kept = await stat(join(root, image));
    const gone = await readFile(join(root, semantic));
    await unlink(join(root, semantic));
    assert.deepEqual(await writeDataset({ ...options, workers: 1 }), { written: 1, present: 2 });
    assert.deepEqual(await readFile(join(root, semantic)), gone);
    assert.deepEqual(await readFile(join(root, image)), bytes);
    assert.ok((await stat(join(root, image))).mtimeMs >= kept.mtimeMs);
  });

  it('holds classes one up in the first channel, and pictures that carry something', async () => {
    const files = (await readdir(root, { recursive: true })).filter((name) => name.endsWith('.png'));
    for (const name of files) {
      const { data, info } = await sharp(join(root, name)).raw().toBuffer({ resolveWithObject: true });
      assert.deepEqual([info.width, info.height], [320, 192], name);
      const first = data.filter((_, i) => i % info.channels === 0);
      if (name.startsWith('semantic')) {
        assert.equal(info.channels, 4);
        assert.ok(first.every((value) => value >= 1 && value <= 15));
        assert.ok(new Set(first).size >= 8);
      } else {
        assert.equal(info.channels, 3);
        assert.ok(new Set(data).size > 3, name);
      }
    }
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { readFolderDescription } from '../../src/datasets/folder_schema.js';
import { FramePattern } from '../../src/datasets/frame_pattern.js';
import { type Dataset, matchBundle, openDataset, readSamples, recogniseDataset } from '../../src/datasets/index.js';
import type { Representation } from '../../src/sensors/index.js';
import { projectRoot } from '../support/shared_data.js';
import { manifestOf } from './support/bundles.js';
import { samples, savePng, saveText } from './support/trees.js';

/** Cityscapes' layout with a thermal camera and depth in 16 bits. */
const DESCRIPTION = {
  name: 'town',
  classes: ['road', 'person', { id: 9, name: 'sky' }],
  labels: {
    files: 'gtFine/{split}/{city}/{frame}_gtFine_labelIds.png',
    map: { 7: 0, 24: 1, 23: 9, 4: 'ignore' },
    ignore: [0],
  },
  modalities: {
    camera: { files: 'leftImg8bit/{split}/{city}/{frame}_leftImg8bit.png' },
    thermal: { files: 'thermal/{split}/{city}/{frame}_*.png', sparse: true, representation: 'nir' },
    depth: { files: 'depth/{split}/{city}/{frame}.png', metresPerLevel: 0.01 },
  },
  condition: '{city}',
};
const MANIFEST = manifestOf(
  [
    { name: 'camera', representation: { kind: 'rgb' } },
    { name: 'thermal', representation: { kind: 'nir' } },
    { name: 'depth', representation: { kind: 'inverse', nearMetres: 2 } },
  ],
  [
    { id: 3, name: 'Road' },
    { id: 1, name: 'person' },
    { id: 2, name: 'sky' },
  ],
  { width: 4, height: 2 },
);

async function readAll(dataset: Dataset, manifest = MANIFEST) {
  const read = [];
  const sizes = { input: manifest.input, scoredAt: dataset.scoredAt(manifest.input) };
  for await (const outcome of readSamples(dataset, matchBundle(dataset, manifest), dataset.frames, sizes)) {
    read.push(outcome.kind === 'sample' ? outcome.sample : outcome.reason);
  }
  return read;
}

describe('data sets of one’s own', () => {
  let root: string;
  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'mle-sam-folder-'));
    saveText(join(root, 'dataset.yaml'), stringify(DESCRIPTION));
    for (const [split, city, frame] of [
      ['val', 'rainville', 'a_000001'],
      ['val', 'bonn', 'b_000002'],
      ['train', 'bonn', 'b_000003'],
    ] as const) {
      const stored = [7, 24, 23, 0, 4, 7, 24, 23];
      const file = (kind: string, ending: string) => join(root, kind, split, city, `${frame}${ending}`);
      await savePng(
        file('gtFine', '_gtFine_labelIds.png'),
        samples(4, 2, 1, (x, y) => stored[4 * y + x]!),
      );
      await savePng(
        file('leftImg8bit', '_leftImg8bit.png'),
        samples(8, 4, 3, (_x, _y, c) => 50 + c),
      );
      await savePng(
        file('thermal', '_20260101.png'),
        samples(8, 4, 1, (x) => x),
      );
      const metres = Uint16Array.of(0, 100, 200, 400, 800, 1600, 100, 100);
      await savePng(file('depth', '.png'), { width: 4, height: 2, channels: 1, data: metres });
    }
  });
  after(() => rmSync(root, { recursive: true }));

  it('are recognised by dataset.yaml, whose patterns find the frames of a split', async () => {
    assert.equal(await recogniseDataset(root), 'folder');
    assert.equal(await recogniseDataset(join(root, 'dataset.yaml')), 'folder');
    const { frames, title, source } = await openDataset('folder', root, 'val');
    assert.deepEqual([title, source], ['town', 'recording']);
    assert.deepEqual(
      frames.map(({ name, condition }) => [name, condition]),
      [
        ['val/bonn/b_000002', 'bonn'],
        ['val/rainville/a_000001', 'rainville'],
      ],
    );
    assert.equal((await openDataset('folder', join(root, 'dataset.yaml'), 'train')).frames.length, 1);
  });

  it('give pictures, sparse pictures and distances, and labels by their map', async () => {
    const [sample] = await readAll(await openDataset('folder', root, 'val'));
    assert.ok(typeof sample === 'object', String(sample));
    const image = (name: string) => [...sample.images.get(name)!.data];
    assert.deepEqual(image('camera').slice(0, 3), [50, 51, 52]);
    // Nearest of eight columns: 1, 3, 5, 7.
    assert.deepEqual(image('thermal').slice(0, 12), [1, 1, 1, 3, 3, 3, 5, 5, 5, 7, 7, 7]);
    // 255 · 2 m / d: nothing, 1 m, 2 m, 4 m, 8 m, 16 m.
    assert.deepEqual(
      image('depth').filter((_, i) => i % 3 === 0),
      [0, 255, 255, 128, 64, 32, 255, 255],
    );
    assert.deepEqual([...sample.truth!.labels], [0, 1, 9, 255, 255, 0, 1, 9]);
  });

  it('take channels of one picture for several modalities, and labels by colour', async () => {
    const own = join(root, 'rgbt');
    const labels = { files: 'labels/{frame}.png', colours: { '0,0,0': 'ignore', '128,64,128': 0, '0, 0, 142': 1 } };
    const files = 'images/{frame}.png';
    const modalities = { camera: { files, channels: [0, 1, 2] }, thermal: { files, channels: [3] } };
    const description = { name: 'rgbt', classes: ['road', 'car'], labels, modalities };
    saveText(join(own, 'dataset.yaml'), stringify(description));
    await savePng(
      join(own, 'images/a.png'),
      samples(4, 2, 4, (_x, _y, c) => 10 + c),
    );
    const colours = [
      [0, 0, 0],
      [128, 64, 128],
      [0, 0, 142],
      [128, 64, 128],
    ];
    await savePng(
      join(own, 'labels/a.png'),
      samples(4, 2, 3, (x, _y, c) => colours[x]![c]!),
    );
    const manifest = manifestOf(
      MANIFEST.modalities.slice(0, 2),
      [
        { id: 0, name: 'road' },
        { id: 1, name: 'car' },
      ],
      MANIFEST.input,
    );
    const dataset = await openDataset('folder', own, 'val');
    const [sample] = await readAll(dataset, manifest);
    assert.ok(typeof sample === 'object', String(sample));
    assert.deepEqual([...sample.images.get('camera')!.data.subarray(0, 3)], [10, 11, 12]);
    assert.deepEqual([...new Set(sample.images.get('thermal')!.data)], [13]);
    assert.deepEqual([...sample.truth!.labels.subarray(0, 4)], [255, 0, 1, 0]);

    await savePng(join(own, 'labels/a.png'), samples(4, 2, 3, 9));
    assert.match(
      String((await readAll(dataset, manifest))[0]),
      /Expected the colour of a class in .*a\.png but received 9,9,9\. Add it/,
    );
    await savePng(join(own, 'images/a.png'), samples(4, 2, 3, 9));
    assert.match(
      String((await readAll(dataset, manifest))[0]),
      /Expected a channel 3 in .*a\.png but it has 3 \(counted from 0\)/,
    );
  });

  it('map a bundle by class names, whatever the ids', async () => {
    const { classOf } = matchBundle(await openDataset('folder', root, 'val'), MANIFEST);
    assert.deepEqual([classOf[3], classOf[1], classOf[2], classOf[0]], [0, 1, 9, 255]);
  });

  it('name the frame that has no file of a modality, or two, or a label value without meaning', async () => {
    const dataset = await openDataset('folder', root, 'train');
    const where = join(root, 'thermal/train/bonn/b_000003');
    await savePng(`${where}_again.png`, samples(8, 4, 1, 0));
    const [two] = await readAll(await openDataset('folder', root, 'train'));
    assert.match(
      String(two),
      /Expected one file like thermal.*_\*\.png for thermal of train\/bonn\/b_000003 but found 2\./,
    );
    rmSync(`${where}_again.png`);
    await savePng(join(root, 'gtFine/train/bonn/b_000003_gtFine_labelIds.png'), samples(4, 2, 1, 8));
    const [label] = await readAll(dataset);
    assert.match(String(label), /Expected label values 0, 4, 7, 23\.\.24 in .*labelIds\.png but received 8\./);
  });

  it('refuse a depth that only distances are known of', async () => {
    const depth: Representation = { kind: 'hha-published' };
    const dataset = await openDataset('folder', root, 'val');
    assert.throws(
      () => matchBundle(dataset, manifestOf([{ name: 'depth', representation: depth }], MANIFEST.classes)),
      /Expected the representation inverse or linear for depth/,
    );
  });

  it('say which splits there are', async () => {
    await assert.rejects(
      openDataset('folder', root, 'test'),
      /Expected label files like gtFine.* of split 'test' below .* but found none\. Name one of (train, val|val, train) with --split\./,
    );
    await assert.rejects(
      openDataset('folder', join(root, 'gtFine'), 'val'),
      /Expected the description of a data set in .*dataset\.yaml but could not read it/,
    );
  });

  const { labels, modalities } = DESCRIPTION;
  const breaks: [name: string, change: object | string, sentence: RegExp][] = [
    ['broken YAML', 'name: [', /Expected the description of a data set in .* but could not read it: [^\n]*\.$/],
    ['no classes', { classes: undefined }, /Expected a valid classes in .*: /],
    ['an unknown key', { colours: 1 }, /unknown keys colours\. See docs\/datasets\.md\.$/],
    ['a class id of 255', { classes: [{ id: 255, name: 'x' }] }, /Expected a valid classes\.0/],
    ['a class twice', { classes: ['a', 'a'] }, /Expected class names that occur once/],
    ['an id twice', { classes: ['a', { id: 0, name: 'b' }] }, /Expected class ids that occur once/],
    ['no modality', { modalities: {} }, /Expected a valid modalities in .*: there is none/],
    [
      'a path that leaves the root',
      { labels: { ...labels, files: '../x/{split}.png' } },
      /Expected a valid labels\.files .*a path below the root .*received '\.\.\/x/,
    ],
    ['**', { labels: { ...labels, files: '**/{split}.png' } }, /a path below the root/],
    [
      'an unknown {name}',
      { modalities: { camera: { files: 'x/{town}.png' } } },
      /Expected \{town\} of modalities\.camera\.files to stand in labels\.files/,
    ],
    [
      'an unknown {name} of the condition',
      { condition: '{weather}' },
      /Expected \{weather\} of condition to stand in labels\.files/,
    ],
    [
      'a map to no class',
      { labels: { ...labels, map: { 7: 5 } } },
      /Expected ids of classes for labels\.map and labels\.colours but received 5/,
    ],
    [
      'a map from no value',
      { labels: { ...labels, map: { road: 0 } } },
      /Expected values of 0 to 65535 for labels\.map but received 'road'/,
    ],
    [
      'a colour that is none',
      { labels: { files: labels.files, colours: { '300,0,0': 0 } } },
      /Expected red,green,blue of 0 to 255 for labels\.colours but received '300,0,0'/,
    ],
    [
      'both values and colours',
      { labels: { ...labels, colours: { '0,0,0': 0 } } },
      /Expected either labels\.map or labels\.colours/,
    ],
    [
      'two channels',
      { modalities: { camera: { files: 'x.png', channels: [0, 1] } } },
      /Expected a valid modalities\.camera\.channels/,
    ],
    ['a size of 0', { evaluation: { width: 0, height: 5 } }, /Expected a valid evaluation/],
    [
      'negative metres',
      { modalities: { ...modalities, depth: { files: 'x.png', metresPerLevel: -1 } } },
      /Expected a valid modalities\.depth\.metresPerLevel/,
    ],
  ];
  for (const [name, change, sentence] of breaks) {
    it(`refuse a description with ${name} in one sentence`, async () => {
      const path = join(root, 'wrong.yaml');
      saveText(path, typeof change === 'string' ? change : stringify({ ...DESCRIPTION, ...change }));
      await assert.rejects(openDataset('folder', path, 'val'), (error: Error) => {
        assert.match(error.message, sentence);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      });
    });
  }

  it('may be described as docs/datasets.md does', async () => {
    const page = readFileSync(join(projectRoot, 'docs', 'datasets.md'), 'utf8');
    const example = /```yaml\n([\s\S]*?)```/.exec(page)![1]!;
    saveText(join(root, 'example.yaml'), example);
    const { classes, labels, modalities } = await readFolderDescription(join(root, 'example.yaml'));
    assert.equal(classes.length, 3);
    assert.deepEqual(labels.map, { 4: 'ignore', 7: 0, 23: 9, 24: 1 });
    assert.deepEqual(Object.keys(modalities), ['camera', 'thermal', 'events', 'depth']);
  });

  it('find files whose name holds a value twice, and none where the two differ', async () => {
    const pattern = new FramePattern('p/{id}/{id}_{kind}.png');
    for (const name of ['p/a.b/a.b_x.png', 'p/a.b/aXb_x.png', 'p/c+/c+_y.png']) saveText(join(root, name), '');
    const found = await pattern.find(root, new Map());
    assert.deepEqual(
      found.map(({ key }) => [...key.values()].join(' ')),
      ['a.b x', 'c+ y'],
    );
  });
});

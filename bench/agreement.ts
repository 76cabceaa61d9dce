/**
 * Compares the labels the TypeScript side makes with those the training package made from the same images.
 *
 *     mle-sam-train predict CHECKPOINT --data ROOT --split test --limit 20 --out LABELS
 *     npm run bench -- agreement ROOT LABELS [BUNDLE]
 *
 * ROOT is a data set in DELIVER's layout with a dataset.json; LABELS holds `<condition>/<split>/<sequence>/<frame>.png`.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { countDifferingLabels, loadBundle, Segmenter } from '../src/model/index.js';
import type { ModalityImage } from '../src/sensors/index.js';

interface DatasetModality {
  name: string;
  folder: string;
  suffix: string;
}

const [root, labelFolder, bundleFolder = 'models/reference'] = process.argv.slice(2);
if (root === undefined || labelFolder === undefined) {
  throw new Error('Expected a data set and a folder of labels: npm run bench -- agreement ROOT LABELS [BUNDLE]');
}

const bundle = await loadBundle(bundleFolder);
const { width, height } = bundle.input;
const description = JSON.parse(await readFile(join(root, 'dataset.json'), 'utf8')) as { modalities: DatasetModality[] };
const files = (await readdir(labelFolder, { recursive: true })).filter((path) => path.endsWith('.png')).sort();
if (files.length === 0) throw new Error(`Expected label images (.png) below ${labelFolder} but found none.`);

const segmenter = await Segmenter.create(bundle, { provider: 'cpu' });
let pixels = 0;
let differing = 0;
let worst = 0;
for (const file of files) {
  const stem = file.replace(/\.png$/, '');
  const images = new Map<string, ModalityImage>();
  for (const { name, folder, suffix } of description.modalities) {
    const path = join(root, folder, `${stem}_${suffix}_front.png`);
    const data = new Uint8Array(await sharp(path).removeAlpha().toColourspace('srgb').raw().toBuffer());
    images.set(name, { modality: name, stamp: 0n, width, height, data, quality: { kind: 'good' } });
  }
  const { labels } = await segmenter.segment({ stamp: 0n, frameId: '', images, absent: new Map() });
  const expected = new Uint8Array(await sharp(join(labelFolder, file)).extractChannel(0).raw().toBuffer());
  const count = countDifferingLabels(labels, expected);
  pixels += labels.length;
  differing += count;
  worst = Math.max(worst, count / labels.length);
}
await segmenter.close();
const share = 100 * (1 - differing / pixels);
console.log(
  `${bundle.name}: ${files.length} frames, ${pixels} pixels, ${differing} differ: ${share.toFixed(4)} % agree, ` +
    `worst frame ${(100 * (1 - worst)).toFixed(4)} %`,
);

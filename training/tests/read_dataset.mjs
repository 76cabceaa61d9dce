// Reads a data set with the TypeScript readers for test_typescript_datasets.py.
// Usage: node read_dataset.mjs ROOT KIND SPLIT BUNDLE.json OUT; the bundle has input, modalities and classes.
// Writes OUT.images (uint8 [frames, M, H, W, 3]), OUT.labels (uint8 [frames, H, W]) and OUT.json (names, conditions, cases).
import { createWriteStream, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { matchBundle, openDataset, readSamples } from '../../dist/src/datasets/index.js';

const [root, kind, split, bundlePath, out] = process.argv.slice(2);
const bundle = JSON.parse(readFileSync(bundlePath, 'utf8'));
const dataset = await openDataset(kind, root, split);
const match = matchBundle(dataset, bundle);
const images = createWriteStream(`${out}.images`);
const labels = createWriteStream(`${out}.labels`);
const frames = [];
const sizes = { input: bundle.input, scoredAt: bundle.input };
for await (const read of readSamples(dataset, match, dataset.frames, sizes)) {
  if (read.kind === 'unreadable') throw new Error(read.reason);
  const { frame, images: shown, truth } = read.sample;
  for (const { name } of match.inputs) images.write(shown.get(name).data);
  labels.write(truth.labels);
  frames.push({ name: frame.name, condition: frame.condition, case: frame.case });
}
for (const stream of [images, labels]) {
  stream.end();
  await once(stream, 'finish');
}
writeFileSync(`${out}.json`, JSON.stringify(frames));

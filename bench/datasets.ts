/**
 * How much of an evaluation is inference: a split in DELIVER's layout, 1042 x 1042 pictures of noise, scored at 1024 x 1024
 * in one process.
 *
 *   node dist/bench/datasets.js [BUNDLE] [--frames 8] [--threads 1] [--work FOLDER] [--python PYTHON]
 *
 * BUNDLE is one with DELIVER's modalities; by default the network of models/reference on random weights, exported at
 * 1024 x 1024: a small one, for which reading the files weighs the most. Noise is what PNG takes longest to decode.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import sharp from 'sharp';
import { parse, stringify } from 'yaml';
import { matchBundle, openDataset, PredictionFolder, readSamples, scoreDataset } from '../src/datasets/index.js';
import { loadBundle, Segmenter } from '../src/model/index.js';
import { Random } from '../src/random/random.js';
import { bundleAround } from './gpu/random_bundle.js';
import { keepRows } from './support/performance.js';

const STORED = { width: 1042, height: 1042 };
const SIZE = 1024;
const PICTURES = [
  ['img', 'rgb', 3],
  ['hha', 'depth', 3],
  ['event', 'event', 3],
  ['lidar', 'lidar', 1],
  ['semantic', 'semantic', 4],
] as const;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      frames: { type: 'string', default: '8' },
      threads: { type: 'string', default: '1' },
      work: { type: 'string', default: join(tmpdir(), 'mle-sam-bench-datasets') },
      python: { type: 'string', default: 'training/.venv/bin/python' },
    },
  });
  const bundle = await loadBundle(positionals[0] ?? (await randomBundle(values.work, values.python)));
  const root = mkdtempSync(join(tmpdir(), 'mle-sam-deliver-'));
  const segmenter = await Segmenter.create(bundle, { provider: 'cpu', threads: Number(values.threads) });
  try {
    await writeTree(root, Number(values.frames));
    const dataset = await openDataset('deliver', root, 'val');
    const match = matchBundle(dataset, bundle, { classesBy: 'id' });
    const readingMs = await timeReading(dataset, match, bundle.input);
    const table = new Table({
      head: ['what', 'frames', 'seconds', 'inference, s', 'share of inference'],
      style: { head: [], border: [] },
    });
    for (const what of ['scores', 'scores and predictions'] as const) {
      const predictions =
        what === 'scores' ? undefined : await PredictionFolder.claim(join(root, 'masks'), dataset, {}, 'own');
      const { unit, timing, failure } = await scoreDataset(
        { dataset, match, bundle, segmenter },
        predictions === undefined ? {} : { predictions },
      );
      if (failure !== undefined) throw failure.error;
      const { totalMs, inferenceMs } = timing;
      table.push([
        what,
        unit.frames.length,
        (totalMs / 1000).toFixed(2),
        (inferenceMs / 1000).toFixed(2),
        `${((100 * inferenceMs) / totalMs).toFixed(1)} %`,
      ]);
      keepRows({
        what: `evaluation of a data set, ${what}: share of inference`,
        value: (100 * inferenceMs) / totalMs,
        unit: '%',
        target: { atLeast: 90 },
        settings: `${unit.frames.length} frames at ${bundle.input.width} x ${bundle.input.height}, ${values.threads} threads`,
      });
    }
    console.log(`${bundle.name}, ${bundle.input.width}x${bundle.input.height}, ${values.threads} threads`);
    console.log(table.toString());
    console.log(`Reading alone, nothing beside it: ${readingMs.toFixed(0)} ms a frame`);
  } finally {
    await segmenter.close();
    rmSync(root, { recursive: true });
  }
}

async function timeReading(
  dataset: Awaited<ReturnType<typeof openDataset>>,
  match: ReturnType<typeof matchBundle>,
  input: { width: number; height: number },
): Promise<number> {
  const start = performance.now();
  let frames = 0;
  for await (const read of readSamples(dataset, match, dataset.frames, { input, scoredAt: dataset.scoredAt(input) })) {
    if (read.kind === 'unreadable') throw new Error(read.reason);
    frames++;
  }
  return (performance.now() - start) / frames;
}

async function writeTree(root: string, frames: number): Promise<void> {
  for (let frame = 0; frame < frames; frame++) {
    for (const [folder, suffix, channels] of PICTURES) {
      const random = new Random(frame, folder);
      const data = new Uint8Array(STORED.width * STORED.height * channels);
      for (let i = 0; i < data.length; i++) data[i] = random.integer(0, folder === 'semantic' ? 25 : 255);
      const path = join(
        root,
        folder,
        'sun',
        'val',
        'MAP_1_point1',
        `${String(frame).padStart(6, '0')}_${suffix}_front.png`,
      );
      mkdirSync(dirname(path), { recursive: true });
      await sharp(data, { raw: { ...STORED, channels } })
        .toColourspace(channels === 1 ? 'b-w' : 'srgb')
        .png({ compressionLevel: 1 })
        .toFile(path);
    }
  }
}

/** The network of the reference bundle at 1024 x 1024 on random weights, with DELIVER's representations. */
async function randomBundle(work: string, python: string): Promise<string> {
  const folder = join(work, 'bundle');
  if (existsSync(join(folder, 'model.json'))) return folder;
  mkdirSync(work, { recursive: true });
  const config = join(work, 'config.yaml');
  const reference = parse(readFileSync('training/configs/reference.yaml', 'utf8')) as Record<string, unknown>;
  writeFileSync(config, stringify({ ...reference, name: 'reference-1024', width: SIZE, height: SIZE }));
  process.stderr.write('exporting the reference network at 1024x1024 on random weights ...\n');
  const args = [
    '-m',
    'mle_sam_train.cli',
    'footprint',
    '--config',
    config,
    '--out',
    join(work, 'graphs'),
    '--modalities',
    '1',
  ];
  const { status, stderr, error } = spawnSync(python, args, {
    encoding: 'utf8',
    env: { ...process.env, PYTHONPATH: 'training' },
  });
  if (status !== 0) throw new Error(`Expected ${python} to export the network but: ${error?.message ?? stderr.trim()}`);
  await bundleAround('reference-1024', join(work, 'graphs'), folder);
  const path = join(folder, 'model.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as { modalities: { name: string; representation: object }[] };
  const published = new Map<string, object>([
    ['depth', { kind: 'hha-published' }],
    ['events', { kind: 'polarity', windowMs: 50 }],
  ]);
  for (const modality of manifest.modalities)
    modality.representation = published.get(modality.name) ?? modality.representation;
  writeFileSync(path, JSON.stringify(manifest));
  return folder;
}

await main();

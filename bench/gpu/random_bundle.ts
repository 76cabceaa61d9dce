import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { InferenceSession } from '../../src/model/onnx_runtime.js';
import { SplitRunner } from '../../src/model/split_runner.js';
import { noiseImage } from '../support/frames.js';

const REPRESENTATIONS = [
  { name: 'camera', representation: { kind: 'rgb' } },
  { name: 'depth', representation: { kind: 'hha', nearMetres: 2, heightMetres: [-1, 7] } },
  { name: 'events', representation: { kind: 'counts-recency', windowMs: 40, countScale: 64 } },
  {
    name: 'lidar',
    representation: { kind: 'range-intensity-height', rangeMetres: [1, 80], heightMetres: [-1, 7], dilation: 1 },
  },
] as const;
const CLASSES = 25;

/**
 * Makes a bundle around exported graphs (`mle-sam-train footprint`), which nobody has trained: its golden labels are
 * what the CPU makes of noise, so that other providers are compared with the CPU.
 * @param graphs - folder with encoder.onnx and head.onnx for four modalities
 */
export async function bundleAround(name: string, graphs: string, folder: string): Promise<void> {
  mkdirSync(join(folder, 'golden'), { recursive: true });
  for (const file of ['encoder.onnx', 'head.onnx']) copyFileSync(join(graphs, file), join(folder, file));
  const options: InferenceSession.SessionOptions = { executionProviders: ['cpu'], interOpNumThreads: 1 };
  const encoder = await InferenceSession.create(join(folder, 'encoder.onnx'), options);
  const head = await InferenceSession.create(join(folder, 'head.onnx'), options);
  const port = encoder.inputMetadata.find((input) => input.name === 'images')!;
  const [, height, width] = (port.isTensor ? port.shape : []) as number[];
  const input = { width: width!, height: height! };

  const shape = { ...input, modalityCount: REPRESENTATIONS.length, featureCopies: 1 };
  const runner = await SplitRunner.create({ kind: 'split', encoder, head }, shape, 'one-by-one');
  const images = REPRESENTATIONS.map((modality, seed) => noiseImage({ input }, modality.name, seed).data);
  const modalities = [...images.keys()];
  const batch = Buffer.concat(images);
  const buffer = batch.buffer.slice(batch.byteOffset, batch.byteOffset + batch.length);
  const { labels } = await runner.run({
    kind: 'run',
    modalities,
    slots: modalities,
    encode: modalities,
    images: buffer,
  });
  await runner.release();

  const png = async (path: string, data: Uint8Array, channels: 1 | 3) => {
    const bytes = await sharp(data, { raw: { ...input, channels } })
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .png()
      .toBuffer();
    writeFileSync(join(folder, path), bytes);
    return entry(folder, path);
  };
  const golden: Record<string, object> = {};
  for (const [i, modality] of REPRESENTATIONS.entries()) {
    golden[modality.name] = await png(`golden/${modality.name}.png`, images[i]!, 3);
  }
  const manifest = {
    formatVersion: 1,
    name,
    description: 'Random weights, for measurements only.',
    input,
    modalities: REPRESENTATIONS,
    classes: Array.from({ length: CLASSES }, (_, id) => ({ id, name: `class${id}`, color: [id * 10, 0, 0] })),
    unlabeledId: 255,
    files: { encoder: entry(folder, 'encoder.onnx'), head: entry(folder, 'head.onnx') },
    golden: { images: golden, labels: await png('golden/labels.png', labels, 1) },
    training: { data: 'none' },
  };
  writeFileSync(join(folder, 'model.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

function entry(folder: string, path: string): { path: string; sha256: string } {
  return {
    path,
    sha256: createHash('sha256')
      .update(readFileSync(join(folder, path)))
      .digest('hex'),
  };
}

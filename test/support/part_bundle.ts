import { createHash } from 'node:crypto';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { InferenceSession, Tensor } from '../../src/model/onnx_runtime.js';

/**
 * Copies a bundle of two graphs with a part of its modalities, as a model of its own: its golden labels are what the
 * graphs answer to these. The first of them gets the first expert, whatever it is, so that only a part from the beginning
 * is as good as the whole bundle.
 * @returns the copy's folder
 */
export async function writePartBundle(
  source: string,
  folder: string,
  name: string,
  modalities: readonly string[],
): Promise<string> {
  cpSync(source, folder, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
  const kept = (names: object) => Object.fromEntries(Object.entries(names).filter(([key]) => modalities.includes(key)));
  manifest.name = name;
  manifest.modalities = manifest.modalities.filter((one: { name: string }) => modalities.includes(one.name));
  if (manifest.inputStatistics !== undefined) manifest.inputStatistics = kept(manifest.inputStatistics);
  manifest.golden.images = kept(manifest.golden.images);
  const { width, height } = manifest.input;
  const images = new Uint8Array(modalities.length * width * height * 3);
  for (const [index, modality] of manifest.modalities.entries()) {
    const png = join(folder, manifest.golden.images[modality.name].path);
    images.set(await sharp(png).raw().toBuffer(), index * width * height * 3);
  }
  const labels = await answer(folder, manifest, images);
  const png = await sharp(labels, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer();
  writeFileSync(join(folder, manifest.golden.labels.path), png);
  manifest.golden.labels.sha256 = createHash('sha256').update(png).digest('hex');
  writeFileSync(join(folder, 'model.json'), JSON.stringify(manifest));
  return folder;
}

async function answer(
  folder: string,
  { files, input: { width, height }, modalities }: { files: Files; input: Size; modalities: readonly unknown[] },
  images: Uint8Array,
): Promise<Uint8Array> {
  const count = modalities.length;
  const encoder = await InferenceSession.create(join(folder, files.encoder.path));
  const features = await encoder.run({
    images: new Tensor('uint8', images, [count, height, width, 3]),
    modality: new Tensor(
      'int64',
      BigInt64Array.from({ length: count }, (_, index) => BigInt(index)),
      [count],
    ),
  });
  const head = await InferenceSession.create(join(folder, files.head.path));
  const { labels } = await head.run(features);
  await encoder.release();
  await head.release();
  return labels!.data as Uint8Array;
}

interface Size {
  width: number;
  height: number;
}

type Files = Record<'encoder' | 'head', { path: string }>;

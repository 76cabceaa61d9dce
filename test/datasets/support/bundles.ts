import { createHash } from 'node:crypto';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { CITYSCAPES_CLASSES, DELIVER_CLASSES } from '../../../src/datasets/classes.js';
import type { Representation } from '../../../src/sensors/index.js';
import { expectedAnswer, HEIGHT, tinyBundle, WIDTH } from '../../model/support/tiny_bundle.js';
import { savePng } from './trees.js';

const RANGE: Representation = {
  kind: 'range-intensity-height',
  rangeMetres: [1, 80],
  heightMetres: [-3, 6],
  dilation: 1,
};

export const DELIVER_MODALITIES: readonly { name: string; representation: Representation }[] = [
  { name: 'camera', representation: { kind: 'rgb' } },
  { name: 'depth', representation: { kind: 'hha-published' } },
  { name: 'events', representation: { kind: 'polarity', windowMs: 50 } },
  { name: 'lidar', representation: RANGE },
];

/** What is asked of a bundle's manifest. */
export function manifestOf(
  modalities: readonly { name: string; representation: Representation }[],
  classes: readonly { id: number; name: string }[] = DELIVER_CLASSES,
  input = { width: 64, height: 32 },
) {
  return { name: 'test', input, modalities, classes };
}

export const MUSES_MANIFEST = manifestOf(
  [
    { name: 'camera', representation: { kind: 'rgb' } },
    { name: 'events', representation: { kind: 'counts-recency', windowMs: 30, countScale: 64 } },
    { name: 'lidar', representation: RANGE },
  ],
  CITYSCAPES_CLASSES,
);

/** The tiny bundle in a folder of its own, its modalities and classes named anew; the model knows neither. */
export function writeBundle(
  folder: string,
  modalities: readonly { name: string; representation: Representation }[],
  classes: readonly { id: number; name: string }[],
): string {
  cpSync(tinyBundle, folder, { recursive: true });
  const path = join(folder, 'model.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  const golden = manifest.golden as { images: Record<string, unknown> };
  const images = Object.values(golden.images);
  golden.images = Object.fromEntries(modalities.map(({ name }, i) => [name, images[i]]));
  manifest.modalities = modalities;
  manifest.classes = classes.map(({ id, name }) => ({ id, name, color: [id, 0, 0] }));
  writeFileSync(path, JSON.stringify(manifest));
  return folder;
}

/** Golden labels of a bundle whose one modality is the camera. */
export async function writeGoldenOfCamera(bundle: string): Promise<void> {
  const path = join(bundle, 'model.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  const [image] = Object.values(manifest.golden.images) as { path: string }[];
  const data = new Uint8Array(await sharp(join(bundle, image!.path)).toColourspace('srgb').raw().toBuffer());
  const { labels } = expectedAnswer([
    { modality: 'camera', stamp: 0n, width: WIDTH, height: HEIGHT, data, quality: { kind: 'good' } },
  ]);
  await savePng(join(bundle, manifest.golden.labels.path), { width: WIDTH, height: HEIGHT, channels: 1, data: labels });
  manifest.golden.labels.sha256 = createHash('sha256')
    .update(readFileSync(join(bundle, manifest.golden.labels.path)))
    .digest('hex');
  writeFileSync(path, JSON.stringify(manifest));
}

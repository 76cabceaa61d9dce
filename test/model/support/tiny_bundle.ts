import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GraphFiles } from '../../../src/model/index.js';
import type { ModalityImage } from '../../../src/sensors/modality_image.js';
import type { FrameSet } from '../../../src/sync/frame_set.js';
import { projectRoot } from '../../support/shared_data.js';

/** The committed test bundle; its README.md says how its labels come about. */
export const tinyBundle = join(projectRoot, 'test', 'fixtures', 'tiny-bundle');
export const WIDTH = 64;
export const HEIGHT = 32;
export const MODALITIES = ['camera', 'depth', 'events', 'lidar'] as const;
export type Modality = (typeof MODALITIES)[number];

const CHANNELS = 3;
const STRIDES = [4, 8, 16] as const;

/** Encoder and head together with the graph that holds both. */
export function withFused(files: GraphFiles, fused: string): GraphFiles {
  assert.equal(files.kind, 'split');
  return { ...files, fused };
}

/** Copies the tiny bundle and hands the copy to `use`; it is gone afterwards. */
export async function withCopy(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mle-sam-bundle-'));
  try {
    cpSync(tinyBundle, folder, { recursive: true });
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Writes a value into the `model.json` of a copy; `undefined` removes it.
 * @param path - e.g. `modalities.0.name`
 */
export function setInManifest(folder: string, path: string, value: unknown): void {
  const file = join(folder, 'model.json');
  const manifest: Json = JSON.parse(readFileSync(file, 'utf8'));
  const keys = path.split('.');
  const last = keys.pop()!;
  at(manifest, keys)[last] = value;
  writeFileSync(file, JSON.stringify(manifest));
}

/** Replaces a file of a copy and its hash in the manifest, so that only its content is wrong. */
export function replaceFile(folder: string, field: string, content: Uint8Array): void {
  const manifest: Json = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
  writeFileSync(join(folder, String(at(manifest, field.split('.')).path)), content);
  setInManifest(folder, `${field}.sha256`, createHash('sha256').update(content).digest('hex'));
}

type Json = Record<string, unknown>;

function at(root: Json, keys: readonly string[]): Json {
  return keys.reduce((value, key) => value[key] as Json, root);
}

export function imageOf(modality: string, fill: number | ((i: number) => number)): ModalityImage {
  const data = new Uint8Array(WIDTH * HEIGHT * CHANNELS);
  for (let i = 0; i < data.length; i++) data[i] = typeof fill === 'number' ? fill : fill(i);
  return { modality, stamp: 7n, width: WIDTH, height: HEIGHT, data, quality: { kind: 'good' } };
}

export function frameSetOf(images: readonly ModalityImage[]): FrameSet {
  return {
    stamp: 42n,
    frameId: 'camera_optical',
    images: new Map(images.map((image) => [image.modality, image])),
    absent: new Map(),
  };
}

/** What the tiny bundle must answer, by its README and in whole numbers: labels, confidence, routing. */
export function expectedAnswer(images: readonly ModalityImage[]): {
  labels: Uint8Array;
  confidence: Uint8Array;
  routing: Map<string, number[]>;
} {
  const ordered = MODALITIES.flatMap((name, index) => {
    const image = images.find(({ modality }) => modality === name);
    return image ? [{ image, index }] : [];
  });
  const labels = new Uint8Array(WIDTH * HEIGHT);
  const confidence = new Uint8Array(WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      let total = 0;
      let green = 0;
      for (const { image, index } of ordered) {
        for (const level of [0, 1, 2] as const) {
          const feature = feature256(image.data, x, y, level, level, index);
          total += feature;
          if (level === 1) green += feature;
        }
      }
      const i = y * WIDTH + x;
      labels[i] = Math.min(14, Math.floor(total / (256 * 3 * 17 * ordered.length)));
      confidence[i] = Math.min(255, Math.floor(green / (256 * ordered.length)));
    }
  }
  const routing = new Map(ordered.map(({ image }) => [image.modality, [0, 0, 0]]));
  for (const level of [0, 1, 2]) {
    const logits = ordered.map(({ image, index }) => (mean(image.data) + 3 * index) / 64);
    const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
    ordered.forEach(({ image }, i) => {
      routing.get(image.modality)![level] = Math.exp(logits[i]!) / sum;
    });
  }
  return { labels, confidence, routing };
}

/** 256 times the feature under a pixel: a whole number, because every square has 16, 64 or 256 pixels. */
function feature256(data: Uint8Array, x: number, y: number, level: 0 | 1 | 2, channel: number, index: number): number {
  const side = STRIDES[level];
  const left = x - (x % side);
  const top = y - (y % side);
  let sum = 0;
  for (let row = top; row < top + side; row++) {
    for (let column = left; column < left + side; column++) sum += data[(row * WIDTH + column) * CHANNELS + channel]!;
  }
  return (sum * 256) / (side * side) + 256 * 3 * index;
}

function mean(data: Uint8Array): number {
  return data.reduce((sum, value) => sum + value, 0) / data.length;
}

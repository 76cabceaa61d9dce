import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { LabelImage } from '../report/index.js';

/** A label image held compressed: a run holds a mask of every frame, and class ids shrink to a few percent. */
export interface PackedLabels {
  width: number;
  height: number;
  bytes: Uint8Array;
}

export function packLabels({ width, height, labels }: LabelImage): PackedLabels {
  return { width, height, bytes: deflateRawSync(labels, { level: 1 }) };
}

export function unpackLabels({ width, height, bytes }: PackedLabels): LabelImage {
  return { width, height, labels: new Uint8Array(inflateRawSync(bytes)) };
}

/** Equal pixels give equal bytes, as the same compressor made both. */
export function areEqualLabels(a: PackedLabels, b: PackedLabels): boolean {
  return a.width === b.width && a.height === b.height && Buffer.compare(a.bytes, b.bytes) === 0;
}

import type { Image } from '../../messages/types.js';
import { KernelMemory } from '../../webassembly/index.js';
import { inRowSlices } from '../in_slices.js';
import type { SampleRange } from './bit_depth.js';
import { PIXEL_KERNEL } from './kernel/pixels.js';
import { rowReader } from './sample_rows.js';

const SAMPLES_PER_SLICE = 2_000_000;

/** The range of all 16-bit samples of an image whose layout was checked. */
export async function rangeOfSamples(image: Image, samplesPerRow: number): Promise<SampleRange> {
  const read = rowReader(image, 2 * samplesPerRow, 2);
  const memory = new KernelMemory(PIXEL_KERNEL, 2 * samplesPerRow);
  const row = memory.bytes(2 * samplesPerRow);
  const bytes = new Uint8Array(row.buffer);
  let highest = 0;
  let union = 0;
  await inRowSlices({ width: samplesPerRow, height: image.height }, SAMPLES_PER_SLICE, (from, to) => {
    for (let y = from; y < to; y++) {
      read(y, bytes, row.byteOffset);
      const range = memory.kernel.range16(row.byteOffset, samplesPerRow);
      highest = Math.max(highest, range & 0xffff);
      union |= range >>> 16;
    }
  });
  return { highest, union };
}

import type { Image } from '../messages/types.js';
import { BOUNDS, sizeProblem } from './bounds.js';
import { MACHINE_IS_BIG_ENDIAN } from './byte_order.js';

/** The samples of an Image message without row padding and in the machine's byte order, or what is wrong with it. */
export type SamplesOutcome<Samples> = { kind: 'samples'; samples: Samples } | { kind: 'invalid'; reason: string };

/**
 * Checks an Image's dimensions against the bytes that are really there, before anything is allocated.
 * @param rowBytes - bytes one row needs at least
 * @param rows - rows of `step` bytes the encoding has; more than `height` for planar YUV
 * @returns what is wrong, or undefined
 */
export function checkImageLayout(image: Image, rowBytes: number, rows = image.height): string | undefined {
  const { width, height, step, data, encoding } = image;
  if (width === 0 || height === 0) return `Expected an image of at least one pixel but received ${width}x${height}`;
  if (step < rowBytes) {
    return `Expected a step of at least ${rowBytes} bytes for ${encoding} ${width} pixels wide but received ${step}`;
  }
  if (data.byteLength < step * rows) {
    return (
      `Expected ${step * rows} bytes of data for ${width}x${height} ${encoding} (step ${step}) ` +
      `but received ${data.byteLength}`
    );
  }
  return sizeProblem(image, BOUNDS.picturePixels, 'an image');
}

/** Samples of 16 bits, always a copy. */
export function readSamples16(image: Image, samplesPerRow: number): SamplesOutcome<Uint16Array> {
  const problem = checkImageLayout(image, samplesPerRow * 2);
  if (problem !== undefined) return { kind: 'invalid', reason: problem };
  const bytes = copyInMachineOrder(image, samplesPerRow, 2);
  return { kind: 'samples', samples: new Uint16Array(bytes.buffer) };
}

/** Samples of 32-bit floats, always a copy. */
export function readSamplesFloat(image: Image, samplesPerRow: number): SamplesOutcome<Float32Array> {
  const problem = checkImageLayout(image, samplesPerRow * 4);
  if (problem !== undefined) return { kind: 'invalid', reason: problem };
  const bytes = copyInMachineOrder(image, samplesPerRow, 4);
  return { kind: 'samples', samples: new Float32Array(bytes.buffer) };
}

/** Rows of `rowBytes` out of rows `step` bytes apart; a view where they lie close already. */
function packRows(data: Uint8Array, step: number, rowBytes: number, rows: number): Uint8Array {
  if (step === rowBytes) return data.subarray(0, rowBytes * rows);
  const packed = new Uint8Array(rowBytes * rows);
  for (let row = 0; row < rows; row++) {
    packed.set(data.subarray(row * step, row * step + rowBytes), row * rowBytes);
  }
  return packed;
}

/** A buffer of its own starts at offset 0, as wider typed arrays need; the message may lie at any address. */
function copyInMachineOrder(image: Image, samplesPerRow: number, bytesPerSample: 2 | 4): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(samplesPerRow * bytesPerSample * image.height);
  bytes.set(packRows(image.data, image.step, samplesPerRow * bytesPerSample, image.height));
  if ((image.is_bigendian !== 0) !== MACHINE_IS_BIG_ENDIAN) {
    const view = Buffer.from(bytes.buffer);
    if (bytesPerSample === 2) view.swap16();
    else view.swap32();
  }
  return bytes;
}

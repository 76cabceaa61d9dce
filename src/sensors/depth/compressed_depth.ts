import type { CompressedImage } from '../../messages/types.js';
import { BOUNDS, sizeProblem } from '../bounds.js';
import { detectCodec, measureCompressed, openCompressed } from '../camera/index.js';
import { inSlices } from '../in_slices.js';
import { type DepthMap, type DepthOutcome, METRES_PER_MILLIMETRE, metresFromMillimetres } from './depth_map.js';
import { readPlainPng } from './plain_png.js';
import { decodeRvl } from './rvl.js';
import { keepSamples } from './sample_store.js';

/** int32 format, float32 quantA, float32 quantB; compressed_depth_image_transport's ConfigHeader. */
const HEADER_BYTES = 12;
const SAMPLES_PER_SLICE = 200_000;

/** 16-bit samples as the payload holds them: millimetres, or quantised inverse depth. */
type PayloadOutcome =
  | { kind: 'samples'; width: number; height: number; samples: Uint16Array<ArrayBuffer> }
  | { kind: 'invalid'; reason: string };

/**
 * Decodes what `compressed_depth_image_transport` sends: a header of 12 bytes, then PNG or RVL, of millimetres
 * (`16UC1; …`) or of quantised inverse depth (`32FC1; …`). A bare 16-bit PNG, as plain `compressed` transports make
 * of a 16UC1 picture, is read as millimetres.
 */
export async function decodeCompressedDepth(message: CompressedImage): Promise<DepthOutcome> {
  const { data, format } = message;
  if (detectCodec(data) === 'jpeg') {
    return invalid(
      `Expected PNG or RVL for depth but received JPEG with format '${format}', which keeps no distances: ` +
        'record the compressedDepth topic of that camera instead',
    );
  }
  if (detectCodec(data) === 'png') return depthFrom(await readPng(data), metresFromMillimetres, METRES_PER_MILLIMETRE);
  if (data.byteLength <= HEADER_BYTES) {
    return invalid(`Expected more than ${HEADER_BYTES} bytes of compressedDepth but received ${data.byteLength}`);
  }
  const payload = data.subarray(HEADER_BYTES);
  const samples = detectCodec(payload) === 'png' ? await readPng(payload) : readRvl(payload, format);
  if (!isInverseDepth(format)) return depthFrom(samples, metresFromMillimetres, METRES_PER_MILLIMETRE);
  const header = new DataView(data.buffer, data.byteOffset, HEADER_BYTES);
  const quantA = header.getFloat32(4, true);
  const quantB = header.getFloat32(8, true);
  if (!(Number.isFinite(quantA) && quantA > 0 && Number.isFinite(quantB))) {
    return invalid(
      `Expected a positive quantA and a finite quantB in compressedDepth but received ${quantA}, ${quantB}`,
    );
  }
  return depthFrom(samples, (values) => dequantise(values, quantA, quantB), 1);
}

/** The source encoding stands before the `;`, with or without blanks; nothing there means 16UC1. */
function isInverseDepth(format: string): boolean {
  return format.split(';')[0]!.trim().startsWith('32FC');
}

/** depth = quantA / (value - quantB), 0 = invalid (compressed_depth_image_transport, codec.cpp). */
async function dequantise(values: Uint16Array, quantA: number, quantB: number): Promise<Float32Array> {
  const metres = new Float32Array(values.length);
  await inSlices(metres.length, SAMPLES_PER_SLICE, (from, to) => {
    for (let i = from; i < to; i++) {
      const distance = values[i] === 0 ? 0 : quantA / (values[i]! - quantB);
      metres[i] = distance > 0 && distance < Number.POSITIVE_INFINITY ? distance : 0;
    }
  });
  return metres;
}

async function readPng(png: Uint8Array): Promise<PayloadOutcome> {
  const plain = await readPlainPng(png);
  if (plain !== undefined) return { kind: 'samples', ...plain };
  try {
    const { bitsPerSample, channels, width, height } = await measureCompressed(png);
    const problem = sizeProblem({ width, height }, BOUNDS.depthPixels, 'a depth picture');
    if (problem !== undefined) return invalid(problem);
    if (bitsPerSample !== 16 || channels !== 1) {
      return invalid(`Expected a 16-bit grey PNG in compressedDepth but received ${channels} x ${bitsPerSample} bits`);
    }
    const { data, info } = await openCompressed(png)
      .toColourspace('grey16')
      .raw({ depth: 'ushort' })
      .toBuffer({ resolveWithObject: true });
    // A buffer of its own begins at offset 0, as wider samples need.
    const samples = new Uint16Array(new Uint8Array(data).buffer);
    return { kind: 'samples', width: info.width, height: info.height, samples };
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    return invalid(`Expected a whole PNG in compressedDepth but its decoder says: ${what}`);
  }
}

function readRvl(payload: Uint8Array, format: string): PayloadOutcome {
  if (!format.toLowerCase().includes('rvl')) {
    return invalid(`Expected PNG, or 'rvl' in the format, for compressedDepth but received format '${format}'`);
  }
  return decodeRvl(payload);
}

async function depthFrom(
  payload: PayloadOutcome,
  toMetres: (samples: Uint16Array) => Promise<Float32Array>,
  unit: number,
): Promise<DepthOutcome> {
  if (payload.kind === 'invalid') return payload;
  const { width, height, samples } = payload;
  const depth: DepthMap = { width, height, metres: await toMetres(samples) };
  keepSamples(samples);
  return { kind: 'depth', depth, unit };
}

function invalid(reason: string): { kind: 'invalid'; reason: string } {
  return { kind: 'invalid', reason };
}

import sharp from 'sharp';
import type { CompressedImage } from '../../messages/index.js';
import { detectCodec, openCompressed } from '../../sensors/camera/index.js';
import { decodeRvl, encodeRvl } from '../../sensors/depth/index.js';
import type { SensorKind } from '../fault.js';
import { farthest } from './raw_image.js';
import type { PictureEdit, Samples } from './samples.js';

/** Bytes before the payload of compressed_depth_image_transport. */
const DEPTH_HEADER_BYTES = 12;
/** High, so that encoding a second time adds next to nothing to the fault. */
const QUALITY = 92;

/**
 * Decodes a CompressedImage, changes its samples, and encodes them again with the same codec.
 * @returns the same message where it cannot be decoded: it is broken already
 */
export async function editCompressedImage(
  message: CompressedImage,
  kind: SensorKind,
  edit: PictureEdit,
): Promise<CompressedImage> {
  const data = kind === 'depth' ? await editDepth(message, edit) : await editPicture(message.data, edit);
  return data === undefined ? message : { ...message, data };
}

async function editPicture(data: Uint8Array, edit: PictureEdit): Promise<Uint8Array | undefined> {
  const codec = detectCodec(data);
  if (codec === undefined) return undefined;
  const decoded = await openCompressed(data)
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch(() => undefined);
  if (decoded === undefined) return undefined;
  const { width, height, channels } = decoded.info;
  const values = new Uint8Array(decoded.data);
  edit(packed(values, width * channels, height, channels, 255));
  const image = sharp(values, { raw: { width, height, channels } });
  switch (codec) {
    case 'jpeg':
      return new Uint8Array(await image.jpeg({ quality: QUALITY }).toBuffer());
    case 'webp':
      return new Uint8Array(await image.webp({ quality: QUALITY }).toBuffer());
    case 'tiff':
      return new Uint8Array(await image.tiff({ compression: 'lzw' }).toBuffer());
    default:
      return new Uint8Array(await image.png().toBuffer());
  }
}

/** PNG or RVL of 16-bit samples, with or without the transport's header; quantised inverse depth is changed as it is. */
async function editDepth({ data }: CompressedImage, edit: PictureEdit): Promise<Uint8Array | undefined> {
  const headerBytes = detectCodec(data) === 'png' ? 0 : DEPTH_HEADER_BYTES;
  const payload = data.subarray(headerBytes);
  const edited = detectCodec(payload) === 'png' ? await editPng16(payload, edit) : editRvl(payload, edit);
  if (edited === undefined) return undefined;
  const whole = new Uint8Array(headerBytes + edited.length);
  whole.set(data.subarray(0, headerBytes));
  whole.set(edited, headerBytes);
  return whole;
}

async function editPng16(png: Uint8Array, edit: PictureEdit): Promise<Uint8Array | undefined> {
  const decoded = await openCompressed(png)
    .toColourspace('grey16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true })
    .catch(() => undefined);
  if (decoded === undefined || decoded.info.channels !== 1) return undefined;
  const { width, height } = decoded.info;
  const samples = new Uint16Array(Uint8Array.from(decoded.data).buffer);
  edit(packed(samples, width, height, 1, farthest(samples)));
  return sharp(samples, { raw: { width, height, channels: 1 } })
    .toColourspace('grey16')
    .png()
    .toBuffer();
}

function editRvl(payload: Uint8Array, edit: PictureEdit): Uint8Array | undefined {
  const decoded = decodeRvl(payload);
  if (decoded.kind === 'invalid') return undefined;
  const { width, height, samples } = decoded;
  edit(packed(samples, width, height, 1, farthest(samples)));
  return encodeRvl(samples, width, height);
}

function packed(values: Samples['values'], rowLength: number, rows: number, stride: number, full: number): Samples {
  const blacks = [0];
  return { values, rows, rowStep: rowLength, rowLength, stride, full, black: () => blacks };
}

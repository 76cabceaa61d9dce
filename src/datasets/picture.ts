import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { type ImageSize, measureCompressed, withCompressed } from '../sensors/index.js';
import type { Raster } from './resample.js';

/** Samples of a picture file, row-major, interleaved. */
export interface Picture extends ImageSize {
  channels: number;
  data: Uint8Array | Uint16Array;
}

/**
 * Reads a picture file as it is stored: no colour profile, no rotation, no scaling is applied to its samples. Palettes
 * are given as colours.
 * @throws Error in one sentence where it cannot be read to its end
 */
export async function readPicture(path: string): Promise<Picture> {
  const data = await readWhole(path);
  try {
    return await decode(data);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/**
 * Reads the class ids of a label picture: its first channel, of a picture with a palette the indices into it.
 * @throws Error in one sentence where it cannot be read to its end
 */
export async function readLabelPicture(path: string): Promise<Picture> {
  const data = await readWhole(path);
  try {
    const bits = paletteBits(data);
    const picture = await decode(bits === undefined ? data : withoutPalette(data));
    const first = firstChannel(picture);
    // Grey samples of fewer than eight bits are spread over 0..255.
    const spread = bits === undefined ? 1 : 255 / (2 ** bits - 1);
    return spread === 1 ? first : { ...first, data: Uint8Array.from(first.data, (value) => value / spread) };
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** A picture as RGB bytes: grey three times, alpha left out, of 16-bit colours the upper eight bits. */
export function toRgb({ width, height, channels, data }: Picture): Raster {
  if (channels === 3 && data instanceof Uint8Array) return { width, height, channels: 3, data };
  const pixels = width * height;
  const rgb = new Uint8Array(pixels * 3);
  const isGrey = channels < 3;
  const isWide = data instanceof Uint16Array;
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < 3; c++) {
      const sample = data[i * channels + (isGrey ? 0 : c)]!;
      // As Pillow: 16-bit colours lose their lower bits, grey samples are scaled and rounded.
      rgb[3 * i + c] = isWide ? (isGrey ? Math.round(sample / 257) : sample >> 8) : sample;
    }
  }
  return { width, height, channels: 3, data: rgb };
}

/**
 * One channel as a grey picture, or three as a colour.
 * @throws Error in one sentence where the picture has fewer
 */
export function pickChannels(picture: Picture, chosen: readonly number[], path: string): Picture {
  const { width, height, channels, data } = picture;
  const lacking = chosen.find((channel) => channel >= channels);
  if (lacking !== undefined) {
    throw new Error(
      `Expected a channel ${lacking} in ${path} but it has ${channels} (counted from 0). Correct channels in the description.`,
    );
  }
  const picked =
    data instanceof Uint8Array
      ? new Uint8Array(width * height * chosen.length)
      : new Uint16Array(width * height * chosen.length);
  for (let i = 0, target = 0; i < width * height; i++) {
    for (const channel of chosen) picked[target++] = data[i * channels + channel]!;
  }
  return { width, height, channels: chosen.length, data: picked };
}

function firstChannel({ width, height, channels, data }: Picture): Picture {
  if (channels === 1) return { width, height, channels, data };
  const first = data instanceof Uint8Array ? new Uint8Array(width * height) : new Uint16Array(width * height);
  for (let i = 0; i < first.length; i++) first[i] = data[i * channels]!;
  return { width, height, channels: 1, data: first };
}

async function decode(file: Uint8Array): Promise<Picture> {
  const { channels, depth } = await measureCompressed(file);
  const isWide = depth === 'ushort';
  const isGrey = channels < 3;
  const space = isGrey ? (isWide ? 'grey16' : 'b-w') : isWide ? 'rgb16' : 'srgb';
  const { data, info } = await withCompressed(
    file,
    (picture) =>
      picture
        .toColourspace(space)
        .raw({ depth: isWide ? 'ushort' : 'uchar' })
        .toBuffer({ resolveWithObject: true }),
    'as-stored',
  );
  const bytes = Uint8Array.from(data);
  return {
    width: info.width,
    height: info.height,
    channels: info.channels,
    data: isWide ? new Uint16Array(bytes.buffer) : bytes,
  };
}

async function readWhole(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Error(`Expected a whole picture at ${path} but could not read it: ${why.replace(/\.$/, '')}.`, { cause });
}

const PNG_SIGNATURE = '89504e470d0a1a0a';
const PALETTE_COLOUR = 3;
/** Offsets into a PNG file: IHDR is always its first chunk. */
const BIT_DEPTH_AT = 24;
const COLOUR_TYPE_AT = 25;
const IHDR_AT = 8;
const IHDR_BYTES = 13;

/** Bits of the indices where a file is a PNG with a palette. */
function paletteBits(file: Uint8Array): number | undefined {
  const isPng = Buffer.from(file.subarray(0, 8)).toString('hex') === PNG_SIGNATURE;
  return isPng && file[COLOUR_TYPE_AT] === PALETTE_COLOUR ? file[BIT_DEPTH_AT] : undefined;
}

/**
 * A PNG with a palette as a grey one, whose samples are the indices: decoders give the colours of a palette, and from
 * colours the ids cannot be had back where two classes share one.
 */
function withoutPalette(file: Uint8Array): Uint8Array {
  const chunks: Uint8Array[] = [];
  const view = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  for (let at = IHDR_AT; at + 8 <= view.length; ) {
    const end = at + 12 + view.readUInt32BE(at);
    const name = view.toString('latin1', at + 4, at + 8);
    if (!['PLTE', 'tRNS', 'bKGD', 'hIST'].includes(name)) chunks.push(view.subarray(at, end));
    at = end;
  }
  const grey = Buffer.concat([view.subarray(0, IHDR_AT), ...chunks]);
  grey[COLOUR_TYPE_AT] = 0;
  const checked = grey.subarray(IHDR_AT + 4, IHDR_AT + 8 + IHDR_BYTES);
  grey.writeUInt32BE(crc32(checked), IHDR_AT + 8 + IHDR_BYTES);
  return grey;
}

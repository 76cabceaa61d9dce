import type { Image } from '../../messages/index.js';
import { type PixelLayout, pixelLayout } from '../../sensors/camera/encodings.js';
import { checkImageLayout } from '../../sensors/image_samples.js';
import type { SensorKind } from '../fault.js';
import { type PictureEdit, type Samples, UNTOUCHED } from './samples.js';

const MACHINE_IS_BIG_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 0;
/** Studio range of YUV as cameras send it (ITU-R BT.601): black luma, and chroma without colour. */
const LUMA_BLACK = 16;
const CHROMA_GREY = 128;

/** How the samples of an encoding lie in a row. */
interface SampleLayout {
  bytes: 1 | 2 | 4;
  perPixel: number;
  stride: number;
  black: (row: number) => readonly number[];
}

/**
 * Changes the samples of an Image message in its own encoding, row padding and byte order.
 * @returns the changed image with data of its own; the same image where its encoding or size says nothing sensible
 */
export function editRawImage(image: Image, kind: SensorKind, edit: PictureEdit): Image {
  const layout = kind === 'depth' ? depthLayout(image.encoding) : cameraLayout(image);
  if (layout === undefined) return image;
  const { bytes, perPixel } = layout;
  const { step, width, is_bigendian } = image;
  if (checkImageLayout(image, width * perPixel * bytes) !== undefined || step % bytes !== 0) return image;
  const data = image.data.slice();
  const swaps = bytes > 1 && (is_bigendian !== 0) !== MACHINE_IS_BIG_ENDIAN;
  const whole = Buffer.from(data.buffer, 0, data.length - (data.length % bytes));
  const swap = () => (bytes === 2 ? whole.swap16() : whole.swap32());
  if (swaps) swap();
  const values = viewOf(data, bytes);
  edit(samplesOf(image, kind, layout, values));
  if (swaps) swap();
  return { ...image, data };
}

function samplesOf({ width, step }: Image, kind: SensorKind, layout: SampleLayout, values: Samples['values']): Samples {
  const rowStep = step / layout.bytes;
  return {
    values,
    rows: Math.floor(values.length / rowStep),
    rowStep,
    rowLength: width * layout.perPixel,
    stride: layout.stride,
    full: kind === 'depth' ? farthest(values) : layout.bytes === 1 ? 255 : 65_535,
    black: layout.black,
  };
}

/** Largest finite value of a depth picture. */
export function farthest(values: Samples['values']): number {
  let most = 0;
  for (const value of values) if (value > most && value < Infinity) most = value;
  return most;
}

function viewOf(data: Uint8Array<ArrayBuffer>, bytes: 1 | 2 | 4): Samples['values'] {
  if (bytes === 1) return data;
  const count = Math.floor(data.length / bytes);
  return bytes === 2 ? new Uint16Array(data.buffer, 0, count) : new Float32Array(data.buffer, 0, count);
}

function depthLayout(encoding: string): SampleLayout | undefined {
  const bytes = /^32FC1?$/.test(encoding) ? 4 : /^(16UC1?|mono16)$/.test(encoding) ? 2 : undefined;
  return bytes && { bytes, perPixel: 1, stride: 1, black: () => [0] };
}

function cameraLayout({ encoding, height }: Image): SampleLayout | undefined {
  const layout: PixelLayout | undefined = pixelLayout(encoding);
  const plain = (bits: 8 | 16, perPixel: number, stride: number, blacks: readonly number[]): SampleLayout => ({
    bytes: bits === 8 ? 1 : 2,
    perPixel,
    stride,
    black: () => blacks,
  });
  switch (layout?.kind) {
    case undefined:
      return undefined;
    case 'colour':
      return plain(layout.bits, layout.channels, layout.channels, [0, 0, 0, UNTOUCHED].slice(0, layout.channels));
    case 'grey':
      return plain(layout.bits, 1, 1, [0]);
    case 'bayer':
      // Same colours lie two apart; in a row there are two of them.
      return plain(layout.bits, 1, 2, [0]);
    case 'packed-yuv':
      // Luma lies two apart, each chroma four: a stride of four keeps all apart.
      return plain(8, 2, 4, layout.luma === 1 ? [CHROMA_GREY, LUMA_BLACK] : [LUMA_BLACK, CHROMA_GREY]);
    case 'planar-yuv':
      return { bytes: 1, perPixel: 1, stride: 2, black: (row) => [row < height ? LUMA_BLACK : CHROMA_GREY] };
  }
}

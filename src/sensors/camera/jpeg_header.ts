import type { ImageSize } from '../modality_image.js';

/** What a decoder makes of a picture. */
export interface PictureHeader extends ImageSize {
  channels: number;
  bitsPerSample: number;
}

/** Start of frame: baseline, extended sequential, progressive (ITU-T T.81, table B.1). */
const FRAMES: ReadonlySet<number> = new Set([0xc0, 0xc1, 0xc2]);
/** Tables, restart interval, application data and comments: what lies before a frame. Each says how long it is. */
const isSegment = (marker: number) =>
  marker === 0xc4 || (marker >= 0xdb && marker <= 0xdd) || (marker >= 0xe0 && marker <= 0xef) || marker === 0xfe;
/** Marker (2), length (2), bits (1), height (2), width (2), components (1). */
const FRAME_BYTES = 10;

/**
 * Reads size and channels of a JPEG of 8 bits, grey or colour. libvips would open the picture a second time for that.
 * @returns undefined for anything else, and where the header is damaged: libvips has the words for it
 */
export function readJpegHeader(data: Uint8Array): PictureHeader | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.length < 2 || view.getUint16(0) !== 0xffd8) return undefined;
  for (let at = 2; at + FRAME_BYTES <= data.length; at += 2 + view.getUint16(at + 2)) {
    const marker = data[at + 1]!;
    if (data[at] !== 0xff) return undefined;
    if (FRAMES.has(marker)) return headerOf(view, at);
    if (!isSegment(marker) || view.getUint16(at + 2) < 2) return undefined;
  }
  return undefined;
}

function headerOf(view: DataView, at: number): PictureHeader | undefined {
  const bitsPerSample = view.getUint8(at + 4);
  const [height, width] = [view.getUint16(at + 5), view.getUint16(at + 7)];
  const channels = view.getUint8(at + 9);
  const isPlain = bitsPerSample === 8 && (channels === 1 || channels === 3) && width > 0 && height > 0;
  return isPlain ? { width, height, channels, bitsPerSample } : undefined;
}

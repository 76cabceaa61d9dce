import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import sharp from 'sharp';
import { colourTable, pictureUnder, type RgbImage, renderOverlay } from './overlay.js';
import { encodeWebp } from './picture_codec.js';
import type { ReportData } from './report_data.js';

/** A run at a glance, for lists of many: the head of its report holds it. */
export interface RunPreview {
  /** The opening frame with its mask, as a data URI. */
  picture: string;
  /** mIoU over time, percent, in at most {@link MOST_POINTS} means. */
  miou: number[];
}

const WIDTH = 240;
const MOST_POINTS = 48;
/** The preview stands before styles and scripts. */
const LOOKED_AT_BYTES = 256 << 10;
const MARK = /<meta name="mle-sam-preview" content="(data:image\/webp;base64,[A-Za-z0-9+/=]+)" data-miou="([\d.,]*)">/;

const inflate = promisify(inflateRaw);

/** Undefined where no frame got a mask. */
export async function makePreview({ pictures, opening, classes, series }: ReportData): Promise<RunPreview | undefined> {
  const frame = pictures[opening];
  if (frame === undefined) return undefined;
  const { width, height, data } = frame.mask;
  const labels = new Uint8Array(await inflate(data));
  const camera = frame.camera && (await decode(frame.camera, width, height));
  const under = pictureUnder(new Map(camera ? [['camera', camera]] : []), 'camera', { width, height });
  const image = renderOverlay(under, { width, height, labels }, colourTable(classes), camera ? 0.55 : 0.92);
  const webp = await encodeWebp(image, { quality: 60, maxWidth: WIDTH });
  return { picture: `data:image/webp;base64,${webp.toString('base64')}`, miou: means(series.miou) };
}

/** Reads the preview of a report that was written; undefined where the file holds none. */
export async function readPreview(path: string): Promise<RunPreview | undefined> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LOOKED_AT_BYTES), 0, LOOKED_AT_BYTES, 0);
    const [, picture, miou] = MARK.exec(buffer.toString('latin1', 0, bytesRead)) ?? [];
    if (picture === undefined) return undefined;
    return { picture, miou: (miou ?? '').split(',').filter(Boolean).map(Number) };
  } finally {
    await file.close();
  }
}

async function decode(webp: Buffer, width: number, height: number): Promise<RgbImage> {
  const data = await sharp(webp).resize({ width, height, fit: 'fill' }).removeAlpha().raw().toBuffer();
  return { width, height, data };
}

function means(values: readonly (number | null)[]): number[] {
  const known = values.filter((value) => value !== null);
  const stride = Math.max(1, Math.ceil(known.length / MOST_POINTS));
  const result: number[] = [];
  for (let from = 0; from < known.length; from += stride) {
    const part = known.slice(from, from + stride);
    result.push(Number((part.reduce((sum, value) => sum + value, 0) / part.length).toFixed(1)));
  }
  return result;
}

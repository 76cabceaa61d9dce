import sharp, { type OverlayOptions } from 'sharp';
import type { RgbImage } from '../../report/index.js';

/** What one sensor gives at the moment of a frame. */
export interface SensorTile {
  name: string;
  /** The last picture there was; a dead sensor's is shown dark. */
  view: RgbImage | undefined;
  /** What is wrong with it; undefined where it is in the mask. */
  lost: string | undefined;
}

/** One frame of the picture. */
export interface FilmFrame {
  tiles: readonly SensorTile[];
  overlay: RgbImage;
  /** Of the film, 0..1: this moment, and the stretches in which a sensor is lost. */
  progress: number;
  losses: readonly { from: number; to: number }[];
}

const TILE = { width: 204, height: 122 };
const GAP = 8;
const ROWS = 4;
const MASK = { width: 840, height: ROWS * TILE.height + (ROWS - 1) * GAP };
const BAR = 34;
export const FILM_SIZE = { width: 3 * GAP + TILE.width + MASK.width, height: 2 * GAP + MASK.height + BAR };

const BACKGROUND = '#11151b';
const ALIVE = '#55d08f';
const LOST = '#ff7b72';
/** Fonts of Linux, macOS and Windows. */
const FONT = 'DejaVu Sans, Helvetica, Arial, sans-serif';

/** Draws sensors on the left, the mask on the right, and the course of time below; raw RGB. */
export async function drawFrame({ tiles, overlay, progress, losses }: FilmFrame): Promise<Buffer> {
  const pictures: OverlayOptions[] = [];
  for (const [row, { view, lost }] of tiles.slice(0, ROWS).entries()) {
    if (view === undefined) continue;
    pictures.push({ input: await scaled(view, TILE, lost === undefined ? 1 : 0.28), left: GAP, top: topOf(row) });
  }
  pictures.push({ input: await scaled(overlay, MASK, 1), left: 2 * GAP + TILE.width, top: GAP });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${FILM_SIZE.width}" height="${FILM_SIZE.height}" font-family="${FONT}">
${tiles.slice(0, ROWS).map(tileText).join('\n')}${maskText(tiles)}${timeBar(progress, losses)}</svg>`;
  pictures.push({ input: Buffer.from(svg), left: 0, top: 0 });
  return sharp({ create: { ...FILM_SIZE, channels: 3, background: BACKGROUND } })
    .composite(pictures)
    .removeAlpha()
    .png({ compressionLevel: 1 })
    .toBuffer();
}

function topOf(row: number): number {
  return GAP + row * (TILE.height + GAP);
}

function scaled(image: RgbImage, size: { width: number; height: number }, brightness: number): Promise<Buffer> {
  const { width, height, data } = image;
  return sharp(data, { raw: { width, height, channels: 3 } })
    .resize({ ...size, fit: 'cover', kernel: 'cubic' })
    .linear(brightness, 0)
    .png({ compressionLevel: 1 })
    .toBuffer();
}

function tileText({ name, lost }: SensorTile, row: number): string {
  const top = topOf(row);
  const colour = lost === undefined ? ALIVE : LOST;
  const label = `<rect x="${GAP}" y="${top}" width="${30 + 10 * name.length}" height="24" fill="${BACKGROUND}" fill-opacity="0.8"/>
<circle cx="${GAP + 12}" cy="${top + 12}" r="5" fill="${colour}"/>
<text x="${GAP + 22}" y="${top + 17}" font-size="14" font-weight="bold" fill="#fff">${escaped(name)}</text>`;
  if (lost === undefined) return label;
  return `${label}
<rect x="${GAP + 1}" y="${top + 1}" width="${TILE.width - 2}" height="${TILE.height - 2}" fill="none" stroke="${LOST}" stroke-width="2.5"/>
<text x="${GAP + TILE.width / 2}" y="${top + 72}" font-size="22" font-weight="bold" text-anchor="middle" fill="${LOST}">LOST</text>
<text x="${GAP + TILE.width / 2}" y="${top + 94}" font-size="13" text-anchor="middle" fill="#fff">${escaped(lost)}</text>`;
}

function maskText(tiles: readonly SensorTile[]): string {
  const present = tiles.filter(({ lost }) => lost === undefined).map(({ name }) => name);
  const isWhole = present.length === tiles.length;
  const text = `mask from ${present.join(', ')}`;
  const left = 2 * GAP + TILE.width;
  return `<rect x="${left}" y="${GAP}" width="${40 + 9.9 * text.length}" height="32" fill="${BACKGROUND}" fill-opacity="0.82"/>
<circle cx="${left + 17}" cy="${GAP + 16}" r="6" fill="${isWhole ? ALIVE : '#f0c046'}"/>
<text x="${left + 32}" y="${GAP + 22}" font-size="17" font-weight="bold" fill="#fff">${escaped(text)}</text>`;
}

/** A line of time, its lost stretches red. */
function timeBar(progress: number, losses: FilmFrame['losses']): string {
  const width = FILM_SIZE.width - 2 * GAP;
  const top = FILM_SIZE.height - BAR + 6;
  const x = (share: number) => GAP + width * share;
  const stretches = losses.map(
    ({ from, to }) => `<rect x="${x(from)}" y="${top}" width="${width * (to - from)}" height="16" fill="${LOST}"/>`,
  );
  return `<rect x="${GAP}" y="${top}" width="${width}" height="16" rx="3" fill="#2f6f50"/>${stretches.join('')}
<rect x="${x(progress) - 2}" y="${top - 5}" width="4" height="26" rx="2" fill="#fff"/>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

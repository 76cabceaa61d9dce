/** `npm run picture`: replays the start of the sample bag, its camera lost for a while, into the README's animated picture. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { drawFrame, FILM_SIZE } from './draw_frame.js';
import { filmFrames } from './film_frames.js';

/** GitHub shows larger ones slowly. */
const MOST_BYTES = 3_000_000;
/** Milliseconds: a little slower than the sensors' 10 Hz, so that the moments can be seen. */
const FRAME_MS = 130;
const LAST_FRAME_MS = 1200;

const [
  bag = join('samples', 'town'),
  model = join('models', 'reference'),
  out = join('docs', 'pictures', 'dropout.webp'),
] = process.argv.slice(2);
// Messages may not bring SVG with them; this program's own is another matter.
sharp.unblock({ operation: ['VipsForeignLoadSvg'] });
const frames = await filmFrames(bag, model);
const pictures: Buffer[] = [];
for (const frame of frames) pictures.push(await drawFrame(frame));
const delay = pictures.map((_, index) => (index === pictures.length - 1 ? LAST_FRAME_MS : FRAME_MS));
for (const quality of [72, 60, 45, 30]) {
  const webp = await sharp(pictures, { join: { animated: true } })
    .webp({ quality, effort: 5, delay, loop: 0 })
    .toBuffer();
  if (webp.length > MOST_BYTES && quality > 30) continue;
  await mkdir(dirname(out), { recursive: true });
  await writeFile(out, webp);
  const size = `${FILM_SIZE.width}x${FILM_SIZE.height}, ${(webp.length / 1e6).toFixed(2)} MB`;
  process.stdout.write(`${out}: ${pictures.length} frames of ${size}, quality ${quality}\n`);
  break;
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

/** Samples of a picture, row-major, interleaved. */
export interface Samples {
  width: number;
  height: number;
  channels: 1 | 2 | 3 | 4;
  data: Uint8Array | Uint16Array;
}

/** An even picture, or one by a function of column, row and channel. */
export function samples(
  width: number,
  height: number,
  channels: Samples['channels'],
  value: number | ((x: number, y: number, channel: number) => number),
): Samples {
  const data = new Uint8Array(width * height * channels);
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) data[at++] = typeof value === 'number' ? value : value(x, y, c);
    }
  }
  return { width, height, channels, data };
}

export async function savePng(path: string, { width, height, channels, data }: Samples): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const isGrey = channels < 3;
  const isWide = data instanceof Uint16Array;
  const space = isWide ? (isGrey ? 'grey16' : 'rgb16') : isGrey ? 'b-w' : 'srgb';
  await sharp(data, { raw: { width, height, channels } })
    .toColourspace(space)
    .png({ compressionLevel: 1 })
    .toFile(path);
}

export function saveText(path: string, text: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

const DELIVER_SIDE = 1042;

/**
 * One frame in DELIVER's layout, its pictures even grey.
 * @param place - `<condition>/<split>/MAP_<n>_point<k>[_<case>]`
 * @param label - value of the first of four channels of the labels
 */
export async function writeDeliverFrame(
  root: string,
  place: string,
  frame: string,
  label: (x: number, y: number) => number,
): Promise<void> {
  const side = (value: number, channels: Samples['channels']) => samples(DELIVER_SIDE, DELIVER_SIDE, channels, value);
  const coarse = place.endsWith('eventlowres') ? samples(512, 512, 3, 30) : side(30, 3);
  const pictures: [string, string, Samples][] = [
    ['img', 'rgb', side(10, 3)],
    ['hha', 'depth', side(20, 3)],
    ['depth', 'depth', side(200, 3)],
    ['event', 'event', coarse],
    ['lidar', 'lidar', side(40, 1)],
    // The last channel is transparent: a reader that blends would lose the ids.
    ['semantic', 'semantic', samples(DELIVER_SIDE, DELIVER_SIDE, 4, (x, y, c) => [label(x, y), 77, 99, x % 2][c]!)],
  ];
  for (const [folder, suffix, picture] of pictures) {
    await savePng(join(root, folder, place, `${frame}_${suffix}_front.png`), picture);
  }
}

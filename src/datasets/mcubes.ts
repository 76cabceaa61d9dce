import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readText } from '../files/index.js';
import type { ImageSize } from '../sensors/index.js';
import { MCUBES_CLASSES } from './classes.js';
import { byName, type Dataset, type DatasetFrame, type DatasetModality } from './dataset.js';
import { requireFolders } from './folders.js';
import { checkSize, plainLabels, readLabels } from './labels.js';
import { readNpy } from './npy.js';
import { readPicture, toRgb } from './picture.js';
import { crop, type Raster, resizeBilinear, resizeNearest } from './resample.js';

const STORED: ImageSize = { width: 1224, height: 1024 };
/** The first columns hold no near infrared and are cut off, as by the original code. */
const LEFT_OFFSET = 192;
/** Published protocol: the shorter side of 1024, and 1024 x 1024 out of the middle. */
const SCORED: ImageSize = { width: 1024, height: 1024 };
const FILES: Readonly<Record<string, readonly [folder: string, ending: string][]>> = {
  camera: [['polL_color', '.png']],
  aolp: [
    ['polL_aolp_sin', '.npy'],
    ['polL_aolp_cos', '.npy'],
  ],
  dolp: [['polL_dolp', '.npy']],
  nir: [['NIR_warped', '.png']],
};
const LABELS = 'GT';
const LISTS = 'list_folder';

type Resize = typeof resizeBilinear;

/**
 * MCubeS as published: colour, angle and degree of linear polarisation, near infrared. There are no conditions.
 * @throws Error in one sentence where a folder or the split's list is missing
 */
export async function openMcubes(root: string, split: string): Promise<Dataset> {
  const folders = Object.values(FILES).flatMap((files) => files.map(([folder]) => folder));
  await requireFolders('MCubeS', root, [...folders, LABELS]);
  const rule = plainLabels(MCUBES_CLASSES.length);
  return {
    kind: 'mcubes',
    title: 'MCubeS',
    root,
    split,
    source: 'recording',
    classes: MCUBES_CLASSES,
    modalities: [
      modality('camera', 'rgb', async ([path]) => colour(path!)),
      modality('aolp', 'aolp', ([sine, cosine]) => angle(sine!, cosine!)),
      modality('dolp', 'dolp', async ([path]) => thrice(await levels(path!, 'share'))),
      modality('nir', 'nir', async ([path]) => thrice(firstChannel(await colour(path!)))),
    ],
    frames: await listFrames(root, split),
    notes: [`The first ${LEFT_OFFSET} of ${STORED.width} columns are cut off, as by the published protocol.`],
    scoredAt: ({ width, height }) =>
      // Another shape shows another part of the picture: masks are then scored on that part, at the model's size.
      width === height ? SCORED : { width, height },
    predictionPath: ({ prediction }) => `${prediction}.png`,
    readLabels: async (path, size) => {
      const { width, height, labels } = await readLabels(path, rule, STORED);
      const fitted = cutToShape(
        { width, height, channels: 1, data: labels },
        size === 'as-stored' ? SCORED : size,
        resizeNearest,
      );
      return { width: fitted.width, height: fitted.height, labels: fitted.data };
    },
  };
}

function modality(name: string, kind: string, read: (paths: readonly string[]) => Promise<Raster>): DatasetModality {
  return {
    name,
    gives: (representation) => representation.kind === kind,
    given: kind,
    read: async (frame, size) => cutToShape(await read(frame.files.get(name)!), size, resizeBilinear).data,
  };
}

async function colour(path: string): Promise<Raster> {
  const picture = await readPicture(path);
  checkSize(picture, STORED, path);
  return toRgb(picture);
}

/** sin, cos, sin: the three channels of CMNeXt's loader. */
async function angle(sinePath: string, cosinePath: string): Promise<Raster> {
  const [sine, cosine] = await Promise.all([levels(sinePath, 'signed'), levels(cosinePath, 'signed')]);
  const data = new Uint8Array(sine.data.length * 3);
  for (let i = 0; i < sine.data.length; i++) {
    data[3 * i] = sine.data[i]!;
    data[3 * i + 1] = cosine.data[i]!;
    data[3 * i + 2] = sine.data[i]!;
  }
  return { ...STORED, channels: 3, data };
}

/** An array of -1..1 (`signed`) or 0..1 (`share`) as bytes, in single precision and rounded as NumPy does. */
async function levels(path: string, range: 'signed' | 'share'): Promise<Raster> {
  const array = await readNpy(path);
  checkSize(array, STORED, path);
  const data = new Uint8Array(array.data.length);
  for (let i = 0; i < data.length; i++) {
    const value = array.data[i]!;
    const share = range === 'signed' ? Math.fround(value + 1) / 2 : value;
    const level = Math.fround(share * 255);
    const rounded = Math.round(level);
    const even = rounded - level === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
    data[i] = Math.max(0, Math.min(255, even));
  }
  return { ...STORED, channels: 1, data };
}

function firstChannel({ width, height, channels, data }: Raster): Raster {
  return {
    width,
    height,
    channels: 1,
    data: Uint8Array.from({ length: width * height }, (_, i) => data[i * channels]!),
  };
}

function thrice({ width, height, data }: Raster): Raster {
  const wide = new Uint8Array(data.length * 3);
  for (let i = 0; i < data.length; i++) wide.fill(data[i]!, 3 * i, 3 * i + 3);
  return { width, height, channels: 3, data: wide };
}

/** Cuts off the left, scales until the wanted size is covered, and cuts out the middle. */
function cutToShape(picture: Raster, size: ImageSize, resize: Resize): Raster {
  const shown = crop(picture, LEFT_OFFSET, 0, { width: picture.width - LEFT_OFFSET, height: picture.height });
  const scale = Math.max(size.width / shown.width, size.height / shown.height);
  const covering = {
    width: Math.max(size.width, Math.round(shown.width * scale)),
    height: Math.max(size.height, Math.round(shown.height * scale)),
  };
  const scaled = resize(shown, covering);
  const left = Math.floor((covering.width - size.width) / 2);
  const top = Math.floor((covering.height - size.height) / 2);
  return crop(scaled, left, top, size);
}

/** The frames that `list_folder/<split>.txt` names, in its order. */
async function listFrames(root: string, split: string): Promise<DatasetFrame[]> {
  const path = join(root, LISTS, `${split}.txt`);
  let text: string;
  try {
    text = await readText(path);
  } catch (cause) {
    const lists = (await readdir(join(root, LISTS)).catch(() => [])).filter((name) => name.endsWith('.txt'));
    const others = lists.map((name) => name.slice(0, -'.txt'.length)).sort(byName);
    const advice = others.length > 0 ? ` Name one of ${others.join(', ')} with --split.` : '';
    throw new Error(
      `Expected a list of frames at ${path} but could not read it: ${(cause as Error).message}.${advice}`,
    );
  }
  const names = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (names.length === 0) throw new Error(`Expected names of frames in ${path} but it is empty. Copy the file again.`);
  return names.map((name) => ({
    name,
    prediction: name,
    condition: 'all',
    case: 'none',
    files: new Map(
      Object.entries(FILES).map(([modalityName, files]) => [
        modalityName,
        files.map(([folder, ending]) => join(root, folder, `${name}${ending}`)),
      ]),
    ),
    label: join(root, LABELS, `${name}.png`),
  }));
}

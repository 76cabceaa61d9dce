/**
 * What a bundle makes of real pictures: `npm run bench -- kitti ROOT [--out FOLDER] [--whole] [--model BUNDLE]`. ROOT has
 * the layout of KITTI's object data set (`image_2`, `calib`, where there are any `velodyne` and `label_2`). Every frame goes
 * through the decoders of a robot, once for each choice of sensors. Pictures are cut to the model's aspect (`--whole`:
 * squeezed into it, as a robot's are). Prints, where boxes are annotated, the share of their pixels that got the box's class,
 * and the classes of all pixels; writes each mask over its picture to FOLDER.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import sharp from 'sharp';
import { type Bundle, loadBundle, Segmenter } from '../src/model/index.js';
import { colourTable, type RgbImage, renderOverlay } from '../src/report/index.js';
import { type ModalityImage, type ModalityInput, SensorRig } from '../src/sensors/index.js';
import { frameSet } from './support/frames.js';
import { KITTI_TOPICS, type KittiBox, type KittiFrame, readKittiFrames } from './support/kitti_frames.js';

/** Annotated types, and the bundle's class of the same thing. */
const CLASS_OF: Readonly<Record<string, string>> = {
  Car: 'car',
  Van: 'car',
  Truck: 'truck',
  Pedestrian: 'person',
  Person_sitting: 'person',
  Cyclist: 'cyclist',
};
const CHOICES: readonly (readonly string[])[] = [['camera'], ['camera', 'lidar'], ['lidar']];
/** Pictures are written so many times larger than the model's grid. */
const ENLARGED = 2;

interface Tally {
  /** By class: pixels of boxes, and those that got the class. */
  boxes: Map<string, { pixels: number; right: number }>;
  /** Pixels by class id, of all frames. */
  labels: Map<number, number>;
  frames: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: 'models/reference' },
    out: { type: 'string' },
    whole: { type: 'boolean', default: false },
  },
});
const [root] = positionals;
if (root === undefined) throw new Error('Expected a folder in the layout of KITTI: npm run bench -- kitti ROOT');

const bundle = await loadBundle(values.model);
const { width, height } = bundle.input;
const segmenter = await Segmenter.create(bundle, { provider: 'cpu' });
const tallies = new Map<string, Tally>();
if (values.out !== undefined) await mkdir(values.out, { recursive: true });
for await (const frame of readKittiFrames(root, values.whole ? undefined : width / height)) {
  const images = await imagesOf(frame, bundle);
  for (const choice of CHOICES) {
    const chosen = choice.flatMap((name) => images.get(name) ?? []);
    if (chosen.length < choice.length) continue;
    const { labels } = await segmenter.segment(frameSet(chosen));
    tally(choice.join(' + '), frame, labels);
    if (values.out !== undefined) await draw(join(values.out, `${frame.name}-${choice.join('-')}.png`), images, labels);
  }
}
await segmenter.close();
report();

/** The sensors' images on the model's grid, by the objects that decode a robot's messages. */
async function imagesOf(frame: KittiFrame, { input, modalities }: Bundle): Promise<Map<string, ModalityImage>> {
  const inputs = new Map<string, ModalityInput>([
    ['camera', { topic: KITTI_TOPICS.camera, infoTopic: KITTI_TOPICS.info, geometry: 'rectified' }],
    ['lidar', { topic: KITTI_TOPICS.lidar }],
  ]);
  const onNotice = (): undefined => undefined;
  const rig = new SensorRig({ grid: input, modalities, inputs, onNotice });
  for (const message of frame.calibration) {
    for (const problem of rig.observe(message)) throw new Error(`${frame.name}: ${problem}`);
  }
  const images = new Map<string, ModalityImage>();
  for (const name of ['camera', 'lidar'] as const) {
    const message = frame[name];
    if (message === undefined) continue;
    const sample = rig.ingest(name, message);
    if (sample.kind === 'invalid') throw new Error(`${frame.name}: ${sample.reason}`);
    const outcome = await rig.decode(name, message, sample.stamp);
    if (outcome.kind === 'invalid') throw new Error(`${frame.name}: ${outcome.reason}`);
    images.set(name, outcome.image);
  }
  return images;
}

function tally(choice: string, frame: KittiFrame, labels: Uint8Array): void {
  const entry = tallies.get(choice) ?? { boxes: new Map(), labels: new Map(), frames: 0 };
  tallies.set(choice, entry);
  entry.frames++;
  for (const label of labels) entry.labels.set(label, (entry.labels.get(label) ?? 0) + 1);
  const owner = boxOfPixels(frame);
  const idOf = new Map(bundle.classes.map(({ id, name }) => [name, id]));
  owner.forEach((box, pixel) => {
    const wanted = box && CLASS_OF[box.type];
    const id = wanted === undefined ? undefined : idOf.get(wanted);
    if (id === undefined) return;
    const count = entry.boxes.get(wanted!) ?? { pixels: 0, right: 0 };
    entry.boxes.set(wanted!, count);
    count.pixels++;
    if (labels[pixel] === id) count.right++;
  });
}

/** The nearest annotated box of each pixel of the grid. */
function boxOfPixels(frame: KittiFrame): (KittiBox | undefined)[] {
  const owner = new Array<KittiBox | undefined>(width * height).fill(undefined);
  const [sx, sy] = [width / frame.width, height / frame.height];
  const boxes = (frame.boxes ?? []).toSorted((a, b) => b.distance - a.distance);
  for (const box of boxes) {
    // Pixels whose centre lies in the box.
    const from = { x: Math.max(0, Math.ceil(box.left * sx - 0.5)), y: Math.max(0, Math.ceil(box.top * sy - 0.5)) };
    for (let y = from.y; y < height && y + 0.5 <= box.bottom * sy; y++) {
      for (let x = from.x; x < width && x + 0.5 <= box.right * sx; x++) owner[y * width + x] = box;
    }
  }
  return owner;
}

async function draw(path: string, images: ReadonlyMap<string, RgbImage>, labels: Uint8Array): Promise<void> {
  const camera = images.get('camera')!;
  const over = renderOverlay(camera, { width, height, labels }, colourTable(bundle.classes), 0.55);
  const pair = Buffer.concat([camera.data, over.data]);
  await sharp(pair, { raw: { width, height: 2 * height, channels: 3 } })
    .resize({ width: ENLARGED * width, kernel: 'nearest' })
    .png()
    .toFile(path);
}

function report(): void {
  const style = { head: [], border: [] };
  const boxes = new Table({ head: ['sensors', 'frames', 'in boxes of', 'pixels', 'of that class'], style });
  const labels = new Table({ head: ['sensors', 'of all pixels'], style });
  for (const [choice, entry] of tallies) {
    for (const [name, { pixels, right }] of entry.boxes) {
      boxes.push([choice, entry.frames, name, pixels, percent(right, pixels)]);
    }
    const total = entry.frames * width * height;
    const named = bundle.classes.map(({ id, name }) => [name, entry.labels.get(id) ?? 0] as const);
    const shares = named.toSorted((a, b) => b[1] - a[1]).map(([name, count]) => `${name} ${percent(count, total)}`);
    labels.push([choice, shares.join(', ')]);
  }
  console.log(boxes.toString());
  console.log(labels.toString());
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`;
}

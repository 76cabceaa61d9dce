import type { Stamp } from '../../src/messages/stamp.js';
import type { Segmentation } from '../../src/model/segmentation.js';
import { Random } from '../../src/random/random.js';
import { type ColouredClass, type LabelImage, ReplayRecorder, type RgbImage } from '../../src/report/index.js';
import type { AbsentReason } from '../../src/sync/frame_set.js';

export const classes: ColouredClass[] = [
  { id: 0, name: 'road', color: [128, 64, 128] },
  { id: 1, name: 'lane_marking', color: [157, 234, 50] },
  { id: 2, name: 'sidewalk', color: [244, 35, 232] },
  { id: 3, name: 'terrain', color: [152, 251, 152] },
  { id: 4, name: 'building', color: [70, 70, 70] },
  { id: 5, name: 'wall', color: [102, 102, 156] },
  { id: 6, name: 'fence', color: [190, 153, 153] },
  { id: 7, name: 'pole', color: [153, 153, 153] },
  { id: 8, name: 'traffic_sign', color: [220, 220, 0] },
  { id: 9, name: 'vegetation', color: [107, 142, 35] },
  { id: 10, name: 'sky', color: [70, 130, 180] },
  { id: 11, name: 'car', color: [0, 0, 142] },
  { id: 12, name: 'truck', color: [0, 0, 70] },
  { id: 13, name: 'person', color: [220, 20, 60] },
  { id: 14, name: 'cyclist', color: [119, 11, 32] },
];

const ID = Object.fromEntries(classes.map(({ name, id }) => [name, id])) as Record<string, number>;
const MODALITIES = ['camera', 'depth', 'events', 'lidar'];
const START: Stamp = 1_700_000_000_000_000_000n;
const RATE_HZ = 10;

/** A street in central perspective: enough of a scene to judge pictures and masks by eye. */
export function paintStreet(width: number, height: number, seconds: number): LabelImage {
  const labels = new Uint8Array(width * height);
  const horizon = height * 0.45;
  const box = (id: number, x0: number, y0: number, x1: number, y1: number): void => {
    for (let y = Math.max(0, Math.round(y0)); y < Math.min(height, Math.round(y1)); y++) {
      labels.fill(id, y * width + Math.max(0, Math.round(x0)), y * width + Math.min(width, Math.round(x1)));
    }
  };
  box(ID.sky!, 0, 0, width, horizon);
  for (let block = 0; block < 7; block++) {
    const x = (((block * 0.19 - seconds * 0.02) % 1.3) + 1.3) % 1.3;
    const tall = horizon * (0.3 + 0.5 * Math.abs(Math.sin(block * 5.1)));
    box(block % 3 === 0 ? ID.vegetation! : ID.building!, (x - 0.2) * width, horizon - tall, x * width, horizon);
  }
  for (let y = Math.round(horizon); y < height; y++) {
    const near = (y - horizon) / (height - horizon);
    const half = width * (0.03 + 0.55 * near);
    const row = y * width;
    labels.fill(ID.terrain!, row, row + width);
    labels.fill(
      ID.sidewalk!,
      row + Math.max(0, width / 2 - half * 1.35),
      row + Math.min(width, width / 2 + half * 1.35),
    );
    labels.fill(ID.road!, row + Math.max(0, width / 2 - half), row + Math.min(width, width / 2 + half));
    if ((1 / (near + 0.08) + seconds * 3) % 2 < 1)
      labels.fill(ID.lane_marking!, row + width / 2 - 5 * near, row + width / 2 + 5 * near);
  }
  const car = 0.2 + 0.5 * Math.abs(Math.sin(seconds / 5));
  box(ID.car!, width * 0.56, horizon + height * 0.1 * car, width * (0.56 + 0.22 * car), horizon + height * 0.36 * car);
  box(ID.pole!, width * 0.2, horizon - height * 0.35, width * 0.212, horizon + height * 0.12);
  box(ID.traffic_sign!, width * 0.185, horizon - height * 0.38, width * 0.228, horizon - height * 0.28);
  const walker = 0.12 + ((seconds * 0.03) % 0.2);
  box(ID.person!, width * walker, horizon - height * 0.02, width * (walker + 0.025), horizon + height * 0.16);
  return { width, height, labels };
}

/** The camera picture of a street: class colours turned natural, with light, noise and a dark night. */
function photograph(scene: LabelImage, night: boolean, random: () => number): RgbImage {
  const natural: Record<number, [number, number, number]> = {
    0: [92, 94, 98], 1: [225, 225, 215], 2: [150, 146, 140], 3: [112, 128, 76], 4: [152, 128, 110],
    7: [90, 90, 92], 8: [210, 190, 60], 9: [66, 98, 52], 10: [168, 196, 224], 11: [150, 40, 40], 13: [60, 70, 120],
  }; // biome-ignore format: a table
  const { width, height, labels } = scene;
  const data = new Uint8Array(labels.length * 3);
  const light = night ? 0.22 : 1;
  for (let i = 0; i < labels.length; i++) {
    const shade = light * (0.85 + 0.3 * (Math.floor(i / width) / height));
    const grain = (random() - 0.5) * (night ? 22 : 10);
    for (let c = 0; c < 3; c++) data[i * 3 + c] = Math.max(0, Math.min(255, natural[labels[i]!]![c]! * shade + grain));
  }
  return { width, height, data };
}

/** Something a sensor might give of a street, drawn for people. */
function sensorPicture({ width, height, labels }: LabelImage, name: string): RgbImage {
  const data = new Uint8Array(labels.length * 3);
  for (let i = 0; i < labels.length; i++) {
    const known = name === 'depth' || (name === 'lidar' ? Math.floor(i / width) % 8 < 2 : labels[i] !== labels[i + 1]);
    if (known) data.set([labels[i]! * 16, 255 - labels[i]! * 16, 120], i * 3);
  }
  return { width, height, data };
}

/** The truth as a model sees it: borders wobble, more so with fewer sensors, and rare classes get lost. */
function predict(truth: LabelImage, width: number, height: number, quality: number, random: () => number): Uint8Array {
  const labels = new Uint8Array(width * height);
  const wobble = (1 - quality) * 22;
  for (let y = 0; y < height; y++) {
    const shift = Math.round((random() - 0.5) * wobble);
    for (let x = 0; x < width; x++) {
      const sx = Math.max(0, Math.min(truth.width - 1, Math.floor(((x + 0.5) * truth.width) / width) + shift));
      const sy = Math.min(truth.height - 1, Math.floor(((y + 0.5) * truth.height) / height));
      const label = truth.labels[sy * truth.width + sx]!;
      labels[y * width + x] = label === ID.person && quality < 0.6 ? ID.sidewalk! : label;
    }
  }
  return labels;
}

export interface SyntheticReplay {
  seconds: number;
  /** With ground truth, conditions and camera pictures, or without any of them. */
  annotated: 'annotated' | 'bare';
  source?: 'simulation' | 'recording';
}

/** A replay in which night falls, the LiDAR is lost for a while and the camera goes black. */
export async function recordSyntheticReplay({ seconds, annotated, source = 'simulation' }: SyntheticReplay) {
  const generator = new Random('street_night');
  const random = (): number => generator.next();
  const recorder = new ReplayRecorder({
    bag: { path: 'samples/street_night', name: 'street_night', source },
    model: { name: 'mle-sam-reference', sha256: 'a3'.repeat(32), trainedOn: 'simulated scenes' },
    modalities: MODALITIES,
    classes,
    provider: 'cpu',
    topics: new Map([
      ['camera', '/camera/image/compressed'],
      ['depth', '/depth/image/compressedDepth'],
      ['events', '/events'],
      ['lidar', '/lidar/points'],
    ]),
    startStamp: START,
    cameraModality: 'camera',
    pointModalities: ['lidar'],
    run: { version: '1.2.3', startedAt: '2026-01-02T03:04:05.678Z', command: 'mle-sam replay samples/street_night' },
    settings: { rate: 'max', deadlineMs: 60, reference: ['camera', 'depth', 'lidar', 'events'] },
  });
  const at = (time: number): Stamp => START + BigInt(Math.round(time * 1e9));
  for (const modality of MODALITIES) recorder.modalityState(modality, at(0.12), 'active');
  const lidarLost = [seconds * 0.25, seconds * 0.42] as const;
  const cameraBlack = [seconds * 0.72, seconds * 0.8] as const;
  const inside = (time: number, [from, to]: readonly [number, number]): boolean => time >= from && time < to;
  recorder.modalityState('lidar', at(lidarLost[0]), 'late', 'no message for 150 ms');
  recorder.modalityState('lidar', at(lidarLost[0] + 0.3), 'dropped', 'silent');
  recorder.modalityState('lidar', at(lidarLost[1]), 'recovering');
  recorder.modalityState('lidar', at(lidarLost[1] + 0.2), 'active');
  recorder.modalityState('camera', at(cameraBlack[0]), 'invalid', 'black');
  recorder.modalityState('camera', at(cameraBlack[1]), 'active');

  for (let frame = 1; frame < seconds * RATE_HZ; frame++) {
    const time = frame / RATE_HZ;
    const night = time > seconds * 0.55;
    const absent = new Map<string, AbsentReason>();
    if (inside(time, lidarLost)) absent.set('lidar', 'dropped');
    if (inside(time, cameraBlack)) absent.set('camera', 'black');
    const present = MODALITIES.filter((modality) => !absent.has(modality));
    for (const modality of present) {
      recorder.messages(modality, 'received', modality === 'events' ? 5 : 1);
      recorder.messages(modality, 'used', modality === 'events' ? 5 : 1);
    }
    recorder.messages('depth', 'received');
    recorder.messages('depth', 'dropped');
    if (frame % 97 === 0) {
      recorder.dropped(at(time), 'the model was busy with an earlier frame');
      continue;
    }
    const quality = 0.9 - 0.14 * absent.size - (night ? 0.16 : 0) + 0.05 * Math.sin(time);
    const truth = paintStreet(640, 384, time);
    const weight: Record<string, number> = {
      camera: night ? 0.18 : 0.42,
      depth: 0.24,
      events: night ? 0.3 : 0.12,
      lidar: 0.26,
    };
    const raw = present.map((modality) => weight[modality]! * (1 + 0.15 * (random() - 0.5)));
    const sum = raw.reduce((a, b) => a + b, 0);
    const inference = 38 + 10 * random() + (random() < 0.02 ? 60 : 0) - 7 * absent.size;
    const syncWait = 6 + 8 * random();
    const decode = 4 + 3 * random();
    const segmentation: Segmentation = {
      width: 320,
      height: 192,
      stamp: at(time),
      frameId: 'camera_optical',
      labels: predict(truth, 320, 192, quality, random),
      confidence: Uint8Array.from({ length: 320 * 192 }, (_, i) => 255 - (i % 320) / 2),
      present,
      routing: new Map(present.map((modality, i) => [modality, [0.95, 1, 1.05].map((tilt) => (raw[i]! / sum) * tilt)])),
      timings: { encodeMs: inference * 0.8, headMs: inference * 0.2, totalMs: inference },
    };
    await recorder.published({
      segmentation,
      arrivedAt: at(time),
      absent,
      latencyMs: { decode, syncWait, inference, total: decode + syncWait + inference },
      ...(annotated === 'annotated' && {
        groundTruth: truth,
        stretch: night ? 'night' : 'cloud',
        sensors: () =>
          new Map(present.flatMap((name) => (name === 'camera' ? [] : [[name, sensorPicture(truth, name)]]))),
        camera: () => (absent.has('camera') ? undefined : photograph(truth, night, random)),
      }),
    });
  }
  recorder.problem('warning', 'The bag is cut off in its last chunk: replayed up to the cut, 0.2 s are missing.');
  recorder.problem(
    'error',
    'events: packet dropped, Expected whole 16-bit words for EVT3 data but received 4097 bytes',
  );
  recorder.problem(
    'error',
    'events: packet dropped, Expected whole 16-bit words for EVT3 data but received 4097 bytes',
  );
  return recorder.finish({ wallSeconds: seconds * 0.7, bagSeconds: seconds });
}

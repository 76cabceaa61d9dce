import { join } from 'node:path';
import { z } from 'zod';
import { readText } from '../files/index.js';
import type { EventRepresentation, ImageSize, LidarRepresentation } from '../sensors/index.js';
import { CITYSCAPES_CLASSES } from './classes.js';
import { byName, type Dataset, type DatasetFrame } from './dataset.js';
import { isFile, requireFolders } from './folders.js';
import { checkSize, labelsAt, plainLabels, readLabels } from './labels.js';
import { MUSES_SIZE, MusesCalibration } from './muses_calibration.js';
import { drawMusesEvents, readMusesEvents } from './muses_events.js';
import { drawMusesPoints, readMusesPoints } from './muses_points.js';
import { readPicture, toRgb } from './picture.js';
import { resizeBilinear } from './resample.js';

/** The whole set has 2500 scenes, of some kilobytes each. */
const MAXIMUM_META_BYTES = 64 << 20;

const PATHS = { camera: 'path_to_frame_camera', events: 'path_to_event_camera', lidar: 'path_to_lidar' } as const;

const entrySchema = z.object({
  split: z.string(),
  weather: z.string(),
  time_of_day: z.string(),
  [PATHS.camera]: z.string(),
  [PATHS.events]: z.string(),
  [PATHS.lidar]: z.string(),
});

/**
 * MUSES by its SDK's files (arXiv 2401.12761): frame camera, events and LiDAR, the last two drawn onto the camera's
 * pixels by the functions that serve the robot. Scored at its own 1920 x 1080.
 * @throws Error in one sentence where a folder, `calib.json`, `meta.json` or the split is missing or wrong
 */
export async function openMuses(root: string, split: string): Promise<Dataset> {
  await requireFolders('MUSES', root, ['frame_camera', 'event_camera', 'lidar']);
  const calibration = await MusesCalibration.read(root);
  const rule = plainLabels(CITYSCAPES_CLASSES.length);
  const frames = await listFrames(root, split);
  const file = (frame: DatasetFrame, modality: keyof typeof PATHS) => frame.files.get(modality)![0]!;
  return {
    kind: 'muses',
    title: 'MUSES',
    root,
    split,
    source: 'recording',
    classes: CITYSCAPES_CLASSES,
    modalities: [
      {
        name: 'camera',
        gives: ({ kind }) => kind === 'rgb',
        given: 'rgb',
        read: async (frame, size) => {
          const path = file(frame, 'camera');
          const picture = await readPicture(path);
          checkSize(picture, MUSES_SIZE, path);
          return resizeBilinear(toRgb(picture), size).data;
        },
      },
      {
        name: 'events',
        gives: ({ kind }) => kind === 'counts-recency' || kind === 'polarity',
        given: 'counts-recency or polarity',
        read: async (frame, size, representation) => {
          const wanted = representation as EventRepresentation;
          const events = await readMusesEvents(file(frame, 'events'), wanted.windowMs);
          return drawMusesEvents(events, calibration, size, wanted);
        },
      },
      {
        name: 'lidar',
        gives: ({ kind }) => kind === 'range-intensity-height',
        given: 'range-intensity-height',
        read: async (frame, size, representation) => {
          const cloud = await readMusesPoints(file(frame, 'lidar'));
          return drawMusesPoints(cloud, calibration, size, representation as LidarRepresentation);
        },
      },
    ],
    frames,
    descriptions: ['calib.json', 'meta.json'].map((name) => join(root, name)),
    notes: [],
    scoredAt: (): ImageSize => MUSES_SIZE,
    predictionPath: ({ prediction }) => join('labelTrainIds', `${prediction}.png`),
    readLabels: async (path, size) => labelsAt(await readLabels(path, rule, MUSES_SIZE), size),
  };
}

/** Frames of a split by `meta.json`, sorted by key; a condition is weather and time of day, `fog-night`. */
async function listFrames(root: string, split: string): Promise<DatasetFrame[]> {
  const path = join(root, 'meta.json');
  let meta: Record<string, unknown>;
  try {
    meta = z.record(z.string(), z.unknown()).parse(JSON.parse(await readText(path, MAXIMUM_META_BYTES)));
  } catch (cause) {
    throw new Error(`Expected MUSES's meta.json at ${path} but could not read it: ${(cause as Error).message}.`);
  }
  const frames: DatasetFrame[] = [];
  const splits = new Set<string>();
  for (const key of Object.keys(meta).sort(byName)) {
    const outcome = entrySchema.safeParse(meta[key]);
    if (!outcome.success) {
      const field = outcome.error.issues[0]!.path.join('.');
      throw new Error(
        `Expected a text for '${field}' of ${key} in ${path} but found none. Use the file as it is published.`,
      );
    }
    const entry = outcome.data;
    splits.add(entry.split);
    if (entry.split !== split) continue;
    const { weather, time_of_day: time } = entry;
    const condition = `${weather}-${time}`;
    const label = join(root, 'gt_semantic', split, weather, time, `${key}_gt_labelTrainIds.png`);
    frames.push({
      name: `${condition}/${split}/${key}`,
      prediction: key,
      condition,
      case: 'none',
      files: new Map(Object.entries(PATHS).map(([name, field]) => [name, [join(root, entry[field])]])),
      // Those of the test split are not published.
      label: split === 'test' && !(await isFile(label)) ? undefined : label,
    });
  }
  if (frames.length === 0) {
    const others = [...splits].sort(byName).join(', ');
    throw new Error(
      `Expected frames of split '${split}' in ${path} but found none. Name one of ${others} with --split.`,
    );
  }
  return frames;
}

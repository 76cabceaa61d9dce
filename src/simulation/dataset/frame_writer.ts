import { access, mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { resizeLabelsNearest } from '../../evaluation/index.js';
import { encodeMessage, type RawMessage } from '../../messages/index.js';
import { SensorRig } from '../../sensors/index.js';
import { createWeather } from '../conditions.js';
import { MESSAGE_TYPES, TOPICS, type Topic } from '../drive/topics.js';
import { type Moment, RigCapture, stampOf } from '../sensors/rig_capture.js';
import { RIG, type Rig } from '../sensors/rig_geometry.js';
import { cameraInfoMessage, createHeader, staticTransformsMessage } from '../sensors/ros_messages.js';
import { varyRig } from '../variety/vary_rig.js';
import { varyWeather } from '../variety/vary_weather.js';
import { World } from '../world/world.js';
import { DATASET_MODALITIES, DATASET_SIZE, type FramePlan, framePath, WORLD_SECONDS } from './dataset_layout.js';

/** Ends of the event sensor's packets relative to the picture, seconds: they cover the 40 ms before it. */
const EVENT_TIMES = [-0.047, -0.027, -0.007, 0.013] as const;
/** Nearly as small as at level 4, at three quarters of its time. */
const PNG_LEVEL = 2;
const DEPTH_DELAY = -0.008;
const LIDAR_DELAY = 0.018;

const TOPIC_BY_MODALITY = new Map<string, Topic>([
  ['camera', TOPICS.camera],
  ['depth', TOPICS.depth],
  ['events', TOPICS.events],
  ['lidar', TOPICS.lidar],
]);

/**
 * Renders frames of a data set: the sensors' messages, turned into pictures by the very code that serves the robot.
 */
export class FrameWriter {
  readonly #root: string;
  readonly #plain = createRecorder(RIG);
  /** The rig last seen from, other than the plain one: frames of one rig come in sequence. */
  #varied: { readonly seed: string; readonly recorder: Recorder } | undefined;

  constructor(root: string) {
    this.#root = root;
  }

  /** Renders one frame unless all of its files exist. */
  async write(plan: FramePlan): Promise<'written' | 'present'> {
    const semantic = join(this.#root, framePath(plan, 'semantic', 'semantic'));
    // The labels are written last: where they are, the frame is complete.
    if (await exists(semantic)) return 'present';
    const { look } = plan;
    const weather = createWeather(plan.condition, plan.worldSeed);
    const { capture, rig } = this.#recorder(plan.rigSeed);
    const moment: Moment = {
      world: new World(plan.worldSeed, WORLD_SECONDS, look),
      time: plan.time,
      weather: look === undefined ? weather : varyWeather(weather, look.seed),
      failure: plan.failure,
      look,
      seed: plan.worldSeed,
    };
    rig.reset();
    const packets = eventPackets(capture, moment);
    const { image, labels } = await capture.camera(moment);
    const at = stampOf(plan.time);
    const samples = new Map<string, RawMessage>([
      ['camera', raw(TOPICS.camera, image, at)],
      ['depth', raw(TOPICS.depth, await capture.depth({ ...moment, time: plan.time + DEPTH_DELAY }), at)],
      ['lidar', raw(TOPICS.lidar, capture.lidar({ ...moment, time: plan.time + LIDAR_DELAY }), at)],
    ]);
    for (const packet of packets) {
      const outcome = rig.ingest('events', packet);
      if (outcome.kind === 'invalid') throw new Error(outcome.reason);
      samples.set('events', packet);
    }
    for (const { name, folder, suffix } of DATASET_MODALITIES) {
      const outcome = await rig.decode(name, samples.get(name)!, at);
      if (outcome.kind === 'invalid')
        throw new Error(`Cannot turn the simulated ${name} into a picture: ${outcome.reason}`);
      await this.#save(framePath(plan, folder, suffix), outcome.image.data, 3);
    }
    await this.#save(
      framePath(plan, 'semantic', 'semantic'),
      semanticPixels(labels.data, labels.width, labels.height),
      4,
    );
    return 'written';
  }

  #recorder(rigSeed: string | undefined): Recorder {
    if (rigSeed === undefined) return this.#plain;
    if (this.#varied?.seed !== rigSeed) this.#varied = { seed: rigSeed, recorder: createRecorder(varyRig(rigSeed)) };
    return this.#varied.recorder;
  }

  /** Writes beside and renames, so that a picture that exists is whole. */
  async #save(path: string, data: Uint8Array, channels: 3 | 4): Promise<void> {
    const full = join(this.#root, path);
    await mkdir(dirname(full), { recursive: true });
    const partial = `${full}.part`;
    await sharp(data, { raw: { ...DATASET_SIZE, channels } })
      .png({ compressionLevel: PNG_LEVEL })
      .toFile(partial);
    await rename(partial, full);
  }
}

/** A rig's sensors, and the decoding that knows their calibration and mounts. */
interface Recorder {
  readonly capture: RigCapture;
  readonly rig: SensorRig;
}

function createRecorder(mounted: Rig): Recorder {
  const rig = new SensorRig({
    grid: DATASET_SIZE,
    modalities: DATASET_MODALITIES,
    inputs: new Map([...TOPIC_BY_MODALITY].map(([name, topic]) => [name, { topic }])),
  });
  const at = stampOf(0);
  const problems = [
    ...rig.observe(raw(TOPICS.transforms, staticTransformsMessage(at, mounted), at)),
    ...(
      [
        [TOPICS.cameraInfo, mounted.camera],
        [TOPICS.depthInfo, mounted.depth],
        [TOPICS.eventsInfo, mounted.events],
      ] as const
    ).flatMap(([topic, { frame, intrinsics }]) =>
      rig.observe(raw(topic, cameraInfoMessage(createHeader(at, frame), intrinsics), at)),
    ),
  ];
  if (problems.length > 0) throw new Error(problems.join(' '));
  return { capture: new RigCapture(mounted), rig };
}

function eventPackets(capture: RigCapture, moment: Moment): RawMessage[] {
  const [first, ...rest] = EVENT_TIMES;
  capture.startEvents({ ...moment, time: moment.time + first });
  return rest.map((offset) => {
    const time = moment.time + offset;
    return raw(TOPICS.events, capture.events({ ...moment, time }), stampOf(time));
  });
}

/** DELIVER's encoding: class id + 1 in the first of four channels, opaque. */
function semanticPixels(labels: Uint8Array, width: number, height: number): Uint8Array {
  const ids = resizeLabelsNearest(labels, { width, height }, DATASET_SIZE);
  const pixels = new Uint8Array(4 * ids.length);
  for (let i = 0; i < ids.length; i++) {
    pixels[4 * i] = ids[i]! + 1;
    pixels[4 * i + 3] = 255;
  }
  return pixels;
}

function raw(topic: Topic, message: object, receiveStamp: bigint): RawMessage {
  const type = MESSAGE_TYPES[topic];
  return { topic, type, data: encodeMessage(type, message), receiveStamp };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

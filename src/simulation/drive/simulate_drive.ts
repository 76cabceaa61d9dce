import { createWeather, type Weather } from '../conditions.js';
import { type Moment, RigCapture, stampOf } from '../sensors/rig_capture.js';
import { RIG } from '../sensors/rig_geometry.js';
import { cameraInfoMessage, createHeader, staticTransformsMessage } from '../sensors/ros_messages.js';
import { World } from '../world/world.js';
import { type DriveDescription, driveSeconds, stretchAt } from './drive_description.js';
import { MESSAGE_TYPES, TOPICS, type Topic } from './topics.js';

/** A message as the recorder of the drive would get it. */
export interface TimedMessage {
  readonly topic: Topic;
  /** Full type name, e.g. `sensor_msgs/msg/Image`. */
  readonly type: string;
  /** The message's fields, as `encodeMessage` takes them. */
  readonly message: object;
  /** When it arrived, nanoseconds: its stamp plus the sensor's latency. */
  readonly receiveStamp: bigint;
}

/** When each sensor measures and how late its messages arrive, milliseconds. */
const TIMING = {
  events: { period: 20, phase: 0, latency: 3 },
  camera: { period: 100, phase: 7, latency: 35 },
  depth: { period: 100, phase: 19, latency: 28 },
  lidar: { period: 100, phase: 41, latency: 45 },
  odometry: { period: 20, phase: 2, latency: 4 },
} as const;
/** Latency varies by up to this share of itself, as transport does. */
const LATENCY_JITTER = 0.25;

type Sensor = keyof typeof TIMING;

/**
 * `still`: the LiDAR measures all its points at once, and nothing tells the vehicle's motion. `told`: it spins, each
 * point tells when it was measured, and odometry tells where the vehicle was.
 */
export type DriveMotion = 'still' | 'told';

/**
 * Drives through a world and yields what its sensors send, in order of arrival.
 *
 * `/tf_static` comes once at the start, the name of the condition at the start of each stretch, each camera's
 * CameraInfo with each of its pictures, ground truth with each picture of the camera, also while the camera's topic is
 * silent. The same description and seed give the same messages.
 */
export async function* simulateDrive(
  drive: DriveDescription,
  seed: number | string,
  motion: DriveMotion = 'still',
): AsyncGenerator<TimedMessage> {
  const simulation = new DriveSimulation(drive, seed, motion);
  yield* simulation.calibration();
  const end = Math.round(1000 * driveSeconds(drive));
  let pending = simulation.conditions();
  for (const { sensor, milliseconds } of measurements(end, motion)) {
    // A later measurement cannot arrive before it was made.
    const now = stampOf(milliseconds / 1000);
    const due = pending.filter(({ receiveStamp }) => receiveStamp <= now);
    pending = pending.filter(({ receiveStamp }) => receiveStamp > now);
    yield* due.sort(byArrival);
    pending.push(...(await simulation.measure(sensor, milliseconds / 1000)));
  }
  yield* pending.sort(byArrival);
}

function byArrival(a: TimedMessage, b: TimedMessage): number {
  return a.receiveStamp < b.receiveStamp ? -1 : a.receiveStamp > b.receiveStamp ? 1 : 0;
}

/** All measurements before `end` in order of time. */
function measurements(end: number, motion: DriveMotion): { sensor: Sensor; milliseconds: number }[] {
  const sensors = (Object.keys(TIMING) as Sensor[]).filter((sensor) => motion === 'told' || sensor !== 'odometry');
  const all = sensors.flatMap((sensor) => {
    const { period, phase } = TIMING[sensor];
    const times: { sensor: Sensor; milliseconds: number }[] = [];
    for (let milliseconds = phase; milliseconds < end; milliseconds += period) times.push({ sensor, milliseconds });
    return times;
  });
  return all.sort((a, b) => a.milliseconds - b.milliseconds);
}

class DriveSimulation {
  readonly #drive: DriveDescription;
  readonly #seed: number | string;
  readonly #world: World;
  readonly #weathers: readonly Weather[];
  readonly #capture = new RigCapture();
  /** The stretch the event sensor is adapted to; its contrast memory does not outlive a change of light. */
  #eventStretch = -1;
  readonly #motion: DriveMotion;

  constructor(drive: DriveDescription, seed: number | string, motion: DriveMotion) {
    this.#motion = motion;
    this.#drive = drive;
    this.#seed = seed;
    this.#world = new World(seed, driveSeconds(drive));
    this.#weathers = drive.stretches.map(({ condition }, index) => createWeather(condition, `${seed}/${index}`));
  }

  calibration(): TimedMessage[] {
    const at = stampOf(0);
    return [timed(TOPICS.transforms, staticTransformsMessage(at), at)];
  }

  /** The condition of each stretch, `night` or `cloud, lidarjitter`, at the moment it begins. */
  conditions(): TimedMessage[] {
    let start = 0;
    return this.#drive.stretches.map(({ condition, failure, seconds }) => {
      const message = { data: failure === undefined ? condition : `${condition}, ${failure}` };
      const at = stampOf(start);
      start += seconds;
      return timed(TOPICS.condition, message, at);
    });
  }

  async measure(sensor: Sensor, time: number): Promise<TimedMessage[]> {
    const { index, stretch } = stretchAt(this.#drive, time);
    const moment: Moment = {
      world: this.#world,
      time,
      weather: this.#weathers[index]!,
      failure: stretch.failure,
      seed: this.#seed,
    };
    const messages = await this.#take(sensor, moment, index);
    const arrival = stampOf(time + latency(sensor, time));
    return messages
      .filter(([topic]) => !this.#isSilent(topic, time))
      .map(([topic, message]) => timed(topic, message, arrival));
  }

  async #take(sensor: Sensor, moment: Moment, stretch: number): Promise<(readonly [Topic, object])[]> {
    const capture = this.#capture;
    const info = (mount: 'camera' | 'depth' | 'events') => {
      const { frame, intrinsics } = RIG[mount];
      return cameraInfoMessage(createHeader(stampOf(moment.time), frame), intrinsics);
    };
    switch (sensor) {
      case 'camera': {
        const { image, labels } = await capture.camera(moment);
        return [
          [TOPICS.camera, image],
          [TOPICS.cameraInfo, info('camera')],
          [TOPICS.labels, labels],
        ];
      }
      case 'depth':
        if (this.#isSilent(TOPICS.depth, moment.time)) return [[TOPICS.depthInfo, info('depth')]];
        return [
          [TOPICS.depth, await capture.depth(moment)],
          [TOPICS.depthInfo, info('depth')],
        ];
      case 'lidar':
        if (this.#isSilent(TOPICS.lidar, moment.time)) return [];
        return [[TOPICS.lidar, this.#motion === 'told' ? capture.spinningLidar(moment) : capture.lidar(moment)]];
      case 'odometry':
        return [[TOPICS.odometry, capture.odometry(moment)]];
      case 'events': {
        if (this.#isSilent(TOPICS.events, moment.time)) {
          this.#eventStretch = -1;
          return [[TOPICS.eventsInfo, info('events')]];
        }
        if (stretch !== this.#eventStretch) {
          this.#eventStretch = stretch;
          capture.startEvents(moment);
          return [[TOPICS.eventsInfo, info('events')]];
        }
        return [
          [TOPICS.events, capture.events(moment)],
          [TOPICS.eventsInfo, info('events')],
        ];
      }
    }
  }

  #isSilent(topic: Topic, time: number): boolean {
    return this.#drive.outages.some((outage) => outage.topic === topic && time >= outage.from && time < outage.until);
  }
}

function timed(topic: Topic, message: object, receiveStamp: bigint): TimedMessage {
  return { topic, type: MESSAGE_TYPES[topic], message, receiveStamp };
}

/** Seconds from measurement to arrival; a slow wave instead of noise, so that it needs no state. */
function latency(sensor: Sensor, time: number): number {
  return (TIMING[sensor].latency / 1000) * (1 + LATENCY_JITTER * Math.sin(37 * time));
}

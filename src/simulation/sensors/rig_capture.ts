import type { CompressedImage, EventPacket, Image, Odometry, PointCloud2 } from '../../messages/index.js';
import { composePoses, type Pose } from '../pose.js';
import { Caster } from '../render/caster.js';
import { PinholeGrid } from '../render/pinhole_grid.js';
import { Renderer } from '../render/renderer.js';
import { ShadowMap, type ShadowUpdate } from '../render/shadow_map.js';
import { SpinningGrid } from '../render/spinning_grid.js';
import { exposeCamera } from './camera.js';
import { measureDepth } from './depth.js';
import { EventCamera } from './event_camera.js';
import { Evt3Encoder } from './evt3_encoder.js';
import { sweepLidar } from './lidar.js';
import type { Moment } from './moment.js';
import { RIG, type Rig } from './rig_geometry.js';
import {
  compressedDepthMessage,
  createHeader,
  eventPacketMessage,
  jpegMessage,
  monoImageMessage,
  odometryMessage,
  pointCloudMessage,
} from './ros_messages.js';
import { SpinningLidar } from './spinning_lidar.js';

/** ROS time at which every simulated drive begins. */
export const DRIVE_START: bigint = 1_750_000_000_000_000_000n;
/** The event sensor's clock then; chosen so that its 24-bit counter starts again 6.8 s into a drive. */
const EVENT_CLOCK_START = 10_000_000;

const EVENT_THRESHOLD = 0.5;
/** Events without cause, a pixel and second. */
const NOISE_RATE = { day: 0.2, night: 1.2 } as const;

/** ROS stamp of a time in seconds since the drive began, rounded to a microsecond. */
export function stampOf(time: number): bigint {
  return DRIVE_START + BigInt(Math.round(time * 1e6)) * 1000n;
}

/** The four sensors of the rig. Each call gives one ROS message; big buffers are kept between calls. */
export class RigCapture {
  readonly #rig: Rig;
  readonly #camera: Renderer;
  readonly #depth: Caster;
  readonly #events: Renderer;
  readonly #lidar: Caster;
  readonly #encoder = new Evt3Encoder();
  #spinning: SpinningLidar | undefined;
  #eventCamera: EventCamera | undefined;
  #eventsSince = 0;
  #eventSequence = 0n;

  constructor(rig = RIG) {
    const shadows = new ShadowMap();
    this.#rig = rig;
    this.#camera = new Renderer(new PinholeGrid(rig.camera.intrinsics), shadows);
    this.#depth = new Caster(new PinholeGrid(rig.depth.intrinsics));
    this.#events = new Renderer(new PinholeGrid(rig.events.intrinsics), shadows);
    this.#lidar = new Caster(new SpinningGrid(rig.lidar.elevations, rig.lidar.columns, rig.lidar.sector));
  }

  /** The picture, and the class of each of its pixels. */
  async camera(moment: Moment): Promise<{ image: CompressedImage; labels: Image }> {
    const { world, time, weather, failure, look, seed } = moment;
    const scene = world.sceneAt(time);
    const ego = world.egoPose(time);
    const hits = this.#camera.render(scene, composePoses(ego, this.#rig.camera.pose), {
      weather,
      ego,
      lamps: world.lamps,
      shadows: shadowsOf(moment),
    });
    const { width, height } = this.#rig.camera.intrinsics;
    const labels = hits.label.slice();
    const shot = { weather, failure, look, seed: noiseSeed(seed, time) };
    const rgb = exposeCamera(this.#camera.radiance, width, height, shot);
    const header = createHeader(stampOf(time), this.#rig.camera.frame);
    return {
      image: await jpegMessage(header, rgb, width, height, look?.camera.quality),
      labels: monoImageMessage(header, labels, width, height),
    };
  }

  depth(moment: Moment): Promise<CompressedImage> {
    const { world, time, weather, seed } = moment;
    const hits = this.#depth.cast(world.sceneAt(time), this.#mounted(moment, this.#rig.depth.pose));
    const { width, height } = this.#rig.depth.intrinsics;
    const millimetres = measureDepth(hits.distance, width, weather, noiseSeed(seed, time));
    return compressedDepthMessage(createHeader(stampOf(time), this.#rig.depth.frame), millimetres, width, height);
  }

  lidar(moment: Moment): PointCloud2 {
    const { world, time, weather, failure, look, seed } = moment;
    const sweep = sweepLidar(this.#lidar, world.sceneAt(time), this.#mounted(moment, this.#rig.lidar.pose), {
      weather,
      failure,
      intensity: look?.intensity,
      seed: noiseSeed(seed, time),
    });
    return pointCloudMessage(createHeader(stampOf(time), this.#rig.lidar.frame), sweep);
  }

  /** The LiDAR as it spins: the message is stamped when the sweep begins, and each point tells its own time in `t`. */
  spinningLidar(moment: Moment): PointCloud2 {
    this.#spinning ??= new SpinningLidar();
    const header = createHeader(stampOf(moment.time), this.#rig.lidar.frame);
    return pointCloudMessage(header, this.#spinning.sweep(moment));
  }

  /** Where the vehicle is, exactly. */
  odometry({ world, time }: Moment): Odometry {
    return odometryMessage(createHeader(stampOf(time), 'odom'), world.egoPose(time));
  }

  /** Starts the event sensor anew, adapted to the moment's light: events come from the next call of `events` on. */
  startEvents(moment: Moment): void {
    const { width, height } = this.#rig.events.intrinsics;
    // A low-resolution read-out bins 2 x 2 pixels.
    const bin = moment.failure === 'eventlowres' ? 2 : 1;
    this.#eventCamera = new EventCamera({
      width: width / bin,
      height: height / bin,
      threshold: moment.look?.eventThreshold ?? EVENT_THRESHOLD,
      seed: noiseSeed(moment.seed, moment.time),
    });
    this.#eventCamera.step(this.#eventView(moment, bin), eventClock(moment.time), 0);
    this.#eventsSince = moment.time;
  }

  /**
   * The packet of the events since the last call. Its stamp is the time of its first event.
   * @throws Error before `startEvents`
   */
  events(moment: Moment): EventPacket {
    const camera = this.#eventCamera;
    if (camera === undefined) throw new Error('Expected startEvents before events but the sensor is not running.');
    const bin = this.#rig.events.intrinsics.width / camera.width;
    const rate = moment.weather.condition === 'night' ? NOISE_RATE.night : NOISE_RATE.day;
    const batch = camera.step(this.#eventView(moment, bin), eventClock(moment.time), rate);
    const begin = eventClock(this.#eventsSince);
    const data = this.#encoder.encode(batch, begin);
    const first = batch.length > 0 ? batch.t[0]! : begin;
    const stamp = stampOf(this.#eventsSince) + BigInt(first - begin) * 1000n;
    this.#eventsSince = moment.time;
    return eventPacketMessage(createHeader(stamp, this.#rig.events.frame), data, camera, this.#eventSequence++);
  }

  #eventView(moment: Moment, bin: number): Float32Array {
    const { world, time, weather } = moment;
    const ego = world.egoPose(time);
    const pose = composePoses(ego, this.#rig.events.pose);
    this.#events.render(world.sceneAt(time), pose, { weather, ego, lamps: world.lamps, shadows: shadowsOf(moment) });
    const { width, height } = this.#rig.events.intrinsics;
    return bin === 1 ? this.#events.radiance : binned(this.#events.radiance, width, height, bin);
  }

  #mounted(moment: Moment, mount: Pose): Pose {
    return composePoses(moment.world.egoPose(moment.time), mount);
  }
}

/** Pictures of one frame lie within a metre: with a look, one shadow map serves them all. */
function shadowsOf({ look }: Moment): ShadowUpdate {
  return look === undefined ? 'view' : 'scene';
}

function noiseSeed(seed: number | string, time: number): string {
  return `${seed}/${Math.round(time * 1e6)}`;
}

function eventClock(time: number): number {
  return EVENT_CLOCK_START + Math.round(time * 1e6);
}

/** Mean over squares of `bin` pixels. */
function binned(radiance: Float32Array, width: number, height: number, bin: number): Float32Array {
  const columns = width / bin;
  const out = new Float32Array(3 * columns * (height / bin));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const to = 3 * (Math.floor(y / bin) * columns + Math.floor(x / bin));
      const from = 3 * (y * width + x);
      for (let c = 0; c < 3; c++) out[to + c]! += radiance[from + c]! / (bin * bin);
    }
  }
  return out;
}

export type { Moment } from './moment.js';

/**
 * How long decoding one message takes, and how long it keeps the event loop from turning, which DESIGN.md bounds by
 * 10 ms (against other decoders: decoding.ts). Run: `npm run bench -- decode`. Prints one line of JSON a case: the least of nine
 * runs, which other load on the machine distorts least.
 */
import { performance } from 'node:perf_hooks';
import sharp from 'sharp';
import { encodeMessage, type RawMessage, schemaFor } from '../src/messages/index.js';
import { encodeRvl } from '../src/sensors/depth/index.js';
import { type ModalityInput, type Representation, SensorRig } from '../src/sensors/index.js';

const ROUNDS = 9;
const STAMP = { sec: 1_700_000_000, nanosec: 0 };
const FRAME = 'camera';
const REPRESENTATIONS: Record<string, Representation> = {
  camera: { kind: 'rgb' },
  hha: { kind: 'hha', nearMetres: 1.5, heightMetres: [-1, 7] },
  inverse: { kind: 'inverse', nearMetres: 1.5 },
  events: { kind: 'counts-recency', windowMs: 50, countScale: 64 },
  lidar: { kind: 'range-intensity-height', rangeMetres: [1, 100], heightMetres: [-1, 7], dilation: 1 },
};

interface Size {
  width: number;
  height: number;
}

function raw(type: string, message: object): RawMessage {
  const data = encodeMessage(type, { header: { stamp: STAMP, frame_id: FRAME }, ...message });
  return { topic: '/bench', type, data, receiveStamp: 0n, schema: schemaFor(type) };
}

/** A rig whose sensors all look through one lens, into a grid of the given size. */
function rigOf(modality: string, grid: Size, source: Size): SensorRig {
  const input: ModalityInput = { topic: '/bench' };
  const rig = new SensorRig({
    grid,
    modalities: ['camera', modality].map((name) => ({ name, representation: REPRESENTATIONS[name]! })),
    inputs: new Map([
      ['camera', { topic: '/camera/image' }],
      [modality, input],
    ]),
    baseFrame: FRAME,
  });
  const k = [source.width * 0.8, 0, source.width / 2, 0, source.width * 0.8, source.height / 2, 0, 0, 1];
  const info = {
    ...source,
    distortion_model: 'plumb_bob',
    d: [-0.1, 0.01, 0, 0, 0],
    k,
    r: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  };
  rig.observe({
    ...raw('sensor_msgs/msg/CameraInfo', { ...info, p: new Array(12).fill(0) }),
    topic: '/camera/camera_info',
  });
  return rig;
}

/** Deterministic bytes that compress badly, as sensor noise does. */
function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

function image(encoding: string, { width, height }: Size, rowBytes: number, rows = height): RawMessage {
  const message = { width, height, encoding, is_bigendian: 0, step: rowBytes, data: noise(rowBytes * rows) };
  return raw('sensor_msgs/msg/Image', message);
}

function slope({ width, height }: Size): Uint16Array {
  return Uint16Array.from({ length: width * height }, (_, i) => 1000 + 3 * Math.floor(i / width) + ((i * 7) % 5));
}

function depthImage(size: Size): RawMessage {
  const data = new Uint8Array(slope(size).buffer);
  return raw('sensor_msgs/msg/Image', { ...size, encoding: '16UC1', is_bigendian: 0, step: size.width * 2, data });
}

async function compressedDepth(size: Size, codec: 'png' | 'rvl'): Promise<RawMessage> {
  const samples = slope(size);
  const payload =
    codec === 'rvl'
      ? encodeRvl(samples, size.width, size.height)
      : await sharp(samples, { raw: { ...size, channels: 1 } })
          .toColourspace('grey16')
          .png()
          .toBuffer();
  const data = new Uint8Array(12 + payload.length);
  data.set(payload, 12);
  return raw('sensor_msgs/msg/CompressedImage', { format: `16UC1; compressedDepth ${codec}`, data });
}

function cloud(points: number): RawMessage {
  const values = Float32Array.from({ length: points * 4 }, (_, i) => {
    const azimuth = ((i >> 2) % 2048) / 2048 - 0.5;
    return [azimuth * 12, ((i >> 13) % 64) / 10 - 3, 10 + (i % 7), 100][i & 3]!;
  });
  return raw('sensor_msgs/msg/PointCloud2', {
    height: 1,
    width: points,
    fields: ['x', 'y', 'z', 'intensity'].map((name, i) => ({ name, offset: 4 * i, datatype: 7, count: 1 })),
    is_bigendian: false,
    point_step: 16,
    row_step: 16 * points,
    data: new Uint8Array(values.buffer),
    is_dense: true,
  });
}

function events(count: number, { width, height }: Size): RawMessage {
  const words = new Uint32Array(count * 2);
  const places = noise(count * 4);
  for (let i = 0; i < count; i++) {
    const x = ((places[4 * i]! << 8) | places[4 * i + 1]!) % width;
    const y = ((places[4 * i + 2]! << 8) | places[4 * i + 3]!) % height;
    words[2 * i] = (i * 50e6) / count;
    words[2 * i + 1] = (((i & 1) << 31) | (y << 16) | x) >>> 0;
  }
  const message = { width, height, seq: 1n, time_base: 0n, encoding: 'mono', is_bigendian: false };
  return raw('event_camera_msgs/msg/EventPacket', { ...message, events: new Uint8Array(words.buffer) });
}

async function report(name: string, modality: string, message: RawMessage, grid: Size, source: Size): Promise<void> {
  const rig = rigOf(modality, grid, source);
  const totals: number[] = [];
  const blocked: number[] = [];
  const reference = 1_700_000_000_050_000_000n;
  for (let round = 0; round < ROUNDS + 2; round++) {
    let longest = 0;
    let turned = performance.now();
    const turn = () => {
      const now = performance.now();
      longest = Math.max(longest, now - turned);
      turned = now;
      timer = setImmediate(turn);
    };
    let timer = setImmediate(turn);
    if (round === 0) rig.ingest(modality, message);
    const start = performance.now();
    const outcome = await rig.decode(modality, message, reference);
    totals.push(performance.now() - start);
    await new Promise(setImmediate);
    clearImmediate(timer);
    blocked.push(longest);
    if (outcome.kind === 'invalid') throw new Error(`${name}: ${outcome.reason}`);
  }
  const least = (times: number[]) => Number(Math.min(...times.slice(2)).toFixed(1));
  console.log(JSON.stringify({ name, milliseconds: least(totals), blockedMilliseconds: least(blocked) }));
}

const SMALL = { width: 320, height: 192 };
const LARGE = { width: 1024, height: 1024 };
const HD = { width: 1920, height: 1080 };
const EVENT_SENSOR = { width: 1280, height: 720 };

await report('bayer_rggb8 1080p', 'camera', image('bayer_rggb8', HD, HD.width), SMALL, HD);
await report('bayer_rggb16 1080p', 'camera', image('bayer_rggb16', HD, HD.width * 2), SMALL, HD);
await report('yuyv 1080p', 'camera', image('yuyv', HD, HD.width * 2), SMALL, HD);
await report('nv21 1080p', 'camera', image('nv21', HD, HD.width, HD.height * 1.5), SMALL, HD);
await report('bgr8 1080p', 'camera', image('bgr8', HD, HD.width * 3), SMALL, HD);
await report('rgb16 1080p', 'camera', image('rgb16', HD, HD.width * 6), SMALL, HD);
await report('mono16 1080p', 'camera', image('mono16', HD, HD.width * 2), SMALL, HD);
await report('rgb8 1080p', 'camera', image('rgb8', HD, HD.width * 3), LARGE, HD);
for (const grid of [SMALL, LARGE]) {
  const at = `into ${grid.width}x${grid.height}`;
  const camera = grid === SMALL ? { width: 640, height: 384 } : { width: 1280, height: 1280 };
  await report(`16UC1, hha ${at}`, 'hha', depthImage(camera), grid, camera);
  await report(`16UC1, inverse ${at}`, 'inverse', depthImage(camera), grid, camera);
  await report(`compressedDepth png, inverse ${at}`, 'inverse', await compressedDepth(camera, 'png'), grid, camera);
  await report(`compressedDepth rvl, inverse ${at}`, 'inverse', await compressedDepth(camera, 'rvl'), grid, camera);
  await report(`131072 points ${at}`, 'lidar', cloud(131_072), grid, camera);
}
for (const count of [50_000, 571_000]) {
  await report(
    `${count} events into 320x192`,
    'events',
    events(count, EVENT_SENSOR),
    { width: 320, height: 180 },
    EVENT_SENSOR,
  );
  await report(
    `${count} events into 1024x576`,
    'events',
    events(count, EVENT_SENSOR),
    { width: 1024, height: 576 },
    EVENT_SENSOR,
  );
}

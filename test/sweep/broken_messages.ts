import sharp from 'sharp';
import { decodeMessage, encodeMessage, type Image, type RawMessage } from '../../src/messages/index.js';
import { Random } from '../../src/random/random.js';
import { stampAt, TINY_TOPICS, type TinyModality, tinyDrive } from '../support/tiny_rig.js';

/** The whole of a drive with four sensors, their calibration, ground truth and condition. */
export const TOPICS = {
  ...TINY_TOPICS,
  info: '/camera/camera_info',
  transforms: '/tf_static',
  truth: '/ground_truth/labels',
  condition: '/simulation/condition',
} as const;

export type Target = keyof typeof TOPICS;

/** Encapsulation, stamp, length of frame_id, and the longest frame_id of the rig with its padding. */
const HEADER_BYTES = 24;

/** One way to break a message. */
export interface Breakage {
  name: string;
  /** `surely`: no reader can make anything of it; `maybe`: it may still be read, as something else. */
  breaks: 'surely' | 'maybe';
  /** Sensors, or all kinds of message, or those of pictures. */
  of: 'sensors' | 'all' | 'pictures';
  apply(message: RawMessage, random: Random): RawMessage | Promise<RawMessage>;
}

const bytes = (message: RawMessage, data: Uint8Array): RawMessage => ({ ...message, data });

function edited(message: RawMessage, change: (data: Uint8Array) => void): RawMessage {
  const data = message.data.slice();
  change(data);
  return bytes(message, data);
}

const with32 = (data: Uint8Array, at: number, value: number) =>
  new DataView(data.buffer).setUint32(at, value, data[1] === 1);

/** An Image with other fields: of its header they are right, of its content they lie. */
const image = (changes: Partial<Image>) => (message: RawMessage) =>
  bytes(message, encodeMessage(message.type, { ...decodeMessage<Image>(message), ...changes }));

export const BREAKAGES: readonly Breakage[] = [
  { name: 'no bytes', breaks: 'surely', of: 'all', apply: (message) => bytes(message, new Uint8Array(0)) },
  { name: 'four bytes', breaks: 'surely', of: 'all', apply: (message) => bytes(message, message.data.slice(0, 4)) },
  {
    name: 'cut off in its header',
    breaks: 'surely',
    of: 'all',
    apply: (message, random) => bytes(message, message.data.slice(0, random.integer(5, 12))),
  },
  {
    name: 'cut off in its content',
    breaks: 'surely',
    of: 'sensors',
    apply: (message, random) => bytes(message, message.data.slice(0, random.integer(HEADER_BYTES, 60))),
  },
  {
    name: 'another encapsulation',
    breaks: 'maybe',
    of: 'all',
    apply: (message) => edited(message, (data) => data.set([0xff, 0xff], 0)),
  },
  {
    name: 'a frame_id of four gigabytes',
    breaks: 'surely',
    of: 'sensors',
    apply: (message) => edited(message, (data) => with32(data, 12, 0xffffffff)),
  },
  {
    name: 'a length of four gigabytes somewhere',
    breaks: 'maybe',
    of: 'sensors',
    apply: (message, random) =>
      edited(message, (data) => with32(data, 4 * random.integer(HEADER_BYTES / 4, data.length / 4 - 2), 0xffffffff)),
  },
  {
    name: 'bytes changed in its content',
    breaks: 'maybe',
    of: 'sensors',
    apply: (message, random) =>
      edited(message, (data) => {
        for (let i = 0; i < 12; i++) data[random.integer(HEADER_BYTES, data.length - 1)]! ^= random.integer(1, 255);
      }),
  },
  {
    name: 'the bytes of a text',
    breaks: 'surely',
    of: 'sensors',
    apply: (message) => bytes(message, encodeMessage('std_msgs/msg/String', { data: 'x'.repeat(40) })),
  },
  { name: 'an unknown encoding', breaks: 'surely', of: 'pictures', apply: image({ encoding: 'constructor' }) },
  { name: 'no encoding', breaks: 'surely', of: 'pictures', apply: image({ encoding: '' }) },
  { name: 'gigapixels', breaks: 'surely', of: 'pictures', apply: image({ width: 0xffffffff, height: 0xffffffff }) },
  { name: 'no width', breaks: 'surely', of: 'pictures', apply: image({ width: 0 }) },
  { name: 'a step of nothing', breaks: 'maybe', of: 'pictures', apply: image({ step: 0 }) },
  { name: 'no pixels', breaks: 'surely', of: 'pictures', apply: image({ data: new Uint8Array(0) }) },
  { name: 'an odd shape', breaks: 'maybe', of: 'pictures', apply: image({ width: 8, height: 8, step: 24 }) },
];

/** The same for pictures that came compressed: what is inside is broken, the message is whole. */
const jpeg = sharp({ create: { width: 64, height: 32, channels: 3, background: 'green' } })
  .jpeg()
  .toBuffer();
export const BROKEN_PICTURES: readonly [string, () => Promise<Uint8Array>][] = [
  ['nothing', async () => new Uint8Array(0)],
  ['a cut JPEG', async () => new Uint8Array((await jpeg).subarray(0, 200))],
  ['a text', async () => Buffer.from('not a picture at all, but long enough to be one')],
  ['an SVG', async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="64" height="32"/>')],
  ['a PNG of no size', async () => Buffer.from('89504e470d0a1a0a0000000d49484452000000000000000008020000', 'hex')],
  ['a PNG of gigapixels', async () => Buffer.from('89504e470d0a1a0a0000000d494844527fffffff7fffffff08020000', 'hex')],
];

/** The whole drive: what a bag holds when nothing is broken. */
export function drive(seconds: number): RawMessage[] {
  const messages = tinyDrive({ seconds });
  const all: RawMessage[] = [];
  for (const message of messages) {
    all.push(message);
    if (message.topic !== TOPICS.camera) continue;
    const { header } = decodeMessage<Image>(message);
    const labels = {
      header,
      height: 32,
      width: 64,
      encoding: 'mono8',
      is_bigendian: 0,
      step: 64,
      data: new Uint8Array(2048),
    };
    all.push({ ...message, topic: TOPICS.truth, data: encodeMessage(message.type, labels) });
    const text = encodeMessage('std_msgs/msg/String', { data: 'night' });
    all.push({ ...message, topic: TOPICS.condition, type: 'std_msgs/msg/String', data: text });
  }
  // Calibration comes again and again, as drivers send it.
  const calibration = messages.filter(({ topic }) => topic === TOPICS.info || topic === TOPICS.transforms);
  for (let second = 0.25; second < seconds; second += 0.25) {
    for (const message of calibration) all.push({ ...message, receiveStamp: stampAt(second) });
  }
  return all.sort((a, b) => Number(a.receiveStamp - b.receiveStamp));
}

/** How messages of a topic are broken: every third one, each in the next way that fits. */
export async function broken(
  messages: readonly RawMessage[],
  targets: readonly Target[],
  seed: string,
): Promise<{ messages: RawMessage[]; surely: Map<Target, number> }> {
  const surely = new Map<Target, number>();
  const seen = new Map<string, number>();
  const random = new Random(seed);
  const result: RawMessage[] = [];
  for (const message of messages) {
    const target = targets.find((name) => TOPICS[name] === message.topic);
    const count = (seen.get(message.topic) ?? 0) + 1;
    seen.set(message.topic, count);
    const ways = target === undefined ? [] : BREAKAGES.filter(({ of }) => fits(of, target));
    // The first of a topic that comes once must stay: without mounts there is nothing to be unaffected.
    if (target === undefined || count % 3 !== 0) {
      result.push(message);
      continue;
    }
    const way = ways[(count / 3 - 1) % ways.length]!;
    result.push(await way.apply(message, random));
    if (way.breaks === 'surely') surely.set(target, (surely.get(target) ?? 0) + 1);
  }
  return { messages: result, surely };
}

function fits(of: Breakage['of'], target: Target): boolean {
  const isSensor = Object.hasOwn(TINY_TOPICS, target) || target === 'truth';
  return of === 'all' || (of === 'sensors' ? isSensor : ['camera', 'depth', 'truth'].includes(target));
}

export const SENSORS = Object.keys(TINY_TOPICS) as TinyModality[];

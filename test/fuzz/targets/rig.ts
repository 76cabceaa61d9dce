import { encodeMessage, type RawMessage } from '../../../src/messages/index.js';
import { type Representation, SensorRig } from '../../../src/sensors/index.js';
import { cameraInfo, header, mount, raw } from '../../sensors/support/messages.js';
import { mutateFields } from '../mutate.js';
import { digestOf, type FuzzRandom, type FuzzTarget, require, requireSentence } from '../target.js';

export const GRID = { width: 48, height: 24 };
export const STAMP = 1_700_000_000_000_000_000n;
const TOPIC = '/x/data';

/** A rig of one modality and the camera whose grid it is laid on, calibrated and mounted. */
export function rigOf(representation: Representation): SensorRig {
  const isCamera = representation.kind === 'rgb';
  const other = { name: 'x', representation };
  const rig = new SensorRig({
    grid: GRID,
    modalities: isCamera ? [other] : [{ name: 'camera', representation: { kind: 'rgb' } }, other],
    inputs: new Map([
      ['camera', { topic: '/c/image' }],
      ['x', { topic: TOPIC, events: { capacity: 20_000 } }],
    ]),
  });
  for (const [topic, frame] of [
    ['/c/camera_info', 'camera'],
    ['/x/camera_info', 'x'],
  ] as const) {
    const info = cameraInfo({
      header: header(isCamera ? 'x' : frame, STAMP),
      width: 64,
      height: 32,
      k: [50, 0, 31.5, 0, 50, 15.5, 0, 0, 1],
      p: [50, 0, 31.5, 0, 0, 50, 15.5, 0, 0, 0, 1, 0],
    });
    rig.observe(raw(topic, 'sensor_msgs/msg/CameraInfo', info, STAMP));
  }
  const transforms = ['camera', 'x'].map((child) => mount({ parent: 'base_link', child, at: [0, 0, 1], stamp: STAMP }));
  rig.observe(raw('/tf_static', 'tf2_msgs/msg/TFMessage', { transforms }, STAMP));
  return rig;
}

/** Takes messages in, decodes each, and checks the images that come out. */
export async function runThroughRig(rig: SensorRig, messages: readonly RawMessage[]): Promise<string> {
  const outcomes: string[] = [];
  for (const message of messages) {
    const taken = rig.ingest('x', message);
    if (taken.kind === 'invalid') {
      requireSentence(taken.reason, 'ingest');
      outcomes.push(taken.reason);
      continue;
    }
    require(typeof taken.stamp === 'bigint', 'a stamp that is no bigint');
    const decoded = await rig.decode('x', message, taken.stamp);
    if (decoded.kind === 'invalid') {
      requireSentence(decoded.reason, 'decode');
      outcomes.push(decoded.reason);
      continue;
    }
    const { width, height, data, quality } = decoded.image;
    require(width === GRID.width && height === GRID.height, `an image of ${width}x${height}`);
    require(data.length === width * height * 3, `an image of ${data.length} bytes`);
    outcomes.push(`${quality.kind} ${digestOf(data)}`);
  }
  return outcomes.join('; ');
}

/** A target whose inputs are CDR messages of one type. */
export function messageTarget(
  name: string,
  weight: number,
  type: string,
  messages: readonly object[] | (() => Promise<readonly object[]>),
  run: (message: RawMessage) => Promise<string>,
): FuzzTarget {
  let made: Promise<readonly object[]> | undefined;
  const seeds = () => {
    made ??= Promise.resolve(typeof messages === 'function' ? messages() : messages);
    return made;
  };
  return {
    name,
    weight,
    form: 'binary',
    seeds: async () => (await seeds()).map((message) => encodeMessage(type, message)),
    async generate(random: FuzzRandom) {
      const message = random.pick(await seeds());
      try {
        return encodeMessage(type, mutateFields(message, random));
      } catch {
        // A value that the type cannot hold.
        return encodeMessage(type, message);
      }
    },
    run: (data) => run({ topic: TOPIC, type, data, receiveStamp: STAMP }),
  };
}

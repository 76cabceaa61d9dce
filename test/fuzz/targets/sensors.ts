import sharp from 'sharp';
import { decodeMessage, type TFMessage } from '../../../src/messages/index.js';
import { decodeRvl, encodeRvl } from '../../../src/sensors/depth/index.js';
import { type CameraModel, TfTree } from '../../../src/sensors/index.js';
import { cameraInfo, header, image, mount } from '../../sensors/support/messages.js';
import { digestOf, type FuzzTarget, require, requireSentence } from '../target.js';
import { messageTarget, rigOf, runThroughRig, STAMP } from './rig.js';

const WIDTH = 64;
const HEIGHT = 32;
const head = header('x', STAMP);
const IMAGE = 'sensor_msgs/msg/Image';
const COMPRESSED = 'sensor_msgs/msg/CompressedImage';

/** Not noise, which would not compress, and not one value. */
function ramp(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => 30 + ((i * 7) % 180));
}

function picture(encoding: string, bytesPerPixel: number, rows = 1): object {
  const step = Math.ceil(WIDTH * bytesPerPixel);
  return { ...image({ width: WIDTH, height: HEIGHT, encoding, step, data: ramp(step * HEIGHT * rows) }), header: head };
}

async function compressed(format: string, prefix = 0): Promise<object> {
  const channels = format.startsWith('16UC1') || format.startsWith('bayer') ? 1 : 3;
  const base = sharp(ramp(WIDTH * HEIGHT * channels), { raw: { width: WIDTH, height: HEIGHT, channels } });
  const encoded = format.startsWith('16UC1')
    ? sharp(
        new Uint16Array(WIDTH * HEIGHT).map((_, i) => 800 + (i % 900)),
        { raw: { width: WIDTH, height: HEIGHT, channels: 1 } },
      )
        .toColourspace('grey16')
        .png()
    : format.includes('png')
      ? base.png()
      : format === 'tiff'
        ? base.tiff()
        : format === 'webp'
          ? base.webp()
          : base.jpeg();
  return {
    header: head,
    format,
    data: new Uint8Array(Buffer.concat([Buffer.alloc(prefix), await encoded.toBuffer()])),
  };
}

const rvlPayload = encodeRvl(
  new Uint16Array(WIDTH * HEIGHT).map((_, i) => (i % 5 === 0 ? 0 : 900 + (i % 40))),
  WIDTH,
  HEIGHT,
);

const fields = ['x', 'y', 'z', 'intensity'].map((name, i) => ({ name, offset: 4 * i, datatype: 7, count: 1 }));
const points = Float32Array.from({ length: 400 }, (_, i) => 1 + (i % 9));
const cloud = {
  header: head,
  height: 1,
  width: 100,
  fields,
  is_bigendian: false,
  point_step: 16,
  row_step: 1600,
  data: new Uint8Array(points.buffer),
  is_dense: true,
};
const organised = {
  ...cloud,
  height: 10,
  width: 10,
  row_step: 180,
  point_step: 18,
  fields: [
    ...fields.slice(0, 3),
    { name: 'intensity', offset: 16, datatype: 4, count: 1 },
    { name: 't', offset: 12, datatype: 6, count: 1 },
  ],
  data: ramp(1800),
};

const infos = [
  cameraInfo({ header: head }),
  cameraInfo({ header: head, distortion_model: 'equidistant', d: [0.1, 0.01, -0.02, 0.003] }),
  cameraInfo({
    header: head,
    distortion_model: 'rational_polynomial',
    d: [0.3, 0.1, 0.001, 0.002, 0.03, 0.6, 0.1, 0.02],
  }),
  cameraInfo({
    header: head,
    binning_x: 2,
    binning_y: 2,
    roi: { x_offset: 10, y_offset: 20, width: 200, height: 100, do_rectify: true },
  }),
];

export const sensorTargets: readonly FuzzTarget[] = [
  messageTarget(
    'image',
    8,
    IMAGE,
    [
      picture('rgb8', 3),
      picture('bgr8', 3),
      picture('rgba8', 4),
      picture('mono8', 1),
      picture('mono16', 2),
      picture('bayer_rggb8', 1),
      picture('bayer_gbrg16', 2),
      picture('yuyv', 2),
      picture('uyvy', 2),
      picture('nv12', 1, 1.5),
      picture('nv24', 1, 3),
    ],
    (message) => runThroughRig(rigOf({ kind: 'rgb' }), [message]),
  ),
  messageTarget(
    'compressed-image',
    4,
    COMPRESSED,
    async () => [
      await compressed('jpeg'),
      await compressed('png'),
      await compressed('webp'),
      await compressed('tiff'),
      await compressed('bayer_rggb8; png compressed '),
      { header: head, format: 'jpeg', data: new TextEncoder().encode('<svg/>') },
    ],
    (message) => runThroughRig(rigOf({ kind: 'rgb' }), [message]),
  ),
  messageTarget('depth-image', 6, IMAGE, [picture('16UC1', 2), picture('32FC1', 4), picture('mono16', 2)], (message) =>
    runThroughRig(rigOf({ kind: 'inverse', nearMetres: 2 }), [message]),
  ),
  messageTarget(
    'compressed-depth',
    4,
    COMPRESSED,
    async () => [
      await compressed('16UC1; compressedDepth png', 12),
      await compressed('16UC1; png compressed '),
      {
        header: head,
        format: '16UC1; compressedDepth rvl',
        data: new Uint8Array(Buffer.concat([Buffer.alloc(12), rvlPayload])),
      },
      {
        header: head,
        format: '32FC1; compressedDepth rvl',
        data: new Uint8Array(Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 0, 200, 66, 0, 0, 128, 63]), rvlPayload])),
      },
    ],
    (message) => runThroughRig(rigOf({ kind: 'hha', nearMetres: 2, heightMetres: [-1, 7] }), [message]),
  ),
  {
    name: 'rvl',
    weight: 12,
    form: 'binary',
    seeds: async () => [rvlPayload, encodeRvl(new Uint16Array(300), 20, 15)],
    async run(input) {
      const outcome = decodeRvl(input);
      if (outcome.kind === 'invalid') {
        requireSentence(outcome.reason, 'decodeRvl');
        return outcome.reason;
      }
      const { width, height, samples } = outcome;
      require(samples.length === width * height, `${samples.length} samples of ${width}x${height}`);
      return digestOf(samples);
    },
  },
  messageTarget('point-cloud', 8, 'sensor_msgs/msg/PointCloud2', [cloud, organised], (message) =>
    runThroughRig(rigOf({ kind: 'range-intensity-height', rangeMetres: [1, 80], heightMetres: [-2, 6], dilation: 1 }), [
      message,
    ]),
  ),
  messageTarget(
    'livox-cloud',
    6,
    'livox_ros_driver2/msg/CustomMsg',
    [
      {
        header: head,
        timebase: STAMP,
        point_num: 20,
        lidar_id: 0,
        rsvd: [0, 0, 0],
        points: Array.from({ length: 20 }, (_, i) => ({
          offset_time: i,
          x: 5,
          y: i,
          z: 1,
          reflectivity: 9 * i,
          tag: 0,
          line: 0,
        })),
      },
    ],
    (message) =>
      runThroughRig(
        rigOf({ kind: 'range-intensity-height', rangeMetres: [1, 80], heightMetres: [-2, 6], dilation: 1 }),
        [message],
      ),
  ),
  messageTarget('camera-info', 10, 'sensor_msgs/msg/CameraInfo', infos, async (message) => {
    const rig = rigOf({ kind: 'rgb' });
    const problems = rig.observe({ ...message, topic: '/x/camera_info' });
    for (const problem of problems) requireSentence(problem, 'observe');
    const { model } = rig.grid();
    return `${problems.join()} ${model === undefined ? 'none' : projections(model)}`;
  }),
  messageTarget(
    'transforms',
    8,
    'tf2_msgs/msg/TFMessage',
    [
      {
        transforms: [
          mount({ parent: 'base_link', child: 'a', at: [1, 2, 3], stamp: STAMP }),
          mount({ parent: 'a', child: 'b', turned: [0, 0, 0.6, 0.8], stamp: STAMP }),
        ],
      },
      {
        transforms: Array.from({ length: 12 }, (_, i) =>
          mount({ parent: 'base_link', child: 'mast', stamp: STAMP + BigInt(i) * 10_000_000n }),
        ),
      },
    ],
    async (message) => {
      const outcomes: string[] = [];
      for (const mobility of ['static', 'dynamic'] as const) {
        const tree = new TfTree();
        const problems = tree.update(decodeMessage<TFMessage>(message), mobility);
        for (const problem of problems) requireSentence(problem, 'update');
        for (const [target, source] of [
          ['base_link', 'b'],
          ['b', 'mast'],
          ['', 'a'],
        ] as const) {
          const found = tree.lookup(target, source, STAMP + 5_000_000n);
          if (found.kind === 'missing') requireSentence(found.reason, 'lookup');
          else {
            const { rotation, translation } = found.transform;
            require([...rotation, ...translation].every(Number.isFinite), 'a transform that is not finite');
          }
          outcomes.push(found.kind === 'missing' ? found.reason : digestOf(found.transform.translation));
        }
      }
      // The rig takes them as well, whatever they are.
      for (const problem of rigOf({ kind: 'rgb' }).observe({ ...message, topic: '/tf' }))
        requireSentence(problem, 'observe');
      return outcomes.join('; ');
    },
  ),
];

/** Rays of some pixels, there and back: whatever the lens, they are numbers or refused. */
function projections(model: CameraModel): string {
  const ray = new Float64Array(3);
  const pixel = new Float64Array(2);
  const out: string[] = [];
  for (const [u, v] of [
    [0, 0],
    [model.width - 1, model.height - 1],
    [model.width / 2, 1],
  ] as const) {
    if (!model.unproject(u, v, ray)) out.push('no ray');
    else {
      require([...ray].every(Number.isFinite), `a ray that is not finite at ${u}, ${v}`);
      if (model.project(ray[0]!, ray[1]!, ray[2]!, pixel))
        require([...pixel].every(Number.isFinite), 'a pixel that is not finite');
      out.push(digestOf(ray));
    }
  }
  return out.join();
}

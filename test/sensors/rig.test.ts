import assert from 'node:assert/strict';
import fc from 'fast-check';
import sharp from 'sharp';
import type { RawMessage } from '../../src/messages/raw_message.js';
import type { Stamp } from '../../src/messages/stamp.js';
import type { CameraInfo, Image } from '../../src/messages/types.js';
import {
  cameraInfoTopics,
  type DecodeOutcome,
  describeSensorNotice,
  type ModalityImage,
  type Representation,
  SensorRig,
  type SensorRigOptions,
  type Spread,
} from '../../src/sensors/index.js';
import { turnsDuring } from './support/event_loop.js';
import { cameraInfo, header, image, type Mount, mount, raw } from './support/messages.js';

const GRID = { width: 32, height: 24 };
/** Full size: twice the grid. */
const SIZE = { width: 64, height: 48 };
const OPTICAL = [-0.5, 0.5, -0.5, 0.5] as const;

/** Deliberately not the names of the bundled rig: nothing may depend on those. */
const MODALITIES: { name: string; representation: Representation }[] = [
  { name: 'front', representation: { kind: 'rgb' } },
  { name: 'stereo', representation: { kind: 'hha', nearMetres: 2, heightMetres: [-1, 7] } },
  { name: 'dvs', representation: { kind: 'polarity', windowMs: 40 } },
  {
    name: 'ouster',
    representation: { kind: 'range-intensity-height', rangeMetres: [1, 80], heightMetres: [-1, 7], dilation: 0 },
  },
];
const INPUTS = new Map([
  ['front', { topic: '/front/image/compressed' }],
  ['stereo', { topic: '/stereo/image', infoTopic: '/stereo/camera_info' }],
  ['dvs', { topic: '/dvs/events' }],
  ['ouster', { topic: '/ouster/points' }],
]);
const MOUNTS: Mount[] = [
  { parent: 'base_link', child: 'front_optical', at: [0, 0, 1.5], turned: OPTICAL },
  { parent: 'base_link', child: 'stereo_optical', at: [0, 0, 1.5], turned: OPTICAL },
  { parent: 'base_link', child: 'dvs_optical', at: [0, 0, 1.5], turned: OPTICAL },
  { parent: 'base_link', child: 'ouster', at: [0, 0, 2] },
];

function info(frameId: string, size = SIZE): CameraInfo {
  const k = [size.width, 0, (size.width - 1) / 2, 0, size.width, (size.height - 1) / 2, 0, 0, 1];
  return cameraInfo({ header: header(frameId), ...size, k });
}

function infoMessage(topic: string, message: CameraInfo): RawMessage {
  return raw(topic, 'sensor_msgs/msg/CameraInfo', message);
}

function tfMessage(mounts: Mount[], topic = '/tf_static'): RawMessage {
  return raw(topic, 'tf2_msgs/msg/TFMessage', { transforms: mounts.map(mount) });
}

/** A picture with something to see, different for each seed. */
function picture(stamp: Stamp, seed: number, changes: Partial<Image> = {}): RawMessage {
  const data = Uint8Array.from({ length: SIZE.width * SIZE.height * 3 }, (_, i) => (i * 7 + seed * 31) & 0xff);
  const message = { ...SIZE, encoding: 'rgb8', step: SIZE.width * 3, data, ...changes };
  return raw('/front/image', 'sensor_msgs/msg/Image', image({ header: header('front_optical', stamp), ...message }));
}

/** A depth picture of one distance. */
function depth(stamp: Stamp, millimetres: number, frameId = 'stereo_optical', seed = 0): RawMessage {
  const samples = new Uint16Array(SIZE.width * SIZE.height).fill(millimetres);
  samples[0] = millimetres === 0 ? 0 : millimetres + seed;
  const data = new Uint8Array(samples.buffer);
  const message = image({ header: header(frameId, stamp), ...SIZE, encoding: '16UC1', step: SIZE.width * 2, data });
  return raw('/stereo/image', 'sensor_msgs/msg/Image', message);
}

/** A `mono` packet with one ON event at a pixel, `at` nanoseconds after the packet's time base. */
function events(stamp: Stamp, x: number, y: number, frameId = 'dvs_optical'): RawMessage {
  const word = Buffer.alloc(8);
  word.writeUInt32LE(0, 0);
  word.writeUInt16LE(x, 4);
  word.writeUInt16LE(y | 0x8000, 6);
  return raw('/dvs/events', 'event_camera_msgs/msg/EventPacket', {
    header: header(frameId, stamp),
    ...SIZE,
    seq: stamp / 20_000_000n,
    time_base: stamp,
    encoding: 'mono',
    is_bigendian: false,
    events: Uint8Array.from(word),
  });
}

/** Points x, y, z, intensity in the LiDAR's frame. */
function cloud(stamp: Stamp, points: number[][]): RawMessage {
  const field = (name: string, offset: number) => ({ name, offset, datatype: 7, count: 1 });
  return raw('/ouster/points', 'sensor_msgs/msg/PointCloud2', {
    header: header('ouster', stamp),
    height: 1,
    width: points.length,
    fields: ['x', 'y', 'z', 'intensity'].map((name, i) => field(name, i * 4)),
    is_bigendian: false,
    point_step: 16,
    row_step: 16 * points.length,
    data: new Uint8Array(Float32Array.from(points.flat()).buffer),
    is_dense: true,
  });
}

function newRig(changes: Partial<SensorRigOptions> = {}): SensorRig {
  return new SensorRig({ grid: GRID, modalities: MODALITIES, inputs: INPUTS, ...changes });
}

/** A rig that has heard all calibration. */
function calibratedRig(changes: Partial<SensorRigOptions> = {}): SensorRig {
  const rig = newRig(changes);
  assert.deepEqual(rig.observe(infoMessage('/front/camera_info', info('front_optical'))), []);
  assert.deepEqual(rig.observe(infoMessage('/stereo/camera_info', info('stereo_optical'))), []);
  assert.deepEqual(rig.observe(infoMessage('/dvs/camera_info', info('dvs_optical'))), []);
  assert.deepEqual(rig.observe(tfMessage(MOUNTS)), []);
  return rig;
}

async function pass(rig: SensorRig, modality: string, message: RawMessage, reference?: Stamp): Promise<DecodeOutcome> {
  const sample = rig.ingest(modality, message);
  if (sample.kind === 'invalid') return sample;
  return rig.decode(modality, message, reference ?? sample.stamp);
}

function imageOf(outcome: DecodeOutcome): ModalityImage {
  assert.ok(outcome.kind === 'image', outcome.kind === 'invalid' ? outcome.reason : '');
  const { data } = outcome.image;
  assert.equal(data.length, GRID.width * GRID.height * 3);
  assert.equal(data.buffer.byteLength, data.length, 'a buffer of its own, fit to be transferred');
  return outcome.image;
}

function reasonOf(outcome: { kind: string; reason?: string }): string {
  assert.equal(outcome.kind, 'invalid');
  return outcome.reason ?? '';
}

/** Non-zero pixels as "u,v" with their three channels. */
function drawn({ data }: ModalityImage): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (let i = 0; i < data.length / 3; i++) {
    const channels = [...data.subarray(3 * i, 3 * i + 3)];
    if (channels.some((value) => value > 0)) found.set(`${i % GRID.width},${Math.floor(i / GRID.width)}`, channels);
  }
  return found;
}

describe('SensorRig', () => {
  describe('with all calibration', () => {
    it('resizes the picture to the grid', async () => {
      const rig = calibratedRig();
      const grey = new Uint8Array(SIZE.width * SIZE.height).map((_, i) => (i % SIZE.width < 32 ? 50 : 200));
      const message = picture(5n, 0, { encoding: 'mono8', step: SIZE.width, data: grey });
      assert.deepEqual(rig.ingest('front', message), { kind: 'sample', stamp: 5n, frameId: 'front_optical' });
      const { modality, stamp, width, height, data, quality } = imageOf(await rig.decode('front', message, 5n));
      assert.deepEqual(
        { modality, stamp, width, height, quality },
        { modality: 'front', stamp: 5n, ...GRID, quality: { kind: 'good' } },
      );
      assert.deepEqual([...data.subarray(0, 3)], [50, 50, 50]);
      assert.deepEqual([...data.subarray(data.length - 3)], [200, 200, 200]);
    });

    it('reads a compressed picture', async () => {
      const jpeg = await sharp(
        Uint8Array.from({ length: 64 * 48 * 3 }, (_, i) => (i % 192) + 20),
        {
          raw: { ...SIZE, channels: 3 },
        },
      )
        .jpeg()
        .toBuffer();
      const message = { header: header('front_optical', 9n), format: 'jpeg', data: Uint8Array.from(jpeg) };
      const outcome = await pass(
        calibratedRig(),
        'front',
        raw('/front/image/compressed', 'sensor_msgs/msg/CompressedImage', message),
      );
      assert.equal(imageOf(outcome).quality.kind, 'good');
    });

    it('draws depth of a wall 4 m ahead: disparity, height by row, an upright normal', async () => {
      const { data, quality } = imageOf(await pass(calibratedRig(), 'stereo', depth(7n, 4000)));
      assert.equal(quality.kind, 'good');
      const at = (u: number, v: number) => [...data.subarray((v * 32 + u) * 3, (v * 32 + u) * 3 + 3)];
      // Row 4 is 7.5 pixels above the middle: 4 m * 7.5 / 32 = 0.9375 m over the camera's 1.5 m.
      assert.deepEqual(at(16, 4), [128, 1 + Math.round((254 * (1.5 + 0.9375 + 1)) / 8), 128]);
      assert.deepEqual(at(16, 20), [128, 1 + Math.round((254 * (1.5 - (4 * 8.5) / 32 + 1)) / 8), 128]);
    });

    it('draws points where the lens sees them', async () => {
      // 10 m ahead, 2 m left, 0.5 m above the camera: u = 31.5 - 64 * 0.2, v = 23.5 - 64 * 0.05, halved.
      const points = [
        [10, 2, 0, 77],
        [-10, 2, 0, 77],
      ];
      const lidar = imageOf(await pass(calibratedRig(), 'ouster', cloud(3n, points)));
      assert.equal(lidar.quality.kind, 'good');
      const [[place, channels] = ['', []], ...others] = drawn(lidar);
      assert.deepEqual(others, []);
      assert.equal(place, '9,10');
      assert.deepEqual(channels.slice(1), [77, 1 + Math.round((254 * (2 + 1)) / 8)]);
    });

    it('draws the events of the window that ends at the reference stamp', async () => {
      const rig = calibratedRig();
      const millisecond = 1_000_000n;
      const packets = [100n, 120n, 140n, 160n].map((at, i) => events(at * millisecond, 10 + 10 * i, 20));
      for (const packet of packets) assert.equal(rig.ingest('dvs', packet).kind, 'sample');
      const reference = 145n * millisecond;
      const drawnEvents = imageOf(await rig.decode('dvs', packets.at(-1)!, reference));
      assert.equal(drawnEvents.stamp, reference);
      assert.deepEqual(
        [...drawn(drawnEvents)],
        [
          ['10,10', [255, 0, 0]],
          ['15,10', [255, 0, 0]],
        ],
      );
    });

    it('turns events by the mount of their camera', async () => {
      const rig = calibratedRig();
      // Turned about the optical axis by 180 degrees: what is right below the middle appears left above it.
      rig.observe(tfMessage([{ parent: 'front_optical', child: 'dvs_optical', turned: [0, 0, 1, 0] }]));
      assert.deepEqual([...drawn(imageOf(await pass(rig, 'dvs', events(1_000_000_000n, 40, 30)))).keys()], ['11,8']);
    });

    it('takes events and registered depth in the camera frame without a CameraInfo of their own', async () => {
      const rig = newRig();
      rig.observe(infoMessage('/front/camera_info', info('front_optical')));
      rig.observe(tfMessage(MOUNTS));
      const dvs = await pass(rig, 'dvs', events(1_000_000_000n, 40, 30, 'front_optical'));
      assert.deepEqual([...drawn(imageOf(dvs)).keys()], ['20,15']);
      const stereo = imageOf(await pass(rig, 'stereo', depth(1n, 2000, 'front_optical')));
      assert.ok(stereo.data.every((value, i) => i % 3 !== 0 || value === 255));
    });
  });

  describe('without calibration', () => {
    it('still gives pictures, and knows their size and frame', async () => {
      const rig = newRig();
      assert.deepEqual(rig.grid(), {
        size: GRID,
        model: undefined,
        cameraInfo: undefined,
        pictureSize: undefined,
        frameId: '',
      });
      imageOf(await pass(rig, 'front', picture(1n, 1)));
      const { model, pictureSize, frameId } = rig.grid();
      assert.deepEqual(
        { model, pictureSize, frameId },
        { model: undefined, pictureSize: SIZE, frameId: 'front_optical' },
      );
    });

    it('tells once of pictures that a letterbox or crop was not made for', async () => {
      const told: string[] = [];
      const onNotice: SensorRigOptions['onNotice'] = (notice) => told.push(describeSensorNotice(notice));
      const wide = newRig({ grid: { width: 32, height: 18 }, proportions: 'kept', onNotice });
      for (const stamp of [1n, 2n]) {
        await pass(wide, 'front', picture(stamp, Number(stamp)));
        wide.grid();
      }
      const expected =
        'front: pictures of 64x48 are stretched by 25 % to the proportions 32:18, for which the network was imported. ' +
        'Import it again with --picture 64x48.';
      assert.deepEqual(told, [expected]);
      for (const changes of [{ proportions: 'kept' }, { grid: { width: 32, height: 18 } }] as const) {
        const rig = newRig({ ...changes, onNotice });
        await pass(rig, 'front', picture(1n, 1));
        rig.grid();
      }
      assert.equal(told.length, 1, 'the same proportions, or a model that takes any');
    });

    it('says of the other sensors what to publish', async () => {
      const rig = newRig();
      const noGrid = /Expected a CameraInfo for 'front' but none has arrived$/;
      assert.match(reasonOf(await pass(rig, 'stereo', depth(1n, 4000))), noGrid);
      assert.match(reasonOf(await pass(rig, 'ouster', cloud(1n, [[10, 0, 0, 1]]))), noGrid);
      assert.match(reasonOf(await pass(rig, 'dvs', events(1n, 1, 1))), noGrid);

      rig.observe(infoMessage('/front/camera_info', info('front_optical')));
      assert.match(
        reasonOf(await pass(rig, 'ouster', cloud(2n, [[10, 0, 0, 1]]))),
        /from 'ouster' to 'front_optical' but 'ouster' is in no tree/,
      );
      assert.match(
        reasonOf(await pass(rig, 'stereo', depth(2n, 4000))),
        /CameraInfo for 'stereo' in frame 'stereo_optical'/,
      );
      assert.match(reasonOf(await pass(rig, 'dvs', events(2n, 1, 1))), /CameraInfo for 'dvs' in frame 'dvs_optical'/);
    });

    it('says why a CameraInfo was not taken, and keeps the last good one', async () => {
      const rig = newRig();
      const broken = { ...info('front_optical'), k: new Array(9).fill(Number.NaN) };
      assert.match(rig.observe(infoMessage('/front/camera_info', broken))[0]!, /9 finite numbers for CameraInfo\.k/);
      assert.match(reasonOf(await pass(rig, 'ouster', cloud(1n, [[10, 0, 0, 1]]))), /9 finite numbers/);
      // Said as often as it comes, the bad as well as the good.
      for (const problems of [0, 0, 1, 1, 0]) {
        const message = problems === 0 ? info('front_optical') : broken;
        assert.equal(rig.observe(infoMessage('/front/camera_info', message)).length, problems);
      }
      assert.equal(rig.grid().cameraInfo?.k[0], 64);
    });

    it('uses what is configured until the topics tell', async () => {
      const configured = {
        cameraInfos: new Map([['front', info('front_optical')]]),
        transforms: MOUNTS.map(mount),
      };
      const rig = newRig({ configured });
      const { model, pictureSize, frameId } = rig.grid();
      assert.deepEqual([model?.width, model?.fx, pictureSize?.width, frameId], [32, 32, 64, 'front_optical']);
      assert.equal(drawn(imageOf(await pass(rig, 'ouster', cloud(1n, [[10, 2, 0, 77]])))).size, 1);
      rig.observe(
        infoMessage('/front/camera_info', { ...info('front_optical'), k: [128, 0, 31.5, 0, 128, 23.5, 0, 0, 1] }),
      );
      assert.equal(rig.grid().model?.fx, 64);
    });

    it('does not lay other sensors on a picture whose CameraInfo is of another shape', async () => {
      const rig = calibratedRig();
      const square = { width: 48, height: 48, step: 144 };
      for (const seed of [1, 2]) {
        assert.match(reasonOf(await pass(rig, 'front', picture(BigInt(seed), seed, square))), /received 48x48$/);
        imageOf(await pass(rig, 'ouster', cloud(1n, [[10, 0, 0, 1]])));
      }
      imageOf(await pass(rig, 'front', picture(3n, 3, square)));
      assert.match(reasonOf(await pass(rig, 'ouster', cloud(1n, [[10, 0, 0, 1]]))), /64x48, but received 48x48$/);
      assert.deepEqual([rig.grid().model, rig.grid().pictureSize], [undefined, { width: 48, height: 48 }]);
    });
  });

  describe('judges content', () => {
    const cases: [string, string, RawMessage, string][] = [
      ['a black picture', 'front', picture(1n, 0, { data: new Uint8Array(64 * 48 * 3) }), 'black'],
      ['a saturated picture', 'front', picture(1n, 0, { data: new Uint8Array(64 * 48 * 3).fill(255) }), 'saturated'],
      ['depth without any return', 'stereo', depth(1n, 0), 'no-return'],
      ['a cloud without points', 'ouster', cloud(1n, []), 'empty'],
    ];
    for (const [what, modality, message, expected] of cases) {
      it(`${what}: ${expected}`, async () => {
        const { quality } = imageOf(await pass(calibratedRig(), modality, message));
        assert.equal(quality.kind === 'blind' && quality.reason, expected);
      });
    }

    it('the third equal picture: frozen where that is a fault whatever the others see, until one differs', async () => {
      const rig = calibratedRig();
      rig.retune(0, new Map([['front', 3]]));
      const seeds = [1, 1, 1, 1, 2];
      const qualities: string[] = [];
      for (const [i, seed] of seeds.entries()) {
        const { quality } = imageOf(await pass(rig, 'front', picture(BigInt(i), seed)));
        qualities.push(quality.kind === 'blind' ? quality.reason : quality.kind);
      }
      assert.deepEqual(qualities, ['good', 'good', 'frozen', 'frozen', 'good']);
    });

    it('the same picture again and again: good where nothing moves, frozen where another sensor sees motion', async () => {
      for (const [world, expected] of [
        ['still', 'good'],
        ['moving', 'frozen'],
      ] as const) {
        const rig = calibratedRig();
        let last = '';
        for (let i = 0n; i < 6n; i++) {
          const range = world === 'still' ? 4000 : 8000 - 1200 * Number(i);
          await pass(rig, 'stereo', { ...depth(i, range), receiveStamp: i });
          const { quality } = imageOf(await pass(rig, 'front', { ...picture(i, 1), receiveStamp: i }));
          last = quality.kind === 'blind' ? quality.reason : quality.kind;
        }
        assert.equal(last, expected, world);
      }
    });

    it('repeats are no fault where the limit is 0', async () => {
      const rig = calibratedRig();
      rig.retune(3, new Map([['front', 0]]));
      for (let i = 0n; i < 6n; i++) {
        await pass(rig, 'stereo', { ...depth(i, 8000 - 1200 * Number(i)), receiveStamp: i });
        assert.equal(imageOf(await pass(rig, 'front', picture(i, 1))).quality.kind, 'good');
      }
    });

    it('a frozen sensor is found among messages nobody decoded', async () => {
      const rig = calibratedRig();
      rig.retune(0, new Map([['stereo', 3]]));
      const repeats = [0n, 1n, 2n].map((stamp) => depth(stamp, 4000));
      for (const message of repeats) rig.ingest('stereo', message);
      assert.deepEqual(imageOf(await rig.decode('stereo', repeats[2]!, 2n)).quality, {
        kind: 'blind',
        reason: 'frozen',
      });
      assert.deepEqual(imageOf(await rig.decode('stereo', repeats[1]!, 1n)).quality, { kind: 'good' });
    });

    it('an event camera without events: good, however long', async () => {
      const rig = calibratedRig();
      const still = (stamp: Stamp) => {
        const message = events(stamp, 0, 0);
        return {
          ...message,
          data: raw('/dvs/events', message.type, {
            header: header('dvs_optical', stamp),
            ...SIZE,
            seq: 0n,
            time_base: 0n,
            encoding: 'mono',
            events: new Uint8Array(0),
          }).data,
        };
      };
      for (const stamp of [1n, 2n, 3n, 4n]) {
        assert.deepEqual(imageOf(await pass(rig, 'dvs', still(stamp))).quality, { kind: 'good' });
      }
    });
  });

  describe('takes bad messages without throwing, and the other sensors go on', () => {
    const valid = picture(1n, 1);
    const lying = (bytes: Uint8Array): RawMessage => ({ ...valid, data: bytes });
    const hugeLength = valid.data.slice();
    // The length of Image.data: 4 bytes before the data's end.
    new DataView(hugeLength.buffer).setUint32(hugeLength.length - SIZE.width * SIZE.height * 3 - 4, 0x7fffffff, true);
    const bad: [string, string, RawMessage, RegExp][] = [
      ['no bytes', 'front', lying(new Uint8Array(0)), /Expected at least 16 bytes in the header/],
      ['a frame_id beyond the message', 'front', lying(valid.data.slice(0, 18)), /frame_id/],
      ['cut after the header', 'front', lying(valid.data.slice(0, 40)), /Cannot decode a message of \/front\/image/],
      ['2 GB of data claimed', 'front', lying(hugeLength), /2147483647 bytes for field data/],
      ['too little data', 'front', picture(1n, 1, { data: new Uint8Array(30) }), /bytes of data .* received 30/],
      ['an unknown encoding', 'front', picture(1n, 1, { encoding: 'h265' }), /but received 'h265'/],
      [
        'another type',
        'front',
        cloud(1n, []),
        /Expected sensor_msgs\/msg\/Image or .* received sensor_msgs\/msg\/PointCloud2/,
      ],
      [
        'a type without header',
        'front',
        raw('/s', 'std_msgs/msg/String', { data: 'x' }),
        /Expected sensor_msgs\/msg\/Image/,
      ],
      [
        'an unknown modality',
        'radar',
        valid,
        /Expected one of front, stereo, dvs, ouster but received modality 'radar'/,
      ],
      ['a picture where depth belongs', 'stereo', picture(1n, 1), /Expected 16UC1 or 32FC1/],
      [
        'a cut JPEG',
        'front',
        raw('/front/image/compressed', 'sensor_msgs/msg/CompressedImage', {
          header: header('front_optical'),
          format: 'jpeg',
          data: Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16, 74, 70, 73, 70),
        }),
        /a whole jpeg picture/,
      ],
      [
        'an unknown event encoding',
        'dvs',
        raw('/dvs/events', 'event_camera_msgs/msg/EventPacket', {
          header: header('dvs_optical'),
          ...SIZE,
          encoding: 'evt9',
          events: new Uint8Array(4),
        }),
        /'evt9'/,
      ],
      [
        'an event sensor that would need a huge table',
        'dvs',
        raw('/dvs/events', 'event_camera_msgs/msg/EventPacket', {
          header: header('dvs_optical'),
          width: 4000,
          height: 3000,
          encoding: 'mono',
          events: new Uint8Array(0),
        }),
        /1 to 4194304 pixels .* but received 4000x3000/,
      ],
      [
        'points outside point_step',
        'ouster',
        raw('/ouster/points', 'sensor_msgs/msg/PointCloud2', {
          header: header('ouster'),
          height: 1,
          width: 1,
          point_step: 4,
          row_step: 4,
          data: new Uint8Array(4),
          fields: ['x', 'y', 'z'].map((name, i) => ({ name, offset: 4 * i, datatype: 7, count: 1 })),
        }),
        /point_step/,
      ],
    ];
    for (const [what, modality, message, reason] of bad) {
      it(what, async () => {
        const rig = calibratedRig();
        assert.match(reasonOf(await pass(rig, modality, message)), reason);
        const decoded = await rig.decode(modality, message, 0n);
        assert.equal(decoded.kind, 'invalid');
        imageOf(await pass(rig, 'front', picture(2n, 3)));
        imageOf(await pass(rig, 'ouster', cloud(2n, [[10, 0, 0, 1]])));
      });
    }

    it('whatever bytes are flipped or cut', async function () {
      this.timeout(120_000);
      const jpeg = await sharp(
        new Uint8Array(64 * 48 * 3).map((_, i) => i),
        { raw: { ...SIZE, channels: 3 } },
      )
        .jpeg()
        .toBuffer();
      const compressed = { header: header('front_optical'), format: 'jpeg', data: Uint8Array.from(jpeg) };
      const streams: [string, RawMessage][] = [
        ['front', picture(1n, 1)],
        ['front', raw('/front/image/compressed', 'sensor_msgs/msg/CompressedImage', compressed)],
        ['stereo', depth(1n, 4000)],
        ['dvs', events(1n, 3, 4)],
        ['ouster', cloud(1n, [[10, 0, 0, 1]])],
        ['info', infoMessage('/front/camera_info', info('front_optical'))],
        ['tf', tfMessage(MOUNTS)],
      ];
      const rig = calibratedRig({ modalities: MODALITIES });
      // Damage in the first bytes meets lengths, sizes and names; further on it meets pixels only.
      const damage = fc.array(fc.tuple(fc.nat(160), fc.nat(255)), { minLength: 1, maxLength: 6 });
      const stream = fc.nat(streams.length - 1);
      await fc.assert(
        fc.asyncProperty(stream, damage, fc.double({ min: 0, max: 1.5, noNaN: true }), async (which, flips, kept) => {
          const [modality, message] = streams[which]!;
          const data = message.data.slice(0, Math.ceil(message.data.length * Math.min(1, kept)));
          for (const [at, value] of flips) if (at < data.length) data[at] = value;
          const damaged = { ...message, data };
          assert.ok(Array.isArray(rig.observe(damaged)));
          assert.ok(['sample', 'invalid'].includes(rig.ingest(modality, damaged).kind));
          assert.ok(['image', 'invalid'].includes((await rig.decode(modality, damaged, 1n)).kind));
        }),
        { numRuns: 400, seed: 20240607 },
      );
    });

    it('also among calibration', () => {
      const rig = newRig();
      const tf = tfMessage(MOUNTS);
      assert.match(rig.observe({ ...tf, data: tf.data.slice(0, 30) })[0]!, /Cannot decode a message of \/tf_static/);
      const camera = infoMessage('/front/camera_info', info('front_optical'));
      assert.match(rig.observe({ ...camera, data: camera.data.slice(0, 60) })[0]!, /Cannot decode/);
      assert.deepEqual(rig.observe(raw('/s', 'std_msgs/msg/String', { data: 'x' })), []);
      assert.deepEqual(rig.observe({ ...camera, topic: '/somebody/camera_info' }), []);
    });
  });

  it('says what is wrong with a CameraInfo as often as it comes, also where it cannot be decoded', async () => {
    const rig = newRig();
    const whole = infoMessage('/front/camera_info', info('front_optical'));
    const cut = { ...whole, data: whole.data.slice(0, 60) };
    for (let i = 0; i < 3; i++) assert.match(rig.observe(cut)[0] ?? '', /Cannot decode/);
    rig.ingest('stereo', depth(1n, 4000));
    assert.match(reasonOf(await rig.decode('stereo', depth(1n, 4000), 1n)), /Cannot decode/);
    assert.deepEqual(rig.observe(whole), []);
  });

  it('prefers the CameraInfo below a topic to the one beside it, which may be of another sensor', async () => {
    const inputs = new Map([...INPUTS, ['stereo', { topic: '/front/depth' }]]);
    const rig = newRig({ inputs });
    rig.observe(tfMessage(MOUNTS));
    const own = infoMessage('/front/depth/camera_info', info('stereo_optical'));
    const beside = infoMessage('/front/camera_info', info('front_optical', { width: 640, height: 360 }));
    for (const message of [beside, own, { ...beside, data: beside.data.slice() }])
      assert.deepEqual(rig.observe(message), []);
    const message = { ...depth(1n, 4000), topic: '/front/depth' };
    imageOf(await pass(rig, 'stereo', message));
  });

  it('computes the rays of a grid once, also where the reference is depth of another size', async () => {
    const modalities = MODALITIES.filter(({ name }) => name === 'stereo');
    const rig = newRig({ modalities });
    rig.observe(infoMessage('/stereo/camera_info', info('stereo_optical')));
    rig.observe(tfMessage(MOUNTS));
    const before = rig.grid().model;
    imageOf(await pass(rig, 'stereo', depth(1n, 4000)));
    assert.ok(before !== undefined && rig.grid().model === before, 'the model that holds the rays is kept');
  });

  it('leaves out depth whose noise is beyond what the bundle says its model can use', async () => {
    const samples = Uint16Array.from({ length: SIZE.width * SIZE.height }, (_, i) => 4000 + ((i * 7919) % 401) - 200);
    const message = image({
      header: header('stereo_optical', 1n),
      ...SIZE,
      encoding: '16UC1',
      step: SIZE.width * 2,
      data: new Uint8Array(samples.buffer),
    });
    const noisy = raw('/stereo/image', 'sensor_msgs/msg/Image', message);
    const channels = [0, 0, 0].map(() => ({ mean: 128, std: 64 })) as [Spread, Spread, Spread];
    for (const [maxScatter, kind] of [
      [undefined, 'good'],
      [0.01, 'blind'],
      [0.1, 'good'],
    ] as const) {
      // Of a smaller grid too few pixels are neighbours to judge by.
      const rig = calibratedRig({ grid: SIZE, trainedOn: { stereo: { channels, maxScatter } } });
      const outcome = await pass(rig, 'stereo', noisy);
      assert.equal(outcome.kind === 'image' && outcome.image.quality.kind, kind, `${maxScatter}`);
    }
  });

  it('calls depth blind of which nothing lies on the grid', async () => {
    const rig = calibratedRig();
    const backwards = [-0.5, 0.5, 0.5, -0.5] as const;
    rig.observe(tfMessage([{ parent: 'base_link', child: 'stereo_optical', at: [0, 0, 1.5], turned: backwards }]));
    const { quality, data } = imageOf(await pass(rig, 'stereo', depth(1n, 4000)));
    assert.ok(
      data.every((value) => value === 0),
      'nothing is drawn',
    );
    assert.deepEqual(quality, { kind: 'blind', reason: 'no-return' });
  });

  describe('keeps the event loop turning while it works off', () => {
    const large = { width: 1600, height: 1200 };
    const millimetres = new Uint8Array(new Uint16Array(large.width * large.height).fill(4000).buffer);
    const depthMessage = { header: header('stereo_optical', 1n), ...large, encoding: '16UC1', step: large.width * 2 };
    const many = Array.from({ length: 100_000 }, (_, i) => [10, (i % 100) / 50 - 1, 0, 1]);
    const words = new Uint32Array(2 * 200_000).map((_, i) => (i % 2 === 0 ? 0 : (9 << 16) | (i % 64)));
    const packet = { header: header('dvs_optical', 1n), ...SIZE, seq: 1n, time_base: 1n, encoding: 'mono' };
    // As many turns as only slices of the message's size make, beyond one for each step of the work.
    const heavy: [string, number, RawMessage][] = [
      ['stereo', 7, raw('/stereo/image', 'sensor_msgs/msg/Image', image({ ...depthMessage, data: millimetres }))],
      ['ouster', 9, cloud(1n, many)],
      [
        'dvs',
        6,
        raw('/dvs/events', 'event_camera_msgs/msg/EventPacket', { ...packet, events: new Uint8Array(words.buffer) }),
      ],
    ];
    for (const [modality, least, message] of heavy) {
      it(`a large message of ${modality}`, async () => {
        const rig = calibratedRig();
        assert.equal(rig.ingest(modality, message).kind, 'sample');
        const decoding = rig.decode(modality, message, 1n);
        const turns = await turnsDuring(decoding);
        assert.ok(turns >= least, `${turns} turns`);
        imageOf(await decoding);
      });
    }
  });

  it('forgets moments but no mounts when the clock jumps back', async () => {
    const rig = calibratedRig();
    rig.observe(tfMessage([{ parent: 'base_link', child: 'ouster', stamp: 50n, at: [0, 0, 2] }], '/tf'));
    rig.ingest('front', picture(1n, 1));
    rig.ingest('front', picture(2n, 1));
    rig.reset();
    assert.match(reasonOf(await pass(rig, 'ouster', cloud(1n, [[10, 0, 0, 1]]))), /'ouster'/);
    assert.equal(imageOf(await pass(rig, 'front', picture(3n, 1))).quality.kind, 'good');
    assert.equal(imageOf(await pass(rig, 'stereo', depth(3n, 4000))).quality.kind, 'good');
  });

  it('refuses a reference camera that is none of its modalities', () => {
    assert.throws(
      () => newRig({ referenceCamera: 'rear' }),
      /one of front, .* for referenceCamera but received 'rear'/,
    );
  });
});

describe('cameraInfoTopics', () => {
  it('finds where drivers publish the CameraInfo', () => {
    const cases: [string, string[]][] = [
      ['/camera/image_raw', ['/camera/camera_info', '/camera/image_raw/camera_info']],
      ['/camera/image_raw/compressed', ['/camera/camera_info', '/camera/image_raw/camera_info']],
      ['/depth/image/compressedDepth', ['/depth/camera_info', '/depth/image/camera_info']],
      ['/events', ['/camera_info', '/events/camera_info']],
      ['camera/image', ['camera/camera_info', 'camera/image/camera_info']],
      ['image', ['camera_info', 'image/camera_info']],
    ];
    for (const [topic, expected] of cases) assert.deepEqual(cameraInfoTopics(topic), expected);
  });

  it('takes near infrared for a camera, and refuses what no message carries', () => {
    const rig = (kind: 'nir' | 'aolp' | 'dolp') =>
      new SensorRig({
        grid: GRID,
        modalities: [MODALITIES[0]!, { name: 'other', representation: { kind } }],
        inputs: new Map([['front', { topic: '/front/image' }]]),
      });
    assert.doesNotThrow(() => rig('nir'));
    for (const kind of ['aolp', 'dolp'] as const) {
      assert.throws(
        () => rig(kind),
        new RegExp(`Expected a modality that comes in messages for other but received representation '${kind}'`),
      );
    }
  });
});

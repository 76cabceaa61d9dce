import assert from 'node:assert/strict';
import type { RawMessage } from '../../src/messages/raw_message.js';
import type { CameraInfo, PointField } from '../../src/messages/types.js';
import { type Representation, type SensorNotice, type SensorOptions, SensorRig } from '../../src/sensors/index.js';
import { encodeLivox } from './support/livox.js';
import { cameraInfo, header, image, type Mount, mount, raw } from './support/messages.js';

/*
 * What real drivers send, each by the fields, datatypes, units and calibration that its public sources state; nothing
 * of those is copied but the facts. The scene is the same for all: the expected bytes are worked out by hand from it.
 */
const SIZE = { width: 64, height: 48 };
const FOCAL = 64;
const OPTICAL = [-0.5, 0.5, -0.5, 0.5] as const;
const STAMP = 1_750_000_000_000_000_000n;

const MODALITIES: { name: string; representation: Representation }[] = [
  { name: 'camera', representation: { kind: 'rgb' } },
  { name: 'depth', representation: { kind: 'inverse', nearMetres: 2 } },
  { name: 'events', representation: { kind: 'polarity', windowMs: 40 } },
  {
    name: 'lidar',
    representation: { kind: 'range-intensity-height', rangeMetres: [1, 80], heightMetres: [-1, 7], dilation: 0 },
  },
];

function pinhole(frame: string, changes: Partial<CameraInfo> = {}): CameraInfo {
  const k = [FOCAL, 0, (SIZE.width - 1) / 2, 0, FOCAL, (SIZE.height - 1) / 2, 0, 0, 1];
  return cameraInfo({ header: header(frame, STAMP), ...SIZE, k, ...changes });
}

interface Calibration {
  camera?: Partial<CameraInfo>;
  /** CameraInfo of the depth camera; left out where the driver registers depth into the camera's picture. */
  depth?: Partial<CameraInfo>;
  depthFrame?: string;
  events?: Partial<CameraInfo>;
}

function rigOf(calibration: Calibration, notices: SensorNotice[], options: SensorOptions = {}): SensorRig {
  const rig = new SensorRig({
    grid: SIZE,
    modalities: MODALITIES,
    inputs: new Map(
      MODALITIES.map(({ name }) => [name, { topic: `/${name}`, infoTopic: `/${name}/camera_info`, ...options }]),
    ),
    onNotice: (notice) => notices.push(notice),
  });
  const depthFrame = calibration.depthFrame ?? 'depth_optical';
  const mounts: Mount[] = [
    { parent: 'base_link', child: 'camera_optical', at: [0, 0, 1.5], turned: OPTICAL },
    { parent: 'base_link', child: 'events_optical', at: [0, 0, 1.5], turned: OPTICAL },
    { parent: 'base_link', child: 'lidar', at: [0, 0, 1.5] },
    ...(depthFrame === 'camera_optical'
      ? []
      : [{ parent: 'base_link', child: depthFrame, at: [0, 0, 1.5], turned: OPTICAL } as Mount]),
  ];
  const infos: [string, CameraInfo][] = [['camera', pinhole('camera_optical', calibration.camera)]];
  if (calibration.depth) infos.push(['depth', pinhole(depthFrame, calibration.depth)]);
  infos.push(['events', pinhole('events_optical', calibration.events)]);
  const problems = infos.flatMap(([name, info]) =>
    rig.observe(raw(`/${name}/camera_info`, 'sensor_msgs/msg/CameraInfo', info)),
  );
  problems.push(...rig.observe(raw('/tf_static', 'tf2_msgs/msg/TFMessage', { transforms: mounts.map(mount) })));
  assert.deepEqual(problems, []);
  return rig;
}

async function decode(rig: SensorRig, modality: string, message: RawMessage): Promise<Uint8Array> {
  const ingested = rig.ingest(modality, message);
  assert.ok(ingested.kind === 'sample', ingested.kind === 'invalid' ? ingested.reason : '');
  const outcome = await rig.decode(modality, message, STAMP + 1_000_000n);
  assert.ok(outcome.kind === 'image', outcome.kind === 'invalid' ? outcome.reason : '');
  assert.equal(outcome.image.quality.kind, 'good');
  return outcome.image.data;
}

const at = (data: Uint8Array, u: number, v: number) => [...data.subarray(3 * (v * SIZE.width + u)).subarray(0, 3)];

describe('drivers of LiDARs', () => {
  /** Ten metres ahead on the axis, level with the sensor, with 100 others around so that scales can be found out. */
  const COUNT = 101;
  const level = (i: number) => 20 + i * 2;
  const place = (i: number) => (i === 0 ? [10, 0, 0] : [10 + i * 0.1, (i % 21) * 0.4 - 4, -0.5]);
  /** The intensity of the point ahead. */
  const GREEN = 100;

  interface Column {
    name: string;
    offset: number;
    /** PointField datatype: 2 uint8, 4 uint16, 6 uint32, 7 float32, 8 float64. */
    datatype: number;
    value?: (i: number) => number;
  }

  function cloud(columns: Column[], pointStep: number, changes: Record<string, unknown> = {}): RawMessage {
    const view = new DataView(new ArrayBuffer(pointStep * COUNT));
    for (let i = 0; i < COUNT; i++) {
      const [x, y, z] = place(i) as [number, number, number];
      for (const { name, offset, datatype, value } of columns) {
        const position = { x, y, z }[name];
        const number = position ?? value?.(i) ?? 0;
        const byte = i * pointStep + offset;
        if (datatype === 2) view.setUint8(byte, number);
        else if (datatype === 4) view.setUint16(byte, number, true);
        else if (datatype === 6) view.setUint32(byte, number, true);
        else if (datatype === 7) view.setFloat32(byte, number, true);
        else view.setFloat64(byte, number, true);
      }
    }
    return raw('/lidar', 'sensor_msgs/msg/PointCloud2', {
      header: header('lidar', STAMP),
      height: 1,
      width: COUNT,
      fields: columns.map(({ name, offset, datatype }): PointField => ({ name, offset, datatype, count: 1 })),
      is_bigendian: false,
      point_step: pointStep,
      row_step: pointStep * COUNT,
      data: new Uint8Array(view.buffer),
      is_dense: true,
      ...changes,
    });
  }

  const xyz: Column[] = ['x', 'y', 'z'].map((name, i) => ({ name, offset: 4 * i, datatype: 7 }));
  const seconds = (i: number) => Number(STAMP / 1000n) / 1e6 + i * 1e-3;
  const intensity = (i: number) => (i === 0 ? GREEN : level(i % 60));

  const table: {
    driver: string;
    source: string;
    message: RawMessage;
    told?: SensorNotice['code'][];
  }[] = [
    {
      driver: 'Velodyne, PointXYZIRT: float32 intensity 0..255, 22 bytes, float32 seconds',
      source: 'github.com/ros-drivers/velodyne, velodyne_pointcloud',
      message: cloud(
        [
          ...xyz,
          { name: 'intensity', offset: 12, datatype: 7, value: intensity },
          { name: 'ring', offset: 16, datatype: 4 },
          { name: 'time', offset: 18, datatype: 7, value: (i) => i * 1e-3 },
        ],
        22,
      ),
    },
    {
      driver: 'Ouster, original point type: signal photons in intensity, calibrated uint16 reflectivity',
      source: 'github.com/ouster-lidar/ouster-ros, os_point.h',
      message: cloud(
        [
          ...xyz,
          { name: 'intensity', offset: 16, datatype: 7, value: (i) => 40 * intensity(i) },
          { name: 't', offset: 20, datatype: 6, value: (i) => i * 1e6 },
          { name: 'reflectivity', offset: 24, datatype: 4, value: intensity },
          { name: 'ring', offset: 26, datatype: 4 },
          { name: 'ambient', offset: 28, datatype: 4 },
          { name: 'range', offset: 32, datatype: 6 },
        ],
        48,
        { height: 1, row_step: 0 },
      ),
      told: ['field-chosen', 'scale-found'],
    },
    {
      driver: 'Ouster, PointXYZIR: signal photons only',
      source: 'github.com/ouster-lidar/ouster-ros, os_point.h',
      message: cloud(
        [
          ...xyz,
          { name: 'intensity', offset: 16, datatype: 7, value: (i) => 40 * intensity(i) },
          { name: 'ring', offset: 20, datatype: 4 },
        ],
        32,
      ),
      told: ['scale-found'],
    },
    {
      driver: 'Hesai, XYZIRT: float64 seconds, 26 bytes',
      source: 'github.com/HesaiTechnology/HesaiLidar_ROS_2.0',
      message: cloud(
        [
          ...xyz,
          { name: 'intensity', offset: 12, datatype: 7, value: intensity },
          { name: 'ring', offset: 16, datatype: 4 },
          { name: 'timestamp', offset: 18, datatype: 8, value: seconds },
        ],
        26,
      ),
    },
    {
      driver: 'RoboSense, XYZIRT: organised, row_step of the whole cloud',
      source: 'github.com/RoboSense-LiDAR/rslidar_sdk, doc on point types',
      message: cloud(
        [
          ...xyz,
          { name: 'intensity', offset: 12, datatype: 7, value: intensity },
          { name: 'ring', offset: 16, datatype: 4 },
          { name: 'timestamp', offset: 18, datatype: 8, value: seconds },
        ],
        26,
        { height: COUNT, width: 1, row_step: 26 * COUNT },
      ),
    },
    {
      driver: 'RoboSense, XYZI: uint8 intensity',
      source: 'github.com/RoboSense-LiDAR/rslidar_sdk, doc on point types',
      message: cloud([...xyz, { name: 'intensity', offset: 12, datatype: 2, value: intensity }], 13),
    },
    {
      driver: 'Livox, PointCloud2 (xfer_format 0): float64 nanoseconds, 26 bytes',
      source: 'github.com/Livox-SDK/livox_ros_driver2, README',
      message: cloud(
        [
          ...xyz,
          { name: 'intensity', offset: 12, datatype: 7, value: intensity },
          { name: 'tag', offset: 16, datatype: 2 },
          { name: 'line', offset: 17, datatype: 2 },
          { name: 'timestamp', offset: 18, datatype: 8, value: (i) => Number(STAMP) + i * 1e6 },
        ],
        26,
      ),
    },
    {
      driver: 'Livox, CustomMsg (xfer_format 1)',
      source: 'github.com/Livox-SDK/livox_ros_driver2, CustomMsg.msg and CustomPoint.msg',
      message: encodeLivox(
        '/lidar',
        'lidar',
        STAMP,
        Array.from({ length: COUNT }, (_, i) => {
          const [x, y, z] = place(i) as [number, number, number];
          return { offsetNanoseconds: i * 1e6, x, y, z, reflectivity: intensity(i) };
        }),
      ),
    },
    {
      driver: 'a simulator: float32 intensity 0..1',
      source: 'carla.readthedocs.io, ref_sensors, LIDAR sensor',
      message: cloud([...xyz, { name: 'intensity', offset: 12, datatype: 7, value: (i) => intensity(i) / 255 }], 16),
      told: ['scale-found'],
    },
    {
      driver: 'reflectivity in all of 16 bits',
      source: 'github.com/ouster-lidar/ouster-ros, os_point.h: reflectivity is uint16',
      message: cloud([...xyz, { name: 'reflectivity', offset: 12, datatype: 4, value: (i) => 257 * intensity(i) }], 16),
    },
  ];
  for (const { driver, source, message, told = [] } of table) {
    it(`${driver} (${source})`, async () => {
      const notices: SensorNotice[] = [];
      const data = await decode(rigOf({}, notices), 'lidar', message);
      // Straight ahead between four pixels: u = 31.5, v = 23.5, rounded up. R = 255 (1 - ln 10 / ln 80).
      const [red, seen, height] = at(data, 32, 24);
      assert.deepEqual([red, height], [121, 1 + Math.round((254 * 2.5) / 8)]);
      // Counts have no full scale: their 95th percentile is laid at half of it, which in this cloud is right by 5 %.
      assert.ok(Math.abs(seen! - GREEN) <= 5, `intensity ${seen} and not ${GREEN}`);
      assert.deepEqual(
        notices.map(({ code }) => code),
        told,
      );
    });
  }

  it('drops beams without return, whether at the origin or not a number', async () => {
    for (const [x, y, z] of [
      [0, 0, 0],
      [Number.NaN, Number.NaN, Number.NaN],
    ] as const) {
      const fields = xyz.map(({ name, offset, datatype }) => ({ name, offset, datatype, count: 1 }));
      const data = new Uint8Array(Float32Array.of(10, 0, 0, x, y, z).buffer);
      const shape = { height: 1, width: 2, fields, is_bigendian: false, point_step: 12, row_step: 24, is_dense: false };
      const message = raw('/lidar', 'sensor_msgs/msg/PointCloud2', { header: header('lidar', STAMP), ...shape, data });
      const drawn = await decode(rigOf({}, []), 'lidar', message);
      assert.equal(drawn.filter((byte, i) => i % 3 === 2 && byte !== 0).length, 1);
    }
  });
});

describe('drivers of depth cameras', () => {
  const ZEROS = (count: number) => new Array<number>(count).fill(0);
  const RATIONAL = [0.5, -0.3, 0.0002, -0.0001, 0.05, 0.82, -0.25, 0.03];

  /** A wall four metres ahead, in the given unit; nothing is known of the first pixel. */
  function wall(frame: string, encoding: '16UC1' | '32FC1', perMetre: number, nothing = 0): RawMessage {
    const samples =
      encoding === '16UC1'
        ? new Uint16Array(SIZE.width * SIZE.height).fill(4 * perMetre)
        : new Float32Array(SIZE.width * SIZE.height).fill(4 * perMetre);
    samples[0] = nothing;
    const step = samples.BYTES_PER_ELEMENT * SIZE.width;
    const data = new Uint8Array(samples.buffer);
    return raw(
      '/depth',
      'sensor_msgs/msg/Image',
      image({ header: header(frame, STAMP), ...SIZE, encoding, step, data }),
    );
  }

  const table: {
    driver: string;
    source: string;
    calibration: Calibration;
    message: RawMessage;
    options?: SensorOptions;
    told?: SensorNotice['code'][];
  }[] = [
    {
      driver: 'RealSense: 16UC1 millimetres, plumb_bob with five zeros',
      source: 'github.com/IntelRealSense/realsense-ros, README',
      calibration: {
        camera: { distortion_model: 'plumb_bob', d: ZEROS(5) },
        depth: { distortion_model: 'plumb_bob', d: ZEROS(5) },
      },
      message: wall('depth_optical', '16UC1', 1000),
    },
    {
      driver: 'RealSense aligned to colour: in the frame of the camera, no CameraInfo of its own',
      source: 'github.com/IntelRealSense/realsense-ros, README, align_depth',
      calibration: { depthFrame: 'camera_optical' },
      message: wall('camera_optical', '16UC1', 1000),
    },
    {
      driver: 'RealSense D405 with depth units of 0.1 mm, set by hand',
      source: 'librealsense, RS2_OPTION_DEPTH_UNITS',
      calibration: { depth: {} },
      message: wall('depth_optical', '16UC1', 10_000),
      options: { depthScale: 0.0001 },
    },
    {
      driver:
        'ZED: 32FC1 metres in the left camera, NaN and infinities where nothing is known, rational_polynomial with 8',
      source: 'www.stereolabs.com/docs/ros2, depth topics; github.com/stereolabs/zed-ros2-wrapper',
      calibration: {
        camera: { distortion_model: 'rational_polynomial', d: ZEROS(8) },
        depth: { distortion_model: 'rational_polynomial', d: ZEROS(8) },
        depthFrame: 'camera_optical',
      },
      message: wall('camera_optical', '32FC1', 1, Number.NaN),
    },
    {
      driver: 'ZED with openni_depth_mode: 16UC1 millimetres',
      source: 'github.com/stereolabs/zed-ros2-wrapper, common_stereo.yaml',
      calibration: { depthFrame: 'camera_optical' },
      message: wall('camera_optical', '16UC1', 1000),
    },
    {
      driver: 'Orbbec: plumb_bob with eight coefficients',
      source: 'github.com/orbbec/OrbbecSDK_ROS2; Public reports of CameraInfo with 8 coefficients',
      calibration: {
        camera: { distortion_model: 'plumb_bob', d: [0, 0, 0, 0, 0, 0, 0, 0] },
        depth: { distortion_model: 'plumb_bob', d: ZEROS(8) },
      },
      message: wall('depth_optical', '16UC1', 1000),
    },
    {
      driver: 'OAK: rational_polynomial with fourteen coefficients',
      source: 'docs.luxonis.com, calibration; github.com/luxonis/depthai-ros, depthai_bridge',
      calibration: {
        camera: { distortion_model: 'rational_polynomial', d: [...ZEROS(14)] },
        depth: { distortion_model: 'rational_polynomial', d: [...RATIONAL, ...ZEROS(6)] },
      },
      message: wall('depth_optical', '16UC1', 1000),
    },
    {
      driver: 'a driver whose floats are millimetres',
      source: 'REP-118 asks for metres; public reports of 32FC1 in millimetres',
      calibration: { depth: {} },
      message: wall('depth_optical', '32FC1', 1000, Number.POSITIVE_INFINITY),
      told: ['scale-found'],
    },
  ];
  for (const { driver, source, calibration, message, options, told = [] } of table) {
    it(`${driver} (${source})`, async () => {
      const notices: SensorNotice[] = [];
      const data = await decode(rigOf(calibration, notices, options), 'depth', message);
      // 255 * 2 m / 4 m.
      assert.deepEqual(at(data, 32, 24), [128, 128, 128]);
      assert.deepEqual(
        notices.map(({ code }) => code),
        told,
      );
    });
  }

  it('refuses depth of another shape than the picture it seems registered to, and says what helps', async () => {
    const rig = rigOf({ depthFrame: 'camera_optical' }, []);
    const size = { width: 64, height: 40 };
    const data = new Uint8Array(Uint16Array.from({ length: 64 * 40 }, () => 4000).buffer);
    const message = raw(
      '/depth',
      'sensor_msgs/msg/Image',
      image({ header: header('camera_optical', STAMP), ...size, encoding: '16UC1', step: 128, data }),
    );
    rig.ingest('depth', message);
    const outcome = await rig.decode('depth', message, STAMP);
    assert.ok(outcome.kind === 'invalid');
    assert.match(outcome.reason, /shape of its picture, 64x48, but received 64x40 and no CameraInfo/);
  });

  for (const [title, stampedIn] of [
    ['stamped in the frame of the first eye, as REP-104 says', 'depth_optical'],
    ['stamped in a frame of its own, as RealSense and ZED do', 'right_optical'],
  ] as const) {
    it(`finds the second eye of a stereo camera by P or by TF: ${title}`, async () => {
      const rig = rigOf({}, []);
      // The second eye is 0.5 m to the right of the first, which is where the camera is.
      const right: Mount = { parent: 'depth_optical', child: 'right_optical', at: [0.5, 0, 0] };
      rig.observe(raw('/tf_static', 'tf2_msgs/msg/TFMessage', { transforms: [mount(right)] }));
      const k = [FOCAL, 0, 31.5, 0, FOCAL, 23.5, 0, 0, 1];
      const p = [FOCAL, 0, 31.5, -FOCAL * 0.5, 0, FOCAL, 23.5, 0, 0, 0, 1, 0];
      const info = cameraInfo({ header: header(stampedIn, STAMP), ...SIZE, k, p });
      rig.observe(raw('/depth/camera_info', 'sensor_msgs/msg/CameraInfo', info));
      const samples = new Uint16Array(SIZE.width * SIZE.height);
      // A pillar four metres ahead in column 20 of the second eye: 64 * 0.5 / 4 = 8 pixels further right in the first.
      for (let v = 0; v < SIZE.height; v++) samples[v * SIZE.width + 20] = 4000;
      const data = new Uint8Array(samples.buffer);
      const shape = { ...SIZE, encoding: '16UC1', step: 2 * SIZE.width, data };
      const message = raw('/depth', 'sensor_msgs/msg/Image', image({ header: header(stampedIn, STAMP), ...shape }));
      const drawn = await decode(rig, 'depth', message);
      const columns = Array.from({ length: SIZE.width }, (_, u) => u).filter(
        (u) => drawn[3 * (24 * SIZE.width + u)] !== 0,
      );
      assert.deepEqual(columns, [28]);
    });
  }
});

describe('drivers of cameras', () => {
  /** Ramp over the picture that fills so many bits, as mono16 or bayer16. */
  function picture(encoding: string, bits: number, shift = 0): RawMessage {
    const samples = Uint16Array.from(
      { length: SIZE.width * SIZE.height },
      (_, i) => Math.floor(((i % SIZE.width) / (SIZE.width - 1)) * (2 ** bits - 1)) << shift,
    );
    const data = new Uint8Array(samples.buffer);
    const shape = { ...SIZE, encoding, step: 2 * SIZE.width, data };
    return raw('/camera', 'sensor_msgs/msg/Image', image({ header: header('camera_optical', STAMP), ...shape }));
  }

  for (const [driver, source, message, told] of [
    ['Lucid, Mono12 as mono16', 'support.thinklucid.com, pixel formats; arena_camera_ros2', picture('mono16', 12), 12],
    ['Lucid, BayerRG12 as bayer_rggb16', 'support.thinklucid.com, pixel formats', picture('bayer_rggb16', 12), 12],
    ['a camera of 10 bits', 'GenICam PFNC, Mono10', picture('mono16', 10), 10],
    ['a camera of 14 bits', 'GenICam PFNC, Mono14', picture('mono16', 14), 14],
    ['a camera of 12 bits in the upper ones', 'GenICam PFNC, MSB-aligned formats', picture('mono16', 12, 4), undefined],
    ['a camera of 16 bits', 'sensor_msgs/image_encodings', picture('mono16', 16), undefined],
  ] as const) {
    it(`${driver} (${source})`, async () => {
      const notices: SensorNotice[] = [];
      const data = await decode(rigOf({}, notices), 'camera', message);
      const middle = at(data, 32, 24);
      for (const byte of middle) assert.ok(Math.abs(byte - 129) <= 3, `${middle}`);
      assert.deepEqual(
        notices.map((notice) => notice.code === 'scale-found' && [notice.quantity, notice.value]),
        told === undefined ? [] : [['bit-depth', told]],
      );
    });
  }

  it('takes a set depth as it is, and keeps a bright pixel of a sensor that has more bits bright', async () => {
    const notices: SensorNotice[] = [];
    const data = await decode(rigOf({}, notices, { bitDepth: 10 }), 'camera', picture('bayer_rggb16', 12));
    assert.deepEqual(notices, []);
    assert.deepEqual(at(data, 60, 24), [255, 255, 255]);
  });
});

describe('drivers of event cameras', () => {
  const packet = (encoding: string, bytes: Uint8Array): RawMessage =>
    raw('/events', 'event_camera_msgs/msg/EventPacket', {
      header: header('events_optical', STAMP),
      ...SIZE,
      seq: 0n,
      time_base: 0n,
      encoding,
      is_bigendian: false,
      events: bytes,
    });
  const words16 = (...words: number[]) => new Uint8Array(Uint16Array.from(words).buffer);
  /** Time 8192 us, row 24, one ON event in column 32. */
  const EVT3 = [0x8002, 0x6000, 24, 0x2000 | 0x800 | 32];
  const evt21 = () => {
    const view = new DataView(new ArrayBuffer(16));
    view.setBigUint64(0, (0x8n << 60n) | (128n << 32n), true);
    view.setBigUint64(8, (0x1n << 60n) | (32n << 43n) | (24n << 32n) | 1n, true);
    return new Uint8Array(view.buffer);
  };

  for (const [driver, source, message] of [
    ['Prophesee, EVT 3.0', 'docs.prophesee.ai, EVT 3.0 format; event_camera_msgs', packet('evt3', words16(...EVT3))],
    ['Prophesee GenX320, EVT 2.1', 'docs.prophesee.ai, EVT 2.1 format', packet('evt21', evt21())],
    [
      'Lucid Triton2 EVS: EVT 3.0 filled up with 0x9999',
      'support.thinklucid.com, Triton2 EVS; public reports',
      packet('evt3', words16(...EVT3, ...new Array<number>(400).fill(0x9999))),
    ],
  ] as const) {
    it(`${driver} (${source})`, async () => {
      const data = await decode(rigOf({}, []), 'events', message);
      assert.deepEqual(at(data, 32, 24), [255, 0, 0]);
    });
  }
});

import assert from 'node:assert/strict';
import type { TopicCandidate } from '../../src/pipeline/topic_roles.js';
import { selectTopics, type TopicConfiguration } from '../../src/pipeline/topic_selection.js';
import type { Representation } from '../../src/sensors/representation.js';

const IMAGE = 'sensor_msgs/msg/Image';
const COMPRESSED = 'sensor_msgs/msg/CompressedImage';
const INFO = 'sensor_msgs/msg/CameraInfo';
const EVENTS = 'event_camera_msgs/msg/EventPacket';
const POINTS = 'sensor_msgs/msg/PointCloud2';

const rgb: Representation = { kind: 'rgb' };
const hha: Representation = { kind: 'hha', nearMetres: 2, heightMetres: [-1, 7] };
const counts: Representation = { kind: 'counts-recency', windowMs: 40, countScale: 64 };
const range: Representation = {
  kind: 'range-intensity-height',
  rangeMetres: [1, 80],
  heightMetres: [-1, 7],
  dilation: 1,
};
const rig = [
  { name: 'camera', representation: rgb },
  { name: 'depth', representation: hha },
  { name: 'events', representation: counts },
  { name: 'lidar', representation: range },
];

function image(name: string, encoding: string, messageCount = 10, frameId = 'camera_optical'): TopicCandidate {
  return { name, type: IMAGE, messageCount, content: { kind: 'image', encoding, width: 640, height: 480, frameId } };
}
function compressed(name: string, format: string, messageCount = 10): TopicCandidate {
  return { name, type: COMPRESSED, messageCount, content: { kind: 'compressed-image', format, frameId: 'f' } };
}
function info(name: string, frameId = 'camera_optical'): TopicCandidate {
  const content = { kind: 'camera-info', width: 640, height: 480, distortionModel: 'plumb_bob', frameId } as const;
  return { name, type: INFO, messageCount: 10, content };
}
function plain(name: string, type: string, messageCount = 10): TopicCandidate {
  return { name, type, messageCount };
}

const simulated: TopicCandidate[] = [
  compressed('/camera/image/compressed', 'jpeg'),
  info('/camera/camera_info'),
  compressed('/depth/image/compressedDepth', '16UC1; compressedDepth png'),
  info('/depth/camera_info'),
  plain('/events', EVENTS, 700),
  info('/events/camera_info'),
  plain('/lidar/points', POINTS),
  plain('/tf_static', 'tf2_msgs/msg/TFMessage', 1),
  image('/ground_truth/labels', 'mono8'),
];

function chosen(topics: TopicCandidate[], modalities = rig, configured: TopicConfiguration = {}) {
  const selection = selectTopics(topics, modalities, configured);
  const names = Object.fromEntries(
    [...selection.modalities].map(([name, a]) => [name, a.kind === 'assigned' ? a.topic : undefined]),
  );
  return { names, selection };
}

describe('selectTopics', () => {
  it('takes a PNG of 16UC1 for depth, and a Livox CustomMsg for a LiDAR', () => {
    const { names } = chosen([
      compressed('/camera/image/compressed', 'jpeg'),
      compressed('/depth/image/compressed', '16UC1; png compressed '),
      plain('/livox/lidar', 'livox_ros_driver2/msg/CustomMsg'),
    ]);
    assert.deepEqual(names, {
      camera: '/camera/image/compressed',
      depth: '/depth/image/compressed',
      events: undefined,
      lidar: '/livox/lidar',
    });
  });

  it('names what cannot be read as it is, with the command that helps', () => {
    const foreign: [topic: TopicCandidate, modality: string, expected: RegExp][] = [
      [
        plain('/points/draco', 'point_cloud_interfaces/msg/CompressedPointCloud2'),
        'lidar',
        /\/points\/draco carries compressed point clouds.*ros2 run point_cloud_transport republish .*in\/draco:=\/points\/draco/,
      ],
      [
        plain('/cam/image/ffmpeg', 'ffmpeg_image_transport_msgs/msg/FFMPEGPacket'),
        'camera',
        /video of ffmpeg_image_transport.*ros2 run image_transport republish .*in_transport:=ffmpeg/,
      ],
      [compressed('/cam/image/compressed', 'h264'), 'camera', /video of format "h264".*ros2 bag record \/cam\/image"/],
      [
        compressed('/depth/image/compressed', '16UC1; jpeg compressed '),
        'depth',
        /depth as JPEG, which keeps no distances.*ros2 bag record \/depth\/image\/compressedDepth/,
      ],
    ];
    for (const [topic, modality, expected] of foreign) {
      const { names, selection } = chosen([topic]);
      assert.equal(names[modality], undefined);
      const problem = selection.problems.find((text) => text.startsWith(`No topic for ${modality}:`));
      assert.match(problem ?? '', expected);
    }
  });

  it('finds every sensor of the simulated rig, its CameraInfo, the ground truth and TF', () => {
    const { names, selection } = chosen(simulated);
    assert.deepEqual(names, {
      camera: '/camera/image/compressed',
      depth: '/depth/image/compressedDepth',
      events: '/events',
      lidar: '/lidar/points',
    });
    assert.equal(selection.groundTruth?.topic, '/ground_truth/labels');
    assert.deepEqual(selection.transforms, { static: ['/tf_static'], dynamic: [] });
    assert.deepEqual(selection.problems, []);
    const infos = [...selection.modalities.values()].map((a) => (a.kind === 'assigned' ? a.cameraInfo : 'missing'));
    assert.deepEqual(infos, ['/camera/camera_info', '/depth/camera_info', '/events/camera_info', undefined]);
  });

  const realsense = [
    image('/camera/color/image_raw', 'rgb8'),
    image('/camera/depth/image_rect_raw', '16UC1'),
    image('/camera/aligned_depth_to_color/image_raw', '16UC1'),
    image('/camera/infra1/image_rect_raw', 'mono8'),
    info('/camera/color/camera_info'),
    info('/camera/depth/camera_info'),
  ];
  const cases: { what: string; topics: TopicCandidate[]; expected: Record<string, string | undefined> }[] = [
    {
      what: 'colour before infrared, depth by its encoding',
      topics: realsense,
      expected: { camera: '/camera/color/image_raw', depth: '/camera/depth/image_rect_raw' },
    },
    {
      what: 'the driver that put depth under a neutral name',
      topics: [image('/a/image', 'bgr8'), image('/b/image', '32FC1')],
      expected: { camera: '/a/image', depth: '/b/image' },
    },
    {
      what: 'a raw image before its compressed copy when both have as many messages',
      topics: [compressed('/cam/image/compressed', 'rgb8; jpeg compressed bgr8'), image('/cam/image', 'rgb8')],
      expected: { camera: '/cam/image' },
    },
    {
      what: 'the copy with more messages',
      topics: [compressed('/cam/image/compressed', 'jpeg', 50), image('/cam/image', 'rgb8', 3)],
      expected: { camera: '/cam/image/compressed' },
    },
    {
      what: 'no output of a segmentation node as input',
      topics: [image('/mle_sam/overlay', 'rgb8', 99), image('/mle_sam/mask', 'mono8', 99), image('/rgb', 'rgb8')],
      expected: { camera: '/rgb' },
    },
    {
      what: 'a sensor of any name before a picture that is made from others, however many there are of that',
      topics: [image('/camera/preview', 'rgb8', 99), image('/b/x', 'rgb8', 3)],
      expected: { camera: '/b/x' },
    },
    {
      what: 'no overlay even where there is nothing else',
      topics: [image('/a/overlay', 'rgb8')],
      expected: { camera: undefined },
    },
    { what: 'no label image as camera', topics: [image('/semantic/labels', 'mono8')], expected: { camera: undefined } },
    {
      what: 'no grey picture as depth unless its name says so',
      topics: [image('/ouster/range_image', 'mono16'), image('/depth/raw', 'mono16')],
      expected: { depth: '/depth/raw' },
    },
    {
      what: 'every known event type',
      topics: [plain('/x', 'dvs_msgs/msg/EventArray')],
      expected: { events: '/x' },
    },
    {
      what: 'no point cloud without coordinates',
      topics: [
        {
          name: '/lidar/points',
          type: POINTS,
          messageCount: 9,
          content: { kind: 'points', fields: ['a', 'b'], points: 3, frameId: 'f' },
        },
      ],
      expected: { lidar: undefined },
    },
    {
      what: 'no topic without messages',
      topics: [image('/camera/image', 'rgb8', 0)],
      expected: { camera: undefined },
    },
  ];
  for (const { what, topics, expected } of cases) {
    it(`takes ${what}`, () => {
      const { names } = chosen(topics);
      for (const [modality, topic] of Object.entries(expected)) assert.equal(names[modality], topic, modality);
    });
  }

  it('gives each of several cameras its own topic, by the modality name', () => {
    const modalities = [
      { name: 'camera', representation: rgb },
      { name: 'thermal', representation: rgb },
    ];
    const topics = [image('/thermal/image', 'mono8'), image('/rgb/image', 'rgb8')];
    assert.deepEqual(chosen(topics, modalities).names, { camera: '/rgb/image', thermal: '/thermal/image' });
    assert.deepEqual(chosen(topics.toReversed(), modalities.toReversed()).names, {
      camera: '/rgb/image',
      thermal: '/thermal/image',
    });
  });

  it('tells the alternatives, and says so where two topics fit equally well', () => {
    const topics = [image('/right/image', 'rgb8'), image('/other/image', 'rgb8')];
    const { selection } = chosen(topics, rig.slice(0, 1));
    const camera = selection.modalities.get('camera');
    assert.equal(camera?.kind, 'assigned');
    assert.deepEqual(camera.kind === 'assigned' && camera.alternatives.length, 1);
    assert.match(selection.problems[0] ?? '', /fit equally well/);
  });

  it('follows the configuration, and refuses a topic of the wrong type with one sentence', () => {
    const wanted = { modalities: { camera: '/camera/infra1/image_rect_raw' } };
    assert.equal(chosen(realsense, rig, wanted).names.camera, '/camera/infra1/image_rect_raw');
    const wrong = chosen(realsense, rig, { modalities: { camera: '/camera/color/camera_info' } });
    assert.equal(wrong.names.camera, undefined);
    assert.match(wrong.selection.problems.join('\n'), /Expected the topic of a camera for camera but received/);
    const absent = chosen(realsense, rig, { groundTruth: '/nowhere' });
    assert.match(absent.selection.problems.join('\n'), /groundTruth but received \/nowhere: there is no such topic/);
  });

  it('finds a name as a node would: relative, in one namespace, or as its compressed copy', () => {
    const compressed = plain('/robot/camera/image/compressed', 'sensor_msgs/msg/CompressedImage');
    const topics = [compressed, image('/front/image', 'rgb8'), plain('/robot/lidar/points', POINTS)];
    const of = (wanted: object) => chosen(topics, rig, wanted).names;
    assert.equal(of({ modalities: { camera: '/robot/camera/image' } }).camera, compressed.name);
    assert.equal(of({ modalities: { camera: 'camera/image' } }).camera, compressed.name);
    assert.equal(of({ modalities: { camera: 'nowhere/image' } }).camera, undefined);
    // Preferred: taken where it is there, else whatever fits.
    assert.equal(of({ preferred: { camera: 'front/image' } }).camera, '/front/image');
    assert.notEqual(of({ preferred: { camera: 'nowhere/image' } }).camera, undefined);
    assert.equal(of({ types: { camera: 'sensor_msgs/msg/CompressedImage' } }).camera, compressed.name);
    const two = [...topics, plain('/other/lidar/points', POINTS)];
    assert.equal(chosen(two, rig, { modalities: { lidar: 'lidar/points' } }).names.lidar, undefined, 'ambiguous');
  });

  it('misses nothing of a sensor that is switched off, calibrated, or in the frame of the camera', () => {
    const topics = [image('/camera/image', 'rgb8'), image('/depth/image', '16UC1')];
    const problems = (wanted: object) => chosen(topics, rig, wanted).selection.problems.join('\n');
    assert.match(problems({}), /No CameraInfo for camera/);
    assert.doesNotMatch(problems({}), /No CameraInfo for depth/);
    assert.doesNotMatch(problems({ calibrated: ['camera'] }), /No CameraInfo/);
    assert.match(problems({}), /No topic for events/);
    assert.doesNotMatch(problems({ disabled: ['events', 'lidar'] }), /No topic/);
  });

  it('says what is missing: sensors, silent topics, CameraInfo', () => {
    const { selection } = chosen([image('/camera/image', 'rgb8'), plain('/lidar/points', POINTS, 0)]);
    const text = selection.problems.join('\n');
    assert.match(text, /No topic for depth: no topic here looks like a depth/);
    assert.match(text, /No topic for events: no topic here looks like an event camera/);
    assert.match(text, /No topic for lidar: \/lidar\/points would fit but has no messages/);
    assert.match(text, /No CameraInfo for camera/);
  });

  it('takes the CameraInfo at the root only for an image of the same frame', () => {
    const topics = [image('/image_raw', 'rgb8'), info('/camera_info'), image('/d/depth', '16UC1', 10, 'depth_optical')];
    const { selection } = chosen(topics, rig.slice(0, 2));
    const camera = selection.modalities.get('camera');
    const depth = selection.modalities.get('depth');
    assert.equal(camera?.kind === 'assigned' && camera.cameraInfo, '/camera_info');
    assert.equal(depth?.kind === 'assigned' && depth.cameraInfo, undefined);
  });

  it("keeps the CameraInfo of a camera without pictures, where it is nobody else's", () => {
    const pictures = ['/camera/image/compressed'];
    const left = simulated.filter(({ name }) => !pictures.includes(name));
    const camera = chosen(left).selection.modalities.get('camera');
    assert.ok(camera?.kind === 'missing');
    assert.equal(camera.cameraInfo, '/camera/camera_info');
    const ambiguous = chosen([...left, info('/rear/camera_info')]);
    assert.equal(ambiguous.selection.modalities.get('camera')?.cameraInfo, undefined);
    const named = chosen([...left, info('/rear/camera_info')], rig, { cameraInfo: { camera: '/rear/camera_info' } });
    assert.equal(named.selection.modalities.get('camera')?.cameraInfo, '/rear/camera_info');
  });

  it('refuses topics for modalities the model does not have, and tells of a CameraInfo that is not there', () => {
    for (const section of ['modalities', 'cameraInfo'] as const) {
      assert.throws(
        () => selectTopics(simulated, rig, { [section]: { sonar: '/sonar' } }),
        new RegExp(`Expected one of camera, depth, events, lidar for topics.${section} but received 'sonar'`),
      );
    }
    const { selection } = chosen(simulated, rig, { cameraInfo: { camera: '/nowhere' } });
    assert.ok(selection.problems.some((text) => /CameraInfo topic for camera but received \/nowhere/.test(text)));
  });
});

import assert from 'node:assert/strict';
import { decodeMessage, encodeMessage } from '../../src/messages/index.js';
import { modalityStatusArray, type NodeReport, nodeDiagnostics } from '../../src/node/diagnostics/index.js';
import type { DiagnosticArray, DiagnosticStatus } from '../../src/pipeline/index.js';
import { describeSensorReason, type SensorReason } from '../../src/sensors/index.js';
import type { ModalityState, ModalityStatus, SynchronizerStatus } from '../../src/sync/index.js';
import { modalityStatus, NOW, nodeReport, SECOND, silentTopic, topic } from './support/report.js';

const OK = 0;
const WARN = 1;
const ERROR = 2;
const STALE = 3;

function status(report: NodeReport, subject: string): DiagnosticStatus {
  const found = nodeDiagnostics(report).status.filter(({ name }) => name === `${report.nodeName}: ${subject}`);
  assert.equal(found.length, 1, `one status for ${subject}`);
  return found[0]!;
}

function values({ values: pairs }: DiagnosticStatus): Record<string, string> {
  const names = pairs.map(({ key }) => key);
  assert.deepEqual(
    names.filter((key, index) => names.indexOf(key) !== index),
    [],
    'no key twice',
  );
  return Object.fromEntries(pairs.map(({ key, value }) => [key, value]));
}

function withSync(changes: Partial<SynchronizerStatus>): NodeReport {
  const report = nodeReport();
  return { ...report, sync: { ...report.sync!, ...changes } };
}

/** A report in which the LiDAR is as given and its topic as given. */
/** As a modality that a reason makes invalid. */
function invalidFor(cause: SensorReason) {
  return { state: 'invalid', reason: describeSensorReason(cause), cause } as const;
}

function withLidar(lidar: Partial<ModalityStatus>, lidarTopic = topic('lidar')): NodeReport {
  const report = withSync({ modalities: [modalityStatus('camera'), modalityStatus('lidar', lidar)] });
  return { ...report, topics: [topic('camera'), lidarTopic] };
}

describe('diagnostics', () => {
  it('have one status for sync, one for inference and one for every modality, under the name of the node', () => {
    const array = nodeDiagnostics(nodeReport({ nodeName: 'robot1/mle_sam' }));
    assert.deepEqual(
      array.status.map(({ name }) => name),
      ['sync', 'inference', 'camera', 'lidar'].map((subject) => `robot1/mle_sam: ${subject}`),
    );
    assert.deepEqual(array.header, { stamp: { sec: 1_730_800_000, nanosec: 0 }, frame_id: '' });
  });

  it('tell which of several models makes the masks, why, and how those that stand by fare', () => {
    const models = [
      { model: 'day', modalities: ['camera'], required: ['camera'] },
      { model: 'night', modalities: ['lidar'], required: [] },
    ];
    const { inference } = nodeReport();
    const fallbacks = [{ ...inference!, model: 'night' }];
    const all = nodeReport({ models, fallbacks });
    const calm = { ...all, masks: { ...all.masks, model: { ...all.masks.model!, name: 'day' } } };
    assert.deepEqual(
      nodeDiagnostics(calm).status.map(({ name, level }) => [name.replace('mle_sam: ', ''), level]),
      ['sync', 'inference', 'model', 'fallback night', 'camera', 'lidar'].map((name) => [name, OK]),
    );
    // The camera's mask is not made of the LiDAR, which stands by.
    assert.equal(status(calm, 'sync').message, 'masks from camera');
    assert.equal(status(calm, 'model').message, 'day makes the masks');
    assert.equal(status(calm, 'fallback night').message, 'stands by on cpu');
    const cause = {
      code: 'fallback-in-use',
      model: 'night',
      passedOver: [{ model: 'day', needs: 'all', missing: [['camera', 'dropped']] }],
    } as const;
    const lost: NodeReport = {
      ...calm,
      sync: { ...calm.sync!, modalities: [modalityStatus('camera', { state: 'dropped' }), modalityStatus('lidar')] },
      masks: { ...calm.masks, model: { name: 'night', sha256: '1', role: 'fallback', cause } },
    };
    const words = 'night makes the masks as fallback: day needs camera (dropped)';
    for (const subject of ['sync', 'model']) {
      assert.deepEqual([status(lost, subject).level, status(lost, subject).message], [WARN, words]);
    }
    const last = { ...lost, models: models.slice(0, 1), fallbacks: [] };
    assert.deepEqual(
      [status(last, 'sync').level, status(last, 'sync').message],
      [ERROR, 'no mask: no model can make it: day needs camera (dropped)'],
    );
    const deferred = { ...calm, fallbacks: [{ ...fallbacks[0]!, state: 'deferred' as const, selection: undefined }] };
    assert.equal(status(deferred, 'fallback night').message, 'is started when it is needed');
    const failed = { ...calm, fallbacks: [{ ...fallbacks[0]!, state: 'failed' as const }] };
    assert.equal(status(failed, 'fallback night').level, ERROR);
  });

  it('warn of a sensor that is alive but not as trained, and only of that one', () => {
    const text = 'lidar is alive, but not as trained: the mean of channel 1 is 1, in training it was 44 ± 6';
    const report = nodeReport({ concerns: new Map([['lidar', text]]) });
    assert.equal(status(report, 'lidar').level, WARN);
    assert.ok(status(report, 'lidar').message.includes(text));
    assert.equal(status(report, 'camera').level, OK);
  });

  it('are all green on a robot with a camera only, and while nobody listens', () => {
    const camera = withLidar({ state: 'waiting', age: undefined }, silentTopic('lidar', { publishers: 0 }));
    const report: NodeReport = { ...camera, demand: 'idle' };
    const told = nodeDiagnostics(report).status;
    assert.deepEqual(
      told.map(({ level, message }) => [level, message]),
      [
        [OK, 'idle: no subscriber; masks from camera'],
        [OK, 'idle: no subscriber; runs on cpu'],
        [OK, 'active'],
        [OK, 'not present: nobody publishes /lidar/image'],
      ],
    );
  });

  it('say how old it is what is known of sensors that nobody listens to', () => {
    const report = nodeReport({ demand: 'idle', restingForMs: 12_400 });
    assert.match(status(report, 'sync').message, /^idle: no subscriber, sensors as of 12 s ago; masks from camera/);
    assert.equal(values(status(report, 'camera')).as_of_s, '12.400');
    const all = modalityStatusArray(report).modalities;
    assert.equal(all[0]!.reason, 'idle: no subscriber, sensors as of 12 s ago');
  });

  it('say that what is left is less than the minimum', () => {
    const report = withSync({ modalities: [modalityStatus('camera', { state: 'dropped' }), modalityStatus('lidar')] });
    const sync = status({ ...report, minimum: [['camera']] }, 'sync');
    assert.equal(sync.level, ERROR);
    assert.equal(sync.message, 'no mask: lidar alone is less than the minimum: camera (dropped)');
  });

  it('survive the way through a message, numbers included', () => {
    const array = nodeDiagnostics(nodeReport());
    const type = 'diagnostic_msgs/msg/DiagnosticArray';
    const data = encodeMessage(type, array);
    const back = decodeMessage<DiagnosticArray>({ topic: '/diagnostics', type, data, receiveStamp: 0n });
    assert.deepEqual(back, array);
  });

  it('use the keys and formats of NITROS and greenwave_monitor for every topic', () => {
    const { lidar, inference } = {
      lidar: values(status(nodeReport(), 'lidar')),
      inference: values(status(nodeReport(), 'inference')),
    };
    const keys = {
      frame_rate_node: '10.050',
      frame_rate_msg: '10.000',
      current_delay_from_realtime_ms: '31.500',
      num_non_increasing_msg: '0',
      mean_abs_jitter_node: '1250',
      max_abs_jitter_node: '7500',
      mean_abs_jitter_msg: '500',
      max_abs_jitter_msg: '2000',
      expected_frequency: '10.000',
      total_dropped_frames: '11',
    };
    for (const [key, value] of Object.entries(keys)) assert.equal(lidar[key], value, key);
    assert.equal(inference.frame_rate_node, '9.900');
    assert.equal(inference.current_delay_from_realtime_ms, '130.000');
    assert.equal(inference.total_dropped_frames, '1');
  });

  it('call a delay unknown where stamps are no ROS time, or none has come', () => {
    for (const delayMs of [undefined, 1.7e12]) {
      const report = withLidar({}, topic('lidar', { delayMs }));
      assert.equal(values(status(report, 'lidar')).current_delay_from_realtime_ms, 'N/A');
    }
  });

  it("tell the last mask by the keys of Autoware's fusion nodes", () => {
    const complete = values(status(nodeReport(), 'sync'));
    assert.equal(complete.fused_timestamp, '1730799999.900000000');
    assert.equal(complete.reference_timestamp_min, '1730799999.825000000');
    assert.equal(complete.reference_timestamp_max, '1730799999.975000000');
    assert.equal(complete['lidar/timestamp'], '1730799999.875000000');
    assert.equal(complete['lidar/is_fused'], 'True');
    assert.equal(complete.fusion_success, 'True');

    const report = nodeReport();
    const last = { ...report.masks.last!, present: new Map([['camera', NOW]]), absent: new Map([['lidar', 'late']]) };
    const partial = values(status({ ...report, masks: { ...report.masks, last } as NodeReport['masks'] }, 'sync'));
    assert.equal(partial['camera/is_fused'], 'True');
    assert.equal(partial['lidar/is_fused'], 'False');
    assert.equal(partial['lidar/timestamp'], undefined);
    assert.equal(partial.fusion_success, 'False');
  });

  const levels: [ModalityState, number][] = [
    ['active', OK],
    ['disabled', OK],
    ['late', WARN],
    ['recovering', WARN],
    ['waiting', STALE],
    ['dropped', ERROR],
    ['invalid', ERROR],
  ];
  for (const [state, level] of levels) {
    it(`give a modality that is ${state} level ${level}`, () => {
      const told = status(withLidar({ state, reason: 'because' }, topic('lidar', { messages: 5 })), 'lidar');
      // What a silent sensor's topic says is the subject of the tests below.
      if (state !== 'waiting') assert.equal(told.level, level);
      assert.ok(told.message.startsWith(`${state}: because`), told.message);
      assert.equal(values(told).state, state);
      assert.equal(values(told).reason, 'because');
      assert.equal(values(told)['lidar/is_fused'], state === 'active' || state === 'late' ? 'True' : 'False');
    });
  }

  const troubles: [what: string, report: NodeReport, level: number, message: string, toDo: RegExp][] = [
    [
      'nobody publishes',
      {
        ...withLidar({ state: 'waiting' }, silentTopic('lidar', { topic: '/lidar/points', publishers: 0 })),
        runningForMs: 2000,
      },
      STALE,
      'waiting: nobody publishes /lidar/points',
      /Start the driver, or remap .* modalities\.lidar\.topic/,
    ],
    [
      'a sensor was never there, and is not missed',
      withLidar({ state: 'waiting' }, silentTopic('lidar', { topic: '/lidar/points', publishers: 0 })),
      OK,
      'not present: nobody publishes /lidar/points',
      /^$/,
    ],
    [
      'a sensor was never there, and is essential',
      {
        ...withLidar({ state: 'waiting' }, silentTopic('lidar', { topic: '/lidar/points', publishers: 0 })),
        modalities: [{ name: 'lidar', essential: true, expected: false }],
      },
      STALE,
      'waiting: nobody publishes /lidar/points',
      /Start the driver/,
    ],
    [
      'a sensor was never there, and is expected',
      {
        ...withLidar({ state: 'waiting' }, silentTopic('lidar', { topic: '/lidar/points', publishers: 0 })),
        modalities: [{ name: 'lidar', essential: false, expected: true }],
      },
      STALE,
      'waiting: nobody publishes /lidar/points',
      /Start the driver/,
    ],
    [
      'large images are lost while their CameraInfo arrives',
      {
        ...withLidar({ state: 'dropped', reason: 'no message for 1.00 s' }),
        topics: [
          topic('lidar', { rateHz: 0.4, steadyHz: undefined, messages: 3, bytes: 3 * 6.9e6 }),
          topic('lidar', { purpose: 'camera-info', rateHz: 5 }),
        ],
      },
      ERROR,
      'dropped: no message for 1.00 s; 0.4 messages a second arrive on /lidar/image, its CameraInfo comes 5.0 a second',
      /Fast DDS profile/,
    ],
    [
      'a quarter of the images is lost, with which each a CameraInfo comes',
      {
        ...withLidar({}),
        topics: [
          topic('lidar', { rateHz: 7.6, steadyHz: undefined, bytes: 100 * 3e6 }),
          topic('lidar', { purpose: 'camera-info', rateHz: 10, spanMs: 4900 }),
        ],
      },
      WARN,
      'active: 7.6 messages a second arrive on /lidar/image, its CameraInfo comes 10.0 a second',
      /Fast DDS profile/,
    ],
    [
      'a few images less than CameraInfos have come since a moment ago',
      {
        ...withLidar({}),
        topics: [
          topic('lidar', { rateHz: 7.6, steadyHz: undefined, bytes: 100 * 3e6 }),
          topic('lidar', { purpose: 'camera-info', rateHz: 10, spanMs: 900 }),
        ],
      },
      OK,
      'active',
      /^$/,
    ],
    [
      'one image of twenty is lost',
      {
        ...withLidar({}),
        topics: [
          topic('lidar', { rateHz: 28.5, steadyHz: 30, bytes: 100 * 3e6 }),
          topic('lidar', { purpose: 'camera-info', rateHz: 30, spanMs: 4900 }),
        ],
      },
      OK,
      'active',
      /^$/,
    ],
    [
      'small messages are lost, as the gaps between their stamps tell',
      withLidar({}, topic('lidar', { rateHz: 5, steadyHz: 10, bytes: 1000 })),
      WARN,
      'active: 5.0 messages a second arrive on /lidar/image, the rhythm of its stamps is 10.0 a second',
      /^See whether the network/,
    ],
    [
      'the middleware counts what is lost',
      withLidar({}, topic('lidar', { rateHz: 8, steadyHz: undefined, lost: 90, lostLately: 10, bytes: 1e9 })),
      WARN,
      'active: 10 messages of /lidar/image were lost in the last seconds',
      /Fast DDS profile/,
    ],
    [
      'two publish one topic',
      withLidar({}, topic('lidar', { publishers: 2, publisherNodes: ['/driver', '/player'] })),
      WARN,
      'active: 2 publishers on /lidar/image: /driver, /player',
      /Stop one of them/,
    ],
    [
      'the CameraInfo is of another frame',
      {
        ...withLidar({}),
        calibration: new Map([
          ['lidar', { code: 'camera-info-frame', modality: 'lidar', expected: 'optical', received: 'link' } as const],
        ]),
      },
      WARN,
      "active: Expected the CameraInfo of 'lidar' to be of the frame of its messages, 'optical', but received 'link'",
      /stamp both with one frame/,
    ],
    [
      'the QoS do not fit',
      withLidar(
        { state: 'waiting' },
        silentTopic('lidar', { conflicts: ['driver (reliability: offered best_effort, requested reliable)'] }),
      ),
      ERROR,
      'waiting: the QoS of /lidar/image do not fit: driver (reliability: offered best_effort, requested reliable)',
      /modalities\.lidar\.qos\.reliability to best_effort/,
    ],
    [
      'publishers are matched and silent',
      withLidar({ state: 'waiting' }, silentTopic('lidar', { publishers: 2 })),
      ERROR,
      'waiting: 2 publishers on /lidar/image, but nothing arrives',
      /Fast DDS profile/,
    ],
    [
      'a driver has fallen silent',
      withLidar({ state: 'dropped', reason: 'no message for 0.30 s' }),
      ERROR,
      'dropped: no message for 0.30 s; 1 publisher on /lidar/image, but no message any more',
      /driver is there and silent/,
    ],
    [
      'a driver has gone',
      withLidar({ state: 'dropped', reason: 'no message for 0.30 s' }, topic('lidar', { publishers: 0 })),
      ERROR,
      'dropped: no message for 0.30 s; nobody publishes /lidar/image',
      /Start the driver/,
    ],
    [
      'a package is missing',
      withLidar({ state: 'waiting' }, silentTopic('lidar', { problem: 'event_camera_msgs is not installed' })),
      ERROR,
      'waiting: event_camera_msgs is not installed',
      /modalities\.lidar\.enabled/,
    ],
  ];
  for (const [what, report, level, message, toDo] of troubles) {
    it(`say that ${what}, and what to do`, () => {
      const told = status(report, 'lidar');
      assert.equal(told.message, message);
      assert.equal(told.level, level);
      assert.match(values(told).what_to_do ?? '', toDo);
    });
  }

  it('say that CameraInfo is missing where that is what makes a camera useless', () => {
    const cameraInfo = silentTopic('lidar', { purpose: 'camera-info', topic: '/lidar/camera_info' });
    const report = withLidar(invalidFor({ code: 'camera-info-missing', modality: 'lidar' }));
    const told = status({ ...report, topics: [...report.topics, cameraInfo] }, 'lidar');
    assert.match(told.message, /; no CameraInfo on \/lidar\/camera_info$/);
    assert.match(values(told).what_to_do ?? '', /camera_info_file/);
    assert.equal(values(told).camera_info_messages, '0');
  });

  it('say so too where it is the CameraInfo of the camera all others are laid on', () => {
    const cameraInfo = silentTopic('camera', { purpose: 'camera-info', topic: '/camera/camera_info' });
    const report = withLidar(invalidFor({ code: 'camera-info-missing', modality: 'camera' }));
    const told = status({ ...report, topics: [...report.topics, cameraInfo] }, 'lidar');
    assert.match(told.message, /; no CameraInfo on \/camera\/camera_info$/);
    assert.match(values(told).what_to_do ?? '', /modalities\.camera\.camera_info_topic/);
  });

  it('say that there are no transforms at all, where one is missing', () => {
    const invalid = invalidFor({
      code: 'transform-missing',
      source: 'os_lidar',
      target: 'optical',
      targetRoot: 'base_link',
    });
    const transforms = (messages: number) =>
      ['/tf', '/tf_static'].map((name) =>
        topic('', { purpose: 'transforms', modality: undefined, topic: name, messages }),
      );
    const report = withLidar(invalid);
    const none = status({ ...report, topics: [...report.topics, ...transforms(0)] }, 'lidar');
    assert.match(none.message, /; nothing on \/tf and \/tf_static$/);
    assert.match(values(none).what_to_do ?? '', /static_transform_publisher/);
    const some = status({ ...report, topics: [...report.topics, ...transforms(3)] }, 'lidar');
    assert.equal(some.message, `invalid: ${invalid.reason}`);
    assert.match(values(some).what_to_do ?? '', /static_transforms/);
  });

  it('choose what to do by the code and not by the words', () => {
    const cause = { code: 'camera-info-missing', modality: 'lidar' } as const;
    const told = status(withLidar({ state: 'invalid', reason: 'other words', cause }), 'lidar');
    assert.match(values(told).what_to_do ?? '', /modalities\.lidar\.camera_info_topic/);
    const words = describeSensorReason(cause);
    assert.equal(values(status(withLidar({ state: 'invalid', reason: words }), 'lidar')).what_to_do, '');
  });

  it('ask nothing of anybody for a sensor that is well or switched off', () => {
    for (const state of ['active', 'late', 'recovering', 'disabled'] as const) {
      const report = withLidar({ state }, silentTopic('lidar', { publishers: 0 }));
      assert.equal(values(status(report, 'lidar')).what_to_do, '', state);
    }
  });

  const camera = modalityStatus('camera');
  const lidar = modalityStatus('lidar');
  const gone = { state: 'dropped', reason: 'no message for 0.30 s' } as const;
  const essential = [
    { name: 'camera', essential: true, expected: false },
    { name: 'lidar', essential: false, expected: false },
  ];
  const syncs: [what: string, report: NodeReport, level: number, message: string][] = [
    ['all is well', nodeReport(), OK, 'masks from camera, lidar'],
    [
      'a sensor is switched off',
      withSync({ modalities: [camera, modalityStatus('lidar', { state: 'disabled' })] }),
      OK,
      'masks from camera',
    ],
    [
      'a sensor is gone',
      withSync({ modalities: [camera, modalityStatus('lidar', gone)] }),
      WARN,
      'masks without lidar (dropped)',
    ],
    [
      'all sensors are gone',
      withSync({ reference: undefined, modalities: [modalityStatus('camera', gone), modalityStatus('lidar', gone)] }),
      ERROR,
      'no mask: camera (dropped), lidar (dropped)',
    ],
    [
      'an essential sensor is gone',
      { ...withSync({ modalities: [modalityStatus('camera', gone), lidar] }), modalities: essential },
      ERROR,
      'no mask: an essential modality is missing: camera (dropped)',
    ],
    [
      'nothing has come yet',
      withSync({ modalities: [modalityStatus('camera', { state: 'waiting' })] }),
      STALE,
      'no sensor has sent anything yet',
    ],
    [
      'everything is switched off',
      withSync({ modalities: [modalityStatus('camera', { state: 'disabled' })] }),
      ERROR,
      'no mask: every modality is disabled',
    ],
    [
      'the node is not active',
      nodeReport({ life: { state: 'inactive', error: undefined }, sync: undefined }),
      STALE,
      'the node is inactive',
    ],
    [
      'the node could not be configured',
      nodeReport({ life: { state: 'unconfigured', error: 'Expected a bundle' }, sync: undefined }),
      ERROR,
      'unconfigured: Expected a bundle',
    ],
  ];
  for (const [what, report, level, message] of syncs) {
    it(`judge the whole when ${what}`, () => {
      const told = status(report, 'sync');
      assert.deepEqual([told.level, told.message], [level, message]);
    });
  }

  function withInference(changes: object, masks: object = {}): NodeReport {
    const report = nodeReport();
    return { ...report, inference: { ...report.inference!, ...changes }, masks: { ...report.masks, ...masks } };
  }
  const fellDown = {
    selection: {
      provider: 'cpu',
      requested: 'auto',
      encodeMode: 'one-by-one',
      attempts: [
        { provider: 'cuda', outcome: 'failed', reason: 'no device', ms: 5, timings: {} },
        { provider: 'cpu', outcome: 'chosen', reason: '0 of 61440 golden pixels differ', ms: 800, timings: {} },
      ],
    },
  };
  const recent = { reason: 'overtaken', at: NOW - SECOND };
  const slow = { figures: { ...nodeReport().masks.figures, rateHz: 6.04 } };
  const failure = { reason: 'the worker exited with code 1', at: NOW };
  const inferences: [what: string, report: NodeReport, level: number, message: string][] = [
    ['it runs', nodeReport(), OK, 'runs on cpu'],
    ['it chose among what is there', withInference(fellDown), OK, 'runs on cpu'],
    [
      'the provider asked for was not to be had',
      withInference({ selection: { ...fellDown.selection, requested: 'cuda' } }),
      WARN,
      'runs on cpu: cuda failed: no device',
    ],
    [
      'it is slower than the sensors',
      withInference({}, { ...slow, lastDrop: recent }),
      WARN,
      'runs on cpu, slower than the sensors: 6.0 masks for 10.0 reference frames a second',
    ],
    ['masks are few for another reason', withInference({}, slow), OK, 'runs on cpu'],
    [
      'the worker is being replaced',
      withInference({ state: 'waiting', lastFailure: failure }),
      WARN,
      'the inference worker is being started: the worker exited with code 1',
    ],
    [
      'it has given up',
      withInference({ state: 'failed', lastFailure: failure }),
      ERROR,
      'the model does not run: the worker exited with code 1',
    ],
    [
      'there is no model yet',
      nodeReport({ inference: undefined, life: { state: 'unconfigured', error: undefined } }),
      STALE,
      'no model is loaded: the node is unconfigured',
    ],
    [
      'there is no model to be had',
      nodeReport({ inference: undefined, life: { state: 'unconfigured', error: 'Expected a bundle' } }),
      ERROR,
      'unconfigured: Expected a bundle',
    ],
  ];
  for (const [what, report, level, message] of inferences) {
    it(`judge the model when ${what}`, () => {
      const told = status(report, 'inference');
      assert.deepEqual([told.level, told.message], [level, message]);
    });
  }

  it('name the provider in use, why, and those that were given up', () => {
    const told = values(status(withInference(fellDown), 'inference'));
    assert.equal(told.provider, 'cpu');
    assert.equal(told.provider_requested, 'auto');
    assert.equal(told.provider_reason, 'cpu chosen: 0 of 61440 golden pixels differ');
    assert.equal(told.providers_refused, 'cuda failed: no device');
    assert.equal(told.total_p99_ms, '130.000');
    assert.equal(told.mean_confidence, '0.813');
    assert.equal(told.event_loop_p99_ms, '3.900');
  });
});

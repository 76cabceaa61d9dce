import assert from 'node:assert/strict';
import { parse as load } from 'yaml';
import {
  type NodeSettings,
  type ParameterValue,
  parameterDescriptor,
  parameterTable,
  parseSettings,
  renderParameterTable,
  renderParameterYaml,
  unknownParameters,
} from '../../src/configuration/index.js';
import { DEFAULT_PIPELINE_CONFIG, pipelineConfigSchema } from '../../src/pipeline/index.js';
import { streamConfigSchema, synchronizerOptions, syncOptionsSchema } from '../../src/sync/index.js';
import { RIG } from './support/modalities.js';

type Values = Record<string, ParameterValue>;

function parse(values: Values = {}, modalities = RIG) {
  return parseSettings(new Map(Object.entries(values)), modalities);
}

function settings(values: Values = {}): NodeSettings {
  const outcome = parse(values);
  assert.equal(outcome.kind, 'valid', JSON.stringify(outcome));
  return (outcome as Extract<typeof outcome, { kind: 'valid' }>).settings;
}

function problems(values: Values): string[] {
  const outcome = parse(values);
  return outcome.kind === 'invalid' ? outcome.problems : [];
}

describe('parameter table', () => {
  const table = parameterTable(RIG);
  const names = table.map(({ name }) => name);

  it('has each name once, in lower case, and none that is a group as well', () => {
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    );
    assert.deepEqual(
      names.filter((name) => !/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$/.test(name)),
      [],
    );
    assert.deepEqual(
      names.filter((name) => names.some((other) => other.startsWith(`${name}.`))),
      [],
    );
  });

  it('declares the parameters of the node without a model, and the same ones with one', () => {
    const own = parameterTable([]).map(({ name }) => name);
    assert.deepEqual(names.slice(0, own.length), own);
    assert.deepEqual(
      names.slice(own.length).filter((name) => !/^modalities\.(camera|depth|events|lidar)\./.test(name)),
      [],
    );
  });

  it('offers every key of a configuration file, under a name of its own', () => {
    const renamed: Record<string, string> = {
      referencePriority: 'reference_priority',
      identicalLimit: 'frozen_after',
      baseFrame: 'base_frame',
      // Of a stream, as parameters of its modality.
      necessity: 'modalities.camera.essential',
      availability: 'modalities.camera.enabled',
    };
    const snakeCase = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const expected = [
      ...Object.keys(pipelineConfigSchema.shape)
        .filter((key) => !['topics', 'sync', 'sensors', 'motion', 'calibration'].includes(key))
        .map((key) => renamed[key] ?? key),
      ...Object.keys(syncOptionsSchema.shape)
        .filter((key) => key !== 'streams')
        .map((key) => renamed[key] ?? `sync.${snakeCase(key)}`),
      ...Object.keys(streamConfigSchema.shape).map((key) => renamed[key] ?? `modalities.camera.${snakeCase(key)}`),
    ];
    assert.deepEqual(
      expected.filter((name) => !names.includes(name)),
      [],
    );
  });

  it('accepts the two ends of every range and refuses what lies beyond', () => {
    for (const definition of table) {
      // Its values 1 to 8 are refused by a rule of their own.
      if (definition.name.endsWith('.bit_depth')) continue;
      if (definition.type !== 'integer' && definition.type !== 'double') continue;
      const { name, range } = definition;
      const least = range.openBelow ? range.from + 1e-3 : range.from;
      for (const value of [least, range.to]) assert.deepEqual(problems({ [name]: value }), [], `${name} = ${value}`);
      const step = definition.type === 'integer' ? 1 : 1e-3;
      const tooSmall = range.openBelow ? range.from : range.from - step;
      for (const value of [tooSmall, range.to + step, Number.NaN, Number.POSITIVE_INFINITY]) {
        assert.equal(problems({ [name]: value }).length, 1, `${name} = ${value}`);
      }
    }
  });

  it('describes every parameter to ROS: type, bounds, what is read only', () => {
    const descriptors = new Map(table.map((definition) => [definition.name, parameterDescriptor(definition)]));
    assert.deepEqual(descriptors.get('threads'), {
      name: 'threads',
      type: 2,
      description: 'CPU threads of one run; 0: all cores, at most 4',
      additional_constraints: 'a whole number from 0 to 64; takes effect with the transition configure',
      read_only: false,
      dynamic_typing: false,
      floating_point_range: [],
      integer_range: [{ from_value: 0n, to_value: 64n, step: 0n }],
    });
    assert.deepEqual(descriptors.get('sync.deadline_ms')?.floating_point_range, [
      { from_value: 0, to_value: 60_000, step: 0 },
    ]);
    assert.match(descriptors.get('sync.deadline_ms')!.additional_constraints, /^a number above 0 and up to 60000;/);
    assert.deepEqual(
      [...descriptors.values()].filter(({ read_only }) => read_only).map(({ name }) => name),
      ['autostart'],
    );
  });
});

describe('parameter file', () => {
  type Tree = { [key: string]: Tree | ParameterValue };
  const { '/**': node } = load(renderParameterYaml(RIG)) as Record<string, { ros__parameters: Tree }>;

  function flat(tree: Tree, prefix = ''): [string, ParameterValue][] {
    return Object.entries(tree).flatMap(([key, value]): [string, ParameterValue][] =>
      typeof value === 'object' && !Array.isArray(value)
        ? flat(value as Tree, `${prefix}${key}.`)
        : [[`${prefix}${key}`, value as ParameterValue]],
    );
  }

  it('has every parameter with its default, and nothing else', () => {
    const table = parameterTable(RIG);
    const expected = table
      .filter(({ type }) => type !== 'string_array')
      .map(({ name, default: value }) => [name, value]);
    assert.deepEqual(flat(node!.ros__parameters), expected);
  });

  it('gives the settings that are in force without it', () => {
    assert.deepEqual(settings(Object.fromEntries(flat(node!.ros__parameters))), settings());
  });

  it('writes doubles as such, and explains each meaning once', () => {
    const text = renderParameterYaml(RIG);
    assert.match(text, /^ {6}deadline_ms: 100\.0$/m);
    assert.equal(text.match(/# no mask without this sensor/g)?.length, 1);
    assert.ok(
      text.split('\n').every((line) => line.length <= 120 && line === line.trimEnd()),
      'no long line, no blank at an end',
    );
  });
});

describe('parameter table in the documentation', () => {
  const rows = renderParameterTable(RIG, 'full').split('\n');
  const cells = new Map(rows.map((row) => [row.split(' | ')[0]?.slice(2), row.slice(2, -2).split(' | ')]));

  it('has a row for every parameter, those of modalities and outputs once', () => {
    const names = parameterTable(RIG).map(({ name }) =>
      name.replace(/^modalities\.\w+/, 'modalities.<m>').replace(/^outputs\.\w+\.(publish|qos)/, 'outputs.<o>.$1'),
    );
    assert.deepEqual(
      [...cells.keys()].slice(2),
      [...new Set(names)].map((name) => `\`${name}\``),
    );
    assert.ok(
      [...cells.values()].every((row, index) => index === 1 || row.length === 7),
      'seven columns',
    );
  });

  it('tells defaults that differ', () => {
    assert.equal(cells.get('`modalities.<m>.qos.depth`')?.[2], '5; events: 100');
    assert.equal(cells.get('`modalities.<m>.topic`')?.[2], '`camera/image`, `depth/image`, `events`, `lidar/points`');
    assert.equal(cells.get('`modalities.<m>.enabled`')?.[2], 'true');
    assert.deepEqual(cells.get('`sync.deadline_ms`')?.slice(1, 5), [
      'double',
      '100 ms',
      'above 0 and up to 60000',
      'live',
    ]);
  });
});

describe('parameters as settings', () => {
  it('are those of a configuration file where nothing is set', () => {
    const { pipeline } = settings();
    const { streams, ...sync } = pipeline.sync;
    const { streams: none, ...defaults } = DEFAULT_PIPELINE_CONFIG.sync;
    assert.deepEqual({ ...pipeline, sync }, { ...DEFAULT_PIPELINE_CONFIG, sync: defaults });
    const modalities = RIG.map(({ name }) => ({ modality: name, match: 'nearest' as const }));
    assert.deepEqual(
      synchronizerOptions(modalities, pipeline.sync),
      synchronizerOptions(modalities, DEFAULT_PIPELINE_CONFIG.sync),
    );
    assert.deepEqual(none, {});
    assert.deepEqual(Object.keys(streams), ['camera', 'depth', 'events', 'lidar']);
  });

  it('read every sensor where its driver is remapped to', () => {
    const inputs = [...settings().inputs].map(([name, { topic, cameraInfoTopic, qos }]) => [
      name,
      topic,
      cameraInfoTopic,
      qos.depth,
    ]);
    assert.deepEqual(inputs, [
      ['camera', 'camera/image', 'camera/camera_info', 5],
      ['depth', 'depth/image', 'depth/camera_info', 5],
      ['events', 'events', 'events/camera_info', 100],
      ['lidar', 'lidar/points', undefined, 5],
    ]);
  });

  const cases: { set: Values; read: (settings: NodeSettings) => unknown; expected: unknown }[] = [
    { set: { engine_cache: '/var/engines' }, read: ({ model }) => model.engineCache, expected: '/var/engines' },
    { set: { model: '/opt/mine' }, read: ({ model }) => model.folder, expected: '/opt/mine' },
    {
      set: {},
      read: ({ model }) => model,
      expected: {
        folder: undefined,
        fallbacks: [],
        fallbackStart: 'warm',
        provider: 'auto',
        fallback: 'down',
        deviceId: 0,
        engineCache: undefined,
        threads: undefined,
        runTimeoutMs: 5000,
        startTimeoutMs: 120_000,
      },
    },
    { set: { inference_timeout_ms: 0n }, read: ({ model }) => model.runTimeoutMs, expected: 'none' },
    { set: { start_timeout_ms: 0n }, read: ({ model }) => model.startTimeoutMs, expected: 'none' },
    { set: { start_timeout_ms: 700n }, read: ({ model }) => model.startTimeoutMs, expected: 700 },
    {
      set: { provider: 'cpu', provider_required: true },
      read: ({ model }) => [model.provider, model.fallback],
      expected: ['cpu', 'none'],
    },
    { set: { threads: 3n }, read: ({ model }) => model.threads, expected: 3 },
    { set: { 'sync.deadline_ms': 80n }, read: ({ pipeline }) => pipeline.sync.deadlineMs, expected: 80 },
    { set: { base_frame: 'base_footprint' }, read: ({ pipeline }) => pipeline.baseFrame, expected: 'base_footprint' },
    {
      set: { reference_priority: ['lidar', 'camera'] },
      read: ({ pipeline }) => pipeline.sync.referencePriority,
      expected: ['lidar', 'camera'],
    },
    { set: { reference_priority: [''] }, read: ({ pipeline }) => pipeline.sync.referencePriority, expected: undefined },
    {
      set: {
        'modalities.lidar.enabled': false,
        'modalities.lidar.essential': true,
        'modalities.lidar.period_ms': 100,
        'modalities.lidar.offset_ms': -12.5,
        'modalities.lidar.tolerance_ms': 60,
      },
      read: ({ pipeline }) => pipeline.sync.streams.lidar,
      expected: { availability: 'disabled', necessity: 'essential', periodMs: 100, offsetMs: -12.5, toleranceMs: 60 },
    },
    {
      set: {
        'modalities.camera.topic': '/zed/left/image',
        'modalities.camera.type': 'sensor_msgs/msg/CompressedImage',
        'modalities.camera.qos.reliability': 'reliable',
        'modalities.camera.qos.depth': 2n,
      },
      read: ({ inputs }) => inputs.get('camera'),
      expected: {
        role: 'camera',
        topic: '/zed/left/image',
        messageType: 'sensor_msgs/msg/CompressedImage',
        cameraInfoTopic: 'camera/camera_info',
        expected: false,
        qos: { reliability: 'reliable', depth: 2 },
      },
    },
    {
      set: { 'modalities.camera.type': 'raw', 'modalities.camera.expected': true },
      read: ({ inputs }) => [inputs.get('camera')?.messageType, inputs.get('camera')?.expected],
      expected: ['sensor_msgs/msg/Image', true],
    },
    { set: {}, read: ({ minimum }) => minimum, expected: [['camera'], ['depth'], ['lidar']] },
    { set: { minimum: 'any' }, read: ({ minimum }) => minimum, expected: undefined },
    {
      set: { minimum: 'camera|depth+lidar', always_on: true },
      read: ({ minimum, alwaysOn }) => [minimum, alwaysOn],
      expected: [[['camera'], ['depth', 'lidar']], true],
    },
    {
      set: {
        'modalities.camera.geometry': 'rectified',
        'modalities.camera.bit_depth': 12n,
        'modalities.camera.camera_info_file': '/cal.yaml',
        'modalities.camera.camera_info_frame': 'left_optical',
        'modalities.depth.depth_scale': 0.00025,
        'modalities.lidar.intensity_full_scale': 6000n,
        'modalities.lidar.dilation': 0n,
        static_transforms: ['robot.urdf', '--z 1.6 --frame-id base_link --child-frame-id lidar'],
        fixed_frame: 'odom',
        odometry_topic: 'wheel/odometry',
      },
      read: ({ pipeline: { sensors, calibration, motion } }) => ({ sensors, calibration, motion }),
      expected: {
        sensors: {
          camera: { geometry: 'rectified', bitDepth: 12 },
          depth: { geometry: 'raw', depthScale: 0.00025 },
          lidar: { geometry: 'raw', intensityFullScale: 6000, dilation: 0 },
        },
        calibration: {
          cameraInfos: { camera: { file: '/cal.yaml', frameId: 'left_optical' } },
          staticTransforms: ['robot.urdf', '--z 1.6 --frame-id base_link --child-frame-id lidar'],
          lookAhead: true,
        },
        motion: { fixedFrame: 'odom', odometryTopic: 'wheel/odometry' },
      },
    },
    {
      set: { 'outputs.confidence.publish': false, 'outputs.confidence.qos.reliability': 'best_effort' },
      read: ({ outputs }) => outputs.topics.get('confidence'),
      expected: { publish: false, qos: { reliability: 'best_effort', depth: 5 } },
    },
    {
      set: { 'outputs.size': 'model', 'outputs.overlay.opacity': 1n },
      read: ({ outputs }) => [outputs.size, outputs.overlay],
      expected: ['model', { opacity: 1, jpegQuality: 80 }],
    },
  ];
  for (const { set, read, expected } of cases) {
    it(`take ${JSON.stringify(set, (_, value) => (typeof value === 'bigint' ? `${value}` : value))}`, () => {
      assert.deepEqual(read(settings(set)), expected);
    });
  }

  const refused: [Values, string | RegExp][] = [
    [{ threads: 1.5 }, 'Expected a whole number from 0 to 64 for threads but received 1.5.'],
    [{ threads: '2' }, "Expected a whole number from 0 to 64 for threads but received '2'."],
    [{ 'sync.deadline_ms': 0 }, 'Expected a number above 0 and up to 60000 for sync.deadline_ms but received 0.'],
    [{ provider: 'gpu' }, /^Expected auto or .*cpu for provider but received 'gpu'\.$/],
    [
      { provider_required: true },
      /^Expected the name of a provider for provider but received 'auto', while provider_required is true\. Name/,
    ],
    [{ autostart: 'yes' }, "Expected true or false for autostart but received 'yes'."],
    [
      { 'modalities.camera.topic': 'a topic' },
      "Expected a topic name of letters, digits, _ and / for modalities.camera.topic but received 'a topic'.",
    ],
    [
      { 'modalities.lidar.topic': 'camera/image' },
      "Expected a topic of its own for modalities.lidar.topic but received 'camera/image', which camera is read from.",
    ],
    [
      { 'modalities.lidar.type': 'sensor_msgs/msg/Image' },
      'Expected auto or sensor_msgs/msg/PointCloud2 or livox_ros_driver2/msg/CustomMsg or livox_ros_driver/msg/CustomMsg ' +
        "or livox_interfaces/msg/CustomMsg for modalities.lidar.type but received 'sensor_msgs/msg/Image'.",
    ],
    [
      { reference_priority: ['lidr'] },
      "Expected a list of camera, depth, events, lidar for reference_priority but received ['lidr'].",
    ],
    [{ base_frame: '/base' }, /^Expected the name of a frame, without a leading \/ for base_frame/],
    [
      { 'modalities.camera.camera_info_file': '/cal.yaml' },
      /^Expected the frame of \/cal\.yaml for modalities\.camera\.camera_info_frame but received ''\. .*name the optical/,
    ],
    [
      { 'modalities.camera.bit_depth': 8 },
      'Expected 0 or 9 to 16 for modalities.camera.bit_depth but received 8. Pictures of 8 bits need none.',
    ],
    [{ 'modalities.depth.depth_scale': -1 }, /^Expected a number from 0 to 1000 for modalities\.depth\.depth_scale/],
    [
      { static_transforms: ['--x 1 --frame-id base_link'] },
      /^Expected the arguments of static_transform_publisher, .* Both --frame-id and --child-frame-id are needed\.$/,
    ],
    [{ static_transforms: ['my.urdf.xacro'] }, /Expand it first: xacro my\.urdf\.xacro > my\.urdf\.$/],
    [{ odometry_topic: '/odom' }, /^Expected the frame of its poses for fixed_frame but received '', while/],
    [{ model: ['x'.repeat(200)] }, /^Expected a text for model but received \['x{75}\.\.\.\.$/],
  ];
  for (const [values, expected] of refused) {
    it(`refuse ${JSON.stringify(values).slice(0, 80)}`, () => {
      const [problem, ...others] = problems(values);
      assert.deepEqual(others, []);
      if (typeof expected === 'string') assert.equal(problem, expected);
      else assert.match(problem ?? '', expected);
    });
  }

  it('name every wrong value, not only the first', () => {
    assert.equal(problems({ threads: -1, base_frame: '', 'outputs.size': 'huge' }).length, 3);
  });

  it('follow the modalities of a model with other sensors', () => {
    const outcome = parse({ 'modalities.near-ir.enabled': false }, [{ name: 'near-ir', role: 'camera' }]);
    assert.equal(outcome.kind, 'valid');
    if (outcome.kind !== 'valid') return;
    assert.equal(outcome.settings.inputs.get('near-ir')?.topic, 'near_ir/image');
    assert.equal(outcome.settings.pipeline.sync.streams['near-ir']?.availability, 'disabled');
  });
});

describe('unknown parameter names', () => {
  const known = parameterTable(RIG).map(({ name }) => name);
  const cases: [string, string | undefined][] = [
    ['sync.deadlin_ms', 'sync.deadline_ms'],
    ['deadline_ms', 'sync.deadline_ms'],
    ['modalities.lidar.topik', 'modalities.lidar.topic'],
    ['Threads', 'threads'],
    ['provder', 'provider'],
    ['completely_different_thing', undefined],
  ];
  for (const [name, nearest] of cases) {
    it(`says of ${name}: ${nearest ?? 'nothing is near'}`, () => {
      const advice = nearest === undefined ? 'Remove it.' : `Did you mean ${nearest}?`;
      assert.deepEqual(unknownParameters([name], known), [
        `Expected the name of a parameter but received '${name}', which has no effect. ${advice}`,
      ]);
    });
  }

  it('of a modality the model does not have are told once', () => {
    const names = ['modalities.lidr.topic', 'modalities.lidr.enabled', 'modalities.thermal_camera.topic'];
    assert.deepEqual(unknownParameters(names, known), [
      "Expected camera, depth, events, lidar below modalities but received 'lidr', whose parameters have no effect. " +
        'Did you mean lidar?',
      "Expected camera, depth, events, lidar below modalities but received 'thermal_camera', whose parameters have no " +
        'effect. Remove them.',
    ]);
  });

  it('are not those every ROS node has', () => {
    assert.deepEqual(unknownParameters(['use_sim_time', 'threads', 'qos_overrides./tf.subscription.depth'], known), []);
  });
});

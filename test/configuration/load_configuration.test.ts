import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { BagWriter } from '../../src/bags/index.js';
import { configuredSegmenter, readConfigured } from '../../src/cli/configured.js';
import { type ProviderFlags, withProviderOptions } from '../../src/cli/provider_options.js';
import { loadConfiguration, loadPipelineConfig } from '../../src/configuration/index.js';
import { DEFAULT_PIPELINE_CONFIG, type PipelineConfig } from '../../src/pipeline/index.js';
import { replayBag } from '../../src/replay/index.js';
import { RIG } from '../node/support/modalities.js';
import { projectRoot } from '../support/shared_data.js';
import { tinyDrive } from '../support/tiny_rig.js';

const BUNDLE = join(projectRoot, 'test', 'fixtures', 'tiny-bundle');

/** Everything that differs from its default, in the form of a desk. */
const DESK = `
base_frame: chassis
frozen_after: 4
reference_priority: [lidar, camera]
sync:
  deadline_ms: 80
  late_periods: 2.0
modalities:
  camera: {topic: /zed/left/image_rect_color, geometry: rectified, bit_depth: 12}
  depth:
    topic: /zed/depth/depth_registered
    camera_info_topic: /zed/depth/camera_info
    depth_scale: 0.00025
  events: {enabled: no}
  lidar:
    topic: /ouster/points
    essential: true
    tolerance_ms: 60
    intensity_full_scale: 6000
    dilation: 2
ground_truth_topic: /labels
static_transforms: ['--z 1.6 --yaw -0.5 --frame-id chassis --child-frame-id os_sensor']
`;

/** The same below the frame of a parameter file. */
function forNode(text: string, name = '/**'): string {
  return `${name}:\n  ros__parameters:\n${text.replaceAll(/^(?=.)/gm, '    ')}`;
}

describe('configuration of a desk', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'configuration-'));
  });
  after(() => rm(folder, { recursive: true }));

  let files = 0;
  async function file(text: string): Promise<string> {
    const path = join(folder, `${files++}.yaml`);
    await writeFile(path, text);
    return path;
  }
  const load = async (text: string) => loadConfiguration(await file(text), RIG);

  it('says what it says', async () => {
    const { config, notes } = await load(DESK);
    assert.deepEqual(config, {
      ...DEFAULT_PIPELINE_CONFIG,
      baseFrame: 'chassis',
      identicalLimit: 4,
      topics: {
        modalities: {
          camera: '/zed/left/image_rect_color',
          depth: '/zed/depth/depth_registered',
          lidar: '/ouster/points',
        },
        cameraInfo: { depth: '/zed/depth/camera_info' },
        groundTruth: '/labels',
      },
      sync: {
        ...DEFAULT_PIPELINE_CONFIG.sync,
        deadlineMs: 80,
        latePeriods: 2,
        referencePriority: ['lidar', 'camera'],
        streams: {
          camera: { offsetMs: 0, necessity: 'optional', availability: 'enabled' },
          depth: { offsetMs: 0, necessity: 'optional', availability: 'enabled' },
          events: { offsetMs: 0, necessity: 'optional', availability: 'disabled' },
          lidar: { offsetMs: 0, necessity: 'essential', availability: 'enabled', toleranceMs: 60 },
        },
      },
      sensors: {
        camera: { geometry: 'rectified', bitDepth: 12 },
        depth: { geometry: 'raw', depthScale: 0.00025 },
        lidar: { geometry: 'raw', intensityFullScale: 6000, dilation: 2 },
      },
      calibration: {
        cameraInfos: {},
        staticTransforms: ['--z 1.6 --yaw -0.5 --frame-id chassis --child-frame-id os_sensor'],
        lookAhead: true,
      },
    } satisfies PipelineConfig);
    assert.deepEqual(notes, []);
  });

  const FRAMES = [
    '/**',
    'mle_sam',
    '/mle_sam',
    '/*',
    '/robot/mle_sam',
    'robot/front/mle_sam',
    '/**/mle_sam',
    'segmenter',
  ];
  for (const name of FRAMES) {
    it(`says the same in a parameter file for ${name}`, async () => {
      const node = await load(forNode(DESK, name));
      assert.deepEqual(node.config, (await load(DESK)).config);
    });
  }

  it('takes names with dots, and of two sections the later', async () => {
    const flat = await load('sync.deadline_ms: 70\nmodalities.lidar.topic: /l\n');
    assert.equal(flat.config.sync.deadlineMs, 70);
    assert.deepEqual(flat.config.topics, { modalities: { lidar: '/l' } });
    const both = `${forNode('sync.deadline_ms: 70.0\nbase_frame: a')}\n${forNode('sync.deadline_ms: 90.0', '/mle_sam')}`;
    const { config } = await load(both);
    assert.deepEqual([config.sync.deadlineMs, config.baseFrame], [90, 'a']);
  });

  it('leaves what is meant for other nodes alone', async () => {
    const text = `${forNode('fps: 30', '/zed/zed_node')}\n${forNode('base_frame: chassis', '/robot/mle_sam')}`;
    assert.equal((await load(text)).config.baseFrame, 'chassis');
    const two = `${forNode('base_frame: a', '/one/mle_sam')}\n${forNode('base_frame: b', '/two/mle_sam')}`;
    await assert.rejects(
      load(two),
      /parameters of one node in .* received those of \/one\/mle_sam and \/two\/mle_sam\./,
    );
  });

  it('reads relative names in the namespace of the node', async () => {
    const topics = async (text: string) => (await load(text)).config.topics;
    const named = 'modalities.camera.topic: left/image\nmodalities.lidar.topic: lidar/points';
    assert.deepEqual(await topics(forNode(named, '/robot/mle_sam')), {
      modalities: { camera: '/robot/left/image' },
      // Left at its default: taken where it is there, as remapping would have it elsewhere.
      preferred: { lidar: '/robot/lidar/points' },
    });
    assert.deepEqual(await topics(forNode(named)), {
      modalities: { camera: 'left/image' },
      preferred: { lidar: 'lidar/points' },
    });
  });

  it('tells in one line what has no effect at a desk', async () => {
    const { notes } = await load(forNode('autostart: false\nuse_sim_time: true\noutputs.mask.publish: false'));
    assert.equal(notes.length, 1);
    assert.match(notes[0]!, /^Without effect at a desk, in .*: autostart, outputs\.mask\.publish, use_sim_time\.$/);
    const all = await loadConfiguration(join(projectRoot, 'config', 'mle_sam.yaml'), RIG);
    assert.match(
      all.notes[0]!,
      /: autostart, always_on, idle_check_s, minimum, diagnostics_period_ms, outputs\.\*, modalities\.\*\.expected, modalities\.\*\.qos\.\*\.$/,
    );
  });

  const refused: [what: string, text: string, why: RegExp][] = [
    [
      'an old topic',
      'topics: {modalities: {camera: /c}}',
      /Expected modalities\.camera\.topic but received its old name/,
    ],
    ['an old CameraInfo', 'topics: {cameraInfo: {depth: /c}}', /Expected modalities\.depth\.camera_info_topic but/],
    ['old ground truth', 'topics: {groundTruth: /c}', /Expected ground_truth_topic but received its old name/],
    ['an old frame', 'baseFrame: odom', /Expected base_frame but received its old name baseFrame\. Rename it\./],
    ['an old limit', 'identicalLimit: 3', /Expected frozen_after but received its old name/],
    [
      'an old deadline',
      'sync: {deadlineMs: 3}',
      /Expected sync\.deadline_ms but received its old name sync\.deadlineMs/,
    ],
    ['an old priority', 'sync: {referencePriority: [camera]}', /Expected reference_priority but received its old name/],
    [
      'an old stream',
      'sync: {streams: {lidar: {toleranceMs: 3, necessity: essential}}}',
      /Expected modalities\.lidar\.tolerance_ms .* Expected modalities\.lidar\.essential: true but received/,
    ],
    ['a misspelt name', 'sync: {deadline: 3}', /received 'sync\.deadline', .* Did you mean sync\.deadline_ms\?/],
    ['a sensor the model lacks', 'modalities: {sonar: {topic: /s}}', /Expected camera, depth, events, lidar below mod/],
    ['a value out of range', 'frozen_after: -1', /a whole number from 0 to 1000 for frozen_after but received -1\./],
    ['a value of another kind', 'base_frame: 3', /the name of a frame, .* for base_frame but received 3\./],
    ['no value', 'base_frame:', /Expected a value for base_frame but received null\./],
    ['no names', '- a\n- b', /Expected names and values for the configuration in/],
    ['no YAML', 'a: [', /Expected YAML for the configuration in .* but received: /],
  ];
  for (const [what, text, why] of refused) {
    it(`refuses ${what} in a sentence`, () => assert.rejects(load(text), why));
  }

  it('takes an empty file for one that changes nothing', async () => {
    const { streams, ...sync } = (await load('')).config.sync;
    assert.deepEqual(sync, (({ streams: _, ...rest }) => rest)(DEFAULT_PIPELINE_CONFIG.sync));
    assert.equal(Object.keys(streams).length, 4);
  });

  it('can be read for programs without a model, by the names the file has', async () => {
    const config = await loadPipelineConfig(await file('reference_priority: [near_ir]\nmodalities.near_ir.topic: /n'));
    assert.deepEqual(config.topics, { modalities: { near_ir: '/n' } });
    assert.deepEqual(config.sync.referencePriority, ['near_ir']);
  });

  it('scores bit for bit the same in both forms, and as the file with all defaults the same as without one', async function () {
    this.timeout(120_000);
    const bag = join(folder, 'drive.mcap');
    const writer = await BagWriter.create(bag);
    for (const { topic, type, data, receiveStamp } of tinyDrive({ seconds: 2 })) {
      // As a node in the namespace of the topics would hear them.
      await writer.write({ topic: topic.replace('image_raw', 'image'), type, data, logTime: receiveStamp });
    }
    await writer.close();
    const changes =
      'modalities.camera.enabled: false\nreference_priority: [lidar]\nmodalities.depth.depth_scale: 0.0005\n';
    const digests = new Map<string, string>();
    for (const [name, config] of [
      ['none', DEFAULT_PIPELINE_CONFIG],
      ['all', (await loadConfiguration(join(projectRoot, 'config', 'mle_sam.yaml'), RIG)).config],
      ['desk', (await load(changes)).config],
      ['node', (await load(forNode(changes, '/robot/mle_sam'))).config],
    ] as const) {
      const out = join(folder, name);
      await replayBag({ bag, model: BUNDLE, out, rate: 'max', provider: 'cpu', threads: 1, config });
      digests.set(
        name,
        createHash('sha256')
          .update(await readFile(join(out, 'masks.mcap')))
          .digest('hex'),
      );
    }
    assert.equal(digests.get('node'), digests.get('desk'));
    assert.equal(digests.get('all'), digests.get('none'));
    assert.notEqual(digests.get('desk'), digests.get('none'));
  });
});

describe('a configuration file and the flags of a command', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'configured-'));
    await writeFile(
      join(folder, 'c.yaml'),
      `/**: {ros__parameters: {model: ${BUNDLE}, provider: cpu, provider_required: true, threads: 3, device_id: 2}}`,
    );
  });
  after(() => rm(folder, { recursive: true }));

  async function settings(...args: string[]) {
    const command = withProviderOptions(new Command('x')).option('-m, --model <folder>', '', 'default-model');
    command.option('-c, --config <file>').action(() => undefined);
    await command.parseAsync(args, { from: 'user' });
    const flags = command.opts<ProviderFlags & { model: string; config?: string }>();
    const configured = await readConfigured(command, flags, () => undefined);
    const { provider, fallback, threads, deviceId } = {
      fallback: undefined,
      threads: undefined,
      ...configuredSegmenter(command, flags, configured),
    };
    return { model: configured.model, provider, fallback, threads, deviceId };
  }

  it('run by the file where no flag is given', async () => {
    assert.deepEqual(await settings('-c', join(folder, 'c.yaml')), {
      model: BUNDLE,
      provider: 'cpu',
      fallback: 'none',
      threads: 3,
      deviceId: 2,
    });
  });

  it('run by the flag where one is given', async () => {
    const flags = ['--threads', '1', '--provider', 'auto', '--device', '0', '--model', BUNDLE];
    const { provider, threads, deviceId } = await settings('-c', join(folder, 'c.yaml'), ...flags);
    assert.deepEqual({ provider, threads, deviceId }, { provider: 'auto', threads: 1, deviceId: 0 });
  });

  it('run by the defaults without either', async () => {
    assert.deepEqual(await settings(), {
      model: 'default-model',
      provider: 'auto',
      fallback: undefined,
      threads: undefined,
      deviceId: 0,
    });
  });
});

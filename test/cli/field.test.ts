import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BagInspection } from '../../src/cli/inspect/bag_inspection.js';
import { inspectCommand } from '../../src/cli/inspect.js';
import { loadConfiguration } from '../../src/configuration/index.js';
import { DEFAULT_PIPELINE_CONFIG } from '../../src/pipeline/index.js';
import { replayBag } from '../../src/replay/index.js';
import { RIG } from '../node/support/modalities.js';
import { FIELD_BAGS, writeFieldBag } from '../support/field_bags.js';
import { projectRoot } from '../support/shared_data.js';

const MODEL = join(projectRoot, 'test', 'fixtures', 'tiny-bundle');

/** Sensors that reach no mask, with the code of the reason; every other sensor does. */
const LOST: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  'camera-stamps-behind': { camera: /^out-of-step$/ },
  'info-unusable': {
    depth: /^camera-info-unusable$/,
    events: /^camera-info-unusable$/,
    lidar: /^camera-info-unusable$/,
  },
  'split-part-without-tf-static': {
    depth: /^transform-missing$/,
    events: /^transform-missing$/,
    lidar: /^transform-missing$/,
  },
  'another-base-frame': { depth: /^transform-missing$/, lidar: /^transform-missing$/ },
  'no-camera-info': {
    depth: /^camera-info-missing$/,
    events: /^camera-info-missing$/,
    lidar: /^camera-info-missing$/,
  },
  'depth-all-zero': { depth: /^no-return$/ },
};

/** What the inspection must say beside what is lost. */
const SAID: Readonly<Record<string, RegExp>> = {
  'info-unusable': /The CameraInfo of 'camera' cannot be used/,
  'lidar-intensity-0-to-1': /lidar: intensity_full_scale 1 is used/,
  'lidar-intensity-photons': /lidar: intensity_full_scale \d+ is used/,
  'split-part-without-tf-static': /Give the mount in static_transforms/,
  'another-base-frame': /Set base_frame to .*: chassis looks like it/,
  'no-camera-info': /modalities\.camera\.camera_info_file/,
};

describe('recordings of the field', function () {
  this.timeout(120_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'field-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function inspect(bag: string, ...more: string[]): Promise<string> {
    let text = '';
    const command = inspectCommand((piece) => {
      text += piece;
    });
    await command.exitOverride().parseAsync([bag, '--model', MODEL, ...more], { from: 'user' });
    return text;
  }

  for (const kind of FIELD_BAGS) {
    it(`${kind.name}: what a replay loses, inspect has said`, async () => {
      const bag = await writeFieldBag(folder, kind);
      const inspection = JSON.parse(await inspect(bag, '--json', '--seconds', '10')) as BagInspection;
      const out = join(folder, 'out');
      const config = DEFAULT_PIPELINE_CONFIG;
      const { summary } = await replayBag({ bag, model: MODEL, out, rate: 'max', config, provider: 'cpu', threads: 1 });

      for (const [name, sensor] of Object.entries(inspection.sensors)) {
        const weight = summary.routing![name]?.mean ?? 0;
        assert.equal(sensor.used, weight > 0, `${name}: inspect says ${sensor.used}, its weight in masks is ${weight}`);
        const reason = LOST[kind.name]?.[name];
        assert.equal(sensor.used, reason === undefined, `${name}: ${JSON.stringify(sensor.reasons)}`);
        if (reason !== undefined) assert.match(sensor.reasons[0]?.code ?? '', reason, name);
      }
      for (const { text } of summary.problems) {
        assert.ok(
          inspection.problems.some((problem) => problem.startsWith(text)),
          `inspect does not say: ${text}\nbut: ${inspection.problems.join('\n')}`,
        );
      }
      const told = [
        ...inspection.problems,
        ...inspection.toDo,
        ...Object.values(inspection.sensors).flatMap(({ notices }) => notices),
      ];
      const expected = SAID[kind.name];
      if (expected !== undefined) assert.match(told.join('\n'), expected);
      assert.doesNotMatch(
        inspection.toDo.join('\n'),
        /\b[Pp]ublish|\bdriver|[Ss]tart |remap/,
        'a recording cannot do that',
      );
      assert.ok(summary.frames.published > 0, 'masks from what is left');
    });
  }

  const helped: [name: string, used: string[]][] = [
    ['plain', ['camera', 'depth', 'events', 'lidar']],
    ['another-base-frame', ['camera', 'depth', 'events', 'lidar']],
    ['lidar-intensity-photons', ['camera', 'depth', 'events', 'lidar']],
    ['split-part-without-tf-static', ['camera']],
  ];
  for (const [name, used] of helped) {
    it(`${name}: the written configuration is valid, and gives what inspect then says`, async () => {
      const bag = join(folder, `${name}.mcap`);
      const file = join(folder, `${name}.yaml`);
      const written = JSON.parse(await inspect(bag, '--write', file, '--json')) as BagInspection;
      const { config } = await loadConfiguration(file, RIG);
      const again = JSON.parse(await inspect(bag, '--config', file, '--json')) as BagInspection;
      for (const { sensors } of [written, again]) {
        assert.deepEqual(
          Object.keys(sensors).filter((sensor) => sensors[sensor]?.used),
          used,
        );
      }
      assert.equal(config.baseFrame, name === 'another-base-frame' ? 'chassis' : 'base_link');
      assert.equal((config.sensors.lidar?.intensityFullScale ?? 0) > 255, name === 'lidar-intensity-photons');
      assert.deepEqual(config.topics.modalities?.lidar, '/lidar/points');
    });
  }

  it('are inspected by mounts of another recording, of a file and of numbers', async () => {
    const bag = join(folder, 'split-part-without-tf-static.mcap');
    const file = join(folder, 'mounted.yaml');
    const mounts = ['--mounts', join(folder, 'plain.mcap')];
    const { sensors } = JSON.parse(await inspect(bag, '--write', file, '--json', ...mounts)) as BagInspection;
    assert.ok(
      Object.values(sensors).every(({ used }) => used),
      'all are used',
    );
    const { config } = await loadConfiguration(file, RIG);
    assert.deepEqual(config.calibration.staticTransforms, [join(folder, 'plain.mcap')]);
  });

  it('fit a terminal of 80 columns', async () => {
    for (const name of ['plain', 'info-unusable', 'split-part-without-tf-static']) {
      const text = await inspect(join(folder, `${name}.mcap`));
      for (const line of text.split('\n')) {
        // A single word, such as the name of a topic, stays whole.
        assert.ok(line.length <= 80 || !line.trim().includes(' '), `too wide: ${line}`);
      }
    }
  });

  it('of ROS 1 are named for what they are', async () => {
    const bag = await writeFieldBag(folder, {
      name: 'ros1',
      messageEncoding: 'ros1',
      profile: 'ros1',
      schema: (type) => ({ name: type.replace('/msg/', '/'), encoding: 'ros1msg' as never, text: '' }),
    });
    const ofInspect = await inspect(bag).catch((error: Error) => error.message);
    assert.match(ofInspect, /ROS 1/);
    const config = DEFAULT_PIPELINE_CONFIG;
    const out = join(folder, 'out');
    await assert.rejects(replayBag({ bag, model: MODEL, out, rate: 'max', config, provider: 'cpu' }), /ROS 1/);
  });
});

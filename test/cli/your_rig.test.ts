import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { BagInspection } from '../../src/cli/inspect/bag_inspection.js';
import { loadConfiguration, type ParameterValue, parseSettings } from '../../src/configuration/index.js';
import type { ReplaySummary } from '../../src/report/index.js';
import { withoutParameterFiles } from '../../src/ros/index.js';
import { RIG } from '../node/support/modalities.js';
import { projectRoot } from '../support/shared_data.js';
import { writeStrangerRig } from '../support/stranger_rig.js';

/** The commands of the page's shell blocks that are for this program, in their order. */
async function commandsOfThePage(): Promise<string[]> {
  const page = await readFile(join(projectRoot, 'docs', 'your-rig.md'), 'utf8');
  const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text!);
  return blocks
    .flatMap((block) => block.replaceAll('\\\n', ' ').split('\n'))
    .filter((line) => line.startsWith('mle-sam '));
}

describe("a stranger's rig", function () {
  this.timeout(300_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'your-rig-'));
    await writeStrangerRig(folder, 0.75);
  });
  after(() => rm(folder, { recursive: true }));

  function run(command: string, ...more: string[]): string {
    const [, ...args] = command.split(/\s+/);
    const main = join(projectRoot, 'dist', 'src', 'cli', 'main.js');
    return execFileSync(process.execPath, [main, ...args, ...more], { cwd: folder, encoding: 'utf8' });
  }

  it('is told beforehand what it lacks', () => {
    const inspection = JSON.parse(run('mle-sam inspect drive.mcap --json')) as BagInspection;
    const { depth, events, lidar, camera } = inspection.sensors;
    assert.deepEqual([camera?.used, depth?.used, events?.used, lidar?.used], [true, false, false, false]);
    for (const sensor of [depth, lidar]) assert.equal(sensor?.reasons[0]?.code, 'camera-info-missing');
    assert.equal(inspection.baseFrame.likely, 'chassis');
    const toDo = inspection.toDo.join('\n');
    assert.match(toDo, /camera_info_file/);
    assert.match(toDo, /Set base_frame .*: chassis looks like it/);
    assert.doesNotMatch(toDo, /[Pp]ublish|driver/);
  });

  it('goes by the commands of docs/your-rig.md into masks from all its sensors', async () => {
    const commands = await commandsOfThePage();
    assert.deepEqual(
      commands.map((command) => command.split(' ')[1]),
      ['inspect', 'replay'],
      'two commands',
    );
    const [inspect, replay] = commands as [string, string];
    const text = run(inspect);
    assert.match(text, /^Nothing is missing\.$/m);
    assert.match(text, /^depth .*\n +used in [5-8] of 8 frames$/m);
    assert.match(text, /^lidar .*\n +used in [5-8] of 8 frames$/m);

    const { config } = await loadConfiguration(join(folder, 'rig.yaml'), RIG);
    assert.equal(config.baseFrame, 'chassis');
    assert.equal(config.sensors.camera?.geometry, 'rectified');
    assert.equal(config.sync.streams.events?.availability, 'disabled');
    assert.equal(config.sensors.lidar?.intensityFullScale, 255, 'the scale that was found out is fixed');
    assert.match(await readFile(join(folder, 'rig.yaml'), 'utf8'), /^ {4}modalities:$/m);

    const summary = JSON.parse(run(replay, '--json', '--provider', 'cpu')) as ReplaySummary;
    assert.ok(summary.frames.published >= 5, `${summary.frames.published} masks`);
    for (const name of ['camera', 'depth', 'lidar'] as const) {
      assert.ok((summary.routing![name]?.mean ?? 0) > 0, `${name} is in the masks`);
      assert.equal(summary.modalities[name]?.invalid, 0, name);
    }
    assert.deepEqual(summary.problems, []);
  });

  it('drives by the same settings: the node takes the file as it is', async () => {
    const file = join(folder, 'rig.yaml');
    const rules = withoutParameterFiles(['--ros-args', '--params-file', file], 'mle_sam').filter(
      (word) => word !== '-p',
    );
    const values = rules.slice(1).map((rule): [string, ParameterValue] => {
      const [, name, value] = /^([^:]+):=(.*)$/s.exec(rule)!;
      return [name!, parse(value!, { version: '1.1' })];
    });
    const outcome = parseSettings(new Map(values), RIG);
    assert.equal(outcome.kind, 'valid', JSON.stringify(outcome));
    if (outcome.kind !== 'valid') return;
    const { topics: _node, ...node } = outcome.settings.pipeline;
    const { topics, ...desk } = (await loadConfiguration(file, RIG)).config;
    assert.deepEqual(node, desk);
    for (const [modality, topic] of Object.entries(topics.modalities ?? {})) {
      assert.equal(outcome.settings.inputs.get(modality)?.topic, topic);
    }
  });

  it('is not written over what somebody else wrote', async () => {
    assert.throws(
      () => run('mle-sam inspect drive.mcap --write zed_left.yaml'),
      /one that mle-sam made, at zed_left\.yaml but received another one/,
    );
    assert.match(await readFile(join(folder, 'zed_left.yaml'), 'utf8'), /^image_width/);
  });
});

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BagWriter } from '../../src/bags/index.js';
import { dropoutCommand } from '../../src/cli/dropout.js';
import { evaluateCommand } from '../../src/cli/evaluate.js';
import type { ComparisonReport, DropoutReport } from '../../src/dropout/index.js';
import { encodeMessage } from '../../src/messages/index.js';
import type { ComparedTable, ProtocolReport } from '../../src/robustness/index.js';
import { setInManifest, tinyBundle } from '../model/support/tiny_bundle.js';
import { writePartBundle } from '../support/part_bundle.js';
import { stampAt, tinyDrive } from '../support/tiny_rig.js';

const SCENARIOS = {
  'camera-lost': 'faults: [{ fault: drop, modality: camera, at: 1, until: 2 }]',
  'lidar-lost': 'faults: [{ fault: drop, modality: lidar, at: 1, until: 2 }]',
};

describe('several models on the same bag', function () {
  this.timeout(120_000);
  let folder: string;
  let bag: string;
  let camera: string;
  let scenarios: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mle-sam-models-'));
    bag = join(folder, 'tiny.mcap');
    const writer = await BagWriter.create(bag);
    for (const { topic, type, data, receiveStamp } of tinyDrive({ seconds: 3.5 })) {
      await writer.write({ topic, type, data, logTime: receiveStamp });
    }
    const [width, height] = [64, 32];
    for (let k = 0; k < 35; k++) {
      const at = stampAt(k / 10);
      const stamp = { sec: Number(at / 1_000_000_000n), nanosec: Number(at % 1_000_000_000n) };
      const image = { header: { stamp, frame_id: 'camera' }, height, width, encoding: 'mono8', is_bigendian: 0 };
      const data = new Uint8Array(width * height).fill(7);
      await writer.write({
        topic: '/ground_truth/labels',
        type: 'sensor_msgs/msg/Image',
        data: encodeMessage('sensor_msgs/msg/Image', { ...image, step: width, data }),
        logTime: at + 9_000_000n,
      });
    }
    await writer.close();
    camera = await writePartBundle(tinyBundle, join(folder, 'camera'), 'camera-only', ['camera']);
    scenarios = join(folder, 'scenarios');
    for (const [name, faults] of Object.entries(SCENARIOS)) {
      await writeFile(join(folder, `${name}.yaml`), `name: ${name}\n${faults}\n`);
    }
    scenarios = folder;
  });
  after(() => rm(folder, { recursive: true }));

  async function dropout(models: readonly string[], ...more: string[]): Promise<string> {
    let text = '';
    const command = dropoutCommand((part) => {
      text += part;
    });
    const files = Object.keys(SCENARIOS).map((name) => join(scenarios, `${name}.yaml`));
    const chosen = models.flatMap((model) => ['--model', model]);
    const out = join(folder, `out-${models.length}`);
    await command.parseAsync([bag, ...chosen, '-s', ...files, '-o', out, '--threads', '1', ...more], { from: 'user' });
    return text;
  }

  it('are told in one report: what each alone gives, side by side, without what does not concern it', async () => {
    const both: ComparisonReport = JSON.parse(await dropout([tinyBundle, camera], '--json'));
    const alone: DropoutReport = JSON.parse(await dropout([tinyBundle], '--json'));
    assert.deepEqual(
      both.models.map(({ label, leftOut }) => [label, leftOut]),
      [
        [alone.model.name, undefined],
        ['camera-only', ['lidar-lost']],
      ],
    );
    const { label: _label, unlabeledClasses, ...first } = both.models[0]!;
    assert.deepEqual(unlabeledClasses, []);
    assert.deepEqual(first, alone, 'another model beside it changes nothing');
    const [lost] = both.models[1]!.scenarios;
    assert.equal(lost!.continuityPercent, 0, 'a camera alone gives no mask without it');
    const page = await readFile(join(folder, 'out-2', 'dropout.html'), 'utf8');
    for (const words of [
      'Side by side',
      'does not take that sensor',
      'camera-only: camera-lost',
      'id="model-1-camera-lost"',
    ])
      assert.ok(page.includes(words), words);
    const text = await dropout([tinyBundle, camera]);
    assert.match(text, /camera-only does not take the sensors of lidar-lost/);
  });

  it('are judged each by itself in one JUnit file', async () => {
    const file = join(folder, 'junit.xml');
    await dropout([tinyBundle, camera], '--junit', file);
    const xml = await readFile(file, 'utf8');
    for (const name of ['camera-only.camera-lost', '.lidar-lost']) assert.ok(xml.includes(name), name);
    process.exitCode = 0;
  });

  it('refuse fallbacks beside several models, and scenarios that concern none', async () => {
    await assert.rejects(
      dropout([camera, tinyBundle], '--fallback', tinyBundle),
      /Expected one --model with --fallback/,
    );
    await assert.rejects(
      dropout([camera, camera]),
      /^Error: Expected one of all, camera for the modality of scenario lidar-lost but received 'lidar', which none/,
    );
  });

  it('are scored side by side, each by the sensors it takes, in the classes of the first', async () => {
    const other = await writePartBundle(tinyBundle, join(folder, 'other'), 'other', ['camera']);
    // Its classes are the first model's in another order, and one of its own.
    const { classes } = JSON.parse(await readFile(join(other, 'model.json'), 'utf8'));
    const names = classes.map(({ name }: { name: string }) => name);
    for (const index of names.keys()) {
      setInManifest(other, `classes.${index}.name`, index === 0 ? 'ghost' : names[(index + 1) % names.length]);
    }
    let text = '';
    const command = evaluateCommand((part) => {
      text += part;
    });
    const models = [tinyBundle, camera, other].flatMap((model) => ['--model', model]);
    await command.parseAsync([bag, ...models, '-p', 'absent', '--every', '8', '--threads', '1', '--json'], {
      from: 'user',
    });
    const report: {
      models: { label: string; unlabeledClasses: string[]; report: ProtocolReport }[];
      tables: ComparedTable[];
    } = JSON.parse(text);
    const [whole] = report.models;
    assert.deepEqual(report.models[2]!.unlabeledClasses, ['ghost']);
    const [table] = report.tables;
    assert.equal(table!.subsets.length, 15);
    for (const { present, miou } of table!.subsets) {
      const own = whole!.report.tables[0]!.subsets.find((subset) => subset.present.join() === present.join());
      assert.equal(miou[whole!.label], own!.miou);
      const alone = table!.subsets.find((subset) => subset.present.join() === 'camera');
      const expected = present.includes('camera') ? alone!.miou['camera-only'] : null;
      assert.equal(miou['camera-only'], expected, present.join());
    }
    // The same pixels, other names: what is class 7 here is class 8 of the first model.
    const of = (label: string) =>
      report.models.find((model) => model.label === label)!.report.tables[0]!.subsets[0]!.miou;
    assert.notEqual(of('other'), of('camera-only'));
  });
});

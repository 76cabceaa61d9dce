import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BagWriter } from '../../src/bags/index.js';
import { compareCommand } from '../../src/cli/compare.js';
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
  let grainy: string;

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
    for (const [seconds, condition] of [
      [0, 'sun'],
      [1.5, 'fog'],
    ] as const) {
      await writer.write({
        topic: '/simulation/condition',
        type: 'std_msgs/msg/String',
        data: encodeMessage('std_msgs/msg/String', { data: condition }),
        logTime: stampAt(seconds),
      });
    }
    await writer.close();
    camera = await writePartBundle(tinyBundle, join(folder, 'camera'), 'camera-only', ['camera']);
    scenarios = join(folder, 'scenarios');
    for (const [name, faults] of Object.entries(SCENARIOS)) {
      await writeFile(join(folder, `${name}.yaml`), `name: ${name}\n${faults}\n`);
    }
    scenarios = folder;
    const grain = 'faults: [{ fault: noise, modality: camera, at: 1, until: 2, level: 0.05 }]';
    grainy = join(folder, 'grainy.yaml');
    await writeFile(grainy, `name: grainy\n${grain}\n`);
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

  async function compare(...args: string[]): Promise<string> {
    let text = '';
    const command = compareCommand((part) => {
      text += part;
    });
    await command.parseAsync([...args, '--threads', '1'], { from: 'user' });
    return text;
  }
  const onBag = (...names: string[]) => ['--bag', bag, '-s', ...names.map((name) => join(folder, `${name}.yaml`))];

  it('are compared in one command: what two runs of dropout give, by scenario and by condition of the drive', async () => {
    const runs = ['a', 'b'].map((run) => join(folder, `run-${run}`));
    for (const out of runs) await dropout([tinyBundle], '-o', out);
    const lost = onBag('camera-lost', 'lidar-lost');
    const together = JSON.parse(await compare(tinyBundle, tinyBundle, ...lost, '--json'));
    const { notes, ...apart } = JSON.parse(await compare(...runs, '--json'));
    assert.deepEqual({ ...together, notes }, { ...apart, notes });
    assert.deepEqual([together.miou.difference, together.miou.low, together.miou.high], [0, 0, 0]);
    const names = (groups: { name: string; frames: number }[]) => groups.map(({ name, frames }) => [name, frames]);
    assert.deepEqual(names(together.conditions), [
      ['camera-lost', 10],
      ['lidar-lost', 10],
    ]);
    assert.deepEqual(names(together.cases), [
      ['fog', 10],
      ['sun', 10],
    ]);
  });

  it('are compared over what concerns both; what does not is told', async () => {
    const page = join(folder, 'compare.html');
    const all = onBag('camera-lost', 'lidar-lost', 'grainy');
    const text = await compare(tinyBundle, camera, ...all, '--page', page, '--require', 'newlyFailed<=5');
    for (const line of [
      /A tiny, B camera-only, on 10 frames of tiny\.mcap scenarios/,
      /! camera-only does not take the sensors of lidar-lost\./,
      /! Scenarios of A only are left out: lidar-lost\./,
      /! Frames of one run only are left out: 20 of A, 0 of B/,
      /! Simulated data: scores are no claim/,
      /│ camera-lost +│ .* │ \S+ % → 0 % +│/,
      /passed: newlyFailed <= 5/,
    ])
      assert.match(text, line);
    assert.equal(process.exitCode ?? 0, 0);
    const html = await readFile(page, 'utf8');
    for (const words of ['Scenarios: what the node said and did', 'does not take the sensors of lidar-lost'])
      assert.ok(html.includes(words), words);
    await compare(camera, camera, ...onBag('grainy'), '--require', 'low.condition.grainy>=0');
    assert.equal(process.exitCode ?? 0, 0);
    await compare(camera, camera, ...onBag('grainy'), '--require', 'low.condition.grainy>0');
    assert.equal(process.exitCode, 3);
    process.exitCode = 0;
    await assert.rejects(compare(tinyBundle, camera, ...onBag('camera-lost')), /Expected frames that both runs have/);
  });

  it('are not compared on nothing; flags and figures without a meaning are refused before the work', async () => {
    const lost = onBag('camera-lost', 'lidar-lost');
    const refused: [string[], RegExp][] = [
      [[tinyBundle, camera, ...lost, '--require', 'speed>=1'], /Expected one of difference, .* but received 'speed'/],
      [[tinyBundle, folder, ...lost], /Expected two bundles for --bag but .* is none/],
      [[tinyBundle, camera, ...lost, '--split', 'val'], /Expected a data set for --split but received the bag/],
      [[tinyBundle, camera, '--seconds', '2'], /Expected a bag for --seconds but received none/],
      [[camera, camera, ...lost], /which none of the models takes/],
    ];
    for (const [args, sentence] of refused) await assert.rejects(compare(...args), sentence);
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

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BagWriter } from '../../src/bags/index.js';
import { dropoutCommand } from '../../src/cli/dropout.js';
import {
  type DropoutReport,
  junitXml,
  renderDropoutPage,
  runDropout,
  type ScenarioReport,
} from '../../src/dropout/index.js';
import { parseScenario, type Scenario } from '../../src/faults/index.js';
import { DEFAULT_PIPELINE_CONFIG, type PipelineConfig } from '../../src/pipeline/index.js';
import { withReplaySource } from '../../src/replay/index.js';
import { projectRoot } from '../support/shared_data.js';
import { TINY_TOPICS, tinyDrive } from '../support/tiny_rig.js';

const BUNDLE = join(projectRoot, 'test', 'fixtures', 'tiny-bundle');
const CONFIG: PipelineConfig = { ...DEFAULT_PIPELINE_CONFIG, topics: { modalities: TINY_TOPICS } };
/** The synchroniser's deadline and one frame of the camera. */
const DEADLINE_AND_FRAME_MS = 100 + 100;

function scenario(name: string, faults: readonly string[], rest = ''): Scenario {
  return parseScenario(`name: ${name}\nfaults:\n${faults.map((f) => `  - { ${f} }`).join('\n')}\n${rest}`, name);
}

const SINGLE = (['camera', 'depth', 'events', 'lidar'] as const).map((modality) =>
  scenario(`${modality}-lost`, [`fault: drop, modality: ${modality}, at: 1.5, until: 3`]),
);
const SCENARIOS = [
  ...SINGLE,
  scenario('frozen', ['fault: freeze, modality: camera, at: 1.5, until: 3']),
  scenario('black', ['fault: blackout, modality: camera, at: 1.5, until: 3']),
  scenario('corrupt', ['fault: corrupt, modality: lidar, at: 1.5, until: 3']),
  scenario('empty', ['fault: blackout, modality: lidar, at: 1.5, until: 3']),
  scenario('all-lost', ['fault: drop, modality: all, at: 1.5, until: 3']),
  scenario('clock-jump', ['fault: stamp-offset, modality: all, at: 1.5, until: 3, offsetMs: -5000']),
  scenario('late', ['fault: delay, modality: lidar, at: 1.5, until: 3, byMs: 60'], 'degradation: unwanted'),
  scenario(
    'jitter',
    [
      'fault: jitter, modality: [camera, depth, lidar], at: 1.5, until: 3, byMs: 20, of: stamp',
      'fault: jitter, modality: [camera, depth, lidar], at: 1.5, until: 3, byMs: 20',
    ],
    'degradation: unwanted',
  ),
  scenario('to-the-end', ['fault: drop, modality: depth, at: 4'], 'expect: { recoverMs: 600, identicalAfterMs: 100 }'),
  scenario('never-there', ['fault: drop, modality: lidar'], 'expect: { miouBelowAbsentPoints: 0.001 }'),
  scenario('broken-promise', ['fault: drop, modality: camera, at: 1.5, until: 3'], 'expect: { degradeMs: 1 }'),
];

describe('dropout', () => {
  let folder: string;
  let bag: string;
  let report: DropoutReport;
  let page: string;
  const of = (name: string): ScenarioReport => {
    const found = report.scenarios.find((one) => one.name === name);
    assert.ok(found, name);
    return found;
  };
  const run = (scenarios: readonly Scenario[], seed = 1) =>
    withReplaySource({ bag, model: BUNDLE, config: CONFIG, provider: 'cpu', threads: 1 }, (source) =>
      runDropout(source, { scenarios, seed }),
    );

  before(async function () {
    this.timeout(120_000);
    folder = await mkdtemp(join(tmpdir(), 'mle-sam-dropout-'));
    bag = join(folder, 'tiny.mcap');
    const writer = await BagWriter.create(bag);
    for (const { topic, type, data, receiveStamp } of tinyDrive({ seconds: 5 })) {
      await writer.write({ topic, type, data, logTime: receiveStamp });
    }
    await writer.close();
    const outcome = await run(SCENARIOS);
    ({ report } = outcome);
    page = await renderDropoutPage(outcome);
  });
  after(() => rm(folder, { recursive: true }));

  it('keeps a mask for each reference frame while any one sensor is lost, and never under a wrong stamp', () => {
    for (const { name } of SINGLE) {
      const { continuityPercent, referenceFrames, wrongStamps, staleMasks } = of(name);
      assert.ok(referenceFrames >= 14, `${name} ${referenceFrames}`);
      assert.ok(continuityPercent! >= 95, `${name} ${continuityPercent}`);
      assert.deepEqual([wrongStamps, staleMasks], [0, 0], name);
    }
    assert.ok(report.scenarios.every(({ wrongStamps, staleMasks }) => wrongStamps + staleMasks === 0));
  });

  it('leaves a lost sensor out within the deadline and a frame, and takes it back within 0.6 s', () => {
    for (const { name } of SINGLE) {
      const { degradeMs, recoverMs } = of(name);
      assert.ok(degradeMs !== null && degradeMs <= DEADLINE_AND_FRAME_MS, `${name} ${degradeMs}`);
      assert.ok(recoverMs !== null && recoverMs <= 600, `${name} ${recoverMs}`);
    }
  });

  it('notices sensors that are alive and blind', () => {
    for (const name of ['frozen', 'black', 'corrupt', 'empty']) {
      const { degradeMs, recoverMs, continuityPercent, window } = of(name);
      const [modality] = window.affected;
      assert.ok(degradeMs !== null && degradeMs <= 400, `${name} ${degradeMs}`);
      assert.ok(recoverMs !== null && recoverMs <= 600, `${name} ${recoverMs}`);
      assert.equal(continuityPercent, 100, name);
      assert.ok(of(name).routing!.during[modality!]! < 0.5 * of(name).routing!.before[modality!]!, name);
    }
  });

  it('makes no mask of nothing, and masks again when sensors come back', () => {
    const { continuityPercent, recoverMs } = of('all-lost');
    assert.ok(continuityPercent! <= 15, `${continuityPercent}`);
    assert.ok(recoverMs !== null && recoverMs <= 1000, `${recoverMs}`);
  });

  it('bears late messages, jitter and a clock that jumps without leaving a sensor out for long', () => {
    for (const name of ['late', 'jitter']) {
      const { falseDegradationPercent, continuityPercent } = of(name);
      assert.ok(falseDegradationPercent <= 1, `${name} ${falseDegradationPercent}`);
      assert.equal(continuityPercent, 100, name);
    }
    assert.ok(of('clock-jump').continuityPercent! >= 80, `${of('clock-jump').continuityPercent}`);
  });

  it('comes back to the very bytes of the clean run', () => {
    for (const { name, window, identicalAfterMs } of report.scenarios) {
      if (window.ending === 'with-bag') continue;
      assert.ok(identicalAfterMs !== null && identicalAfterMs <= 1500, `${name} ${identicalAfterMs}`);
    }
  });

  it('compares with the clean masks where there is no ground truth', () => {
    const { score, miouLossPoints } = of('camera-lost');
    assert.equal(score.against, 'clean-masks');
    assert.equal(score.miou.clean, 100);
    assert.ok(score.miou.faulty! < 100 && miouLossPoints! > 0);
  });

  it('compares with a run without the faulty sensor, which is what a sensor that never speaks comes to', () => {
    const { score, miouBelowAbsentPoints, checks } = of('never-there');
    assert.ok(score.frames > 40 && score.miou.absent! < 100, `${score.frames} ${score.miou.absent}`);
    assert.equal(score.miou.faulty, score.miou.absent);
    assert.equal(miouBelowAbsentPoints, 0);
    assert.equal(checks.find(({ name }) => name === 'miouBelowAbsentPoints')?.verdict, 'passed');
    assert.deepEqual([of('all-lost').score.miou.absent, of('all-lost').miouBelowAbsentPoints], [null, null]);
  });

  it('judges what the bag shows, and says which check failed', () => {
    const { checks, window, verdict } = of('to-the-end');
    assert.deepEqual(
      [window.ending, verdict, checks.map(({ name }) => name).join()],
      [
        'with-bag',
        'passed',
        'cleanMasksWithFaultySensor,cleanMaskDelayMs,wrongStamps,staleMasks,' +
          'toldMs,falseCauses,falselyTold,sensorLevel,syncLevel,maskDelayDuringMs',
      ],
    );
    assert.deepEqual(
      report.scenarios.flatMap(({ name, checks }) =>
        checks.flatMap((check) =>
          check.verdict === 'failed' ? [`${name} ${check.name} ${check.bound} ${check.value}`] : [],
        ),
      ),
      ['broken-promise degradeMs <= 1 102'],
    );
    const broken = of('broken-promise');
    assert.equal(broken.verdict, 'failed');
    const xml = junitXml({ title: 'mle-sam dropout tiny.mcap', ...report });
    assert.match(
      xml,
      /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites name="mle-sam dropout tiny\.mcap" tests="\d+" failures="1">/,
    );
    assert.match(
      xml,
      /<testcase classname="dropout\.broken-promise" name="degradeMs &lt;= 1">\n\s+<failure message="Expected &lt;= 1 for degradeMs but received/,
    );
    assert.equal(xml.match(/<testcase /g)!.length, report.scenarios.flatMap((one) => one.checks).length);
  });

  it('keeps no promise by a sensor that is in no mask anyway', async () => {
    const blind = join(folder, 'without_transforms.mcap');
    const writer = await BagWriter.create(blind);
    for (const { topic, type, data, receiveStamp } of tinyDrive({ seconds: 2 })) {
      if (topic !== '/tf_static') await writer.write({ topic, type, data, logTime: receiveStamp });
    }
    await writer.close();
    const scenarios = ['camera', 'lidar'].map((name) =>
      scenario(name, [`fault: drop, modality: ${name}, at: 1, until: 1.5`]),
    );
    const source = { bag: blind, model: BUNDLE, config: CONFIG, provider: 'cpu', threads: 1 } as const;
    const outcome = await withReplaySource(source, (opened) => runDropout(opened, { scenarios, seed: 1 }));
    const found = outcome.report.scenarios.map(({ name, verdict, checks }) => [name, verdict, checks[0]!.value === 0]);
    assert.deepEqual(found, [
      ['camera', 'passed', false],
      ['lidar', 'failed', true],
    ]);
  });

  it('shows every scenario on a page that needs nothing else', () => {
    assert.match(page.slice(0, 200), /<!doctype html>/i);
    for (const { name } of SCENARIOS) assert.ok(page.includes(`id="${name}"`), name);
    assert.ok(!/(src|href)="(https?:)?\/\//.test(page));
    assert.ok(page.match(/data:image\/jpeg/g)!.length >= 2 * SCENARIOS.length);
  });

  it('gives the same report for the same seed, and another for another', async function () {
    this.timeout(120_000);
    // Everything that is drawn at random, at once.
    const drawn = [
      'fault: noise, modality: camera, at: 1, until: 2, level: 0.3',
      'fault: salt-pepper, modality: depth, at: 1, until: 2, density: 0.1',
      'fault: burst-loss, modality: lidar, at: 1, until: 2, lossShare: 0.4',
      'fault: jitter, modality: all, at: 2, until: 3, byMs: 20',
      'fault: corrupt, modality: all, at: 3, until: 4, how: flip-bytes, share: 0.5',
    ];
    const noisy = [scenario('noisy', drawn)];
    const [first, second, other] = [await run(noisy), await run(noisy), await run(noisy, 2)];
    assert.equal(JSON.stringify(first.report), JSON.stringify(second.report));
    assert.equal(await renderDropoutPage(first), await renderDropoutPage(second));
    assert.notEqual(JSON.stringify(first.report.scenarios), JSON.stringify(other.report.scenarios));
  });

  it('refuses a scenario that begins after the bag has ended', async () => {
    const late = scenario('late', ['fault: drop, modality: camera, at: 60']);
    await assert.rejects(
      run([late]),
      /Expected a bag longer than 60\.0 s for scenario late but received one of 5\.0 s/,
    );
  });

  it('is a command that leaves JSON, HTML and JUnit, and fails a build for a broken promise', async () => {
    const file = join(folder, 'own.yaml');
    const broken = 'expect: { degradeMs: 1 }';
    await writeFile(file, `name: own\nfaults: [{ fault: drop, modality: camera, at: 2, until: 3 }]\n${broken}\n`);
    const config = join(folder, 'config.yaml');
    const topics = Object.entries(TINY_TOPICS).map(([name, topic]) => `modalities.${name}.topic: ${topic}\n`);
    await writeFile(config, topics.join(''));
    const out = join(folder, 'out');
    const junit = join(folder, 'ci', 'junit.xml');
    let printed = '';
    const command = dropoutCommand((text) => {
      printed += text;
    });
    const before = process.exitCode;
    try {
      await command.parseAsync([bag, '-s', file, '-m', BUNDLE, '-c', config, '-o', out, '--junit', junit], {
        from: 'user',
      });
      assert.equal(process.exitCode, 3);
    } finally {
      process.exitCode = before;
    }
    assert.match(printed, /! own: expected degradeMs <= 1 but measured/);
    assert.equal(
      (JSON.parse(await readFile(join(out, 'dropout.json'), 'utf8')) as DropoutReport).scenarios[0]!.name,
      'own',
    );
    assert.match(await readFile(junit, 'utf8'), /failures="1"/);
    assert.match(await readFile(join(out, 'dropout.html'), 'utf8'), /<\/html>/);
  });
});

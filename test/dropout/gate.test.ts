import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BagWriter } from '../../src/bags/index.js';
import { type DropoutSource, runDropout, type ScenarioReport } from '../../src/dropout/index.js';
import { parseScenario } from '../../src/faults/index.js';
import { DEFAULT_PIPELINE_CONFIG, type PipelineConfig } from '../../src/pipeline/index.js';
import { withReplaySource } from '../../src/replay/index.js';
import { Synchronizer } from '../../src/sync/index.js';
import { projectRoot } from '../support/shared_data.js';
import { TINY_TOPICS, tinyDrive } from '../support/tiny_rig.js';
import * as bad from './support/bad_synchronizers.js';

const BUNDLE = join(projectRoot, 'test', 'fixtures', 'tiny-bundle');
const CONFIG: PipelineConfig = { ...DEFAULT_PIPELINE_CONFIG, topics: { modalities: TINY_TOPICS } };
const MODALITIES = ['camera', 'depth', 'events', 'lidar'] as const;

/** The loss of each sensor, as the library has it in a shorter time, and a loss of two. */
const LOSSES = [...MODALITIES.map((name) => [`${name}-lost`, name]), ['two-lost', '[camera, lidar]']].map(
  ([name, modality]) =>
    parseScenario(
      `name: ${name}
faults: [{ fault: drop, modality: ${modality}, at: 1.5, until: 3.2 }]
expect: { continuityPercent: 95, recoverMs: 600, falseDegradationPercent: 1 }`,
      'test',
    ),
);

/** The gate is only worth what it refuses: synchronisers that are wrong each in one way. */
describe('the dropout gate', () => {
  let folder: string;
  let bag: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mle-sam-gate-'));
    bag = join(folder, 'tiny.mcap');
    const writer = await BagWriter.create(bag);
    for (const { topic, type, data, receiveStamp } of tinyDrive({ seconds: 5 })) {
      await writer.write({ topic, type, data, logTime: receiveStamp });
    }
    await writer.close();
  });
  after(() => rm(folder, { recursive: true }));

  async function run(createSynchronizer?: DropoutSource['createSynchronizer']): Promise<ScenarioReport[]> {
    const options = { bag, model: BUNDLE, config: CONFIG, provider: 'cpu', threads: 1 } as const;
    const outcome = await withReplaySource(options, (source) =>
      runDropout({ ...source, ...(createSynchronizer && { createSynchronizer }) }, { scenarios: LOSSES, seed: 1 }),
    );
    return outcome.report.scenarios;
  }

  function failed({ checks }: ScenarioReport): string[] {
    return checks.filter(({ verdict }) => verdict === 'failed').map(({ name }) => name);
  }

  /** Scenarios in which the check failed. */
  function failing(scenarios: readonly ScenarioReport[], check: string): string[] {
    return scenarios.filter((scenario) => failed(scenario).includes(check)).map(({ name }) => name);
  }

  const all = LOSSES.map(({ name }) => name);

  it('passes the synchroniser there is', async () => {
    for (const scenario of await run()) {
      assert.deepEqual(failed(scenario), [], scenario.name);
      const { health, maskDelayMs } = scenario;
      assert.ok(health.toldMs! > 0 && health.toldMs! <= 500, `${scenario.name} told after ${health.toldMs} ms`);
      assert.deepEqual([health.sensorLevel, health.syncLevel], ['error', 'warn'], scenario.name);
      assert.ok(maskDelayMs.during.boundMs !== null && maskDelayMs.after.boundMs !== null, scenario.name);
    }
  });

  it('fails one that drops nobody and waits for every deadline, in each loss', async () => {
    const scenarios = await run((options) => new bad.PatientSynchronizer(options));
    assert.deepEqual(failing(scenarios, 'toldMs'), all);
    assert.deepEqual(failing(scenarios, 'sensorLevel'), all);
    assert.deepEqual(failing(scenarios, 'cleanMaskDelayMs'), all);
    // All that was judged before: what this one passes tells nobody that a sensor is gone.
    const others = scenarios.map((scenario) =>
      failed(scenario).filter((name) => !/^(told|sensorLevel|syncLevel|cleanMaskDelay|maskDelay)/.test(name)),
    );
    assert.ok(
      others.some((names) => names.length === 0),
      others.map((names) => names.join(' ')).join(' | '),
    );
  });

  it('fails one that cannot drop a stream', async () => {
    const scenarios = await run((options) => new Synchronizer({ ...options, dropSilence: 1e12, dropPeriods: 1e6 }));
    assert.deepEqual(failing(scenarios, 'toldMs'), all);
  });

  it('fails one that says nothing, or says it late', async () => {
    assert.deepEqual(failing(await run(bad.mute), 'toldMs'), all);
    assert.deepEqual(failing(await run(bad.slowToTell), 'toldMs'), all);
  });

  it('fails one that blames what is not true, or whoever is well', async () => {
    const slandering = await run(bad.slandering);
    assert.deepEqual(failing(slandering, 'falseCauses'), all);
    assert.deepEqual(failing(slandering, 'toldMs'), all);
    assert.deepEqual(failing(await run(bad.accusing), 'falselyTold'), all);
  });

  it('fails one that goes on waiting for what it has called lost', async () => {
    assert.deepEqual(failing(await run(bad.hopeful), 'maskDelayDuringMs'), all);
  });

  it('fails one that never takes its word back', async () => {
    assert.deepEqual(failing(await run(bad.unforgiving), 'toldBackMs'), all);
  });
});

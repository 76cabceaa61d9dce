import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type DropoutReport, runDropout, type ScenarioReport } from '../../src/dropout/index.js';
import { type FaultKind, faultSchema, loadScenarios, type Scenario } from '../../src/faults/index.js';
import { DEFAULT_PIPELINE_CONFIG } from '../../src/pipeline/index.js';
import { withReplaySource } from '../../src/replay/index.js';
import { projectRoot } from '../support/shared_data.js';

/** The library's faults last three seconds; here a third of that, of a bag that is cut off soon after. */
const SECONDS = 2.6;
const START = 0.8;
const HASTE = 1 / 3;

const FRAME_MS = 100;
const { deadlineMs } = DEFAULT_PIPELINE_CONFIG.sync;

/** The same faults in a shorter time. */
function hastened(scenario: Scenario): Scenario {
  const begin = Math.min(...scenario.faults.map(({ at }) => at));
  const soon = (seconds: number) => START + HASTE * (seconds - begin);
  const faults = scenario.faults.map((fault) => ({
    ...fault,
    at: soon(fault.at),
    ...(fault.until !== undefined && { until: soon(fault.until) }),
  }));
  return { ...scenario, faults };
}

/** A sensor that is used and shows what is not there: it misleads the model, and all a node can do is warn. */
const MISLEADING: readonly FaultKind[] = ['turned-mount', 'stale-content', 'stuck-part', 'stamp-drift', 'fog'];

/** Faults of one sensor, and those that strike all but break none of them; of those that end, as recovery is judged. */
function isChosen({ name, faults }: Scenario): boolean {
  if (faults.some(({ until }) => until === undefined)) return false;
  const isSingle = faults.every(({ modality }) => typeof modality === 'string' && modality !== 'all');
  return (isSingle && name !== 'cascade') || ['jitter', 'clock-jump', 'all-lost'].includes(name);
}

/** What the promises are made of: the sample bag, the bundled model, every scenario of the library they speak of. */
describe('acceptance of dropouts on the sample bag', function () {
  // Some two minutes on two idle cores; only what comes out counts.
  this.timeout(0);
  let report: DropoutReport;
  let kinds: Set<FaultKind>;
  let misleading: Set<string>;
  /** What each scenario of the library promises; one point where it says nothing. */
  let belowAbsent: Map<string, number | undefined>;
  const of = (name: string): ScenarioReport => {
    const found = report.scenarios.find((one) => one.name === name);
    assert.ok(found, `${name} is in the library`);
    return found;
  };
  const single = () => report.scenarios.filter(({ window }) => window.affected.length === 1);

  before(async () => {
    const scenarios = (await loadScenarios([join(projectRoot, 'config', 'scenarios')])).filter(isChosen).map(hastened);
    misleading = new Set(
      scenarios.flatMap(({ name, faults }) => (faults.some(({ fault }) => MISLEADING.includes(fault)) ? [name] : [])),
    );
    belowAbsent = new Map(scenarios.map(({ name, expect }) => [name, expect?.miouBelowAbsentPoints]));
    kinds = new Set(scenarios.flatMap(({ faults }) => faults.map(({ fault }) => fault)));
    const options = { config: DEFAULT_PIPELINE_CONFIG, provider: 'cpu', threads: 2 } as const;
    const bag = join(projectRoot, 'samples', 'town');
    const model = join(projectRoot, 'models', 'reference');
    const outcome = await withReplaySource({ ...options, bag, model }, (source) =>
      runDropout(source, { scenarios, seed: 1, seconds: SECONDS }),
    );
    ({ report } = outcome);
  });

  it('strikes every sensor in every way there is', () => {
    assert.deepEqual(
      faultSchema.options.map(({ shape }) => shape.fault.value).filter((kind) => !kinds.has(kind)),
      // A CameraInfo is known for good once it has come: what it is to miss it has no end.
      ['no-camera-info'],
    );
    assert.ok(single().length >= 25, `${single().length} scenarios with one faulty sensor`);
    for (const modality of ['camera', 'depth', 'events', 'lidar']) {
      for (const state of ['lost', 'frozen', 'late', 'noisy'])
        assert.equal(of(`${modality}-${state}`).window.affected[0], modality);
    }
    for (const { name, referenceFrames } of single()) assert.ok(referenceFrames >= 9, `${name} ${referenceFrames}`);
  });

  it('never publishes a mask under a wrong stamp or of an old picture', () => {
    for (const { name, wrongStamps, staleMasks } of report.scenarios) {
      assert.deepEqual({ wrongStamps, staleMasks }, { wrongStamps: 0, staleMasks: 0 }, name);
    }
  });

  it('has a mask for 95 % of the reference frames under every fault of a single sensor', () => {
    // A camera at half of its rate sends half of the frames; the pace becomes its own as soon as that is learned.
    for (const { name, continuityPercent } of single().filter(({ name }) => name !== 'camera-decimated')) {
      assert.ok(continuityPercent !== null && continuityPercent >= 95, `${name} ${continuityPercent} %`);
    }
    assert.ok(of('camera-decimated').continuityPercent! >= 50, `${of('camera-decimated').continuityPercent} %`);
  });

  it('leaves a lost sensor out within the deadline and a frame, and has it back within 0.6 s', () => {
    for (const modality of ['camera', 'depth', 'events', 'lidar']) {
      const { degradeMs, recoverMs } = of(`${modality}-lost`);
      assert.ok(degradeMs !== null && degradeMs <= deadlineMs + FRAME_MS, `${modality} degraded after ${degradeMs} ms`);
      assert.ok(recoverMs !== null && recoverMs <= 600, `${modality} recovered after ${recoverMs} ms`);
    }
    for (const { name, recoverMs } of single()) {
      assert.ok(recoverMs !== null && recoverMs <= 600, `${name} recovered after ${recoverMs} ms`);
    }
  });

  it('leaves no healthy sensor out: at most 1 % of the masks, under jitter and late messages as well', () => {
    for (const { name, falseDegradationPercent } of report.scenarios.filter(({ name }) => name !== 'all-lost')) {
      assert.ok(falseDegradationPercent <= 1, `${name} ${falseDegradationPercent} %`);
    }
  });

  it('tells of every sensor that fails, in time, truly, at its level, and of no other; no mask waits for what is gone', () => {
    const names = /^(told|false(Causes|lyTold)|sensorLevel|syncLevel|maskDelay|cleanMaskDelay)/;
    for (const { name, checks } of report.scenarios) {
      const failed = checks.filter((check) => names.test(check.name) && check.verdict === 'failed');
      assert.deepEqual(
        failed.map((check) => `${check.name} ${check.bound} but ${check.value}`),
        [],
        name,
      );
    }
    const told = report.scenarios.filter(({ health }) => health.toldMs !== null);
    assert.ok(told.length >= 14, `${told.length} scenarios in which something has to be told`);
  });

  it('comes back to the very bytes of the clean run', () => {
    for (const { name, identicalAfterMs } of report.scenarios) {
      assert.ok(identicalAfterMs !== null && identicalAfterMs <= 600, `${name} after ${identicalAfterMs} ms`);
    }
  });

  it('sees with a faulty sensor what it would see without it, give or take a point', () => {
    const judged = single().filter(({ name }) => !misleading.has(name));
    for (const { name, score } of judged) assert.ok(score.frames >= 9, `${name} ${score.frames} frames`);
    const worse = judged.filter(
      ({ name, miouBelowAbsentPoints }) => miouBelowAbsentPoints! > (belowAbsent.get(name) ?? 1),
    );
    assert.deepEqual(
      worse.map(({ name, miouBelowAbsentPoints }) => `${name} ${miouBelowAbsentPoints} points below a run without it`),
      [],
    );
  });

  it('makes no mask of nothing', () => {
    assert.equal(of('all-lost').score.miou.absent, null);
    assert.ok(of('all-lost').continuityPercent! <= 30, `${of('all-lost').continuityPercent} %`);
  });
});

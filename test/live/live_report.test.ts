import assert from 'node:assert/strict';
import { junitXml } from '../../src/dropout/index.js';
import { parseScenario, type Scenario } from '../../src/faults/index.js';
import type { FaultRun } from '../../src/live/fault_state.js';
import { describeLive, judgementOf, type LiveReport, reportLive } from '../../src/live/live_report.js';
import { Observations } from '../../src/live/observations.js';
import type { Stamp } from '../../src/messages/index.js';

const MS = 1_000_000n;
const START: Stamp = 1_750_000_000_000_000_000n;
const at = (ms: number): Stamp => START + BigInt(ms) * MS;

/** Sensors of 10 Hz. A message passes the injector 5 ms after its stamp; the LiDAR stamps 40 ms after the camera. */
const OFFSET_MS = { camera: 0, lidar: 40 } as const;
/** A mask arrives so long after its stamp. */
const LATENCY_MS = 60;

interface Scene {
  /** A letter a frame of 100 ms: made from Both, Camera, LiDAR; `.` no mask. */
  masks: string;
  /** Frames in which a sensor sends, in which its messages get through; all where absent. */
  sends?: Partial<Record<'camera' | 'lidar', string>>;
  passes?: Partial<Record<'camera' | 'lidar', string>>;
  /** Faults of the LiDAR in frames [from, to). */
  run?: { scenario: Scenario | null; from: number; to: number | null; modality?: 'camera' | 'lidar' };
  change?: (seen: Observations) => void;
  marginMs?: number;
  compositions?: 'told' | 'untold';
  /** `health`: the injector says which fault it is, so that what the node says of it can be judged. */
  judged?: 'masks' | 'health';
}

function report(scene: Scene): LiveReport {
  const { masks, sends = {}, passes = {}, run, marginMs = 0, compositions = 'told', judged = 'masks' } = scene;
  const seen = new Observations();
  for (let frame = 0; frame < masks.length; frame++) {
    for (const modality of ['camera', 'lidar'] as const) {
      const ms = frame * 100 + OFFSET_MS[modality];
      if (sends[modality]?.[frame] === '-') continue;
      const entry = { modality, stamp: at(ms), at: at(ms + 5) };
      const isThrough = passes[modality]?.[frame] !== '-';
      seen.relayed({ received: [entry], sent: isThrough ? [entry] : [] });
    }
    const letter = masks[frame]!;
    if (letter === '.') continue;
    const reference = letter === 'L' ? 'lidar' : 'camera';
    const stamp = at(frame * 100 + OFFSET_MS[reference]);
    const used = letter === 'B' ? (['camera', 'lidar'] as const) : ([reference] as const);
    const composition = new Map(used.map((name) => [name, at(frame * 100 + OFFSET_MS[name])]));
    if (compositions === 'told') seen.composition(stamp, composition);
    seen.mask({ stamp, at: stamp + BigInt(LATENCY_MS) * MS });
  }
  if (run !== undefined) {
    const { scenario, from, to, modality = 'lidar' } = run;
    const end = to === null ? null : at(to * 100);
    const state: FaultRun = {
      name: scenario?.name ?? 'manual',
      scenario,
      seed: 1,
      startedAt: at(from * 100 - 500),
      endedAt: end,
      faults: [
        {
          modality,
          fault: 'drop',
          from: at(from * 100),
          to: end,
          ...(judged === 'health' && { spec: { fault: 'drop' as const, modality, at: 0.5 }, kind: modality }),
        },
      ],
    };
    const phase = to === null ? 'manual' : 'done';
    const topics = (['camera', 'lidar'] as const).map((name) => ({
      modality: name,
      from: `/${name}`,
      to: `/faulty/${name}`,
      type: null,
      received: 0,
      sent: 0,
      overruns: 0,
    }));
    const faults = { formatVersion: 1 as const, at: START, upcoming: [], active: [], topics, problems: [] };
    seen.fault({ ...faults, phase, runs: [state] }, START);
  }
  scene.change?.(seen);
  return reportLive(seen, { node: '/mle_sam', from: START, to: at(masks.length * 100 + 100), marginMs });
}

function scenario(expect: string, degradation = 'wanted'): Scenario {
  const text = `name: lidar-lost\ndegradation: ${degradation}\nfaults: [{ fault: drop, modality: lidar }]\nexpect: ${expect}`;
  return parseScenario(text, 't');
}

/** 40 frames: two seconds to warm up, one to learn from, then one without LiDAR. */
const QUIET = 'B'.repeat(30);
const LIDAR_PASSES = `${'+'.repeat(30)}----------${'+'.repeat(30)}`;

describe('reportLive', () => {
  const BOUNDS = '{ continuityPercent: 95, degradeMs: 300, recoverMs: 600, falseDegradationPercent: 1 }';
  const lost = (masks: string, more: Partial<Scene> = {}) =>
    report({
      masks: `${QUIET}${masks}`,
      passes: { lidar: LIDAR_PASSES },
      run: { scenario: scenario(BOUNDS), from: 30, to: 40 },
      ...more,
    });

  it('measures a loss by hand', () => {
    const { scenarios, verdict, masks } = lost('BBCCCCCCCCCBBBBBBBBBBBBBBBBBBB');
    const [run] = scenarios;
    assert.ok(run);
    // The LiDAR's first message after 3000 ms comes at 3045; the first mask without it is that of frame 32, at 3260.
    assert.equal(run.degradeMs, 215);
    // The first mask with it again is that of frame 41, at 4160; the fault ends at 4000.
    assert.equal(run.recoverMs, 160);
    assert.deepEqual([run.continuityPercent, run.referenceFrames], [100, 10]);
    assert.deepEqual([run.wrongStamps, run.staleMasks, run.falseDegradationPercent], [0, 0, 0]);
    // 60 ms from stamp to mask, 5 of which before the injector.
    assert.deepEqual(run.latencyMs, { p50: 55, p95: 55, max: 55 });
    assert.deepEqual([run.usual, run.window.affected], [['camera', 'lidar'], ['lidar']]);
    assert.deepEqual([run.verdict, verdict], ['passed', 'passed']);
    // The first two seconds are not judged.
    assert.equal(masks, 40);
  });

  it('counts frames without a mask, whatever the stand-in stamps are', () => {
    assert.equal(lost('B..CCCCCCCBBBBBBBBBBBBBBBBBBBB').scenarios[0]?.continuityPercent, 80);
    const cameraLost = lost('LLLLLLLL.LBBBBBBBBBBBBBBBBBBBB', {
      passes: { camera: LIDAR_PASSES },
      run: { scenario: scenario('{}'), from: 30, to: 40, modality: 'camera' },
    });
    assert.equal(cameraLost.scenarios[0]?.continuityPercent, 90);
    assert.equal(cameraLost.scenarios[0]?.wrongStamps, 0);
  });

  it('breaks the bounds that are not kept, times with their margin', () => {
    const broken = (masks: string, marginMs: number) =>
      lost(masks, { marginMs })
        .scenarios[0]?.checks.filter(({ verdict }) => verdict === 'failed')
        .map(({ name, bound }) => `${name} ${bound}`);
    const late = 'BBBCCCCCCCCCCCCCCBBBBBBBBBBBBB';
    assert.deepEqual(broken(late, 0), ['degradeMs <= 300', 'recoverMs <= 600', 'falseDegradationPercent <= 1']);
    assert.deepEqual(broken(late, 200), []);
    assert.deepEqual(broken('CC..CCCCCCBBBBBBBBBBBBBBBBBBBB', 0), ['continuityPercent >= 95']);
  });

  it('calls it false to leave a sensor out that is well, but not one that sends nothing by itself', () => {
    const falsely = (masks: string, more: Partial<Scene> = {}) =>
      lost(masks, more).scenarios[0]!.falseDegradationPercent.toFixed(1);
    // One of the 40 masks that are judged.
    assert.equal(falsely('CCCCCCCCCCBBBBBBBBLBBBBBBBBBBB'), '2.5');
    const silent = `${'+'.repeat(48)}----${'+'.repeat(8)}`;
    assert.equal(falsely('CCCCCCCCCCBBBBBBBBLLLLBBBBBBBB'), '10.0');
    assert.equal(falsely('CCCCCCCCCCBBBBBBBBLLLLBBBBBBBB', { sends: { camera: silent } }), '0.0');
  });

  it('finds masks under stamps nothing had that was passed on, and under one twice', () => {
    const invented = lost('CCCCCCCCCCBBBBBBBBBBBBBBBBBBBB', {
      change: (seen) => seen.mask({ stamp: at(3333), at: at(3400) }),
    });
    assert.deepEqual([invented.scenarios[0]?.wrongStamps, invented.verdict], [1, 'failed']);
    const twice = lost('CCCCCCCCCCBBBBBBBBBBBBBBBBBBBB', {
      change: (seen) => seen.mask(seen.masks.at(-1)!),
    });
    assert.equal(twice.checks.find(({ name }) => name === 'wrongStamps')?.value, 1);
    // What the fault swallowed cannot have given a mask its stamp.
    assert.equal(lost('LCCCCCCCCCBBBBBBBBBBBBBBBBBBBB').scenarios[0]?.wrongStamps, 1);
  });

  it('finds masks of images from long before', () => {
    const stale = lost('CCCCCCCCCCBBBBBBBBBBBBBBBBBBBB', {
      change: (seen) =>
        seen.composition(
          at(5000),
          new Map([
            ['camera', at(5000)],
            ['lidar', at(4800)],
          ]),
        ),
    });
    assert.deepEqual([stale.scenarios[0]?.staleMasks, stale.scenarios[0]?.verdict], [1, 'failed']);
  });

  it('takes the word of the node on its sensors where masks do not tell', () => {
    const told = lost('CCCCCCCCCCBBBBBBBBBBBBBBBBBBBB', {
      compositions: 'untold',
      change: (seen) => {
        for (const [modality, state, ms] of [
          ['camera', 'active', 100],
          ['lidar', 'active', 100],
          ['lidar', 'dropped', 3320],
          ['lidar', 'dropped', 3500],
          ['lidar', 'active', 4180],
        ] as const) {
          seen.state({ modality, state, reason: '', at: at(ms) });
        }
      },
    });
    assert.deepEqual([told.scenarios[0]?.degradeMs, told.scenarios[0]?.recoverMs], [315, 260]);
    assert.equal(told.changes.length, 4);
  });

  describe('judges what the node says of a sensor that fails', () => {
    /** What a node says: modality, milliseconds, state, reason. */
    type Word = readonly ['camera' | 'lidar' | 'sync', number, string, string];
    const START_WORDS: readonly Word[] = [
      ['camera', 100, 'active', ''],
      ['lidar', 100, 'active', ''],
    ];
    const DROPPED: Word = ['lidar', 3320, 'dropped', 'no message for 0.30 s'];
    const BACK: Word = ['lidar', 4180, 'active', ''];

    function judge(words: readonly Word[], more: Partial<Scene> = {}): { failed: string[]; told: number | null } {
      // 60 frames of it: a second of the fault.
      const { scenarios } = lost('CCCCCCCCCCBBBBBBBBBBBBBBBBBBBB', {
        judged: 'health',
        change: (seen) => {
          for (const [modality, ms, state, reason] of [...START_WORDS, ...words]) {
            if (modality === 'sync') {
              seen.diagnosis({ name: 'mle_sam: sync', level: Number(state), message: reason }, at(ms));
            } else {
              seen.state({ modality, state, reason, at: at(ms) });
            }
          }
        },
        ...more,
      });
      const failed = scenarios[0]!.checks.filter(({ verdict }) => verdict === 'failed').map(({ name }) => name);
      return { failed, told: scenarios[0]!.health.toldMs };
    }
    const SYNC_WARNS: Word = ['sync', 3350, '1', 'masks without lidar (dropped)'];

    it('passes one that says what is true in time', () => {
      assert.deepEqual(judge([DROPPED, SYNC_WARNS, BACK]), { failed: [], told: 275 });
    });

    it('fails one that says nothing, too late, for a cause that is not true, or for ever', () => {
      assert.deepEqual(judge([]).failed, ['toldMs', 'sensorLevel', 'syncLevel']);
      assert.deepEqual(judge([['lidar', 3800, 'dropped', 'no message for 0.30 s'], SYNC_WARNS, BACK]).failed, [
        'toldMs',
        'sensorLevel',
      ]);
      assert.deepEqual(judge([['lidar', 3320, 'invalid', 'the image is black'], SYNC_WARNS, BACK]).failed, [
        'toldMs',
        'falseCauses',
      ]);
      assert.deepEqual(judge([DROPPED, SYNC_WARNS]).failed, ['toldBackMs']);
    });

    it('fails one that calls a sensor lost that is well, but not one that is silent by itself', () => {
      const accused: Word[] = [
        ['camera', 5200, 'dropped', 'no message for 0.30 s'],
        ['camera', 5500, 'active', ''],
      ];
      assert.deepEqual(judge([DROPPED, SYNC_WARNS, BACK, ...accused]).failed, ['falselyTold']);
      const silent = `${'+'.repeat(48)}------${'+'.repeat(6)}`;
      const masks = `${QUIET}CCCCCCCCCCBBBBBBBBLLLLLLBBBBBB`;
      assert.deepEqual(judge([DROPPED, SYNC_WARNS, BACK, ...accused], { sends: { camera: silent }, masks }).failed, []);
    });

    it('fails one whose diagnostics make light of it', () => {
      const light: Word = ['sync', 3350, '0', 'masks from camera'];
      assert.deepEqual(judge([DROPPED, light, BACK]).failed, ['syncLevel']);
      const seen = new Observations();
      seen.state({ modality: 'lidar', state: 'active', reason: '', at: at(0) });
      seen.diagnosis({ name: 'front/mle_sam: lidar', level: 1, message: 'active: its stamps drift' }, at(10));
      seen.diagnosis({ name: 'front/mle_sam: lidar', level: 1, message: 'active: its stamps drift' }, at(20));
      seen.diagnosis({ name: 'front/mle_sam: inference', level: 2, message: 'gone' }, at(20));
      assert.deepEqual(
        seen.health.of('lidar').map(({ level, reason }) => [level, reason]),
        [
          ['ok', ''],
          ['warn', 'its stamps drift'],
        ],
      );
      assert.deepEqual(seen.health.of('inference'), []);
    });
  });

  it('judges nothing it has not seen enough of', () => {
    const early = report({ masks: 'B'.repeat(40), run: { scenario: scenario(BOUNDS), from: 22, to: 30 } });
    assert.deepEqual(
      early.scenarios[0]?.checks.find(({ name }) => name === 'masksBeforeTheFault'),
      { name: 'masksBeforeTheFault', bound: '>= 5', value: 2, verdict: 'failed' },
    );
    const { scenarios } = lost('CCCCCCCCC', { run: { scenario: null, from: 30, to: null } });
    assert.deepEqual(
      [scenarios[0]?.name, scenarios[0]?.window.ending, scenarios[0]?.recoverMs, scenarios[0]?.verdict],
      ['manual', 'with-bag', null, 'passed'],
    );
    const nothing = report({ masks: '.'.repeat(40) });
    assert.deepEqual([nothing.verdict, nothing.masks, nothing.latencyMs.p50], ['failed', 0, null]);
  });

  it('takes the first of the messages under the stamp of a mask for its latency, but none of an earlier time', () => {
    const { latencyMs } = report({
      masks: 'B'.repeat(30),
      change: (seen) => {
        for (let frame = 0; frame < 30; frame++) {
          // Another sensor has the same stamps and comes later, before the mask and after it; a clock has jumped.
          for (const ms of [30, 90]) {
            const entry = { modality: 'depth', stamp: at(frame * 100), at: at(frame * 100 + ms) };
            seen.relayed({ received: [], sent: [entry] });
          }
          seen.delivered.unshift({ modality: 'camera', stamp: at(frame * 100), at: at(frame * 100 - 5000) });
        }
      },
    });
    assert.deepEqual(latencyMs, { p50: 55, p95: 55, max: 55 });
  });

  it('is told in a table and in JUnit', () => {
    const late = lost('BBBBBCCCCCBBBBBBBBBBBBBBBBBBBB');
    const told = describeLive(late);
    assert.match(told, /lidar-lost +│ +100% +│ +- +│ +- +│ +515 ms +│ +60 ms/);
    assert.match(told, /! lidar-lost: expected degradeMs <= 300 but measured 515\.0/);
    assert.match(
      told,
      /40 masks in 6\.1 s; from message to mask 55 ms in the middle, 55 ms in 95 % of all, from its stamp 60 ms\./,
    );
    const xml = junitXml(judgementOf(late));
    assert.match(xml, /<testsuites name="mle-sam monitor \/mle_sam" tests="13" failures="1">/);
    assert.match(xml, /classname="dropout\.lidar-lost" name="degradeMs &lt;= 300">/);
  });
});

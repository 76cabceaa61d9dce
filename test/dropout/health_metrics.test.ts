import assert from 'node:assert/strict';
import type { FaultSpan, FaultWindow } from '../../src/dropout/fault_window.js';
import { atLeast, HealthLog, type LevelName } from '../../src/dropout/health_log.js';
import { measureHealth } from '../../src/dropout/health_metrics.js';
import { type FaultTruth, truthOf } from '../../src/dropout/truth.js';
import { parseFault } from '../../src/faults/index.js';

const MS = 1_000_000n;
const at = (ms: number) => BigInt(ms) * MS;

/** Words of a node: about whom, when in milliseconds, at which level, why. */
type Word = readonly [about: string, ms: number, level: LevelName, reason?: string];

function log(words: readonly Word[]): HealthLog {
  const health = new HealthLog();
  for (const [about, ms, level, reason = ''] of words) health.add({ about, at: at(ms), level, reason });
  return health;
}

const truth = (fault: string, others: 'are-well' | 'fail-alike' = 'are-well'): FaultTruth =>
  truthOf(parseFault(fault, 'lidar', 'test'), 'lidar', others);

/** The LiDAR fails from 1000 to 3000 ms of 6000. */
function windowOf(fault: string, more: Partial<FaultSpan> = {}, ending: FaultWindow['ending'] = 'within'): FaultWindow {
  const span = { modality: 'lidar', from: at(1000), to: at(3000), truth: truth(fault), ...more };
  return { start: span.from, end: span.to, ending, spans: [span], affected: new Set(['lidar']) };
}

const START: readonly Word[] = [
  ['camera', 0, 'ok'],
  ['lidar', 0, 'ok'],
  ['sync', 0, 'ok'],
];
const GONE = 'no message for 0.30 s';
const TRUE_WORDS: readonly Word[] = [
  ['lidar', 1300, 'error', GONE],
  ['sync', 1300, 'warn'],
  ['lidar', 3200, 'ok'],
  ['sync', 3200, 'ok'],
];

/** Ten messages a second, each 5 ms after the tenth. */
const RECEIVED = new Map(
  ['camera', 'lidar'].map((name) => [name, Array.from({ length: 60 }, (_, k) => at(100 * k + 5))]),
);

function measure(
  words: readonly Word[],
  {
    window = windowOf('drop'),
    clean = START,
    degradation = 'wanted',
    modalities = ['camera', 'lidar'],
    received = RECEIVED,
  }: {
    window?: FaultWindow;
    clean?: readonly Word[];
    degradation?: 'wanted' | 'unwanted';
    modalities?: readonly string[];
    received?: typeof RECEIVED;
  } = {},
) {
  return measureHealth(
    { health: log([...START, ...words]), received },
    { window, clean: log(clean), modalities, degradation },
  );
}

describe('measureHealth', () => {
  it('measures a loss that is told well', () => {
    assert.deepEqual(measure(TRUE_WORDS), {
      untold: 0,
      // The first message that is missing was due at 1005.
      toldMs: 295,
      toldBoundMs: 500,
      toldBackMs: 200,
      toldBackBoundMs: 600,
      falseCauses: 0,
      said: ['silence'],
      falselyTold: 0,
      sensorLevel: 'error',
      syncLevel: 'warn',
      neededSensorLevel: 'error',
      neededSyncLevel: 'warn',
    });
  });

  it('counts one that is not told, or told for what is not true', () => {
    const { untold, toldMs, sensorLevel } = measure([]);
    assert.deepEqual([untold, toldMs, sensorLevel], [1, undefined, 'ok']);
    const slandered = measure([
      ['lidar', 1300, 'error', 'the image is black'],
      ['lidar', 3100, 'ok'],
    ]);
    assert.deepEqual([slandered.untold, slandered.falseCauses, slandered.said], [1, 1, ['black']]);
  });

  it('takes the lowest level from when it is due until the fault is over', () => {
    const wavering: readonly Word[] = [
      ['lidar', 1300, 'error', GONE],
      ['lidar', 2000, 'warn'],
      ['lidar', 2100, 'error', GONE],
      ['lidar', 3100, 'ok'],
    ];
    assert.equal(measure(wavering).sensorLevel, 'warn');
    // What was said before it was due, and after the fault, is no matter.
    assert.equal(measure([['lidar', 1100, 'warn'], ...TRUE_WORDS]).sensorLevel, 'error');
    assert.equal(measure([['lidar', 1504, 'error', GONE]]).sensorLevel, 'error');
    assert.equal(measure([['lidar', 1506, 'error', GONE]]).sensorLevel, 'ok');
  });

  it('measures until it is told well again, for ever where it never is, not where the end is not seen', () => {
    assert.equal(measure(TRUE_WORDS.slice(0, 2)).toldBackMs, Infinity);
    assert.equal(measure(TRUE_WORDS, { window: windowOf('drop', {}, 'with-bag') }).toldBackMs, undefined);
    // The bag is over at 5.9 s, before a warning has to be taken back.
    const turned = windowOf('fault: turned-mount, degrees: 10');
    const beside = 'what it sees lies 12 % of the width left of what camera sees';
    assert.equal(measure([['lidar', 2000, 'warn', beside]], { window: turned }).toldBackMs, undefined);
    assert.equal(
      measure([
        ['lidar', 1300, 'error', GONE],
        ['lidar', 2900, 'ok'],
      ]).toldBackMs,
      0,
    );
  });

  it('counts a sensor that is called lost for no reason, before the end of its excuse and after it', () => {
    const accused = (ms: number, name = 'camera'): readonly Word[] => [...TRUE_WORDS, [name, ms, 'error', GONE]];
    assert.equal(measure(accused(2000)).falselyTold, 1);
    assert.equal(measure(accused(3500, 'lidar')).falselyTold, 0);
    assert.equal(measure(accused(3601, 'lidar')).falselyTold, 1);
    // What a run without the fault says as well is no matter of the fault.
    assert.equal(measure(accused(4000), { clean: [...START, ['camera', 4300, 'error', GONE]] }).falselyTold, 0);
    assert.equal(measure(accused(4000), { clean: [...START, ['camera', 4700, 'error', GONE]] }).falselyTold, 1);
    // Before the fault both runs are the same.
    assert.equal(measure(accused(900)).falselyTold, 0);
    assert.equal(measure([['lidar', 1300, 'error', GONE]], { degradation: 'unwanted' }).falselyTold, 1);
  });

  it('asks nothing of a fault that is too short, of a sensor that is out anyway, or of one that may be good enough', () => {
    const short = windowOf('drop', { to: at(1400) });
    assert.deepEqual(
      [measure([], { window: short }).untold, measure([], { window: short }).toldBoundMs],
      [0, undefined],
    );
    assert.equal(measure([], { window: windowOf('drop', { to: at(1505) }) }).untold, 0);
    assert.equal(measure([], { window: windowOf('drop', { to: at(1506) }) }).untold, 1);
    const told = measure([['lidar', 1300, 'error', GONE]], { window: short });
    assert.deepEqual([told.toldMs, told.sensorLevel], [295, undefined]);
    assert.equal(measure([], { clean: [...START, ['lidar', 900, 'error', GONE]] }).untold, 0);
    const free = measure([], { window: windowOf('fault: noise, level: 0.1') });
    assert.deepEqual([free.untold, free.neededSensorLevel, free.neededSyncLevel], [0, undefined, undefined]);
  });

  it('asks for a warning where the sensor goes on being used', () => {
    const window = windowOf('fault: turned-mount, degrees: 10', { from: at(1000), to: at(5900) });
    const beside = 'what it sees lies 12 % of the width left of what camera sees';
    const warned = measure([['lidar', 3000, 'warn', beside]], { window });
    assert.deepEqual(
      [warned.untold, warned.toldMs, warned.sensorLevel, warned.neededSensorLevel, warned.neededSyncLevel],
      [0, 1995, 'warn', 'warn', undefined],
    );
    assert.equal(measure([['lidar', 3000, 'ok', beside]], { window }).untold, 1);
  });

  it('asks for an error of all together where all are gone', () => {
    const both = ['camera', 'lidar'].map((modality) => ({
      modality,
      from: at(1000),
      to: at(3000),
      truth: truth('drop', 'fail-alike'),
    }));
    const window: FaultWindow = { ...windowOf('drop'), spans: both };
    const words: readonly Word[] = [['camera', 1300, 'error', GONE], ['camera', 3200, 'ok'], ...TRUE_WORDS];
    const { neededSyncLevel, syncLevel, toldMs } = measure(words, { window });
    assert.deepEqual([neededSyncLevel, syncLevel, toldMs], ['error', 'warn', 295]);
  });

  it('asks for a warning of all together while one that no mask was made of before is of use', () => {
    const only = { modalities: ['lidar'] };
    assert.equal(measure(TRUE_WORDS, only).neededSyncLevel, 'warn');
    const out: readonly Word[] = [['camera', 900, 'error', 'Expected a CameraInfo'], ...TRUE_WORDS];
    assert.equal(measure(out, only).neededSyncLevel, 'error');
    // It came into use only while the other was gone.
    assert.equal(measure([...out, ['camera', 2000, 'ok']], only).neededSyncLevel, 'warn');
    const alone = { ...only, received: new Map([['lidar', RECEIVED.get('lidar')!]]) };
    assert.equal(measure(TRUE_WORDS, alone).neededSyncLevel, 'error');
  });
});

describe('HealthLog', () => {
  it('knows what held at a moment and in a stretch', () => {
    const health = log([
      ['a', 10, 'ok'],
      ['a', 20, 'error', 'x'],
      ['a', 30, 'warn'],
    ]);
    assert.equal(health.at('a', at(9)), undefined);
    assert.equal(health.at('a', at(20))?.reason, 'x');
    assert.deepEqual([health.lowest('a', at(15), at(40)), health.highest('a', at(15), at(40))], ['ok', 'error']);
    assert.deepEqual([health.lowest('a', at(20), at(30)), health.highest('a', at(30), at(31))], ['error', 'warn']);
    assert.equal(health.lowest('b', at(0), at(99)), undefined);
    assert.deepEqual(
      ['ok', 'stale', 'warn', 'error'].map((level) => atLeast(level as LevelName, 'warn')),
      [false, false, true, true],
    );
  });
});

describe('truthOf', () => {
  it('blames a clock only where it is one sensor’s, and off by more than sensors differ by', () => {
    const told = (offset: number, others: 'are-well' | 'fail-alike') =>
      truth(`fault: stamp-offset, offsetMs: ${offset}`, others).told;
    assert.deepEqual(
      [told(251, 'are-well'), told(-251, 'are-well'), told(250, 'are-well'), told(500, 'fail-alike')],
      ['error', 'error', 'free', 'free'],
    );
  });

  it('gives a drift until its stamps are off by twice the least tolerance, and a flickering sensor no verdict', () => {
    assert.equal(truth('fault: stamp-drift, msPerSecond: 10').withinMs, 15_000);
    assert.equal(truth('fault: stamp-drift, msPerSecond: -100').withinMs, 2500);
    assert.deepEqual(
      [truth('fault: drop, flickerHz: 1').told, truth('fault: drop, flickerHz: 1').pace],
      ['free', 'unsteady'],
    );
  });
});

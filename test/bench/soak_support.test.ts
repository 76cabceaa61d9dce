import assert from 'node:assert/strict';
import { Endurance } from '../../bench/soak/support/endurance.js';
import { FrameLedger } from '../../bench/soak/support/frame_ledger.js';
import { growthOf, hasGrown } from '../../bench/soak/support/growth.js';
import { randomScenario, STORM } from '../../bench/soak/support/random_scenario.js';
import { type FaultBinding, faultSchema } from '../../src/faults/index.js';
import { Random } from '../../src/random/random.js';

const SECOND = 1000;

/** Values of a line with normal noise, one every two seconds. */
function line(count: number, { perTenMinutes, noise }: { perTenMinutes: number; noise: number }, random: Random) {
  return Array.from({ length: count }, (_, i) => {
    const atMs = i * 2 * SECOND;
    return { atMs, value: 100 + (perTenMinutes * atMs) / (600 * SECOND) + noise * random.gaussian() };
  });
}

describe('the growth of a long run', () => {
  it('is the slope of a line, exactly, with an interval of no width', () => {
    const { perTenMinutes, low, high } = growthOf(line(50, { perTenMinutes: 3, noise: 0 }, new Random(1)))!;
    for (const value of [perTenMinutes, low, high]) assert.ok(Math.abs(value - 3) < 1e-9, `${value}`);
  });

  it('does not see a fifth of the points that lie far off', () => {
    const points = line(100, { perTenMinutes: 2, noise: 0.01 }, new Random(2));
    const spoilt = points.map((point, i) => (i % 5 === 0 ? { ...point, value: 900 } : point));
    assert.ok(Math.abs(growthOf(spoilt)!.perTenMinutes - 2) < 0.5, `${growthOf(spoilt)!.perTenMinutes}`);
  });

  it('lies in its interval 99 times of 100', () => {
    const random = new Random(3);
    const trials = 400;
    let within = 0;
    for (let trial = 0; trial < trials; trial++) {
      const { low, high } = growthOf(line(30, { perTenMinutes: 1, noise: 2 }, random))!;
      if (low <= 1 && 1 <= high) within++;
    }
    assert.ok(within > 0.97 * trials && within < trials, `${within} of ${trials}`);
  });

  it('says nothing of fewer than eight points', () => {
    assert.equal(growthOf(line(7, { perTenMinutes: 1, noise: 0 }, new Random(4))), undefined);
  });

  for (const { counts, grown } of [
    { counts: [11, 12, 11, 12, 11, 12, 11, 12, 11], grown: false },
    { counts: [11, 12, 13, 15, 16, 17, 18, 19, 20], grown: true },
    { counts: [11, 11, 11, 11, 11, 11, 40, 11, 11], grown: false },
    { counts: [11, 11, 11, 11, 11, 11, 12, 12, 12], grown: false },
    { counts: [11, 12, 13], grown: false },
  ]) {
    it(`of the counts ${counts.join()} is ${grown ? 'told' : 'none'}`, () => assert.equal(hasGrown(counts), grown));
  }
});

describe('a long run', () => {
  /** A run of so many minutes that is sampled every two seconds. */
  async function played(
    minutes: number,
    figures: (seconds: number, random: Random) => { residentMb: number; heapMb: number; descriptors: number },
  ) {
    const random = new Random(5);
    let nowMs = 0;
    const run = new Endurance(
      minutes,
      () => figures(nowMs / SECOND, random),
      'at-each-sample',
      () => nowMs,
    );
    for (; !run.isOver; nowMs += 2 * SECOND) await run.sample();
    return run.report({});
  }

  const steady = (_seconds: number, random: Random) => ({
    residentMb: 300 + 20 * random.gaussian(),
    heapMb: 30 + 0.1 * random.gaussian(),
    descriptors: 20 + random.integer(0, 2),
  });

  it('is well where figures go up and down', async () => {
    for (const minutes of [0.2, 1, 10, 60]) assert.deepEqual((await played(minutes, steady)).violations, []);
  });

  it('is well where memory settles during its first third', async () => {
    const { violations } = await played(10, (seconds, random) => {
      const { residentMb, heapMb, descriptors } = steady(seconds, random);
      const warming = Math.min(1, seconds / 150);
      return { residentMb: residentMb + 100 * warming, heapMb: heapMb + 20 * warming, descriptors };
    });
    assert.deepEqual(violations, []);
  });

  it('tells what is in use more and more: 4 MB in 10 minutes', async () => {
    const { violations, growthMbPer10Minutes } = await played(10, (seconds, random) => {
      const figures = steady(seconds, random);
      return { ...figures, heapMb: figures.heapMb + (4 * seconds) / 600 };
    });
    assert.equal(violations.length, 1);
    assert.match(
      violations[0]!,
      /^what is in use grew by (3\.9|4\.[01]) MB in 10 minutes \(99 %: [34]\.\d or more\), 2\.8 MB/,
    );
    assert.ok(Math.abs(growthMbPer10Minutes.inUse!.perTenMinutes - 4) < 0.2);
  });

  it('tells memory that no collection knows of, and files that stay open', async () => {
    const { violations } = await played(10, (seconds, random) => {
      const figures = steady(seconds, random);
      return {
        ...figures,
        residentMb: figures.residentMb + (30 * seconds) / 600,
        descriptors: figures.descriptors + Math.floor(seconds / 10),
      };
    });
    assert.match(violations[0]!, /^what the process holds grew by \d+\.\d MB in 10 minutes/);
    assert.match(violations[1]!, /^descriptors grew from \d+ to \d+$/);
  });

  it('tells a leak of a short run where it is no matter of chance', async () => {
    const { violations } = await played(0.5, (seconds, random) => {
      const figures = steady(seconds, random);
      return { ...figures, heapMb: figures.heapMb + 0.2 * seconds };
    });
    assert.match(violations.join(), /^what is in use grew by/);
  });

  it('counts all that goes wrong and prints the first', async () => {
    const run = new Endurance(1, () => ({}));
    for (let i = 0; i < 100; i++) run.violation(`thing ${i}`);
    const { violationCount, violations } = run.report({});
    assert.equal(violationCount, 100);
    assert.equal(violations[0], 'thing 0');
    assert.equal(violations.length, 20);
  });
});

describe('the ledger of frames', () => {
  const ledgerOf = () => {
    const violations: string[] = [];
    const ledger = new FrameLedger((text) => violations.push(text));
    for (const stamp of [1n, 2n, 3n]) ledger.sent(stamp);
    return { ledger, violations };
  };

  it('is content where each frame is told once, in order, or counted as unopened', () => {
    const { ledger, violations } = ledgerOf();
    ledger.told(1n, 'mask');
    ledger.told(2n, 'overtaken');
    ledger.close(1);
    assert.deepEqual(violations, []);
    assert.deepEqual(ledger.counts, { sent: 3, mask: 1, overtaken: 1, lost: 0 });
  });

  for (const { what, told, unopened, found } of [
    { what: 'twice', told: [1n, 1n, 2n, 3n], unopened: 0, found: /^1 was told as lost: twice/ },
    { what: 'out of order', told: [1n, 3n, 2n], unopened: 0, found: /^2 was told after 3$/ },
    { what: 'that was never sent', told: [1n, 2n, 3n, 4n], unopened: 0, found: /^4 was told as lost: .*never sent$/ },
    { what: 'not at all', told: [1n, 2n], unopened: 0, found: /^1 frames were never told, and 0 are counted/ },
    { what: 'and counted as unopened as well', told: [1n, 2n, 3n], unopened: 1, found: /^0 frames .* and 1 are/ },
  ]) {
    it(`tells a frame that is told ${what}`, () => {
      const { ledger, violations } = ledgerOf();
      for (const stamp of told) ledger.told(stamp, 'lost');
      ledger.close(unopened);
      assert.match(violations[0] ?? '', found);
    });
  }
});

describe('random scenarios', () => {
  const binding: FaultBinding = new Map([
    ['camera', { topic: '/camera', kind: 'camera', infoTopic: '/camera_info' }],
    ['depth', { topic: '/depth', kind: 'depth', infoTopic: '/depth_info' }],
    ['events', { topic: '/events', kind: 'events', infoTopic: '/events_info' }],
    ['lidar', { topic: '/lidar', kind: 'lidar' }],
  ]);
  const scenarios = (seed: number) =>
    Array.from({ length: 500 }, (_, index) => randomScenario(`storm-${index}`, binding, new Random(seed, index)));

  it('are the same for the same seed, and others for another', () => {
    assert.deepEqual(scenarios(1), scenarios(1));
    assert.notDeepEqual(scenarios(1), scenarios(2));
  });

  it('have every kind of fault, within the time of the storm', () => {
    const faults = scenarios(1).flatMap((scenario) => scenario.faults);
    const kinds = new Set(faults.map(({ fault }) => fault));
    assert.deepEqual([...kinds].sort(), faultSchema.options.map(({ shape }) => shape.fault.value).sort());
    for (const { at, until } of faults) assert.ok(at >= STORM.from && (until === undefined || until <= STORM.until));
  });
});

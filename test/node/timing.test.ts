import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { LogThrottle } from '../../src/node/log_throttle.js';
import { WakeTimer } from '../../src/node/wake_timer.js';
import { type QosProfile, qosConflicts } from '../../src/ros/index.js';

describe('WakeTimer', () => {
  const clock = { time: 1_000_000_000n, source: 'system' as 'system' | 'simulation' };
  const ros = {
    now: () => clock.time,
    get clockSource() {
      return clock.source;
    },
  };

  it('wakes when the clock has come to the time, and once', async () => {
    const calls: bigint[] = [];
    const timer = new WakeTimer(ros, (now) => calls.push(now));
    timer.set(clock.time + 5_000_000n);
    await sleep(30);
    assert.deepEqual(calls, [], 'the timer is over, but by this clock it is not time yet');
    clock.time += 5_000_000n;
    await sleep(30);
    await sleep(30);
    assert.deepEqual(calls, [clock.time]);
    timer.close();
  });

  it('takes an earlier time in place of a later one, and the other way round', async () => {
    const calls: string[] = [];
    const timer = new WakeTimer(ros, () => calls.push('woken'));
    timer.set(clock.time + 3600_000_000_000n);
    timer.set(clock.time);
    await sleep(20);
    assert.deepEqual(calls, ['woken']);
    timer.set(clock.time);
    timer.set(clock.time + 3600_000_000_000n);
    await sleep(20);
    assert.deepEqual(calls, ['woken'], 'the later time holds');
    timer.set(undefined);
    timer.close();
  });

  it('follows simulated time, however it runs', async () => {
    clock.source = 'simulation';
    const calls: bigint[] = [];
    const timer = new WakeTimer(ros, (now) => calls.push(now));
    const due = clock.time + 60_000_000_000n;
    timer.set(due);
    await sleep(30);
    assert.deepEqual(calls, []);
    clock.time = due + 7n;
    for (let i = 0; i < 100 && calls.length === 0; i++) await sleep(10);
    assert.deepEqual(calls, [due + 7n]);
    timer.close();
    clock.source = 'system';
  });

  it('never wakes once it is closed', async () => {
    const calls: bigint[] = [];
    const timer = new WakeTimer(ros, (now) => calls.push(now));
    timer.set(clock.time);
    timer.close();
    await sleep(20);
    assert.deepEqual(calls, []);
  });
});

describe('LogThrottle', () => {
  it('says a thing once in a while, and how often it held it back', () => {
    let nowMs = 0;
    const said: string[] = [];
    const throttle = new LogThrottle(
      (text) => said.push(text),
      () => nowMs,
    );
    for (nowMs = 0; nowMs < 10_000; nowMs += 100) throttle.say(`camera: broken at ${nowMs}`);
    assert.deepEqual(said, ['camera: broken at 0', 'camera: broken at 5000 (and 49 more of the kind)']);
  });

  it('says what has another subject of its own, however alike it begins', () => {
    const said: string[] = [];
    const throttle = new LogThrottle(
      (text) => said.push(text),
      () => 0,
    );
    for (const reason of ['exit code 3', 'no answer', 'exit code 3']) throttle.say(`worker ended: ${reason}`, reason);
    assert.deepEqual(said, ['worker ended: exit code 3', 'worker ended: no answer']);
  });

  it('tells subjects apart, and forgets the oldest of very many', () => {
    const said: string[] = [];
    const throttle = new LogThrottle(
      (text) => said.push(text),
      () => 0,
    );
    for (const name of ['camera', 'lidar', 'camera']) throttle.say(`${name}: broken`);
    assert.deepEqual(said, ['camera: broken', 'lidar: broken']);
    for (let i = 0; i < 100; i++) throttle.say(`${i}: broken`);
    throttle.say('camera: broken');
    assert.equal(said.at(-1), 'camera: broken');
    assert.equal(said.length, 103);
  });
});

describe('qosConflicts', () => {
  const [reliable, bestEffort]: QosProfile[] = [
    { reliability: 'reliable', durability: 'volatile', depth: 1 },
    { reliability: 'best_effort', durability: 'volatile', depth: 1 },
  ] as const;
  const latched: QosProfile = { reliability: 'reliable', durability: 'transient_local', depth: 1 };
  const cases: [offered: QosProfile, requested: QosProfile, conflicts: RegExp[]][] = [
    [reliable!, reliable!, []],
    [reliable!, bestEffort!, []],
    [bestEffort!, bestEffort!, []],
    [latched, reliable!, []],
    [bestEffort!, reliable!, [/reliability: offered best_effort, requested reliable/]],
    [reliable!, latched, [/durability: offered volatile, requested transient_local/]],
    [bestEffort!, latched, [/reliability/, /durability/]],
  ];
  for (const [offered, requested, expected] of cases) {
    const describe = ({ reliability, durability }: QosProfile) => `${reliability} ${durability}`;
    it(`finds ${expected.length} between ${describe(offered)} and ${describe(requested)}`, () => {
      const conflicts = qosConflicts(offered, requested);
      assert.equal(conflicts.length, expected.length);
      for (const [i, pattern] of expected.entries()) assert.match(conflicts[i]!, pattern);
    });
  }
});

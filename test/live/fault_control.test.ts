import assert from 'node:assert/strict';
import { type FaultBinding, injectFaults, parseScenario, type Scenario } from '../../src/faults/index.js';
import { type ControlOutcome, FaultControl } from '../../src/live/fault_control.js';
import { peekHeader, type RawMessage, type Stamp } from '../../src/messages/index.js';
import { stampAt, TINY_TOPICS, tinyDrive } from '../support/tiny_rig.js';

const BINDING: FaultBinding = new Map([
  ['camera', { topic: TINY_TOPICS.camera, kind: 'camera' }],
  ['depth', { topic: TINY_TOPICS.depth, kind: 'depth' }],
  ['events', { topic: TINY_TOPICS.events, kind: 'events' }],
  ['lidar', { topic: TINY_TOPICS.lidar, kind: 'lidar' }],
]);
const MODALITIES = new Map([...BINDING].map(([modality, { topic }]) => [topic, modality]));
const DRIVE = tinyDrive({ seconds: 6 }).filter(({ topic }) => MODALITIES.has(topic));
const TICK_NS = 5_000_000n;

function scenario(name: string, ...faults: readonly string[]): Scenario {
  return parseScenario(`name: ${name}\nfaults:\n${faults.map((fault) => `  - { ${fault} }`).join('\n')}`, name);
}

/** A control on a clock that goes on by ticks, fed by the drive; what comes out is kept in order. */
class Rig {
  readonly out: RawMessage[] = [];
  readonly problems: string[] = [];
  now: Stamp = stampAt(0);
  readonly control: FaultControl;
  #next = 0;

  constructor({ seed = 1, pauseSeconds = 1 } = {}) {
    this.control = new FaultControl({
      binding: BINDING,
      seed,
      pauseNs: BigInt(pauseSeconds * 1e9),
      send: (_, message) => this.out.push(message),
      problem: (text) => this.problems.push(text),
    });
  }

  /** Lets time pass until so many seconds of the drive. */
  async until(seconds: number): Promise<void> {
    const end = stampAt(seconds);
    while (this.now < end) {
      this.now += TICK_NS;
      for (; this.#next < DRIVE.length && DRIVE[this.#next]!.receiveStamp <= this.now; this.#next++) {
        const message = DRIVE[this.#next]!;
        this.control.advance(message.receiveStamp);
        this.control.receive(MODALITIES.get(message.topic)!, message);
      }
      await this.control.settled();
      this.control.advance(this.now);
    }
  }

  of(modality: string): RawMessage[] {
    return this.out.filter(({ topic }) => MODALITIES.get(topic) === modality);
  }
}

/** Tenths of a second of the drive by stamp, as `3 4 5`. */
function tenths(messages: readonly RawMessage[]): string {
  return messages
    .map((message) => {
      const header = peekHeader(message);
      return header.kind === 'header' ? Math.round(Number(header.stamp - stampAt(0)) / 1e8) : '?';
    })
    .join(' ');
}

function reason(outcome: ControlOutcome): string {
  return outcome.kind === 'refused' ? outcome.reason : 'accepted';
}

describe('FaultControl', () => {
  it('passes the very same messages on within the call while nothing is loaded', () => {
    const rig = new Rig();
    for (const message of DRIVE) rig.control.receive(MODALITIES.get(message.topic)!, message);
    assert.equal(rig.out.length, DRIVE.length);
    assert.ok(
      rig.out.every((message, i) => message === DRIVE[i]),
      'the same objects in the same order',
    );
  });

  it('changes messages exactly as an offline run with the same seed does', async () => {
    const faults = [
      'fault: noise, modality: camera, at: 0.5, until: 1, level: 0.3',
      'fault: burst-loss, modality: [lidar, events], at: 0.2, until: 3, lossShare: 0.4',
      'fault: freeze, modality: depth, at: 1, until: 2',
      'fault: stamp-offset, modality: lidar, at: 1, until: 2, offsetMs: -80',
    ];
    const mixed = scenario('mixed', ...faults);
    const offline: RawMessage[] = [];
    async function* all() {
      yield* DRIVE;
    }
    const options = { scenario: mixed, binding: BINDING, seed: 7, startStamp: stampAt(0) };
    for await (const message of injectFaults(all(), options)) offline.push(message);
    const rig = new Rig({ seed: 7 });
    rig.control.load([mixed]);
    rig.control.start(stampAt(0));
    await rig.until(6);
    assert.deepEqual(rig.problems, []);
    for (const [modality, { topic }] of BINDING) {
      const expected = offline.filter((message) => message.topic === topic);
      assert.deepEqual(rig.of(modality), expected, modality);
    }
  });

  it('counts the seconds of a scenario from its start, and tells when what fails', async () => {
    const rig = new Rig();
    rig.control.load([scenario('lost', 'fault: drop, modality: camera, at: 0.5, until: 1')]);
    await rig.until(1);
    assert.equal(rig.control.phase, 'armed');
    assert.equal(reason(rig.control.start(rig.now)), 'accepted');
    await rig.until(1.6);
    assert.deepEqual(rig.control.status(rig.now).active, [{ modality: 'camera', fault: 'drop', since: stampAt(1.5) }]);
    await rig.until(3);
    assert.equal(tenths(rig.of('camera')).includes('14 20'), true, tenths(rig.of('camera')));
    const { phase, active, runs } = rig.control.status(rig.now);
    assert.deepEqual([phase, active], ['done', []]);
    assert.deepEqual(
      runs.map(({ name, startedAt, endedAt, faults }) => ({ name, startedAt, endedAt, faults })),
      [
        {
          name: 'lost',
          startedAt: stampAt(1),
          endedAt: stampAt(2),
          faults: [
            {
              modality: 'camera',
              fault: 'drop',
              spec: { fault: 'drop', modality: 'camera', at: 0.5, until: 1 },
              kind: 'camera',
              from: stampAt(1.5),
              to: stampAt(2),
            },
          ],
        },
      ],
    );
  });

  it('plays scenarios one after another with a pause, and once more at a trigger', async () => {
    const rig = new Rig({ pauseSeconds: 0.5 });
    const lost = (modality: string) => scenario(`${modality}-lost`, `fault: drop, modality: ${modality}, until: 0.5`);
    rig.control.load([lost('camera'), lost('lidar')], stampAt(0.5));
    await rig.until(3);
    assert.deepEqual(
      rig.control.status(rig.now).runs.map(({ name, startedAt }) => [name, startedAt]),
      [
        ['camera-lost', stampAt(0.5)],
        ['lidar-lost', stampAt(1.5)],
      ],
    );
    assert.equal(rig.control.phase, 'done');
    rig.control.start(rig.now);
    await rig.until(3.2);
    assert.deepEqual(rig.control.status(rig.now).runs.at(-1)?.name, 'camera-lost');
    assert.match(tenths(rig.of('camera')), /^0 1 2 3 4 10 /);
    assert.match(tenths(rig.of('lidar')), / 14 20 /);
    // The second one is about to begin, and is kept from it.
    await rig.until(3.7);
    assert.deepEqual(rig.control.status(rig.now).upcoming, ['lidar-lost']);
    assert.equal(reason(rig.control.stop(rig.now)), 'accepted');
    await rig.until(5);
    assert.equal(rig.control.phase, 'armed');
    assert.match(tenths(rig.of('lidar')), / 39 40 41 42 /);
  });

  it('stops a scenario at once, and what it holds back still comes when it is due', async () => {
    const rig = new Rig();
    rig.control.load([scenario('late', 'fault: delay, modality: camera, byMs: 300')]);
    rig.control.start(rig.now);
    await rig.until(1);
    // Pictures up to 0.9 s have come, those up to 0.6 s have left.
    assert.equal(tenths(rig.of('camera')), '0 1 2 3 4 5 6');
    rig.control.stop(rig.now);
    await rig.until(1.5);
    const after = tenths(rig.of('camera')).split(' ').slice(7);
    assert.deepEqual(after, ['7', '10', '8', '11', '9', '12', '13', '14'], 'late ones between those in time');
    const [run] = rig.control.status(rig.now).runs;
    assert.deepEqual([run?.endedAt, run?.faults[0]?.to], [stampAt(1), stampAt(1)]);
  });

  it('sets and clears single faults, one after another and several at once, and keeps their times', async () => {
    const rig = new Rig();
    await rig.until(0.5);
    assert.equal(reason(rig.control.setFault('camera', 'drop', rig.now)), 'accepted');
    await rig.until(1);
    assert.equal(reason(rig.control.setFault('lidar', 'fault: decimate, keepEvery: 2', rig.now)), 'accepted');
    assert.equal(reason(rig.control.setFault('camera', '{ fault: freeze, stamps: stuck }', rig.now)), 'accepted');
    assert.equal(rig.control.phase, 'manual');
    await rig.until(2);
    rig.control.setFault('camera', '', rig.now);
    await rig.until(2.5);
    rig.control.setFault('lidar', ' ', rig.now);
    assert.equal(rig.control.phase, 'idle');
    await rig.until(3);
    const [run] = rig.control.status(rig.now).runs;
    assert.deepEqual(
      run?.faults.map(({ modality, fault, from, to }) => [modality, fault, from, to]),
      [
        ['camera', 'drop', stampAt(0.5), stampAt(1)],
        ['lidar', 'decimate', stampAt(1), stampAt(2.5)],
        ['camera', 'freeze', stampAt(1), stampAt(2)],
      ],
    );
    assert.equal(run?.endedAt, stampAt(2.5));
    assert.match(tenths(rig.of('camera')), /^0 1 2 3 4 10 10 10 10 10 10 10 10 10 10 20 21/);
    assert.match(tenths(rig.of('lidar')), / 8 9 10 12 14 16 18 20 22 24 25 26/);
  });

  it('refuses with a reason what is wrong or comes at the wrong time, and goes on', async () => {
    const rig = new Rig();
    const { control } = rig;
    const lost = scenario('lost', 'fault: drop, modality: camera, until: 1');
    const cases: [() => ControlOutcome, RegExp][] = [
      [() => control.start(rig.now), /Expected a loaded scenario to start but there is none/],
      [() => control.stop(rig.now), /Expected something that fails to stop but nothing does/],
      [() => control.setFault('camera', 'explode', rig.now), /Expected one of drop, .* for fault in fault\.camera/],
      [() => control.setFault('camera', 'fault: noise', rig.now), /for level in fault\.camera but received nothing/],
      [() => control.setFault('camera', '{ fault', rig.now), /Expected YAML for the fault fault\.camera/],
      [() => control.setFault('camera', 'lidar-sector-loss', rig.now), /fromDegrees/],
      [() => control.setFault('lidar', 'overexpose', rig.now), /Expected camera for the fault overexpose/],
      [() => control.setFault('radar', 'drop', rig.now), /camera, depth, events, lidar to fail but received 'radar'/],
      [() => control.load([scenario('x', 'fault: drop, modality: radar')]), /modality of scenario x/],
    ];
    for (const [attempt, expected] of cases) assert.match(reason(attempt()), expected);
    assert.equal(control.phase, 'idle');
    control.load([lost]);
    control.start(rig.now);
    assert.match(reason(control.setFault('camera', 'drop', rig.now)), /stop lost first/);
    assert.match(reason(control.load([lost])), /stop lost first/);
    assert.match(reason(control.reseed(2)), /stop lost first/);
    control.stop(rig.now);
    control.setFault('camera', 'drop', rig.now);
    assert.match(reason(control.start(rig.now)), /clear the faults set by hand first/);
    await rig.until(1);
    assert.deepEqual([rig.of('camera').length, rig.of('lidar').length], [0, 10]);
  });

  it('does not let a modality wait for the pictures of another', async () => {
    const out: string[] = [];
    const control = new FaultControl({
      binding: BINDING,
      seed: 1,
      pauseNs: 0n,
      send: (modality) => out.push(modality),
      problem: assert.fail,
    });
    control.setFault('camera', 'fault: noise, level: 0.1', stampAt(0));
    for (const { topic, ...message } of DRIVE.slice(0, 20)) {
      control.receive(MODALITIES.get(topic)!, { ...message, topic });
    }
    assert.ok(out.length > 10 && !out.includes('camera'), `${out}`);
    await control.settled();
    assert.ok(out.includes('camera'), `${out}`);
  });

  it('loses messages rather than memory where a fault is too slow, and counts them', async () => {
    const rig = new Rig();
    rig.control.setFault('camera', 'fault: noise, level: 0.1', rig.now);
    const [message] = DRIVE.filter(({ topic }) => topic === TINY_TOPICS.camera);
    for (let i = 0; i < 100; i++) rig.control.receive('camera', message!);
    assert.equal(rig.control.overruns('camera'), 40);
    await rig.control.settled();
    assert.equal(rig.out.length, 60);
  });

  it('goes on after a message that cannot be sent or changed', async () => {
    const problems: string[] = [];
    let sent = 0;
    const control = new FaultControl({
      binding: BINDING,
      seed: 1,
      pauseNs: 0n,
      send: () => {
        if (++sent % 2 === 1) throw new Error('no room');
      },
      problem: (text) => problems.push(text),
    });
    const camera = DRIVE.filter(({ topic }) => topic === TINY_TOPICS.camera);
    const pass = async () => {
      for (const message of camera.slice(0, 4)) control.receive('camera', message);
      await control.settled();
    };
    await pass();
    control.setFault('camera', 'fault: stamp-offset, offsetMs: 5', stampAt(0));
    await pass();
    control.setFault('camera', 'fault: delay, byMs: 5', stampAt(0));
    await pass();
    control.advance(stampAt(5));
    assert.deepEqual([sent, problems], [12, Array(6).fill('no room')]);
  });
});

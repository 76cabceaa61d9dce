import assert from 'node:assert/strict';
import { type FaultState, parseFaultState } from '../../src/live/index.js';
import { decodeMessage } from '../../src/messages/index.js';
import { LATCHED, RosNode } from '../../src/ros/index.js';
import { mleSam } from './support/command.js';
import { domainOf, Program, waitUntil } from './support/index.js';

/** A line of `peers/sensors.py`; times in milliseconds. */
interface Told {
  way: 'sent' | 'got';
  topic: string;
  stamp: string | null;
  bytes: number;
  sha: string;
  at: number;
}

const CAMERA = '/camera/image';
const LIDAR = '/lidar/points';
const STRING_PARAMETER = 4;

describe('mle-sam inject on a real graph', function () {
  this.timeout(120_000);
  const domain = domainOf(import.meta.url);
  let peer: Program;
  let injector: Program;
  let ros: RosNode;
  const states: FaultState[] = [];

  before(async () => {
    process.env.ROS_DOMAIN_ID = String(domain);
    peer = Program.peer('sensors.py', ['--rate', '20'], domain);
    injector = mleSam(['inject', '--topic', `camera=${CAMERA}`, `lidar=${LIDAR}`, '--seed', '5'], domain);
    ros = await RosNode.create('injector_test', []);
    ros.subscribe('/fault_injector/state', 'std_msgs/msg/String', LATCHED, (data) => {
      const message = { topic: 'state', type: 'std_msgs/msg/String', data, receiveStamp: 0n };
      const state = parseFaultState(decodeMessage<{ data: string }>(message).data);
      assert.ok(state, 'a state of a fault injector');
      states.push(state);
    });
    await waitUntil('both topics behind the injector', () => got(CAMERA).length > 3 && got(LIDAR).length > 3, {
      deadlineMs: 60_000,
    });
    // Messages may pass before discovery has brought this test the latched state.
    await waitUntil('the state of the injector', () => states.at(-1)?.topics.length === 2);
  });

  after(async () => {
    ros?.close();
    await Promise.all([injector?.stop(), peer?.stop()]);
  });

  const told = (): Told[] =>
    peer.lines.flatMap((line) => {
      if (!line.startsWith('{')) return [];
      const { at, ...rest } = JSON.parse(line) as Omit<Told, 'at'> & { at: string };
      return [{ ...rest, at: Number(BigInt(at) / 1000n) / 1000 }];
    });
  const got = (topic: string, since = 0) =>
    told().filter((one) => one.way === 'got' && one.topic === topic && one.at >= since);
  const sent = (topic: string, since = 0) =>
    told().filter((one) => one.way === 'sent' && one.topic === topic && one.at >= since);
  /** Of what was sent from then on, what has come through. */
  const through = (topic: string, from: number) => relayed(topic, 0).filter(({ original }) => original.at >= from);
  const last = () => states.at(-1)!;
  const trigger = (service: string) =>
    ros.call<object, { success: boolean; message: string }>(
      `/fault_injector/${service}`,
      'std_srvs/srv/Trigger',
      {},
      20_000,
    );
  async function set(name: string, value: string): Promise<{ successful: boolean; reason: string }> {
    const parameters = [{ name, value: { type: STRING_PARAMETER, string_value: value } }];
    const type = 'rcl_interfaces/srv/SetParameters';
    type Answer = { results: { successful: boolean; reason: string }[] };
    const { results } = await ros.call<object, Answer>('/fault_injector/set_parameters', type, { parameters }, 20_000);
    return results[0]!;
  }
  /** Sets a parameter that must be accepted, and waits until the injector's state says that it is in force. */
  async function fail(modality: string, fault: string): Promise<number> {
    assert.deepEqual(await set(`fault.${modality}`, fault), { successful: true, reason: '' });
    const kind = /^(?:fault: )?([\w-]*)/.exec(fault)![1];
    const isInForce = () => last().active.find((one) => one.modality === modality)?.fault === (kind || undefined);
    await waitUntil('its state', isInForce);
    return Date.now();
  }
  /** Pairs what was sent with what came of it by stamp. */
  function relayed(topic: string, since: number): { original: Told; copy: Told }[] {
    const originals = new Map(sent(topic).map((one) => [one.stamp, one]));
    return got(topic, since).flatMap((copy) => {
      const original = originals.get(copy.stamp);
      return original === undefined ? [] : [{ original, copy }];
    });
  }

  it("passes messages on byte for byte while nothing fails, in the sensor's own type and QoS", async () => {
    const since = Date.now();
    await waitUntil('twenty pictures', () => got(CAMERA, since).length >= 20);
    for (const topic of [CAMERA, LIDAR]) {
      const pairs = relayed(topic, since);
      assert.equal(pairs.length, got(topic, since).length, `every message behind ${topic} is one that was sent`);
      for (const { original, copy } of pairs) assert.equal(copy.sha, original.sha, topic);
    }
    assert.deepEqual(
      last().topics.map(({ from, to, type }) => [from, to, type]),
      [
        [CAMERA, `/faulty${CAMERA}`, 'sensor_msgs/msg/Image'],
        [LIDAR, `/faulty${LIDAR}`, 'sensor_msgs/msg/PointCloud2'],
      ],
    );
    assert.deepEqual(
      [CAMERA, LIDAR].map((topic) => ros.publishersOf(`/faulty${topic}`).map(({ qos }) => qos.reliability)),
      [['best_effort'], ['reliable']],
    );
  });

  it('drops one sensor while the parameter says so, and no other', async () => {
    const from = await fail('camera', 'drop');
    await waitUntil('ten clouds', () => got(LIDAR, from).length >= 10);
    assert.deepEqual(through(CAMERA, from), [], 'a picture behind a dropped camera');
    const until = await fail('camera', '');
    await waitUntil('pictures again', () => got(CAMERA, until).length >= 3);
    const { phase, runs } = last();
    assert.equal(phase, 'idle');
    const [span] = runs.at(-1)!.faults;
    assert.deepEqual([span?.modality, span?.fault], ['camera', 'drop']);
    const [begin, end] = [span!.from, span!.to!].map((stamp) => Number(stamp / 1_000_000n));
    const missing = sent(CAMERA).filter(({ stamp }) => !got(CAMERA).some((one) => one.stamp === stamp));
    const within = missing.filter(({ at }) => at > begin! && at < end!);
    assert.ok(within.length >= 5, 'the pictures between the times it tells are the ones that are missing');
  });

  it('holds messages back for as long as asked, bytes and stamps unchanged', async () => {
    const from = await fail('lidar', 'fault: delay, byMs: 400');
    const delays = () =>
      through(LIDAR, from).map(({ original, copy }) => {
        assert.equal(copy.sha, original.sha);
        return copy.at - original.at;
      });
    const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;
    // The machine may be slow or stand still, but not for as long as it is looked at.
    const isAsAsked = () => delays().length >= 5 && median(delays().slice(-5)) < 600;
    await waitUntil('clouds that are 400 ms late and hardly more', isAsAsked);
    assert.ok(Math.min(...delays()) >= 400, `${delays()}`);
    await fail('lidar', '');
  });

  it('changes contents and breaks messages, and lets the listener cope with them', async () => {
    const noisy = await fail('camera', 'fault: noise, level: 0.2');
    await waitUntil('noisy pictures', () => through(CAMERA, noisy).length >= 5);
    for (const { original, copy } of through(CAMERA, noisy)) {
      assert.equal(copy.bytes, original.bytes);
      assert.notEqual(copy.sha, original.sha);
    }
    const cut = await fail('camera', 'corrupt');
    await waitUntil('cut pictures', () => through(CAMERA, cut).length >= 5);
    assert.ok(
      through(CAMERA, cut).every(({ original, copy }) => copy.bytes < original.bytes),
      'messages are cut off',
    );
    await fail('camera', '');
  });

  it('plays a scenario of its library at a trigger, and stops it', async () => {
    assert.deepEqual(await set('scenario', 'all-lost'), { successful: true, reason: '' });
    assert.deepEqual({ ...(await trigger('start')) }, { success: true, message: 'all-lost' });
    await waitUntil('its faults', () => last().active.length === 2);
    await waitUntil('its end', () => last().phase === 'done');
    for (const topic of [CAMERA, LIDAR]) {
      const { from, to } = last()
        .runs.at(-1)!
        .faults.find(({ modality }) => topic.includes(modality))!;
      const [begin, end] = [from, to!].map((stamp) => Number(stamp / 1_000_000n) + 1) as [number, number];
      assert.ok(sent(topic, begin).filter(({ at }) => at < end).length >= 10, `messages on ${topic} meanwhile`);
      const early = through(topic, begin).filter(({ copy }) => copy.at < end - 1);
      assert.deepEqual(early, [], `a message of ${topic} while all was lost`);
    }
    const began = performance.now();
    assert.equal((await trigger('start')).success, true);
    await waitUntil('its second run', () => last().phase === 'running');
    assert.deepEqual({ ...(await trigger('stop')) }, { success: true, message: 'all-lost' });
    const stopped = (performance.now() - began) / 1000;
    await waitUntil('its end', () => last().phase === 'done');
    const [first, second] = last().runs.slice(-2);
    const seconds = ({ startedAt, endedAt }: FaultState['runs'][number]) => Number(endedAt! - startedAt) / 1e9;
    assert.equal(seconds(first!), Math.max(...first!.scenario!.faults.map(({ until }) => until!)));
    // As long as between the two calls, and not to its end.
    assert.ok(seconds(second!) <= stopped, `the second run took ${seconds(second!)} s`);
    assert.ok(seconds(second!) < seconds(first!), 'the second run was stopped');
  });

  it('refuses what makes no sense with the reason, and goes on', async () => {
    const cases: [string, string, RegExp][] = [
      ['fault.camera', 'explode', /Expected one of drop, decimate, .* but received "explode"/],
      ['fault.lidar', 'overexpose', /Expected camera for the fault overexpose/],
      ['scenario', 'no-such-thing', /Expected a file, YAML or one of all-lost,/],
      ['scenario', 'only-depth', /Expected all or some of camera, lidar for the modality of scenario only-depth/],
    ];
    for (const [name, value, expected] of cases) {
      const { successful, reason } = await set(name, value);
      assert.equal(successful, false, name);
      assert.match(reason, expected);
    }
    const { success, message } = await trigger('stop');
    assert.equal(success, false);
    assert.match(message, /nothing does/);
    const since = Date.now();
    await waitUntil('pictures', () => got(CAMERA, since).length >= 3);
  });

  it('ends in good order when asked to', async () => {
    injector.signal('SIGINT');
    assert.deepEqual(await injector.end(), { code: 0, signal: null });
  });
});

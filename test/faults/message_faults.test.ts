import assert from 'node:assert/strict';
import { FaultInjector, parseScenario } from '../../src/faults/index.js';
import { decodeMessage, type Image, peekHeader, type RawMessage } from '../../src/messages/index.js';
import { stampAt, TINY_TOPICS, tinyDrive } from '../support/tiny_rig.js';
import { BINDING, injector, send } from './support.js';

const drive = tinyDrive({ seconds: 2 });
const cameraOf = (messages: readonly RawMessage[]) => messages.filter(({ topic }) => topic === TINY_TOPICS.camera);
const stampOf = (message: RawMessage) => {
  const header = peekHeader(message);
  assert.equal(header.kind, 'header');
  return header.kind === 'header' ? header.stamp : 0n;
};
/** Second of the drive a message was sent at, by its stamp. */
const secondsOf = (message: RawMessage) => Number(stampOf(message) - stampAt(0)) / 1e9;

describe('faults on whole messages', () => {
  it('drop: nothing of the modality arrives while it lasts, and nothing else is missing', async () => {
    const out = await send(injector('fault: drop, modality: camera, at: 0.5, until: 1'), drive);
    // Pictures arrive 8 ms after their stamp; the first message, at 0 s, is the calibration.
    assert.deepEqual(
      cameraOf(out).map((message) => secondsOf(message).toFixed(1)),
      '0.0 0.1 0.2 0.3 0.4 1.0 1.1 1.2 1.3 1.4 1.5 1.6 1.7 1.8 1.9'.split(' '),
    );
    assert.equal(out.length, drive.length - 5);
    const others = (messages: readonly RawMessage[]) => messages.filter(({ topic }) => topic !== TINY_TOPICS.camera);
    assert.deepEqual(others(out), others(drive));
  });

  it('is in force from `at` on, and at `until` no more', async () => {
    for (const [seconds, isOn] of [
      [0.499_999, false],
      [0.5, true],
      [0.999_999, true],
      [1, false],
    ] as const) {
      const through = injector('fault: drop, modality: camera, at: 0.5, until: 1');
      const [picture] = cameraOf(drive);
      const at = (time: number) => ({ ...picture!, topic: '/other', receiveStamp: stampAt(time) });
      await through.receive(at(0));
      const out = await through.receive({ ...picture!, receiveStamp: stampAt(seconds) });
      assert.equal(out.length === 0, isOn, `${seconds} s`);
    }
  });

  it('flicker: on in the first half of each period', async () => {
    const out = await send(injector('fault: drop, modality: camera, at: 0, until: 2, flickerHz: 1'), drive);
    assert.deepEqual(
      cameraOf(out).map((message) => secondsOf(message).toFixed(1)),
      '0.5 0.6 0.7 0.8 0.9 1.5 1.6 1.7 1.8 1.9'.split(' '),
    );
  });

  it('flicker: counts its periods from the beginning of the fault', async () => {
    const out = await send(injector('fault: drop, modality: camera, at: 0.25, until: 2, flickerHz: 1'), drive);
    assert.deepEqual(
      cameraOf(out).map((message) => secondsOf(message).toFixed(1)),
      '0.0 0.1 0.2 0.8 0.9 1.0 1.1 1.2 1.8 1.9'.split(' '),
    );
  });

  it('decimate: every third message arrives', async () => {
    const out = await send(injector('fault: decimate, modality: camera, keepEvery: 3'), drive);
    assert.deepEqual(
      cameraOf(out).map((message) => secondsOf(message).toFixed(1)),
      '0.0 0.3 0.6 0.9 1.2 1.5 1.8'.split(' '),
    );
  });

  it('burst-loss: loses the share that was asked for, in bursts of the mean length that was asked for', async () => {
    const through = injector('fault: burst-loss, modality: events, lossShare: 0.3, burstLength: 4');
    const one = drive.find(({ topic }) => topic === TINY_TOPICS.events)!;
    const count = 20_000;
    const lost: boolean[] = [];
    for (let i = 0; i < count; i++) lost.push((await through.receive(one)).length === 0);
    const share = lost.filter(Boolean).length / count;
    const bursts = lost.filter((isLost, i) => isLost && lost[i - 1] !== true).length;
    assert.ok(Math.abs(share - 0.3) < 0.02, `${share}`);
    assert.ok(Math.abs((share * count) / bursts - 4) < 0.3, `${(share * count) / bursts}`);
  });

  it('freeze: the last content before it, under new stamps, and under the old one', async () => {
    const fresh = cameraOf(await send(injector('fault: freeze, modality: camera, at: 0.5, until: 1'), drive));
    const clean = cameraOf(drive);
    assert.deepEqual(fresh.map(stampOf), clean.map(stampOf));
    for (const k of [5, 6, 7, 8, 9]) {
      // After the encapsulation and the stamp: all but the stamp is that of the fourth message.
      assert.deepEqual(fresh[k]!.data.subarray(12), clean[4]!.data.subarray(12));
    }
    assert.deepEqual(fresh[10], clean[10]);
    const stuck = cameraOf(
      await send(injector('fault: freeze, modality: camera, at: 0.5, until: 1, stamps: stuck'), drive),
    );
    assert.deepEqual(stuck[7]!.data, clean[4]!.data);
    assert.equal(stuck[7]!.receiveStamp, clean[7]!.receiveStamp);
  });

  it('delay: messages come later, unchanged, and everything comes in the order of arrival', async () => {
    const out = await send(injector('fault: delay, modality: camera, byMs: 250'), drive);
    assert.equal(out.length, drive.length);
    assert.deepEqual(
      cameraOf(out),
      cameraOf(drive).map((message) => ({ ...message, receiveStamp: message.receiveStamp + 250_000_000n })),
    );
    for (let i = 1; i < out.length; i++) assert.ok(out[i]!.receiveStamp >= out[i - 1]!.receiveStamp);
  });

  it('delay: a live driver is told when the next message is due, and gets it then', async () => {
    const through = injector('fault: delay, modality: camera, byMs: 250');
    const [first] = cameraOf(drive);
    assert.deepEqual(await through.receive(first!), []);
    const due = first!.receiveStamp + 250_000_000n;
    assert.equal(through.nextDue(), due);
    assert.deepEqual(through.release(due - 1n), []);
    assert.equal(through.release(due).length, 1);
    assert.equal(through.nextDue(), undefined);
  });

  it('waits for a start of its own where asked to, and has watched by then', async () => {
    const through = new FaultInjector({
      scenario: parseScenario('name: t\nfaults: [{ fault: freeze, modality: camera, at: 0.2 }]', 't'),
      binding: BINDING,
      seed: 1,
      startStamp: 'later',
    });
    const camera = cameraOf(drive);
    const before = await send(through, camera.slice(0, 10));
    assert.deepEqual(before, camera.slice(0, 10));
    through.start(stampAt(1));
    // 1.008 and 1.108 s pass; from 1.2 s on the picture of 1.1 s is repeated.
    const after = await send(through, camera.slice(10, 14));
    assert.deepEqual(after.slice(0, 2), camera.slice(10, 12));
    assert.deepEqual(
      after.slice(2).map((message) => decodeMessage<Image>(message).data),
      [1, 1].map((k) => decodeMessage<Image>(camera[10 + k]!).data),
    );
    assert.deepEqual(after.slice(2).map(stampOf), camera.slice(12, 14).map(stampOf));
  });

  it('delay: holds so many messages and no more', async () => {
    const through = injector('fault: delay, modality: camera, byMs: 250');
    const [first] = cameraOf(drive);
    for (let i = 0; i < 10_000; i++) await through.receive(first!);
    await assert.rejects(through.receive(first!), /Expected at most 10000 delayed messages but received more on/);
  });

  it('jitter: arrival up to so much later and never overtaking; stamps off by so much either way', async () => {
    const arrival = cameraOf(await send(injector('fault: jitter, modality: camera, byMs: 150'), drive));
    const clean = cameraOf(drive);
    assert.deepEqual(arrival.map(stampOf), clean.map(stampOf));
    const later = arrival.map(({ receiveStamp }, k) => Number(receiveStamp - clean[k]!.receiveStamp) / 1e6);
    assert.ok(later.every((ms) => ms >= 0 && ms <= 150) && new Set(later).size > 10, later.join());

    const stamps = cameraOf(await send(injector('fault: jitter, modality: camera, byMs: 20, of: stamp'), drive));
    const off = stamps.map((message, k) => Number(stampOf(message) - stampOf(clean[k]!)) / 1e6);
    assert.ok(
      off.every((ms) => Math.abs(ms) <= 20) && off.some((ms) => ms < -5) && off.some((ms) => ms > 5),
      off.join(),
    );
  });

  it('stamp-offset: header.stamp and nothing else changes', async () => {
    const out = cameraOf(await send(injector('fault: stamp-offset, modality: all, offsetMs: -1500'), drive));
    const [clean] = cameraOf(drive);
    assert.equal(stampOf(out[0]!), stampOf(clean!) - 1_500_000_000n);
    assert.deepEqual(out[0]!.data.subarray(12), clean!.data.subarray(12));
    assert.equal(out[0]!.receiveStamp, clean!.receiveStamp);
  });

  it('stamp-drift: header.stamp runs away from the moment the fault begins', async () => {
    const out = cameraOf(
      await send(injector('fault: stamp-drift, modality: camera, at: 0.5, until: 1.5, msPerSecond: -20'), drive),
    );
    const off = out.map((message, k) => Number(stampOf(message) - stampAt(k / 10)) / 1e6);
    const expected = Array.from({ length: 20 }, (_, k) => (k < 5 || k >= 15 ? 0 : -2 * (k - 5)));
    for (const [k, ms] of off.entries()) assert.ok(Math.abs(ms - expected[k]!) < 1e-3, `${k}: ${ms} ms`);
    assert.deepEqual(
      out.map(({ receiveStamp }) => receiveStamp),
      cameraOf(drive).map(({ receiveStamp }) => receiveStamp),
    );
  });

  it('stale-content: what was sent so long ago, under the stamps of now; as old as there is in the beginning', async () => {
    const clean = cameraOf(drive);
    const stale = async (fault: string) => cameraOf(await send(injector(fault), drive));
    const contentOf = (message: RawMessage) => Buffer.from(message.data.subarray(12)).toString('latin1');
    const ages = (out: readonly RawMessage[]) =>
      out.map((message, k) => k - clean.findLastIndex((other, i) => i <= k && contentOf(other) === contentOf(message)));
    const late = await stale('fault: stale-content, modality: camera, at: 1, until: 1.5, bySeconds: 0.5');
    assert.deepEqual(ages(late), [...Array(10).fill(0), 5, 5, 5, 5, 5, 0, 0, 0, 0, 0]);
    assert.deepEqual(late.map(stampOf), clean.map(stampOf));
    assert.deepEqual(
      late.map(({ receiveStamp }) => receiveStamp),
      clean.map(({ receiveStamp }) => receiveStamp),
    );
    const early = await stale('fault: stale-content, modality: camera, at: 0.2, bySeconds: 0.5');
    assert.deepEqual(ages(early).slice(0, 8), [0, 0, 2, 3, 4, 5, 5, 5]);
  });

  it('no-camera-info: its CameraInfo is lost and nothing else, and cannot be where none passes', async () => {
    const out = await send(injector('fault: no-camera-info, modality: camera'), drive);
    assert.equal(out.length, drive.length - 1);
    assert.ok(out.every(({ topic }) => topic !== '/camera/camera_info'));
    assert.throws(
      () => injector('fault: no-camera-info, modality: depth'),
      /Expected a CameraInfo topic of depth .* but none passes here/,
    );
  });

  it('corrupt: cut off, or with one byte in 64 changed; as many as asked for', async () => {
    const cut = cameraOf(await send(injector('fault: corrupt, modality: camera'), drive));
    const clean = cameraOf(drive);
    for (const [k, { data }] of cut.entries()) {
      assert.ok(data.length < clean[k]!.data.length);
      assert.deepEqual(data, clean[k]!.data.subarray(0, data.length));
    }
    const [flipped] = cameraOf(await send(injector('fault: corrupt, modality: camera, how: flip-bytes'), drive));
    const changed = flipped!.data.filter((byte, i) => byte !== clean[0]!.data[i]).length;
    const most = Math.ceil(clean[0]!.data.length / 64);
    assert.ok(changed > most * 0.8 && changed <= most, `${changed} of ${most}`);
    const some = cameraOf(await send(injector('fault: corrupt, modality: camera, share: 0.5'), drive));
    const intact = some.filter(({ data }, k) => data.length === clean[k]!.data.length).length;
    assert.ok(intact > 2 && intact < 18, `${intact}`);
  });

  it('never changes the bytes it was given, and gives the same bytes for the same seed', async () => {
    const before = drive.map(({ data }) => data.slice());
    const faults = [
      'fault: corrupt, modality: all, how: flip-bytes, share: 0.3',
      'fault: jitter, modality: all, byMs: 30',
      'fault: noise, modality: all, level: 0.1',
    ];
    const [first, second] = [await send(injector(...faults), drive), await send(injector(...faults), drive)];
    assert.deepEqual(first, second);
    assert.notDeepEqual(first, drive);
    assert.deepEqual(
      drive.map(({ data }) => data),
      before,
    );
  });
});

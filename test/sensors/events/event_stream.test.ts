import assert from 'node:assert/strict';
import { EventStream, type EventStreamReport, eventFault } from '../../../src/sensors/events/index.js';
import { fixture, golden, packet, words16 } from './support.js';

const MS = 1_000_000n;
const EPOCH = 1_700_000_000_000_000_000n;
const lookup = {
  kind: 'scatter',
  grid: { width: 64, height: 48 },
  sensor: { width: 64, height: 48 },
  gridIndex: Int32Array.from({ length: 64 * 48 }, (_, i) => i),
} as const;
const polarity = (windowMs: number) => ({ kind: 'polarity', windowMs }) as const;

/** EVT3 bytes that state a sensor time and one ON event at (x, 0) then. */
function eventAt(microseconds: number, x: number): Uint8Array {
  return words16(0x8000 | ((microseconds >> 12) & 0xfff), 0x6000 | (microseconds & 0xfff), 0, 0x2800 | x);
}

/** Columns of row 0 that are drawn. */
async function drawn(stream: EventStream, stamp: bigint, windowMs = 40): Promise<number[]> {
  const image = await stream.render(stamp, lookup, polarity(windowMs));
  return [...Array(64).keys()].filter((x) => image[3 * x] === 255);
}

/** Sends packets of 20 ms with one event each at their start; the sensor's clock starts at `sensorStartMs`. */
function send(stream: EventStream, from: number, to: number, sensorStartMs = 1000): EventStreamReport[] {
  const reports: EventStreamReport[] = [];
  for (let i = from; i < to; i++) {
    const stamp = EPOCH + BigInt(i) * 20n * MS;
    const events = eventAt((sensorStartMs + i * 20) * 1000, i % 64);
    reports.push(stream.pushPacket(packet({ seq: BigInt(i), stamp, events })));
  }
  return reports;
}

describe('EventStream', () => {
  it('draws the events of the window that ends at a ROS time', async () => {
    const stream = new EventStream();
    const reports = send(stream, 0, 10);
    assert.ok(reports.every(({ clock, events }) => clock?.kind === 'steady' && events === 1));
    assert.deepEqual(await drawn(stream, EPOCH + 100n * MS), [4, 5]);
    assert.deepEqual(await drawn(stream, EPOCH + 119n * MS), [4, 5]);
    assert.deepEqual(await drawn(stream, EPOCH + 120n * MS, 10), [6]);
    assert.equal(stream.latestStamp, EPOCH + 180n * MS);
  });

  it('draws the same window the same, whatever came before somebody got round to it', async () => {
    const stream = new EventStream();
    send(stream, 0, 6);
    const inTime = await drawn(stream, EPOCH + 80n * MS);
    // Stamped ever later, these move the estimate of the clocks by half a window.
    for (let i = 6; i < 20; i++) {
      const stamp = EPOCH + BigInt(i * 20 + 20) * MS;
      stream.pushPacket(packet({ seq: BigInt(i), stamp, events: eventAt((1000 + i * 20) * 1000, i) }));
    }
    assert.deepEqual(inTime, [3, 4]);
    assert.deepEqual(await drawn(stream, EPOCH + 80n * MS), inTime);
    assert.deepEqual(await drawn(stream, EPOCH + 400n * MS), [18, 19], 'newer windows have the newer estimate');
  });

  it('is alive and knows its time through packets without events', async () => {
    const stream = new EventStream();
    send(stream, 0, 3);
    for (let i = 3; i < 6; i++) {
      const report = stream.pushPacket(packet({ seq: BigInt(i), stamp: EPOCH + BigInt(i) * 20n * MS }));
      assert.deepEqual([report.invalid, report.events, report.clock], [undefined, 0, undefined]);
    }
    assert.equal(stream.latestStamp, EPOCH + 100n * MS);
    assert.deepEqual(await drawn(stream, EPOCH + 100n * MS), []);
    assert.deepEqual(await drawn(new EventStream(), EPOCH), [], 'nothing was ever sent');
  });

  it('counts lost packets and waits for row and time after them', async () => {
    const stream = new EventStream();
    send(stream, 0, 3);
    const stamp = EPOCH + 120n * MS;
    const report = stream.pushPacket(
      packet({ seq: 6n, stamp, events: words16(0x2801, ...new Uint16Array(eventAt(1_120_000, 9).buffer)) }),
    );
    assert.deepEqual([report.lostPackets, report.events], [3, 1]);
    assert.deepEqual(await drawn(stream, stamp), [9]);
  });

  it('leaves out packets that come again or late', async () => {
    const stream = new EventStream();
    send(stream, 0, 5);
    const again = packet({ seq: 4n, stamp: EPOCH + 80n * MS, events: eventAt(1_080_000, 40) });
    const late = packet({ seq: 2n, stamp: EPOCH + 40n * MS, events: eventAt(1_040_000, 41) });
    for (const message of [again, late]) assert.equal(stream.pushPacket(message).superseded, true);
    assert.deepEqual(await drawn(stream, EPOCH + 80n * MS, 1000), [0, 1, 2, 3, 4]);
    assert.equal(send(stream, 5, 6)[0]!.lostPackets, 0);
  });

  it('accepts writers that never count', () => {
    const stream = new EventStream();
    for (let i = 0; i < 4; i++) {
      const stamp = EPOCH + BigInt(i) * 20n * MS;
      const report = stream.pushPacket(packet({ stamp, events: eventAt(i * 20_000, i) }));
      assert.deepEqual([report.superseded, report.lostPackets, report.events], [false, 0, 1]);
    }
  });

  it('starts anew when the driver restarts and when ROS time is set back', async () => {
    const stream = new EventStream();
    send(stream, 100, 110);
    const restarted = stream.pushPacket(packet({ seq: 0n, stamp: EPOCH + 3000n * MS, events: eventAt(5000, 50) }));
    assert.equal(restarted.clock?.kind, 'steady');
    assert.deepEqual(await drawn(stream, EPOCH + 3000n * MS, 5000), [50]);
    assert.equal(send(stream, 0, 3)[2]!.clock?.kind, 'steady');
    assert.deepEqual(await drawn(stream, EPOCH + 40n * MS), [1, 2]);
    assert.equal(stream.latestStamp, EPOCH + 40n * MS);
  });

  it('reports a jump of the sensor clock and draws rightly after it', async () => {
    const stream = new EventStream();
    send(stream, 0, 10);
    const known = stream.latestStamp;
    const reports = send(stream, 10, 12, 6000);
    assert.equal(stream.latestStamp, known, 'packets in doubt tell nothing about what is known');
    reports.push(...send(stream, 12, 16, 6000));
    assert.deepEqual(
      reports.map(({ clock }) => clock?.kind),
      ['doubtful', 'doubtful', 'jump', 'steady', 'steady', 'steady'],
    );
    assert.match(eventFault(reports[2]!) ?? '', /clock .* jumped: the stamps are -5.000 s off/);
    assert.equal(eventFault(reports[3]!), undefined);
    assert.deepEqual(await drawn(stream, EPOCH + 300n * MS), [14, 15]);
    assert.equal(stream.latestStamp, EPOCH + 300n * MS);
  });

  it('follows when the clock of the stamps is set back while the packets go on counting', async () => {
    const stream = new EventStream();
    send(stream, 0, 20);
    for (let i = 20; i < 24; i++) {
      const stamp = EPOCH + BigInt(i) * 20n * MS - 300n * MS;
      stream.pushPacket(packet({ seq: BigInt(i), stamp, events: eventAt((1000 + i * 20) * 1000, i) }));
    }
    assert.equal(stream.latestStamp, EPOCH + 160n * MS);
    assert.deepEqual(await drawn(stream, EPOCH + 160n * MS), [22, 23]);
  });

  it('lays the first event of a packet on its stamp, not the time the packet begins with', async () => {
    const stream = new EventStream();
    const words = words16(0x8000, 0x6000 | 1000, 0x6000 | 4000, 0, 0x2803);
    stream.pushPacket(packet({ stamp: EPOCH, events: words }));
    assert.deepEqual(await drawn(stream, EPOCH, 1), [3]);
    assert.deepEqual(await drawn(stream, EPOCH - 1n, 1), []);
  });

  it('keeps drawing through one wrong stamp', async () => {
    const stream = new EventStream();
    send(stream, 0, 10);
    const wrong = packet({ seq: 10n, stamp: EPOCH + 900n * MS, events: eventAt(1_200_000, 10) });
    assert.equal(stream.pushPacket(wrong).clock?.kind, 'doubtful');
    assert.deepEqual(await drawn(stream, EPOCH + 200n * MS), [9, 10]);
  });

  it('does not take over a sensor size that cannot be', () => {
    const stream = new EventStream();
    send(stream, 0, 1);
    for (const [i, width] of [0, 4_294_967_295].entries()) {
      const seq = BigInt(i + 1);
      const report = stream.pushPacket(packet({ seq, stamp: EPOCH + seq * 20n * MS, width, events: eventAt(1, 1) }));
      assert.match(eventFault(report) ?? '', new RegExp(`received ${width}x48`));
    }
    assert.deepEqual(stream.sensorSize, { width: 64, height: 48 });
  });

  it('starts anew when EventArray messages go back in time', () => {
    const stream = new EventStream();
    stream.pushEventArray(fixture('event_array_le.bin'));
    const before = stream.latestStamp!;
    const earlier = Uint8Array.from(fixture('event_array_le.bin'));
    const view = new DataView(earlier.buffer);
    // Every event's seconds back by 5: header.stamp at 4, events from 36 on, the first 14 bytes long, the next 16.
    for (let at = 4, i = -1; i < golden.eventArray.x.length; i++, at = i === 0 ? 40 : 56 + (i - 1) * 16) {
      view.setInt32(at, view.getInt32(at, true) - 5, true);
    }
    stream.pushEventArray(earlier);
    assert.equal(stream.latestStamp, before - 5000n * MS);
  });

  it('says which encoding it cannot read and takes up a new one', async () => {
    const stream = new EventStream();
    const unknown = stream.pushPacket(packet({ encoding: 'zstd', events: new Uint8Array(8) }));
    assert.match(unknown.invalid ?? '', /Expected one of evt3, .* received 'zstd'/);
    send(stream, 1, 3);
    const mono = packet({
      seq: 3n,
      stamp: EPOCH + 60n * MS,
      encoding: 'mono',
      time_base: 7n,
      events: new Uint8Array(8),
    });
    assert.equal(stream.pushPacket(mono).events, 1);
    assert.deepEqual(await drawn(stream, EPOCH + 60n * MS, 1000), [], 'one OFF event at (0, 0), nothing of before');
  });

  it('reads EventArray messages, whose events are in ROS time', async () => {
    const { width, height, origin, x, y, nanoseconds } = golden.eventArray;
    const stream = new EventStream();
    const report = stream.pushEventArray(fixture('event_array_le.bin'));
    assert.equal(report.events, x.length);
    const last = BigInt(origin) + BigInt(nanoseconds.at(-1)!);
    assert.equal(stream.latestStamp, last);
    const size = { width, height };
    const gridIndex = Int32Array.from({ length: width * height }, (_, i) => i);
    const image = await stream.render(last, { kind: 'scatter', grid: size, sensor: size, gridIndex }, polarity(0.5));
    const inWindow = nanoseconds.flatMap((t, i) => (t > nanoseconds.at(-1)! - 5e5 ? [y[i]! * width + x[i]!] : []));
    const lit = [...Array(width * height).keys()].filter((i) => image[3 * i] === 255 || image[3 * i + 2] === 255);
    assert.ok(inWindow.length > 1 && inWindow.length < x.length);
    assert.deepEqual(
      lit,
      [...new Set(inWindow)].sort((a, b) => a - b),
    );
  });
});

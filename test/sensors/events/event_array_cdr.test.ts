import assert from 'node:assert/strict';
import { EventArrayReader, EventBuffer } from '../../../src/sensors/events/index.js';
import { fixture, golden, rowsOf } from './support.js';

const { eventArray } = golden;
const expected = eventArray.x.map((x, i) => [x, eventArray.y[i], eventArray.polarity[i], eventArray.nanoseconds[i]]);

describe('EventArrayReader', () => {
  for (const order of ['le', 'be'] as const) {
    it(`reads what another CDR writer wrote (${order})`, () => {
      const reader = new EventArrayReader();
      const buffer = new EventBuffer(1);
      const { head, report } = reader.read(fixture(`event_array_${order}.bin`), buffer);
      assert.deepEqual(rowsOf(buffer), expected);
      assert.deepEqual(head, { stamp: BigInt(eventArray.origin), width: eventArray.width, height: eventArray.height });
      assert.equal(reader.origin, BigInt(eventArray.origin));
      assert.deepEqual([report.events, report.invalid, report.firstTime], [expected.length, undefined, 0]);
    });
  }

  it('reads the bytes wherever they lie in a buffer', () => {
    const bytes = fixture('event_array_le.bin');
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    const buffer = new EventBuffer(1);
    new EventArrayReader().read(shifted.subarray(3), buffer);
    assert.deepEqual(rowsOf(buffer), expected);
  });

  it('refuses a message cut off anywhere, and reads nothing of it', () => {
    const bytes = fixture('event_array_le.bin');
    for (let length = 0; length < bytes.length; length++) {
      const buffer = new EventBuffer(1);
      const { report } = new EventArrayReader().read(bytes.subarray(0, length), buffer);
      assert.match(report.invalid ?? '', /^Expected .* but received/, `cut to ${length} bytes`);
      assert.equal(buffer.length, 0);
    }
  });

  it('refuses a count of events the bytes cannot hold without allocating for it', () => {
    const bytes = Uint8Array.from(fixture('event_array_le.bin'));
    // Header: encapsulation 4, stamp 8, frame_id 4 + 6 + 2 padding, height and width 8.
    new DataView(bytes.buffer).setUint32(32, 0xffffffff, true);
    const buffer = new EventBuffer(1);
    const { report } = new EventArrayReader().read(bytes, buffer);
    assert.match(report.invalid ?? '', /for 4294967295 events but received/);
    assert.equal(buffer.capacity, 1);
  });

  it('drops events outside the size it states and refuses a size of 0', () => {
    const bytes = Uint8Array.from(fixture('event_array_le.bin'));
    const view = new DataView(bytes.buffer);
    view.setUint32(28, 100, true);
    const buffer = new EventBuffer(1);
    const { report } = new EventArrayReader().read(bytes, buffer);
    assert.equal(report.outside, eventArray.x.filter((x) => x >= 100).length);
    view.setUint32(28, 0, true);
    assert.match(new EventArrayReader().read(bytes, new EventBuffer(1)).report.invalid ?? '', /received 0x260/);
  });

  it('refuses encapsulations other than plain CDR', () => {
    const bytes = Uint8Array.from(fixture('event_array_le.bin'));
    bytes[1] = 3;
    assert.match(new EventArrayReader().read(bytes, new EventBuffer(1)).report.invalid ?? '', /plain CDR/);
  });
});

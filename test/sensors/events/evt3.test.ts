import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EventBuffer } from '../../../src/sensors/events/index.js';
import { decode, decoderFor, fixture, golden, packet, type Row, rowsOf, summary, words16 } from './support.js';

const high = (value: number) => 0x8000 | value;
const low = (value: number) => 0x6000 | value;
const row = (y: number) => y;
const on = (x: number) => 0x2800 | x;
const off = (x: number) => 0x2000 | x;
const base = (x: number, polarity: 0 | 1) => 0x3000 | (polarity << 11) | x;
const vect12 = (mask: number) => 0x4000 | mask;
const vect8 = (mask: number) => 0x5000 | mask;

const START = [high(0), low(1), row(5)];
const T1 = 1000;

/** The table of DATA.md 5.6, decided as event_camera_codecs does; x, y, polarity, nanoseconds. */
const cases: { title: string; words: number[]; expected: Row[] }[] = [
  {
    title: 'one ON and one OFF event',
    words: [...START, on(7), off(63)],
    expected: [
      [7, 5, 1, T1],
      [63, 5, 0, T1],
    ],
  },
  {
    title: 'a chain of vectors goes on from the base',
    words: [...START, base(10, 1), vect12(0x801), vect8(0x81), vect12(1)],
    expected: [
      [10, 5, 1, T1],
      [21, 5, 1, T1],
      [22, 5, 1, T1],
      [29, 5, 1, T1],
      [30, 5, 1, T1],
    ],
  },
  { title: 'VECT_8 ignores bits 8..11', words: [...START, base(10, 0), vect8(0xf01)], expected: [[10, 5, 0, T1]] },
  { title: 'x at the width is dropped', words: [...START, on(64), on(63)], expected: [[63, 5, 1, T1]] },
  {
    title: 'y at the height is dropped',
    words: [high(0), low(1), row(48), on(1), row(47), on(2)],
    expected: [[2, 47, 1, T1]],
  },
  {
    title: 'a vector is clipped at the right edge',
    words: [...START, base(60, 1), vect12(0xfff), vect8(0xff)],
    expected: [
      [60, 5, 1, T1],
      [61, 5, 1, T1],
      [62, 5, 1, T1],
      [63, 5, 1, T1],
    ],
  },
  {
    title: 'ADDR_X between two vectors leaves the base alone',
    words: [...START, base(10, 1), vect8(1), off(40), vect8(1)],
    expected: [
      [10, 5, 1, T1],
      [40, 5, 0, T1],
      [18, 5, 1, T1],
    ],
  },
  { title: 'bit 11 of ADDR_Y is no part of y', words: [high(0), low(1), 0x0805, on(7)], expected: [[7, 5, 1, T1]] },
  {
    title: 'TIME_HIGH from 0xfff to 0 adds 2^24 us',
    words: [high(0xfff), low(0xfff), row(5), on(1), high(0), low(0), on(2)],
    expected: [
      [1, 5, 1, 16_777_215_000],
      [2, 5, 1, 16_777_216_000],
    ],
  },
  {
    title: 'TIME_HIGH back by 10 is no roll-over, by 11 it is one',
    words: [high(100), low(0), row(5), on(1), high(90), low(0), on(2), high(79), low(0), on(3)],
    expected: [
      [1, 5, 1, 409_600_000],
      [2, 5, 1, 368_640_000],
      [3, 5, 1, (2 ** 24 + 79 * 4096) * 1000],
    ],
  },
  {
    title: 'TIME_HIGH alone keeps the old low bits',
    words: [high(1), low(3), row(5), on(1), high(2), on(2)],
    expected: [
      [1, 5, 1, 4099_000],
      [2, 5, 1, 8195_000],
    ],
  },
  {
    title: 'events before the first TIME_HIGH have no time',
    words: [low(1), row(5), on(1), ...START, on(2)],
    expected: [[2, 5, 1, T1]],
  },
  { title: 'TIME_HIGH without TIME_LOW is no time yet', words: [high(1), row(5), on(1)], expected: [] },
  {
    title: 'words of undefined type are skipped',
    words: [...START, 0x1234, on(1), ...Array(40).fill(low(1)), 0xd000, on(2)],
    expected: [
      [1, 5, 1, T1],
      [2, 5, 1, T1],
    ],
  },
  {
    title: 'system words and their continuations are skipped',
    words: [...START, 0xe016, 0xf00a, 0x7000, on(1)],
    expected: [[1, 5, 1, T1]],
  },
];

describe('EVT3 decoder', () => {
  for (const { title, words, expected } of cases) {
    it(title, () => {
      assert.deepEqual(decode(decoderFor('evt3'), packet({ events: words16(...words) })).rows, expected);
    });

    it(`${title}, cut into packets at any word`, () => {
      // The first two words must share a packet: a TIME_HIGH counts only with its TIME_LOW in the packet.
      for (let cut = 2; cut <= words.length; cut++) {
        if (words[cut - 1]! >>> 12 === 8 || (words[0]! >>> 12 !== 8 && cut < 6)) continue;
        const decoder = decoderFor('evt3');
        const first = decode(decoder, packet({ events: words16(...words.slice(0, cut)) }));
        const second = decode(decoder, packet({ events: words16(...words.slice(cut)) }));
        assert.deepEqual([...first.rows, ...second.rows], expected, `cut after word ${cut}`);
      }
    });
  }

  it('reads a random stream as an independent decoder does, in one packet or in many', () => {
    const { width, height, triggers, events, sumT, sha256 } = golden.evt3;
    const bytes = fixture('evt3_stream.bin');
    for (const packetBytes of [bytes.length, 2, 254, 4096]) {
      const decoder = decoderFor('evt3');
      const buffer = new EventBuffer();
      let triggersSeen = 0;
      let at = 0;
      while (at < bytes.length) {
        // The stream's first time must lie in one packet.
        const end = at === 0 ? Math.max(4, packetBytes) : at + packetBytes;
        const report = decoder.decode(packet({ width, height, events: bytes.subarray(at, end) }), buffer);
        assert.equal(report.invalid, undefined);
        assert.equal(report.outside, 0);
        triggersSeen += report.triggers;
        at = end;
      }
      assert.deepEqual(summary(buffer), { events, sumT, sha256 });
      assert.equal(triggersSeen, triggers);
    }
  });

  it('reads words at an odd address and words in big-endian order', () => {
    const words = words16(...START, on(7), base(9, 0), vect12(0x801));
    const odd = new Uint8Array(words.length + 1);
    odd.set(words, 1);
    const expected = [
      [7, 5, 1, T1],
      [9, 5, 0, T1],
      [20, 5, 0, T1],
    ];
    assert.deepEqual(decode(decoderFor('evt3'), packet({ events: odd.subarray(1) })).rows, expected);
    const swapped = new Uint8Array(Buffer.from(words).swap16());
    assert.deepEqual(decode(decoderFor('evt3'), packet({ events: swapped, is_bigendian: true })).rows, expected);
    assert.deepEqual(
      words,
      words16(...START, on(7), base(9, 0), vect12(0x801)),
      'the received bytes stay as they were',
    );
  });

  it('says that a word is cut off and uses the rest', () => {
    const bytes = words16(...START, on(7), on(8));
    const { rows, report } = decode(decoderFor('evt3'), packet({ events: bytes.subarray(0, bytes.length - 1) }));
    assert.deepEqual(rows, [[7, 5, 1, T1]]);
    assert.match(report.invalid ?? '', /Expected a multiple of 2 bytes .* received 9/);
  });

  it('refuses bytes that are not EVT3 and does not draw what they seem to hold', () => {
    const noise = Uint8Array.from({ length: 20_000 }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 13) & 0xff);
    const decoder = decoderFor('evt3');
    decode(decoder, packet({ events: words16(high(2000), low(1), row(5), on(7)) }));
    const { rows, report } = decode(decoder, packet({ width: 2048, height: 2048, events: noise }));
    assert.match(report.invalid ?? '', /Expected words of encoding evt3 .* undefined type/);
    assert.deepEqual([rows.length, report.events, report.firstTime, report.lastTime], [0, 0, undefined, undefined]);
    const after = decode(decoder, packet({ events: words16(high(2001), low(0), row(5), on(7)) }));
    assert.deepEqual(after.rows, [[7, 5, 1, 2001 * 4096_000]], 'and goes on after it, at the right time');
  });

  it('refuses a packet that would fill the memory', () => {
    const bomb = new Uint16Array(1_000_000).fill(vect12(0xfff));
    for (let i = 1; i < bomb.length; i += 2) bomb[i] = base(0, 1);
    bomb.set(START);
    const buffer = new EventBuffer();
    const report = decoderFor('evt3').decode(packet({ events: new Uint8Array(bomb.buffer) }), buffer);
    assert.match(report.invalid ?? '', /Expected at most 1048576 events/);
    assert.ok(buffer.capacity < 16_000_000, `capacity ${buffer.capacity}`);
  });

  it('refuses a packet without a sensor size', () => {
    const { report } = decode(decoderFor('evt3'), packet({ width: 0, events: words16(...START, on(7)) }));
    assert.match(report.invalid ?? '', /Expected an event sensor of 1 to .* 0x48/);
  });

  it('after a loss trusts neither row nor time until both are stated again', () => {
    const decoder = decoderFor('evt3');
    decode(decoder, packet({ events: words16(high(0xffe), low(1), row(5), on(1)) }));
    decoder.resynchronise();
    const { rows, report } = decode(
      decoder,
      packet({ events: words16(on(2), low(9), on(3), high(1), low(4), on(4), row(6), on(5)) }),
    );
    assert.deepEqual(rows, [[5, 6, 1, (2 ** 24 + 4100) * 1000]], 'the roll-over during the loss is counted');
    assert.equal(report.outside, 1);
  });

  it('counts triggers and draws none, and tells the time of a packet without events', () => {
    const { rows, report } = decode(decoderFor('evt3'), packet({ events: words16(high(1), low(2), 0xa101, 0xa100) }));
    assert.equal(rows.length, 0);
    assert.equal(report.triggers, 2);
    assert.deepEqual([report.firstTime, report.lastTime], [4098_000, 4098_000]);
    const late = packet({ events: words16(high(1), low(2), row(1), low(9), on(1), low(12), on(2), low(20)) });
    const { firstTime, lastTime } = decode(decoderFor('evt3'), late).report;
    assert.deepEqual([firstTime, lastTime], [4105_000, 4116_000], 'the first event, and the last time stated');
    const empty = decode(decoderFor('evt3'), packet({}));
    assert.deepEqual([empty.report.firstTime, empty.report.invalid], [undefined, undefined]);
  });

  it('never throws and never leaves the sensor, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 4 }), (packets) => {
        const decoder = decoderFor('evt3');
        const buffer = new EventBuffer(1);
        for (const events of packets) decoder.decode(packet({ events }), buffer);
        for (const [x, y, polarity, t] of rowsOf(buffer)) {
          assert.ok(x < 64 && y < 48 && polarity <= 1 && t >= 0 && Number.isInteger(t));
        }
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  it('passes over padding in any share, between words as well', () => {
    const stream = [0x8001, 0x6005, 0x0003, 0x2007];
    const padding = new Array<number>(500).fill(0x9999);
    const [plain, padded] = [stream, [...padding, ...stream.flatMap((word) => [word, 0x9999, 0x9999]), ...padding]].map(
      (words) => decode(decoderFor('evt3'), packet({ events: words16(...words) })),
    );
    assert.equal(plain!.rows.length, 1);
    assert.deepEqual(padded!.rows, plain!.rows);
    assert.deepEqual([padded!.report.unknownWords, padded!.report.invalid], [0, undefined]);
  });
});

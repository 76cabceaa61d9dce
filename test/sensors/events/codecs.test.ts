import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createEventDecoder, EventBuffer, eventEncodings } from '../../../src/sensors/events/index.js';
import { decode, decoderFor, fixture, golden, packet, rowsOf, summary, words16, words32 } from './support.js';

describe('EVT2.1 decoder', () => {
  // Bits as the format's description has them: type 63..60, low time 59..54, x 53..43, y 42..32, one bit a pixel below.
  const high = (value: bigint) => (0x8n << 60n) | (value << 32n);
  const events = (polarity: bigint, low: bigint, x: bigint, y: bigint, valid: bigint) =>
    (polarity << 60n) | (low << 54n) | (x << 43n) | (y << 32n) | valid;
  /** `whole`: the 64 bits little-endian, as a GenX320 sends them; `halves`: the upper half first, as an IMX636 does. */
  const bytesOf = (words: bigint[], order: 'whole' | 'halves') => {
    const view = new DataView(new ArrayBuffer(8 * words.length));
    for (const [i, word] of words.entries()) {
      const [upper, lower] = [Number(word >> 32n), Number(word & 0xffffffffn)];
      view.setUint32(8 * i + (order === 'whole' ? 4 : 0), upper, true);
      view.setUint32(8 * i + (order === 'whole' ? 0 : 4), lower, true);
    }
    return new Uint8Array(view.buffer);
  };

  for (const order of ['whole', 'halves'] as const) {
    it(`reads words with the halves in either order: ${order}`, () => {
      const words = [
        events(1n, 0n, 0n, 0n, 1n),
        high(3n),
        events(1n, 5n, 32n, 7n, 0x80000001n),
        events(0n, 6n, 0n, 8n, 0b110n),
        events(0n, 6n, 32n, 60n, 1n),
        (0xan << 60n) | (1n << 32n),
        high(4n),
        events(1n, 1n, 62n, 2n, 0b111n),
      ];
      const { rows, report } = decode(decoderFor('evt21'), packet({ events: bytesOf(words, order) }));
      assert.deepEqual(rows, [
        [32, 7, 1, 197_000],
        [63, 7, 1, 197_000],
        [1, 8, 0, 198_000],
        [2, 8, 0, 198_000],
        [62, 2, 1, 257_000],
        [63, 2, 1, 257_000],
      ]);
      // One before the first time, one below and one beside the sensor.
      assert.deepEqual([report.outside, report.triggers, report.unknownWords, report.invalid], [3, 1, 0, undefined]);
    });
  }

  it('goes on in the next packet, and rolls over', () => {
    const decoder = decoderFor('evt2.1');
    const buffer = new EventBuffer();
    for (const words of [[high(0xfffffffn)], [events(1n, 63n, 1n, 2n, 1n)], [high(0n), events(0n, 0n, 3n, 4n, 1n)]]) {
      assert.equal(decoder.decode(packet({ events: bytesOf(words, 'whole') }), buffer).invalid, undefined);
    }
    const range = 2 ** 34 * 1000;
    assert.deepEqual(rowsOf(buffer), [
      [1, 2, 1, range - 1000],
      [3, 4, 0, range],
    ]);
  });

  it('refuses bytes that are of another encoding', () => {
    const words = Array.from({ length: 100 }, (_, i) => (BigInt(i % 6) + 2n) << 60n);
    const { rows, report } = decode(decoderFor('evt21'), packet({ events: bytesOf([high(1n), ...words], 'whole') }));
    assert.deepEqual(rows, []);
    assert.match(report.invalid ?? '', /undefined type/);
  });
});

it('knows other spellings of the EVT encodings', () => {
  for (const spelling of ['EVT3', 'evt3.0', 'evt2.0', 'EVT2.1']) decoderFor(spelling);
});

describe('EVT2 decoder', () => {
  const high = (value: number) => ((0x8 << 28) | value) >>> 0;
  const event = (polarity: number, low: number, x: number, y: number) =>
    ((polarity << 28) | (low << 22) | (x << 11) | y) >>> 0;

  it('reads a random stream as an independent decoder does, in one packet or in many', () => {
    const { width, height, triggers, events, sumT, sha256 } = golden.evt2;
    const bytes = fixture('evt2_stream.bin');
    for (const packetBytes of [bytes.length, 4, 400]) {
      const decoder = decoderFor('evt2');
      const buffer = new EventBuffer();
      let triggersSeen = 0;
      for (let at = 0; at < bytes.length; at += packetBytes) {
        const report = decoder.decode(packet({ width, height, events: bytes.subarray(at, at + packetBytes) }), buffer);
        assert.equal(report.invalid, undefined);
        triggersSeen += report.triggers;
      }
      assert.deepEqual(summary(buffer), { events, sumT, sha256 });
      assert.equal(triggersSeen, triggers);
    }
  });

  it('rolls over after 2^34 us and bears a small step back', () => {
    const words = words32(
      high(0xfffffff),
      event(1, 63, 1, 2),
      high(0),
      event(0, 0, 3, 4),
      high(5),
      event(0, 1, 5, 6),
      high(4),
      event(1, 2, 7, 8),
    );
    const range = 2 ** 34 * 1000;
    assert.deepEqual(decode(decoderFor('evt2'), packet({ events: words })).rows, [
      [1, 2, 1, range - 1000],
      [3, 4, 0, range],
      [5, 6, 0, range + 321_000],
      [7, 8, 1, range + 258_000],
    ]);
  });

  it('skips events before the first time, outside the sensor, and words of undefined type', () => {
    const filler = Array<number>(20).fill(high(1));
    const words = words32(
      event(1, 0, 1, 1),
      ...filler,
      event(1, 0, 64, 1),
      event(1, 0, 1, 48),
      0x70000000,
      event(1, 0, 2, 2),
    );
    const { rows, report } = decode(decoderFor('evt2'), packet({ events: words }));
    assert.deepEqual(rows, [[2, 2, 1, 64_000]]);
    assert.deepEqual([report.outside, report.unknownWords, report.invalid], [3, 1, undefined]);
  });
});

describe('mono decoder', () => {
  it('reads 64-bit records relative to the time base, in both byte orders', () => {
    const words = words32(4_000_000_000, ((1 << 31) | (47 << 16) | 63) >>> 0, 5, (2 << 16) | 1);
    const expected = [
      [63, 47, 1, 4_000_000_000],
      [1, 2, 0, 5],
    ];
    assert.deepEqual(decode(decoderFor('mono'), packet({ events: words })).rows, expected);
    const swapped = new Uint8Array(Buffer.from(words).swap64());
    assert.deepEqual(decode(decoderFor('mono'), packet({ events: swapped, is_bigendian: true })).rows, expected);
  });

  it('keeps nanoseconds exact for time bases since 1970', () => {
    const decoder = decoderFor('mono');
    decode(decoder, packet({ time_base: 1_700_000_000_123_456_789n, events: words32(0, 1) }));
    const { rows } = decode(decoder, packet({ time_base: 1_700_000_003_123_456_790n, events: words32(1, 1) }));
    assert.equal(decoder.origin + BigInt(rows[0]![3]), 1_700_000_003_123_456_791n);
  });

  it('drops events outside the sensor and says that a record is cut off', () => {
    const bytes = words32(1, 64, 2, 48 << 16, 3, 3);
    const { rows, report } = decode(decoderFor('mono'), packet({ events: new Uint8Array([...bytes, 1, 2, 3, 4]) }));
    assert.deepEqual(rows, [[3, 0, 0, 3]]);
    assert.equal(report.outside, 2);
    assert.match(report.invalid ?? '', /multiple of 8 bytes/);
  });

  it('counts the records of trigger packets and draws none', () => {
    const { rows, report } = decode(decoderFor('trigger'), packet({ encoding: 'trigger', events: new Uint8Array(24) }));
    assert.equal(rows.length, 0);
    assert.equal(report.triggers, 3);
  });
});

describe('libcaer decoder', () => {
  const record = (x: number, y: number, polarity: number, microseconds: number) => [
    ((x << 17) | (y << 2) | (polarity << 1) | 1) >>> 0,
    microseconds,
  ];

  it('adds 2^31 us where the time falls inside a packet, and takes the next base from the packet', () => {
    const decoder = decoderFor('libcaer');
    const events = words32(...record(63, 47, 1, 2 ** 31 - 1), ...record(1, 2, 0, 0));
    assert.deepEqual(decode(decoder, packet({ time_base: 1000n, events })).rows, [
      [63, 47, 1, (2 ** 31 - 1) * 1000],
      [1, 2, 0, 2 ** 31 * 1000],
    ]);
    const simultaneous = words32(...record(3, 4, 1, 7), ...record(4, 4, 1, 7));
    const next = packet({ time_base: 1000n + 2n ** 31n * 1000n, events: simultaneous });
    assert.deepEqual(decode(decoder, next).rows, [
      [3, 4, 1, (2 ** 31 + 7) * 1000],
      [4, 4, 1, (2 ** 31 + 7) * 1000],
    ]);
    assert.equal(decoder.origin, 1000n);
  });

  it('does not take a step back of some microseconds for a roll-over', () => {
    const events = words32(...record(1, 1, 1, 500), ...record(2, 1, 1, 490), ...record(3, 1, 1, 510));
    const times = decode(decoderFor('libcaer'), packet({ events })).rows.map((row) => row[3]);
    assert.deepEqual(times, [500_000, 490_000, 510_000]);
  });

  it('drops events outside the sensor', () => {
    const { rows, report } = decode(
      decoderFor('libcaer'),
      packet({ events: words32(...record(64, 1, 1, 1), ...record(1, 48, 1, 1)) }),
    );
    assert.deepEqual([rows.length, report.outside], [0, 2]);
  });
});

describe('libcaer_cmp decoder', () => {
  const column = (x: number) => 0x2000 | x;
  const event = (y: number, polarity: 0 | 1) => 0x3000 | (polarity << 11) | y;
  const base = (y: number, polarity: 0 | 1) => 0x4000 | (polarity << 11) | y;

  it('counts time from the base of each packet and keeps the column', () => {
    const decoder = decoderFor('libcaer_cmp');
    const first = words16(0x0001, 0x1002, column(9), event(3, 1), base(10, 0), 0x5081, 0x6801, event(4, 0));
    assert.deepEqual(decode(decoder, packet({ time_base: 50n, events: first })).rows, [
      [9, 3, 1, 4098_000],
      [9, 10, 0, 4098_000],
      [9, 17, 0, 4098_000],
      [9, 18, 0, 4098_000],
      [9, 29, 0, 4098_000],
      [9, 4, 0, 4098_000],
    ]);
    const second = packet({ time_base: 10_000_050n, events: words16(0x1005, event(6, 1)) });
    assert.deepEqual(decode(decoder, second).rows, [[9, 6, 1, 10_005_000]]);
  });

  it('clips vectors at the bottom edge and skips words of undefined type', () => {
    const words = words16(
      0x1000,
      column(1),
      base(46, 1),
      0x50ff,
      ...Array<number>(20).fill(0x1000),
      0x9000,
      event(1, 0),
    );
    const { rows, report } = decode(decoderFor('libcaer_cmp'), packet({ events: words }));
    assert.deepEqual(
      rows.map(([, y]) => y),
      [46, 47, 1],
    );
    assert.deepEqual([report.outside, report.unknownWords, report.invalid], [6, 1, undefined]);
  });

  it('after a loss waits for a column', () => {
    const decoder = decoderFor('libcaer_cmp');
    decode(decoder, packet({ events: words16(column(1)) }));
    decoder.resynchronise();
    const { rows } = decode(decoder, packet({ events: words16(event(1, 1), column(2), event(3, 1)) }));
    assert.deepEqual(rows, [[2, 3, 1, 0]]);
  });
});

describe('all event decoders', () => {
  it('are named in the refusal of an unknown encoding', () => {
    const created = createEventDecoder('aedat');
    assert.equal(created.kind, 'invalid');
    assert.match(
      created.kind === 'invalid' ? created.reason : '',
      /Expected one of evt3, evt21, evt2, mono, .*'aedat'/,
    );
    assert.equal(createEventDecoder('constructor').kind, 'invalid');
  });

  for (const encoding of eventEncodings) {
    it(`${encoding}: never throws and never leaves the sensor, whatever the packet`, () => {
      fc.assert(
        fc.property(
          fc.array(
            fc.record({
              events: fc.uint8Array({ maxLength: 120 }),
              time_base: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
              width: fc.constantFrom(0, 1, 64, 2 ** 32 - 1),
              height: fc.constantFrom(0, 1, 48, 2 ** 32 - 1),
              is_bigendian: fc.boolean(),
            }),
            { maxLength: 3 },
          ),
          (packets) => {
            const decoder = decoderFor(encoding);
            for (const fields of packets) {
              const buffer = new EventBuffer(1);
              const report = decoder.decode(packet({ encoding, ...fields }), buffer);
              assert.equal(report.events, buffer.length);
              for (const [x, y, polarity, t] of rowsOf(buffer)) {
                assert.ok(x < fields.width && y < fields.height && polarity <= 1 && Number.isFinite(t));
              }
            }
          },
        ),
        { seed: 7, numRuns: 200 },
      );
    });
  }
});

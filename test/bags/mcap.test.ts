import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { openBag } from '../../src/bags/index.js';
import { SegmentReader } from '../../src/bags/mcap_segment.js';
import type { MessageSchema } from '../../src/messages/index.js';
import {
  byTime,
  compressWithZstd,
  contents,
  type McapOptions,
  mcapBytes,
  readBag,
  STRING,
  series,
  storeAsLz4,
  type TestMessage,
  temporaryFolder,
  withoutSummary,
} from './fixtures.js';

/** A chunk of these holds about a dozen messages. */
const smallChunks: McapOptions = { chunkSize: 1000 };

const stringIdl: MessageSchema = {
  name: STRING,
  encoding: 'ros2idl',
  text: `${'='.repeat(80)}\nIDL: std_msgs/msg/String\nmodule std_msgs { module msg { struct String { string data; }; }; };\n`,
};

const layouts: Record<string, McapOptions> = {
  'chunks with summary': smallChunks,
  'zstd chunks': { ...smallChunks, compressChunk: compressWithZstd },
  'lz4 chunks': { ...smallChunks, compressChunk: storeAsLz4 },
  'no summary': { ...smallChunks, ...withoutSummary },
  'no summary but message indexes': { ...smallChunks, ...withoutSummary, useMessageIndex: true },
  'no summary, zstd': { ...smallChunks, ...withoutSummary, compressChunk: compressWithZstd },
  'no chunks': { useChunks: false },
  'no chunks, no summary': { ...withoutSummary, useChunks: false },
  'summary without chunk index': { ...smallChunks, useChunkIndex: false },
  'summary without channels': { ...smallChunks, repeatChannels: false, repeatSchemas: false },
  'chunk index without message indexes': { ...smallChunks, useMessageIndex: false },
  'ros2idl schema': { ...smallChunks, schema: stringIdl },
};

/** A repeatable shuffle within stretches of `reach` messages, so that chunks overlap in time. */
function disorder(messages: readonly TestMessage[], reach: number): TestMessage[] {
  const keys = messages.map((message, index) => ({ message, key: index + (((index * 7919) % 101) / 101) * reach }));
  return keys.sort((a, b) => a.key - b.key).map(({ message }) => message);
}

describe('bags: MCAP', () => {
  const folder = temporaryFolder();
  const write = async (messages: readonly TestMessage[], options: McapOptions): Promise<string> => {
    const path = folder.path('bag.mcap');
    writeFileSync(path, await mcapBytes(messages, options));
    return path;
  };

  for (const [name, options] of Object.entries(layouts)) {
    it(`reads a file with ${name}, in order of time whatever the order in the file`, async () => {
      const messages = series(200);
      for (const reach of [0, 30, 200]) {
        const path = await write(disorder(messages, reach), options);
        const bag = await openBag(path);
        assert.deepEqual(await contents(bag), messages);
        assert.deepEqual(bag.info.problems, []);
        assert.deepEqual(
          bag.info.topics.map((topic) => [topic.name, topic.type, topic.count]),
          [
            ['/a', STRING, 67],
            ['/b', STRING, 67],
            ['/c', STRING, 66],
          ],
        );
        assert.deepEqual([bag.info.start, bag.info.end], [messages[0]!.time, messages[199]!.time]);
        assert.equal(bag.info.durationSeconds, 0.199);
        await bag.close();
      }
    });

    it(`selects topics and times from a file with ${name}`, async () => {
      const messages = series(200);
      const bag = await openBag(await write(disorder(messages, 20), options));
      const start = messages[50]!.time;
      const end = messages[120]!.time;
      const expected = messages.filter(({ topic, time }) => topic !== '/b' && time >= start && time <= end);
      assert.deepEqual(await contents(bag, { topics: ['/a', '/c', '/absent'], start, end }), expected);
      assert.deepEqual(await contents(bag, { topics: [] }), []);
      await bag.close();
    });
  }

  it('keeps the order of the file among messages of equal time', async () => {
    const messages = series(60).map((message, index) => ({ ...message, time: BigInt(Math.floor(index / 20)) }));
    for (const options of [smallChunks, { ...smallChunks, ...withoutSummary }]) {
      assert.deepEqual((await readBag(await write(messages, options))).messages, messages);
    }
  });

  it('holds few chunks at a time even where all overlap, and still orders them', async function () {
    this.timeout(120_000);
    // 96 chunks of one megabyte, each spanning the whole time: more than is held at once, so that some are read again.
    const filler = 'x'.repeat(1 << 18);
    const messages = Array.from({ length: 96 * 4 }, (_, index) => ({
      topic: '/a',
      time: BigInt((index % 4) * 96 + Math.floor(index / 4)),
      text: `${index} ${filler}`,
    }));
    const path = await write(messages, { chunkSize: 4 * (1 << 18), compressChunk: compressWithZstd });
    const { read } = SegmentReader.prototype;
    const reads = new Map<number, number>();
    SegmentReader.prototype.read = function (segment, channels) {
      reads.set(segment.offset, (reads.get(segment.offset) ?? 0) + 1);
      return read.call(this, segment, channels);
    };
    let times: bigint[];
    try {
      times = (await readBag(path)).messages.map(({ time }) => time);
    } finally {
      SegmentReader.prototype.read = read;
    }
    assert.deepEqual(
      times,
      times.map((_, index) => BigInt(index)),
    );
    // 64 MB are held of 96: a third of the chunks is read again for each of their three further messages, no more.
    const counts = [...reads.values()];
    const total = counts.reduce((sum, count) => sum + count, 0);
    assert.equal(counts.length, 96);
    assert.ok(counts.filter((count) => count === 1).length >= 30, counts.join());
    assert.ok(counts.filter((count) => count > 1).length >= 30, counts.join());
    assert.ok(total >= 96 + 32 && total <= 96 + 3 * 48, `${total} reads`);
  });

  it('finds every topic in a last chunk whose indexes are cut off', async () => {
    const messages = series(36);
    const whole = await mcapBytes(messages, { ...smallChunks, ...withoutSummary, useMessageIndex: true });
    // The records behind the last chunk: an index a channel.
    const indexes: number[] = [];
    for (let at = 8; at < whole.byteLength - 8; ) {
      const view = new DataView(whole.buffer, whole.byteOffset + at);
      const opcode = view.getUint8(0);
      if (opcode === 0x06) indexes.length = 0;
      if (opcode === 0x07) indexes.push(at);
      at += 9 + Number(view.getBigUint64(1, true));
    }
    assert.equal(indexes.length, 3);
    const path = folder.path('cut_indexes.mcap');
    // Behind the first index, in the middle of the second, and behind that.
    for (const length of [indexes[1]!, indexes[1]! + 12, indexes[2]!]) {
      writeFileSync(path, whole.subarray(0, length));
      const bag = await openBag(path);
      for (const { topic } of messages.slice(0, 3)) {
        const expected = messages.filter((message) => message.topic === topic);
        assert.deepEqual(await contents(bag, { topics: [topic] }), expected, `${topic}, cut at ${length}`);
        assert.equal(bag.info.topics.find(({ name }) => name === topic)?.count, expected.length);
      }
      assert.deepEqual([bag.info.start, bag.info.end], [messages[0]!.time, messages[35]!.time]);
      await bag.close();
    }
  });

  for (const [name, options] of Object.entries({
    'with summary': smallChunks,
    'with zstd chunks': { ...smallChunks, compressChunk: compressWithZstd },
    'with lz4 chunks': { ...smallChunks, compressChunk: storeAsLz4 },
    'without summary': { ...smallChunks, ...withoutSummary },
    'without chunks': { ...withoutSummary, useChunks: false },
  })) {
    it(`gives a prefix of a file ${name} wherever it is cut off, and says so`, async function () {
      this.timeout(120_000);
      const messages = series(60);
      const whole = await mcapBytes(messages, options);
      const path = folder.path('cut.mcap');
      const headerEnd = 8 + 9 + 4 + 'ros2'.length + 4 + 'test'.length;
      let longest = 0;
      for (let length = 0; length < whole.byteLength; length += length < 100 ? 1 : 31) {
        writeFileSync(path, whole.subarray(0, length));
        if (length < headerEnd) {
          await assert.rejects(openBag(path), /^Error: Expected (a bag but|an MCAP header)/, `cut at ${length}`);
          continue;
        }
        const { messages: read, problems } = await readBag(path);
        assert.deepEqual(read, messages.slice(0, read.length), `cut at ${length}`);
        assert.ok(read.length >= longest, `cut at ${length} gives no fewer messages than an earlier cut`);
        longest = read.length;
        // A cut in what follows the data loses nothing; a file that had no summary may be whole then.
        if (read.length < messages.length) assert.match(problems.join(), /is cut off: /, `cut at ${length}`);
      }
      assert.equal(longest, messages.length);
    });
  }

  it('reads what an uncompressed or zstd chunk holds before the cut', async () => {
    const messages = series(3000);
    for (const compressChunk of [undefined, compressWithZstd]) {
      // One chunk for all, of incompressible text, so that zstd makes several blocks.
      const noisy = messages.map((message, index) => ({ ...message, text: noise(index) }));
      const whole = await mcapBytes(noisy, { chunkSize: 1 << 30, ...(compressChunk ? { compressChunk } : {}) });
      const path = folder.path('one_chunk.mcap');
      writeFileSync(path, whole.subarray(0, Math.floor(whole.byteLength * 0.6)));
      const { messages: read } = await readBag(path);
      assert.ok(read.length > 1000 && read.length < 3000, `${read.length} messages`);
      assert.deepEqual(read, noisy.slice(0, read.length));
    }
  });

  it('leaves out a damaged chunk and names it', async () => {
    const messages = series(60);
    const whole = await mcapBytes(messages, smallChunks);
    const at = Buffer.from(whole).indexOf('message 30');
    whole[at] = whole[at]! ^ 0xff;
    const path = folder.path('damaged.mcap');
    writeFileSync(path, whole);
    const { messages: read, problems } = await readBag(path);
    assert.ok(read.length > 30 && read.length < 60);
    assert.ok(!read.some(({ text }) => text === 'message 30'));
    assert.deepEqual(read, byTime(messages.filter((message) => read.some(({ text }) => text === message.text))));
    assert.match(problems.join(), /chunk at byte \d+ is damaged and left out: Incorrect chunk CRC/);
  });

  it('does not allocate what a chunk claims to expand to', async () => {
    const whole = await mcapBytes(series(60), {
      ...withoutSummary,
      chunkSize: 1 << 20,
      compressChunk: compressWithZstd,
    });
    // Header record, then the chunk: opcode, length, start, end, and its uncompressed size.
    const chunk = 8 + 9 + 16;
    assert.equal(whole[chunk], 6);
    new DataView(whole.buffer, whole.byteOffset).setBigUint64(chunk + 9 + 16, 1n << 40n, true);
    const path = folder.path('bomb.mcap');
    writeFileSync(path, whole);
    const { messages, problems } = await readBag(path);
    assert.deepEqual(messages, []);
    assert.match(problems.join(), /Expected a chunk of at most 268435456 bytes but received one of 1099511627776/);
  });

  it('does not expand a cut chunk beyond what it claims', async () => {
    const bomb = zstdBomb(600 << 20);
    const compressChunk = () => ({ compression: 'zstd', compressedData: bomb });
    const whole = await mcapBytes(series(60), { ...withoutSummary, chunkSize: 1 << 20, compressChunk });
    const path = folder.path('cut_bomb.mcap');
    writeFileSync(path, whole.subarray(0, Buffer.from(whole).indexOf(bomb) + bomb.byteLength - 8));
    const { messages, problems } = await readBag(path);
    assert.deepEqual(messages, []);
    assert.match(problems.join(), /left out: Expected at most \d+ expanded bytes/);
  });

  it('leaves out topics that are not CDR, refuses them when asked for, and a bag of nothing else', async () => {
    const messages = series(30);
    const mixed = await openBag(await write(messages, { encoding: (topic) => (topic === '/b' ? 'json' : 'cdr') }));
    const expected = messages.filter(({ topic }) => topic !== '/b');
    assert.deepEqual(await contents(mixed), expected);
    assert.match(mixed.info.problems.join(), /Topic \/b is serialised as json, not as cdr: it is left out/);
    assert.throws(() => mixed.messages({ topics: ['/a', '/b'] }), /serialised as cdr in .* but \/b has json/);
    await mixed.close();
    await assert.rejects(openBag(await write(messages, { encoding: () => 'protobuf' })), /but \/a has protobuf/);
  });

  it('gives messages whose bytes stay as they are while reading goes on', async () => {
    const bag = await openBag(await write(series(200), smallChunks));
    const kept: { data: Uint8Array; copy: Uint8Array }[] = [];
    for await (const { data } of bag.messages()) kept.push({ data, copy: data.slice() });
    for (const { data, copy } of kept) assert.deepEqual(data, copy);
    await bag.close();
  });

  it('opens a file without messages', async () => {
    const bag = await openBag(await write([], {}));
    assert.deepEqual(await contents(bag), []);
    assert.deepEqual([bag.info.messageCount, bag.info.start, bag.info.durationSeconds], [0, undefined, 0]);
    await bag.close();
  });
});

/** 100 characters that do not compress to nothing. */
function noise(seed: number): string {
  let state = seed + 1;
  return Array.from({ length: 100 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return String.fromCharCode(33 + ((state >>> 16) % 90));
  }).join('');
}

/** A zstd frame of a few bytes for each 128 KiB it expands to (RFC 8878: blocks of one repeated byte). */
function zstdBomb(bytes: number): Buffer {
  const block = Buffer.alloc(4);
  block.writeUIntLE((131_072 << 3) | (1 << 1), 0, 3);
  const magicAndWindow = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0x50);
  return Buffer.concat([magicAndWindow, ...new Array<Buffer>(Math.ceil(bytes / 131_072)).fill(block)]);
}

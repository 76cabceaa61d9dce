import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { McapIndexedReader, TempBuffer } from '@mcap/core';
import { loadDecompressHandlers } from '@mcap/support';
import { parse } from 'yaml';
import { BagWriter, openBag } from '../../src/bags/index.js';
import { decodeMessage, encodeMessage, type Image } from '../../src/messages/index.js';
import { contents, STRING, series, temporaryFolder } from './fixtures.js';

const latched = { reliability: 'reliable', durability: 'transient_local', history: 'keep_last', depth: 1 } as const;

function text(data: string): Uint8Array {
  return encodeMessage(STRING, { data });
}

describe('bags: BagWriter', () => {
  const folder = temporaryFolder();

  it('writes a rosbag2 folder that reads back the same, QoS included', async () => {
    const path = folder.path('out');
    const writer = await BagWriter.create(path);
    await writer.declareTopic('/c', STRING, { qos: latched });
    for (const { topic, time, text: data } of series(100)) {
      // Not waited for on purpose: the writer keeps the order.
      void writer.write({ topic, type: STRING, data: text(data), logTime: time });
    }
    await writer.close();
    const bag = await openBag(path);
    assert.deepEqual(await contents(bag), series(100));
    assert.deepEqual(bag.info.topics.find(({ name }) => name === '/c')?.qos, [latched]);
    assert.deepEqual(bag.info.problems, []);
    await bag.close();
    const { rosbag2_bagfile_information: information } = parse(readFileSync(`${path}/metadata.yaml`, 'utf8'), {
      intAsBigInt: true,
    });
    assert.equal(information.storage_identifier, 'mcap');
    assert.deepEqual(information.relative_file_paths, ['out_0.mcap']);
    assert.deepEqual(information.starting_time, { nanoseconds_since_epoch: 1_700_000_000_000_000_000n });
    assert.deepEqual(information.duration, { nanoseconds: 99_000_000n });
    assert.equal(information.message_count, 100n);
  });

  it('reads what was logged before a simulated clock began as logged when it began', async () => {
    const path = folder.path('simulated.mcap');
    const writer = await BagWriter.create(path);
    const start = 1_750_000_000_000_000_000n;
    for (const [topic, logTime] of [
      ['/latched', 0n],
      ['/a', start],
      ['/a', start + 500_000_000n],
    ] as const) {
      await writer.write({ topic, type: STRING, data: text(topic), logTime });
    }
    await writer.close();
    const bag = await openBag(path);
    assert.deepEqual([bag.info.start, bag.info.durationSeconds], [start, 0.5]);
    const times = (messages: { topic: string; time: bigint }[]) => messages.map(({ topic, time }) => [topic, time]);
    assert.deepEqual(times(await contents(bag)), [
      ['/latched', start],
      ['/a', start],
      ['/a', start + 500_000_000n],
    ]);
    assert.deepEqual(times(await contents(bag, { start: start + 1n })), [['/a', start + 500_000_000n]]);
    assert.match(bag.info.problems.join(), /logged before the clock began/);
    await bag.close();
  });

  it('writes what recorders write: profile, encodings, schema, statistics and an index', async () => {
    const path = folder.path('one.mcap');
    const writer = await BagWriter.create(path, { compression: 'zstd' });
    const image = { header: { stamp: { sec: 1, nanosec: 2 }, frame_id: 'cam' }, data: new Uint8Array(400_000) };
    for (let index = 0; index < 6; index++) {
      const data = encodeMessage('sensor_msgs/msg/Image', image);
      await writer.write({
        topic: '/image',
        type: 'sensor_msgs/msg/Image',
        data,
        logTime: BigInt(index),
        publishTime: 7n,
      });
    }
    await writer.close();
    const reader = await McapIndexedReader.Initialize({
      readable: new TempBuffer(readFileSync(path)),
      decompressHandlers: await loadDecompressHandlers(),
    });
    assert.equal(reader.header.profile, 'ros2');
    assert.equal(reader.statistics?.messageCount, 6n);
    assert.ok(reader.chunkIndexes.length >= 2);
    assert.ok(reader.chunkIndexes.every(({ compression }) => compression === 'zstd'));
    const [channel] = [...reader.channelsById.values()];
    assert.equal(channel?.messageEncoding, 'cdr');
    const schema = reader.schemasById.get(channel!.schemaId);
    assert.deepEqual([schema?.name, schema?.encoding], ['sensor_msgs/msg/Image', 'ros2msg']);
    assert.match(new TextDecoder().decode(schema!.data), /MSG: std_msgs\/Header\nbuiltin_interfaces\/Time stamp/);
    const sequences: number[] = [];
    for await (const message of reader.readMessages({ validateCrcs: true })) {
      sequences.push(message.sequence);
      assert.equal(message.publishTime, 7n);
    }
    assert.deepEqual(sequences, [0, 1, 2, 3, 4, 5]);
  });

  it('writes the same bytes for the same messages', async () => {
    const files: Buffer[] = [];
    for (const name of ['first.mcap', 'second.mcap']) {
      const writer = await BagWriter.create(folder.path(name));
      for (const { topic, time, text: data } of series(50)) {
        await writer.write({ topic, type: STRING, data: text(data), logTime: time });
      }
      await writer.close();
      files.push(readFileSync(folder.path(name)));
    }
    assert.deepEqual(files[0], files[1]);
  });

  it('passes on the schema of a type nobody knows', async () => {
    const path = folder.path('foreign.mcap');
    const schema = { name: 'acme_msgs/msg/Thing', encoding: 'ros2msg' as const, text: 'string data' };
    const writer = await BagWriter.create(path, { compression: 'none' });
    await writer.declareTopic('/thing', schema.name, { schema });
    await writer.write({ topic: '/thing', type: schema.name, data: text('hello'), logTime: 1n });
    await writer.close();
    const bag = await openBag(path);
    for await (const raw of bag.messages()) assert.deepEqual(decodeMessage(raw), { data: 'hello' });
    assert.equal(bag.info.messageCount, 1);
    await bag.close();
  });

  it('may have its bytes reused once a write is done', async () => {
    const path = folder.path('reused.mcap');
    const writer = await BagWriter.create(path);
    const image: Partial<Image> = { width: 2, height: 1, encoding: 'mono8', step: 2, data: Uint8Array.of(1, 2) };
    const bytes = encodeMessage('sensor_msgs/msg/Image', image);
    await writer.write({ topic: '/image', type: 'sensor_msgs/msg/Image', data: bytes, logTime: 1n });
    bytes.fill(0xff);
    await writer.close();
    const bag = await openBag(path);
    for await (const raw of bag.messages()) assert.deepEqual(decodeMessage<Image>(raw).data, Uint8Array.of(1, 2));
    await bag.close();
  });

  it('gives what was written before a crash', async () => {
    const path = folder.path('crash.mcap');
    const writer = await BagWriter.create(path, { compression: 'none' });
    for (let index = 0; index < 40; index++) {
      await writer.write({ topic: '/a', type: STRING, data: text('x'.repeat(100_000)), logTime: BigInt(index) });
    }
    const bag = await openBag(path);
    const read = await contents(bag);
    assert.ok(read.length > 20 && read.length < 40);
    assert.match(bag.info.problems.join(), /is cut off: it ends at byte \d+ without its closing records/);
    await bag.close();
    await writer.close();
  });

  it('refuses another type on a topic, an unknown type, a topic twice, and writing when closed', async () => {
    const writer = await BagWriter.create(folder.path('refuse.mcap'));
    await writer.write({ topic: '/a', type: STRING, data: text('x'), logTime: 1n });
    const header = { topic: '/a', type: 'std_msgs/msg/Header', data: text('x'), logTime: 2n };
    await assert.rejects(writer.write(header), /Expected messages of std_msgs\/msg\/String on \/a/);
    await assert.rejects(writer.write({ ...header, topic: '/b', type: 'acme_msgs/msg/Thing' }), /known definition/);
    await assert.rejects(writer.declareTopic('/a', STRING), /\/a is declared already/);
    await writer.close();
    await writer.close();
    await assert.rejects(writer.write(header), /refuse.mcap is closed/);
    const bag = await openBag(folder.path('refuse.mcap'));
    assert.equal(bag.info.messageCount, 1);
    await bag.close();
  });
});

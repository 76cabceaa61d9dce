import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { openBag } from '../../src/bags/index.js';
import { decodeMessage, type EventPacket, peekHeader } from '../../src/messages/index.js';
import { sharedData } from '../support/shared_data.js';
import { contents } from './fixtures.js';

describe('bags: recordings made by others', () => {
  it('gives the same 188 messages from MCAP and from SQLite', async function () {
    const read = async (path: string) => {
      const bag = await openBag(path);
      const messages: { topic: string; type: string; decoded: unknown }[] = [];
      for await (const raw of bag.messages()) {
        messages.push({ topic: raw.topic, type: raw.type, decoded: withoutClock(decodeMessage(raw)) });
      }
      await bag.close();
      assert.deepEqual(bag.info.problems, []);
      return messages;
    };
    const fromMcap = await read(sharedData(this, 'rosbags-rs/test_bag_mcap'));
    const fromSqlite = await read(sharedData(this, 'rosbags-rs/test_bag_sqlite3'));
    assert.equal(fromMcap.length, 188);
    assert.equal(new Set(fromMcap.map(({ topic }) => topic)).size, 94);
    assert.deepEqual(fromSqlite, fromMcap);
  });

  it('joins split files without metadata: 1324 + 1324 + 529 messages in order, the same from both storages', async function () {
    const mcap = await openBag(sharedData(this, 'rosbag2/split_mcap_zstd'));
    const sqlite = await openBag(sharedData(this, 'rosbag2/split_db3'));
    const fromMcap = await contents(mcap);
    const fromSqlite = await contents(sqlite);
    assert.equal(fromMcap.length, 1324 + 1324 + 529);
    assert.deepEqual(fromSqlite, fromMcap);
    assert.equal(mcap.info.messageCount, fromMcap.length);
    assert.equal(sqlite.info.messageCount, fromMcap.length);
    for (const [index, message] of fromMcap.slice(1).entries()) assert.ok(message.time > fromMcap[index]!.time);
    await mcap.close();
    await sqlite.close();
  });

  it('orders 6074 messages on 8 topics that lie within two microseconds in five files', async function () {
    const bag = await openBag(sharedData(this, 'rosbag2/wbag_db3'));
    const messages = await contents(bag);
    await bag.close();
    assert.equal(messages.length, 6074);
    const ordered = messages.every(({ time }, index) => index === 0 || time >= messages[index - 1]!.time);
    assert.ok(ordered);
    // Its metadata.yaml claims 2623 to 3034; the files hold 1000 to 2998.
    assert.deepEqual([bag.info.start, bag.info.end], [1000n, 2998n]);
    assert.deepEqual(
      bag.info.topics.map(({ name }) => name),
      ['AAA', 'BBB', 'CCC', 'DDD', 'EEE', 'FFF', 'GGG', 'HHH'],
    );
  });

  it('reads the same from a talker in both storages, with QoS', async function () {
    const texts: unknown[][] = [];
    for (const path of ['rosbag2/talker_mcap', 'rosbag2/talker_db3']) {
      const bag = await openBag(sharedData(this, path));
      const messages: unknown[] = [];
      // The definition of Log in the SQLite file is a dummy of its authors; the bytes are what can be compared.
      for await (const { topic, receiveStamp, data } of bag.messages()) messages.push([topic, receiveStamp, data]);
      texts.push(messages);
      const counts = new Map(bag.info.topics.map(({ name, count }) => [name, count]));
      assert.deepEqual([counts.get('/topic'), counts.get('/rosout')], [10, 10]);
      const rosout = bag.info.topics.find(({ name }) => name === '/rosout');
      assert.equal(rosout?.qos[0]?.durability, 'transient_local');
      await bag.close();
    }
    assert.equal(texts[0]!.length, 20);
    assert.deepEqual(texts[1], texts[0]);
  });

  it('leaves nothing beside a recording in write-ahead mode', async function () {
    const path = sharedData(this, 'rosbag2/talker_db3');
    const before = readdirSync(path);
    const bag = await openBag(path);
    for await (const _ of bag.messages()) assert.deepEqual(readdirSync(path), before);
    await bag.close();
    assert.deepEqual(readdirSync(path), before);
  });

  for (const path of ['wrong_rmw_db3', 'wrong_rmw_mcap', 'wrong_rmw_db3/wrong_rmw_test_0.db3']) {
    it(`refuses ${path}, which is not serialised as CDR`, async function () {
      const full = sharedData(this, `rosbag2/${path}`);
      await assert.rejects(
        openBag(full),
        /Expected messages serialised as cdr in .* but \/array_topic has wrong_format/,
      );
    });
  }

  it('opens bags with service events beside messages', async function () {
    for (const [file, count] of [
      ['only_topics.mcap', undefined],
      ['only_services.mcap', 12],
      ['topics_and_services.mcap', 13],
      ['topics_and_services.db3', 13],
    ] as const) {
      const bag = await openBag(sharedData(this, `rosbag2/mixed_services/${file}`));
      let read = 0;
      for await (const _ of bag.messages()) read++;
      assert.equal(read, count ?? bag.info.messageCount);
      await bag.close();
    }
    const folder = sharedData(this, 'rosbag2/mixed_services');
    await assert.rejects(openBag(folder), /holds MCAP and SQLite files and no metadata.yaml: name one/);
  });

  it('reads event cameras from SQLite of schema version 3 and of none', async function () {
    for (const [path, count, encoding, width] of [
      ['test_data_evt3_trigger', 105, 'evt3', 1280],
      ['test_data_libcaer_rollover', 201, 'libcaer', 640],
      ['test_data_mono_cd', 2, 'mono', 640],
    ] as const) {
      const bag = await openBag(sharedData(this, `event_camera_codecs/${path}`));
      let read = 0;
      for await (const raw of bag.messages()) {
        const packet = decodeMessage<EventPacket>(raw);
        assert.deepEqual([packet.encoding, packet.width], [encoding, width]);
        const peek = peekHeader(raw);
        assert.ok(peek.kind === 'header');
        assert.equal(
          peek.stamp,
          BigInt(packet.header.stamp.sec) * 1_000_000_000n + BigInt(packet.header.stamp.nanosec),
        );
        read++;
      }
      assert.equal(read, count);
      await bag.close();
    }
  });
});

/** The two bags were written one after the other, so the clock in the messages differs and nothing else. */
function withoutClock(message: unknown): unknown {
  if (typeof message !== 'object' || message === null || ArrayBuffer.isView(message)) return message;
  if (Array.isArray(message)) return message.map(withoutClock);
  if ('nanosec' in message) return 'a time';
  return Object.fromEntries(Object.entries(message).map(([name, value]) => [name, withoutClock(value)]));
}

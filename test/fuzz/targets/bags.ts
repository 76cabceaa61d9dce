import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import zstd from '@foxglove/wasm-zstd';
import { expandZstd } from '../../../src/bags/expand_zstd.js';
import { openBag } from '../../../src/bags/index.js';
import { parseMetadata } from '../../../src/bags/metadata.js';
import { mcapBytes, series, withoutSummary, writeSqlite } from '../../bags/fixtures.js';
import { digestOf, type FuzzTarget, require, requireSentence } from '../target.js';

await zstd.isLoaded;

const folder = mkdtempSync(join(tmpdir(), 'mle-sam-fuzz-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** What a bag holds, as far as it can be read; times rise. */
async function readBag(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  const bag = await openBag(path, { maxExpandedBytes: 1 << 24 });
  try {
    let count = 0;
    let total = 0;
    for await (const { data, receiveStamp } of bag.messages()) {
      require(typeof receiveStamp === 'bigint', 'a stamp that is no bigint');
      count++;
      total += data.length;
      require(total <= 64 * bytes.length + (1 << 20), `${total} bytes of messages from ${bytes.length} of a bag`);
    }
    for (const problem of bag.info.problems) requireSentence(problem, 'problems');
    return `${bag.info.topics.map(({ name: topic }) => topic).join()} ${count} ${total} ${bag.info.problems.length}`;
  } finally {
    await bag.close();
  }
}

const METADATA = `rosbag2_bagfile_information:
  version: 5
  storage_identifier: mcap
  duration: {nanoseconds: 1000}
  starting_time: {nanoseconds_since_epoch: 1}
  message_count: 12
  topics_with_message_count:
    - topic_metadata:
        name: /a
        type: std_msgs/msg/String
        serialization_format: cdr
        offered_qos_profiles: "- history: 1\\n  depth: 5\\n  reliability: 1\\n  durability: 2"
      message_count: 12
  compression_format: ""
  compression_mode: NONE
  relative_file_paths: [a_0.mcap, a_1.mcap]
`;

export const bagTargets: readonly FuzzTarget[] = [
  {
    name: 'mcap',
    weight: 4,
    form: 'binary',
    seeds: async () => [
      await mcapBytes(series(12)),
      await mcapBytes(series(12), { useChunks: false }),
      await mcapBytes(series(12), withoutSummary),
      await mcapBytes(series(12), {
        compressChunk: (data) => ({ compression: 'zstd', compressedData: zstd.compress(data, 3) }),
      }),
    ],
    run: (input) => readBag('bag.mcap', input),
  },
  {
    name: 'sqlite',
    weight: 2,
    form: 'binary',
    async seeds() {
      const path = join(mkdtempSync(join(folder, 'seed-')), 'seed.db3');
      writeSqlite(path, series(12), { version: 4 });
      return [new Uint8Array(readFileSync(path))];
    },
    run: (input) => readBag('bag.db3', input),
  },
  {
    name: 'zstd-bag',
    weight: 2,
    form: 'binary',
    seeds: async () => [zstd.compress(await mcapBytes(series(12)), 3)],
    run: (input) => readBag('bag.mcap.zst', input),
  },
  {
    name: 'zstd',
    weight: 8,
    form: 'binary',
    async seeds() {
      const bytes = Uint8Array.from({ length: 3000 }, (_, i) => (i * i) % 251);
      return [zstd.compress(bytes, 3), zstd.compress(new Uint8Array(200_000), 19)];
    },
    async run(input) {
      const out = await expandZstd(input, 1 << 20, 'whole').catch((error: Error) => {
        // What the decompressor says is its own; readers put it into a sentence.
        require(error.message.length > 0, 'an error without words');
        return new TextEncoder().encode(error.message);
      });
      require(out.length <= 1 << 20, `${out.length} bytes`);
      return digestOf(out);
    },
  },
  {
    name: 'metadata',
    weight: 6,
    form: 'text',
    seeds: async () => [new TextEncoder().encode(METADATA)],
    async run(input) {
      const metadata = parseMetadata(new TextDecoder().decode(input), 'metadata.yaml');
      return JSON.stringify(metadata);
    },
  },
];

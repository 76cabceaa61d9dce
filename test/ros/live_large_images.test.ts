import assert from 'node:assert/strict';
import { join } from 'node:path';
import { projectRoot } from '../support/shared_data.js';
import { mleSam } from './support/command.js';
import { domainOf, Program, waitUntil } from './support/index.js';

/** Best-effort pictures of 3 MB, two topics of them: more than Fast DDS takes by default. */
const SIZE = 1024;
const TOPICS = ['/camera/image', '/camera1/image'];
const PROFILE = join(projectRoot, 'config', 'fastdds_large_images.xml');

interface Told {
  way: 'sent' | 'got';
  topic: string;
  stamp: string;
  bytes: number;
  sha: string;
}

describe('mle-sam inject with large images', function () {
  this.timeout(120_000);
  const domain = domainOf(import.meta.url);
  const earlier = process.env.FASTDDS_DEFAULT_PROFILES_FILE;
  let peer: Program;
  let injector: Program;

  before(() => {
    process.env.FASTDDS_DEFAULT_PROFILES_FILE = PROFILE;
    peer = Program.peer('sensors.py', ['--size', String(SIZE), '--cameras', '2', '--rate', '3'], domain);
    injector = mleSam(['inject', '--topic', `camera=${TOPICS[0]}`, `rear:camera=${TOPICS[1]}`], domain);
  });

  after(async () => {
    if (earlier === undefined) delete process.env.FASTDDS_DEFAULT_PROFILES_FILE;
    else process.env.FASTDDS_DEFAULT_PROFILES_FILE = earlier;
    await Promise.all([injector?.stop(), peer?.stop()]);
  });

  it('relays two topics of 3 MB pictures, best effort, byte for byte', async () => {
    const told = () => peer.lines.flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Told] : []));
    const got = (topic: string) => told().filter((one) => one.way === 'got' && one.topic === topic);
    await waitUntil('ten pictures of each', () => TOPICS.every((topic) => got(topic).length >= 10), {
      deadlineMs: 90_000,
      everyMs: 500,
    });
    const originals = new Map(
      told().flatMap((one) => (one.way === 'sent' ? [[`${one.topic} ${one.stamp}`, one]] : [])),
    );
    for (const topic of TOPICS) {
      for (const { stamp, sha, bytes } of got(topic)) {
        assert.ok(bytes >= SIZE * SIZE * 3, `${bytes} bytes`);
        assert.equal(sha, originals.get(`${topic} ${stamp}`)?.sha, topic);
      }
    }
  });
});

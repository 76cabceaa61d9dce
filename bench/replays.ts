/**
 * Whether replays leave memory behind: the sample bag is replayed again and again in one process, by the small bundle of
 * the tests. Run: `npm run bench -- replays [--times 20]`. Prints one line of JSON a replay: what is in use of the heap and
 * outside of it after a full collection, and what the process holds, in MB. glibc keeps what threads have freed, in an
 * arena of their own each: `MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=0 MALLOC_MMAP_THRESHOLD_=65536` shows the same
 * without it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DEFAULT_PIPELINE_CONFIG, replayBag } from '../src/index.js';
import { projectRoot } from '../test/support/shared_data.js';

const { values } = parseArgs({ options: { times: { type: 'string', default: '20' } } });
const out = await mkdtemp(join(tmpdir(), 'mle-sam-replays-'));
const inMb = (bytes: number) => Number((bytes / 1e6).toFixed(1));
try {
  for (let replay = 1; replay <= Number(values.times); replay++) {
    await replayBag({
      bag: join(projectRoot, 'samples', 'town'),
      model: join(projectRoot, 'test', 'fixtures', 'tiny-bundle'),
      out,
      rate: 'max',
      config: DEFAULT_PIPELINE_CONFIG,
      provider: 'cpu',
      threads: 1,
    });
    globalThis.gc?.();
    const { heapUsed, external, rss } = process.memoryUsage();
    console.log(
      JSON.stringify({ replay, heapMb: inMb(heapUsed), outsideMb: inMb(external), residentMb: Math.round(rss / 1e6) }),
    );
  }
} finally {
  await rm(out, { recursive: true, force: true });
}

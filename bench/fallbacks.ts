/**
 * What a fallback costs: memory and time of its start beside the first model's, and what the first mask waits for where it
 * is started only when it is needed:
 *
 *     npm run bench -- fallbacks [MODEL] [FALLBACK...] [--threads 2]
 *
 * By default the bundled model stands by for itself. Memory is the resident set of the process after a run of each model
 * and a garbage collection.
 */
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { type Bundle, loadBundle, Segmenter, SegmenterError, standBy } from '../src/model/index.js';
import { frameSet, noiseImage } from './support/frames.js';

const MEGABYTE = 1e6;
const POLL_MS = 5;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { threads: { type: 'string', default: '2' } },
});
const folders = positionals.length > 0 ? positionals : ['models/reference', 'models/reference'];
const bundles = await Promise.all(folders.map((folder) => loadBundle(folder)));
const options = { provider: 'cpu', threads: Number(values.threads) } as const;

const table = new Table({ head: ['model', 'role', 'start, ms', 'memory, MB', 'more, MB'] });
let before = memory();
table.push(['none', '', '', before.toFixed(0), '']);
const running: Segmenter[] = [];
for (const [index, bundle] of bundles.entries()) {
  const start = performance.now();
  const segmenter = await Segmenter.create(bundle, options);
  const startMs = performance.now() - start;
  await segmenter.segment(setFor(bundle));
  running.push(segmenter);
  const after = memory();
  const role = index === 0 ? 'first' : 'fallback';
  table.push([bundle.name, role, startMs.toFixed(0), after.toFixed(0), (after - before).toFixed(0)]);
  before = after;
}
await Promise.all(running.map((segmenter) => segmenter.close()));
console.log(table.toString());

for (const { bundle, segmenter } of standBy(bundles.slice(1), (one) => Segmenter.create(one, options))) {
  const start = performance.now();
  for (;;) {
    try {
      await segmenter.segment(setFor(bundle));
      break;
    } catch (error) {
      if (!(error instanceof SegmenterError) || error.kind !== 'restarting') throw error;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
  console.log(`${bundle.name}, started lazily: first mask after ${(performance.now() - start).toFixed(0)} ms`);
  await segmenter.close();
}

function setFor(bundle: Bundle) {
  return frameSet(bundle.modalities.map(({ name }, seed) => noiseImage(bundle, name, seed)));
}

function memory(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss() / MEGABYTE;
}

/**
 * Judges the samples of a long run anew: `npm run soak -- series FILE`, of a run with `--series FILE`, which may still go on.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Endurance } from './support/endurance.js';
import type { ProcessFigures } from './support/memory.js';

const { positionals } = parseArgs({ allowPositionals: true });
const [file] = positionals;
if (file === undefined)
  throw new Error('Expected the file of a series but received none. Name one that --series wrote.');
const samples = readFileSync(file, 'utf8')
  .split('\n')
  // The last line may be in the writing.
  .slice(0, -1)
  .map((line) => JSON.parse(line) as ProcessFigures & { atMs: number });
let index = 0;
let nowMs = 0;
const run = new Endurance({
  minutes: Number.POSITIVE_INFINITY,
  read: () => {
    const { atMs: _at, ...figures } = samples[index]!;
    return figures;
  },
  nowMs: () => nowMs,
});
for (; index < samples.length; index++) {
  nowMs = samples[index]!.atMs;
  await run.sample();
}
process.exitCode = run.finish({ lane: 'series', samples: samples.length });

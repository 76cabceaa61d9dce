/**
 * Life cycles in one process: `npm run soak -- lifecycle [--rounds 500] [--seed 1] [--malloc usual]`. Each round does what
 * the node does: configure (bundle read, worker started, golden sample answered), activate (a pipeline that takes messages as
 * live sensors send them, until a random one), deactivate, cleanup. No round leaves memory, threads, handles or open files
 * behind, and every frame sent is told once. `npm run soak -- node_lifecycle` does the same with a node on a graph.
 */
import { join } from 'node:path';
import { peekHeader } from '../../src/messages/index.js';
import { loadBundle, Segmenter } from '../../src/model/index.js';
import type { PipelineSink } from '../../src/pipeline/index.js';
import { Random } from '../../src/random/random.js';
import { projectRoot } from '../../test/support/shared_data.js';
import { TINY_TOPICS, tinyDrive } from '../../test/support/tiny_rig.js';
import { Endurance, optionsOf, positive } from './support/endurance.js';
import { FrameLedger } from './support/frame_ledger.js';
import { ownFigures } from './support/memory.js';
import { recordedPipeline } from './support/recorded_pipeline.js';

const DRIVE_SECONDS = 1;
/** A full collection of everything takes as long as a round. */
const ROUNDS_A_SAMPLE = 2;

const options = optionsOf(
  {
    rounds: '500',
    seed: '1',
    model: join(projectRoot, 'test', 'fixtures', 'tiny-bundle'),
  },
  'this-process',
);
const rounds = positive('rounds', options.rounds);
const random = new Random(Number(options.seed), 'lifecycle');
const run = new Endurance({ minutes: Number.POSITIVE_INFINITY, read: ownFigures, series: options.series });
const messages = tinyDrive({ seconds: DRIVE_SECONDS });
const counts = { masks: 0, overtaken: 0, lost: 0 };

function listen(ledger: FrameLedger): PipelineSink {
  return {
    published: ({ segmentation: { stamp } }) => ledger.told(stamp, 'mask'),
    dropped: ({ stamp, kind }) => ledger.told(stamp, kind),
    modalityChanged: () => undefined,
    problem: (text) => run.violation(text),
  };
}

for (let round = 1; round <= rounds; round++) {
  const bundle = await loadBundle(options.model);
  const segmenter = await Segmenter.create(bundle, { threads: 1, provider: 'cpu' });
  const ledger = new FrameLedger((text) => run.violation(`round ${round}: ${text}`));
  const pipeline = recordedPipeline(messages, TINY_TOPICS, {
    bundle,
    segmenter,
    sink: listen(ledger),
    backpressure: 'newest',
  });
  const taken = messages.slice(0, random.integer(0, messages.length));
  for (const message of taken) {
    const header = peekHeader(message);
    if (message.topic === TINY_TOPICS.camera && header.kind === 'header') ledger.sent(header.stamp);
    await pipeline.receive(message);
  }
  // Sets that were still waiting for samples are given up with the pipeline, as by a node.
  await pipeline.settle();
  const { open, unopened } = pipeline.status();
  // Before the first picture another sensor may have opened a set.
  if (ledger.counts.sent > 0) ledger.close(unopened + open);
  await segmenter.close();
  counts.masks += ledger.counts.mask;
  counts.overtaken += ledger.counts.overtaken;
  counts.lost += ledger.counts.lost;
  if (round % ROUNDS_A_SAMPLE === 0) await run.sample();
}
process.exitCode = run.finish({ lane: 'lifecycle', malloc: options.malloc, rounds, ...counts });

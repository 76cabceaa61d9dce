/**
 * Sensors three times as fast as the model: `npm run soak -- overload [--minutes 10] [--times 3] [--model FOLDER]
 * [--model-ms 100] [--hold-seconds 0]`. The sample's sensors are played in a loop into a pipeline that takes the newest set.
 * Every frame sent is told exactly once, as mask, overtaken or lost, in the order of the stamps; nothing is held back and
 * memory stays as it is. By default the model is the small bundle of the tests that takes 100 ms longer, so that the overload
 * is the same on any machine; `--hold-seconds 8` holds the process that long once a minute, as a machine that stands still would: hundreds of frames are
 * under way at once then. `--model models/reference --model-ms 0` measures how fast that one is here, and plays three times as fast.
 */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BagReader } from '../../src/bags/index.js';
import type { RawMessage, Stamp } from '../../src/messages/index.js';
import { loadBundle, Segmenter } from '../../src/model/index.js';
import type { FrameSegmenter } from '../../src/pipeline/index.js';
import { playBag } from '../../src/replay/play_bag.js';
import { TINY_BUNDLE } from '../../test/ros/support/node.js';
import { TOWN_TOPICS, townMessages } from '../../test/ros/support/town.js';
import { stampOf } from '../support/at_rate.js';
import { frameSet, noiseImage } from '../support/frames.js';
import { endlessTown, TOWN_SECONDS } from './support/endless_town.js';
import { Endurance, optionsOf, positive } from './support/endurance.js';
import { FrameLedger } from './support/frame_ledger.js';
import { ownFigures } from './support/memory.js';
import { recordedPipeline } from './support/recorded_pipeline.js';

const SAMPLE_EVERY_MS = 2000;
const PROBES = 15;
const HOLD_EVERY_MS = 60_000;

const options = optionsOf(
  {
    minutes: '10',
    times: '3',
    model: TINY_BUNDLE,
    'model-ms': '100',
    'hold-seconds': '0',
  },
  'this-process',
);
const times = positive('times', options.times);
const extraMs = Number(options['model-ms']);
const holdSeconds = Number(options['hold-seconds']);
const bundle = await loadBundle(options.model);
const quick = await Segmenter.create(bundle, { threads: 1, provider: 'cpu' });
const segmenter: FrameSegmenter = {
  whenReady: () => quick.whenReady(),
  segment: async (set) => {
    if (extraMs > 0) await sleep(extraMs);
    return quick.segment(set);
  },
};

/** Masks a second that the model makes at most: of the fastest probe, since the machine may have been busy with others. */
async function servedRate(): Promise<number> {
  const durations: number[] = [];
  for (let probe = 0; probe < PROBES; probe++) {
    const images = bundle.modalities.map(({ name }, index) => noiseImage(bundle, name, probe * 10 + index));
    const start = performance.now();
    await segmenter.segment(frameSet(images));
    durations.push(performance.now() - start);
  }
  return 1000 / Math.min(...durations);
}

const served = await servedRate();
const rate = served * times;
const recorded = await townMessages(TOWN_SECONDS);
const run = new Endurance({ minutes: positive('minutes', options.minutes), read: ownFigures, series: options.series });
const ledger = new FrameLedger((text) => run.violation(text));
let mostOutstanding = 0;
const problems = new Set<string>();
const pipeline = recordedPipeline(recorded, TOWN_TOPICS, {
  bundle,
  segmenter,
  sink: {
    published: ({ segmentation: { stamp } }) => ledger.told(stamp, 'mask'),
    dropped: ({ stamp, kind }) => ledger.told(stamp, kind),
    modalityChanged: () => undefined,
    problem: (text) => {
      if (problems.size < 20) problems.add(text);
    },
  },
  backpressure: 'newest',
});

const endless: Pick<BagReader, 'messages'> = {
  messages: async function* () {
    for (const message of endlessTown(recorded, rate)) {
      if (run.isOver) return;
      yield message;
    }
  },
};
const player = {
  message: async (raw: RawMessage) => {
    if (raw.topic === TOWN_TOPICS.camera) ledger.sent(stampOf(raw));
    mostOutstanding = Math.max(mostOutstanding, ledger.outstanding);
    await pipeline.receive(raw);
  },
  nextWakeUp: () => pipeline.nextWakeUp(),
  wake: (at: Stamp) => pipeline.advanceTo(at),
  isWaiting: () => pipeline.status().open > 0,
};

/** A process that is stopped cannot go on by itself. */
function hold(): void {
  spawn('sh', ['-c', `kill -STOP ${process.pid}; sleep ${holdSeconds}; kill -CONT ${process.pid}`], {
    stdio: 'ignore',
  });
}

const holding = holdSeconds > 0 ? setInterval(hold, HOLD_EVERY_MS) : undefined;
let isPlaying = true;
const sampling = (async () => {
  for (;;) {
    await sleep(SAMPLE_EVERY_MS);
    if (!isPlaying) return;
    await run.sample();
  }
})();
const { lagMs } = await playBag(endless, player, {
  topics: [...new Set(recorded.map(({ topic }) => topic))],
  rate: 'realtime',
  // Time that went on without messages would make another sensor than the camera pace the last masks.
  lingerNs: 0n,
});
isPlaying = false;
clearInterval(holding);
await pipeline.settle();
const { open, unopened } = pipeline.status();
ledger.close(open + unopened);
await sampling;
await quick.close();
const { sent, mask: masks, overtaken, lost } = ledger.counts;
if (overtaken < masks) run.violation(`only ${overtaken} of ${sent} frames were overtaken: that was no overload`);
process.exitCode = run.finish({
  lane: 'overload',
  malloc: options.malloc,
  servedHz: Number(served.toFixed(1)),
  sentHz: Number(rate.toFixed(1)),
  sent,
  masks,
  overtaken,
  lost,
  withoutSet: open + unopened,
  mostOutstanding,
  lagMs: Math.round(lagMs),
  problems: [...problems],
});

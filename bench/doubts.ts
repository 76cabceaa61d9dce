/**
 * How often sensors are doubted for what no single message shows (parts that stand still, content from the past, a turned
 * mount), by condition, and what looking for it costs. Run `npm run bench -- doubts [--seeds 3] [--seconds 30]` on
 * simulated drives through all conditions, or `npm run bench -- doubts BAG...` on recordings: nobody may be doubted, and
 * it exits with 1 where a sensor is for more than 1 % of the sets. With `--fault "fault: turned-mount, modality: lidar,
 * degrees: 10"` it shows how much of a fault that lasts from the beginning is told.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { openBag } from '../src/bags/index.js';
import { faultBinding } from '../src/dropout/index.js';
import { injectFaults, parseScenario } from '../src/faults/index.js';
import { decodeMessage, type RawMessage } from '../src/messages/index.js';
import { type Bundle, loadBundle } from '../src/model/index.js';
import { DEFAULT_PIPELINE_CONFIG, type FrameResult, type FrameSegmenter, selectTopics } from '../src/pipeline/index.js';
import { runPipeline, surveyTopics } from '../src/replay/index.js';
import { Plausibility } from '../src/sensors/index.js';
import { loadDrive, stretchDrive, writeDrive } from '../src/simulation/index.js';

const MOST_PERCENT = 1;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: 'models/reference' },
    seeds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '30' },
    fault: { type: 'string' },
  },
});

/** By condition and modality: sets it was in, and in how many of them it was doubted for what. */
const counts = new Map<string, { sets: number; doubted: Map<string, number> }>();
/** When a modality was first doubted, seconds since the bag's beginning. */
const first = new Map<string, number>();
let spentMs = 0;
let drivenSeconds = 0;

const bundle = await loadBundle(values.model);
const folder = await mkdtemp(join(tmpdir(), 'mle-sam-doubts-'));
try {
  for (const path of positionals) await drive(path);
  if (positionals.length === 0) {
    const description = stretchDrive(await loadDrive('conditions'), Number(values.seconds));
    for (let seed = 1; seed <= Number(values.seeds); seed++) {
      const path = join(folder, `${seed}.mcap`);
      await writeDrive(path, { drive: description, seed: `doubts-${seed}` });
      await drive(path);
      await rm(path);
    }
  }
} finally {
  await rm(folder, { recursive: true });
}
report();

/** Sends a bag through the pipeline with a model that makes nothing, and looks at each set. */
async function drive(path: string): Promise<void> {
  const bag = await openBag(path);
  const plausibility = new Plausibility(bundle.modalities);
  const { start = 0n } = bag.info;
  let condition = 'unknown';
  const look = ({ images, segmentation: { stamp } }: FrameResult): void => {
    const before = process.cpuUsage().user;
    plausibility.see(images, stamp);
    spentMs += (process.cpuUsage().user - before) / 1000;
    for (const modality of images.keys()) {
      const cause = plausibility.against(modality)?.code;
      count(condition, modality, cause);
      const seconds = Number(stamp - start) / 1e9;
      if (cause !== undefined && !first.has(`${modality} ${cause}`)) first.set(`${modality} ${cause}`, seconds);
    }
  };
  const selection = selectTopics(await surveyTopics(bag), bundle.modalities, {});
  const source = { bag, bundle, config: DEFAULT_PIPELINE_CONFIG, selection };
  try {
    await runPipeline(
      { ...source, segmenter: idle(bundle) },
      {
        rate: 'max',
        listener: {
          published: look,
          dropped: () => undefined,
          modalityChanged: () => undefined,
          problem: () => undefined,
          groundTruth: () => undefined,
          condition: (raw) => {
            condition = decodeMessage<{ data: string }>(raw).data;
          },
        },
        transform: (messages) => faulty(messages, source, start, plausibility),
      },
    );
    drivenSeconds += bag.info.durationSeconds;
  } finally {
    await bag.close();
  }
}

/** The messages with the fault that was asked for; each is shown to the watch as it arrives. */
async function* faulty(
  messages: AsyncIterable<RawMessage>,
  source: Parameters<typeof faultBinding>[0],
  startStamp: bigint,
  plausibility: Plausibility,
): AsyncGenerator<RawMessage> {
  const binding = faultBinding(source);
  const modalities = new Map([...binding].map(([name, { topic }]) => [topic, name]));
  const scenario = values.fault && parseScenario(`name: bench\nfaults: [{ ${values.fault} }]`, '--fault');
  const changed = scenario ? injectFaults(messages, { scenario, binding, seed: 1, startStamp }) : messages;
  for await (const message of changed) {
    const modality = modalities.get(message.topic);
    if (modality !== undefined) plausibility.observe(modality, message, message.receiveStamp);
    yield message;
  }
}

function idle({ input }: Bundle): FrameSegmenter {
  const nothing = new Uint8Array(input.width * input.height);
  return {
    whenReady: async () => undefined,
    segment: async ({ stamp, frameId, images }) => ({
      ...input,
      stamp,
      frameId,
      labels: nothing,
      confidence: nothing,
      present: [...images.keys()],
      routing: new Map(),
      timings: { encodeMs: 0, headMs: 0, totalMs: 0 },
    }),
  };
}

function count(condition: string, modality: string, cause: string | undefined): void {
  const key = `${condition} ${modality}`;
  const entry = counts.get(key) ?? { sets: 0, doubted: new Map<string, number>() };
  entry.sets++;
  if (cause !== undefined) entry.doubted.set(cause, (entry.doubted.get(cause) ?? 0) + 1);
  counts.set(key, entry);
}

function report(): void {
  const table = new Table({
    head: ['condition', 'sensor', 'sets', 'doubted', 'for'],
    colAligns: ['left', 'left', 'right', 'right', 'left'],
    style: { head: [], border: [] },
  });
  for (const [key, { sets, doubted }] of counts) {
    const total = [...doubted.values()].reduce((sum, n) => sum + n, 0);
    const percent = (100 * total) / sets;
    table.push([
      ...key.split(' '),
      sets,
      `${percent.toFixed(1)} %`,
      [...doubted].map(([code, n]) => `${code} ${n}`).join(', '),
    ]);
    if (values.fault === undefined && percent > MOST_PERCENT) process.exitCode = 1;
  }
  console.log(table.toString());
  for (const [what, seconds] of first) console.log(`first ${what} after ${seconds.toFixed(1)} s`);
  console.log(`${(spentMs / drivenSeconds).toFixed(1)} ms of CPU a second of driving`);
}

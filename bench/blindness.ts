/**
 * How often sensors are taken for blind, by the condition they work under: on clean data that must not happen. Run:
 * `npm run bench -- blindness [--seeds 3] [--seconds 20]` on simulated drives through all conditions, or
 * `npm run bench -- blindness BAG...` on recordings. Exits with 1 where more than 1 % of a sensor's data are refused.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { type BagReader, openBag } from '../src/bags/index.js';
import { decodeMessage } from '../src/messages/index.js';
import { type Bundle, loadBundle } from '../src/model/index.js';
import { roleOf, selectTopics } from '../src/pipeline/index.js';
import { CONDITION_TOPIC, surveyTopics } from '../src/replay/index.js';
import { type ModalityInput, SensorRig } from '../src/sensors/index.js';
import { loadDrive, stretchDrive, writeDrive } from '../src/simulation/index.js';

const MOST_PERCENT = 1;
/** Event packets come fifty times a second, and are looked at as often as pictures. */
const EVERY_PACKET = 5;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: 'models/reference' },
    seeds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '20' },
  },
});

/** By condition and modality: images judged, and how many were refused for which reason. */
const counts = new Map<string, { judged: number; refused: Map<string, number> }>();

const bundle = await loadBundle(values.model);
const folder = await mkdtemp(join(tmpdir(), 'mle-sam-blindness-'));
try {
  for (const path of positionals) await judgeBag(path, 'recording');
  if (positionals.length === 0) {
    const drive = stretchDrive(await loadDrive('conditions'), Number(values.seconds));
    for (let seed = 1; seed <= Number(values.seeds); seed++) {
      const path = join(folder, `${seed}.mcap`);
      await writeDrive(path, { drive, seed: `blindness-${seed}` });
      await judgeBag(path, 'unknown');
      await rm(path);
    }
  }
} finally {
  await rm(folder, { recursive: true });
}
report();

async function judgeBag(path: string, condition: string): Promise<void> {
  const bag = await openBag(path);
  try {
    await judgeMessages(bag, bundle, condition);
  } finally {
    await bag.close();
  }
}

async function judgeMessages(bag: BagReader, { input, modalities }: Bundle, firstCondition: string): Promise<void> {
  const { modalities: assigned, transforms } = selectTopics(await surveyTopics(bag), modalities, {});
  const inputs = new Map<string, ModalityInput>();
  const modalityByTopic = new Map<string, string>();
  for (const [name, assignment] of assigned) {
    if (assignment.kind !== 'assigned') continue;
    const { topic, cameraInfo } = assignment;
    inputs.set(name, { topic, ...(cameraInfo !== undefined && { infoTopic: cameraInfo }) });
    modalityByTopic.set(topic, name);
  }
  const rig = new SensorRig({ grid: input, modalities, inputs, trainedOn: bundle.inputStatistics });
  const windows = new Set(modalities.filter((m) => roleOf(m.representation) === 'events').map(({ name }) => name));
  const infoTopics = [...inputs.keys()].flatMap((name) => rig.infoTopics(name));
  const topics = [
    ...modalityByTopic.keys(),
    ...infoTopics,
    ...transforms.static,
    ...transforms.dynamic,
    CONDITION_TOPIC,
  ];
  const seen = new Map<string, number>();
  let condition = firstCondition;
  for await (const raw of bag.messages({ topics })) {
    const modality = modalityByTopic.get(raw.topic);
    if (raw.topic === CONDITION_TOPIC) condition = decodeMessage<{ data: string }>(raw).data;
    else if (modality === undefined) rig.observe(raw);
    else {
      const sample = rig.ingest(modality, raw);
      const nth = seen.get(modality) ?? 0;
      seen.set(modality, nth + 1);
      if (sample.kind === 'invalid' || (windows.has(modality) && nth % EVERY_PACKET !== 0)) continue;
      const outcome = await rig.decode(modality, raw, sample.stamp);
      // Calibration may come after the first messages.
      if (outcome.kind === 'invalid') continue;
      const { quality } = outcome.image;
      count(condition, modality, quality.kind === 'blind' ? quality.reason : undefined);
    }
  }
}

function count(condition: string, modality: string, reason: string | undefined): void {
  const key = `${condition} ${modality}`;
  const entry = counts.get(key) ?? { judged: 0, refused: new Map<string, number>() };
  entry.judged++;
  if (reason !== undefined) entry.refused.set(reason, (entry.refused.get(reason) ?? 0) + 1);
  counts.set(key, entry);
}

function report(): void {
  const table = new Table({ head: ['condition', 'sensor', 'judged', 'refused', ''], style: { head: [], border: [] } });
  for (const [key, { judged, refused }] of counts) {
    const total = [...refused.values()].reduce((sum, n) => sum + n, 0);
    const percent = (100 * total) / judged;
    const reasons = [...refused].map(([reason, n]) => `${reason} ${n}`).join(', ');
    table.push([...key.split(' '), judged, `${percent.toFixed(1)} %`, reasons]);
    if (percent > MOST_PERCENT) process.exitCode = 1;
  }
  console.log(table.toString());
}

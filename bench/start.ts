/**
 * How long a user waits: from the start of `mle-sam replay` to its end on the sample bag's first half second, which is an
 * upper bound of the time to the first mask (report and summary included), and from the start of the node to `Active.`,
 * with the bundled model. `npm run bench -- start [--times 5]`. By the clock: of use on a machine with nothing else to do.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BagWriter } from '../src/bags/index.js';
import { defaultBundlePath } from '../src/cli/default_bundle.js';
import { domainOf } from '../test/ros/support/index.js';
import { startNode } from '../test/ros/support/node.js';
import { townMessages } from '../test/ros/support/town.js';
import { projectRoot } from '../test/support/shared_data.js';
import { percentiles } from './support/percentiles.js';
import { keepRows } from './support/performance.js';

const BAG_SECONDS = 0.5;
const PATIENT = { deadlineMs: 60_000 };
const { values } = parseArgs({ options: { times: { type: 'string', default: '5' } } });
const domain = domainOf(import.meta.url);
const folder = await mkdtemp(join(tmpdir(), 'mle-sam-start-'));
try {
  const bag = join(folder, 'start.mcap');
  const writer = await BagWriter.create(bag);
  for (const { topic, type, data, receiveStamp } of await townMessages(BAG_SECONDS)) {
    await writer.write({ topic, type, data, logTime: receiveStamp });
  }
  await writer.close();

  const replaySeconds: number[] = [];
  const nodeSeconds: number[] = [];
  for (let time = 0; time < Number(values.times); time++) {
    replaySeconds.push(replay(bag, join(folder, `run${time}`)));
    nodeSeconds.push(await startUntilActive());
  }
  console.log(JSON.stringify({ replaySeconds, nodeSeconds }));
  const settings = `${values.times} times, bundled model, by the clock`;
  keepRows(
    {
      what: 'start of `mle-sam replay` → end of a bag of half a second, an upper bound of the first mask, p50',
      value: percentiles(replaySeconds).p50,
      unit: 's',
      target: { atMost: 1.5 },
      settings,
    },
    {
      what: 'start of the node → active, p50',
      value: percentiles(nodeSeconds).p50,
      unit: 's',
      target: { atMost: 2 },
      settings,
    },
  );
} finally {
  await rm(folder, { recursive: true });
}

function replay(bag: string, out: string): number {
  const began = performance.now();
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(projectRoot, 'dist', 'src', 'cli', 'main.js'), 'replay', bag, '--out', out],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`Expected replay to end well but: ${stderr}`);
  return (performance.now() - began) / 1000;
}

async function startUntilActive(): Promise<number> {
  const began = performance.now();
  const node = startNode(domain, { model: defaultBundlePath() });
  try {
    await node.line('Active.', PATIENT);
    return (performance.now() - began) / 1000;
  } finally {
    await node.stop();
  }
}

/**
 * How long a user waits, with the bundled model: from the start of `mle-sam replay` to its end on a bag of one mask, report
 * and summary included, which is an upper bound of the time to the first mask; and from the start of the node to `Active.`.
 * `npm run bench -- start [--times 5] [--against FOLDER]`, where FOLDER is another built checkout that is measured by turns.
 * By the clock: of use on a machine with nothing else to do; beside other work only the ratio and the processor time are.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BagWriter } from '../src/bags/index.js';
import { defaultBundlePath } from '../src/cli/default_bundle.js';
import type { ReplaySummary } from '../src/report/index.js';
import { domainOf } from '../test/ros/support/index.js';
import { startScript } from '../test/ros/support/node.js';
import { townMessages } from '../test/ros/support/town.js';
import { projectRoot } from '../test/support/shared_data.js';
import { percentiles } from './support/percentiles.js';
import { keepRows } from './support/performance.js';

/** The sensors' first messages: one mask, and all that is needed for it. */
const BAG_SECONDS = 0.1;
const PATIENT = { deadlineMs: 60_000 };
const { values } = parseArgs({ options: { times: { type: 'string', default: '5' }, against: { type: 'string' } } });
const times = Number(values.times);
const domain = domainOf(import.meta.url);

/** Seconds of each start. */
interface Waits {
  /** `mle-sam replay`, the program itself. */
  replay: number[];
  /** `npx mle-sam replay`, as the pages have it. */
  npxReplay: number[];
  /** `mle-sam replay --help`. */
  help: number[];
  node: number[];
}

const folder = await mkdtemp(join(tmpdir(), 'mle-sam-start-'));
try {
  const bag = join(folder, 'start.mcap');
  const writer = await BagWriter.create(bag);
  for (const { topic, type, data, receiveStamp } of await townMessages(BAG_SECONDS)) {
    await writer.write({ topic, type, data, logTime: receiveStamp });
  }
  await writer.close();

  const here: Waits = { replay: [], npxReplay: [], help: [], node: [] };
  const there: Waits = { replay: [], npxReplay: [], help: [], node: [] };
  const load = loadavg()[0]!;
  for (let time = 0; time < times; time++) {
    await measure(projectRoot, bag, here);
    if (values.against !== undefined) await measure(values.against, bag, there);
  }
  console.log(`load average at the beginning ${load.toFixed(1)}, at the end ${loadavg()[0]!.toFixed(1)}`);
  for (const name of Object.keys(here) as (keyof Waits)[]) {
    const seconds = percentiles(here[name]).p50;
    const before = values.against === undefined ? undefined : percentiles(there[name]).p50;
    const ratio = before === undefined ? '' : `, ${before.toFixed(2)} s there: ratio ${(seconds / before).toFixed(2)}`;
    console.log(`${name}: p50 ${seconds.toFixed(2)} s${ratio}`);
  }
  const settings = `${times} times, bundled model, by the clock`;
  keepRows(
    {
      what: 'start of `npx mle-sam replay` → end of a bag of one mask, an upper bound of the first mask, p50',
      value: percentiles(here.npxReplay).p50,
      unit: 's',
      target: { atMost: 1.5 },
      settings: `${settings}; without npx ${percentiles(here.replay).p50.toFixed(2)} s`,
    },
    {
      what: 'start of the node → active, p50',
      value: percentiles(here.node).p50,
      unit: 's',
      target: { atMost: 2 },
      settings,
    },
  );
} finally {
  await rm(folder, { recursive: true });
}

/** Each kind of start once, in the build of a checkout. */
async function measure(root: string, bag: string, { replay, npxReplay, help, node }: Waits): Promise<void> {
  const main = join(root, 'dist', 'src', 'cli', 'main.js');
  const flags = ['replay', bag, '--out', join(folder, 'out'), '--json'];
  replay.push(timeReplay(root, process.execPath, [main, ...flags]));
  npxReplay.push(timeReplay(root, 'npx', ['--no-install', 'mle-sam', ...flags]));
  help.push(timeProgram(root, process.execPath, [main, 'replay', '--help']).seconds);
  node.push(await startUntilActive(root));
}

function timeReplay(root: string, program: string, args: readonly string[]): number {
  const { seconds, stdout } = timeProgram(root, program, args);
  const { frames } = JSON.parse(stdout) as ReplaySummary;
  if (frames.published !== 1) throw new Error(`Expected one mask for the first but received ${frames.published}`);
  return seconds;
}

/** Without the options that programs on the graph of the tests are started with. */
function timeProgram(root: string, program: string, args: readonly string[]): { seconds: number; stdout: string } {
  const env = { ...process.env, NODE_OPTIONS: '' };
  const began = performance.now();
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', cwd: root, env });
  const seconds = (performance.now() - began) / 1000;
  if (status !== 0) throw new Error(`Expected ${program} ${args.join(' ')} to end well but: ${stderr}`);
  return { seconds, stdout };
}

async function startUntilActive(root: string): Promise<number> {
  const main = join(root, 'dist', 'src', 'node', 'main.js');
  const preload = join(root, 'scripts', 'resolve_rclnodejs.mjs');
  const env = existsSync(preload) ? { NODE_OPTIONS: `--import=${preload}` } : {};
  const began = performance.now();
  const node = startScript(main, domain, ['-p', `model:=${defaultBundlePath()}`], env);
  try {
    await node.line('Active.', PATIENT);
    return (performance.now() - began) / 1000;
  } finally {
    await node.stop();
  }
}

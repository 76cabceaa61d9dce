/**
 * How long a user waits, with the bundled model: from the start of `mle-sam replay` to the first mask, and to its end on a bag of
 * one mask, report and summary included; and from the start of the node to `Active.`.
 * `npm run bench -- start [--times 5] [--against FOLDER]`, where FOLDER is another built checkout that is measured by turns.
 * By the clock: of use on a machine with nothing else to do; beside other work only the ratio and the processor time are.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { BagWriter } from '../src/bags/index.js';
import { defaultBundlePath } from '../src/cli/default_bundle.js';
import type { ReplaySummary } from '../src/report/index.js';
import { domainOf } from '../test/ros/support/index.js';
import { startScript } from '../test/ros/support/node.js';
import { townMessages } from '../test/ros/support/town.js';
import { projectRoot } from '../test/support/shared_data.js';
import { FIRST_MASK } from './support/first_mask.js';
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
  /** `mle-sam replay`, the program itself, until its first mask. */
  mask: number[];
  /** The same until its end. */
  replay: number[];
  /** `npx mle-sam replay`, as the pages have it, until its first mask. */
  npxMask: number[];
  /** The same until its end. */
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

  const noWaits = (): Waits => ({ mask: [], replay: [], npxMask: [], npxReplay: [], help: [], node: [] });
  const [here, there] = [noWaits(), noWaits()];
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
  const p50 = (seconds: number[]) => percentiles(seconds).p50.toFixed(2);
  const settings = `${times} times, bundled model, by the clock`;
  keepRows(
    {
      what: 'start of `npx mle-sam replay` → first mask, p50',
      value: percentiles(here.npxMask).p50,
      unit: 's',
      target: { atMost: 1.5 },
      settings: `${settings}; without npx ${p50(here.mask)} s; report written after ${p50(here.npxReplay)} s`,
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
async function measure(
  root: string,
  bag: string,
  { mask, replay, npxMask, npxReplay, help, node }: Waits,
): Promise<void> {
  const main = join(root, 'dist', 'src', 'cli', 'main.js');
  const flags = ['replay', bag, '--out', join(folder, 'out'), '--json'];
  const direct = await timeReplay(root, process.execPath, [main, ...flags]);
  mask.push(direct.firstMask);
  replay.push(direct.seconds);
  const throughNpx = await timeReplay(root, 'npx', ['--no-install', 'mle-sam', ...flags]);
  npxMask.push(throughNpx.firstMask);
  npxReplay.push(throughNpx.seconds);
  help.push((await timeProgram(root, process.execPath, [main, 'replay', '--help'], '')).seconds);
  node.push(await startUntilActive(root));
}

async function timeReplay(root: string, program: string, args: readonly string[]) {
  const preload = new URL(`./support/tell_first_mask${extname(import.meta.url)}`, import.meta.url);
  const { seconds, firstMask, stdout } = await timeProgram(root, program, args, `--import=${preload}`);
  const { frames } = JSON.parse(stdout) as ReplaySummary;
  if (frames.published !== 1) throw new Error(`Expected one mask for the first but received ${frames.published}`);
  if (firstMask === undefined) throw new Error(`Expected ${program} to tell of its first mask but it did not.`);
  return { seconds, firstMask };
}

/** @param options - of Node.js, in the place of those that programs on the graph of the tests are started with */
async function timeProgram(root: string, program: string, args: readonly string[], options: string) {
  const env = { ...process.env, NODE_OPTIONS: options };
  const began = performance.now();
  const since = () => (performance.now() - began) / 1000;
  const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  let firstMask: number | undefined;
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
    if (stderr.includes(FIRST_MASK)) firstMask ??= since();
  });
  const [status] = (await once(child, 'close')) as [number | null];
  const seconds = since();
  if (status !== 0) throw new Error(`Expected ${program} ${args.join(' ')} to end well but: ${stderr}`);
  return { seconds, firstMask, stdout };
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

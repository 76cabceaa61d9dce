/**
 * The node against a plain Python node (bench/peer/): the same model with the same threads, the same player on the same
 * graph, by turns. `npm run bench -- peer [--rates 5,10,15,30] [--sensors 1,2,3] [--turns 3] [--seconds 12]`.
 * Prints a line of JSON for each turn, and a table of the medians with node / peer. All rates are run with four sensors;
 * fewer sensors at 10 Hz. Above the recording's 10 Hz its messages come in another order, so that none is repeated.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { defaultBundlePath } from '../src/cli/default_bundle.js';
import { domainOf, Program, waitUntil } from '../test/ros/support/index.js';
import type { DiagnosticsFields } from '../test/ros/support/messages.js';
import { startNode } from '../test/ros/support/node.js';
import { Rig } from '../test/ros/support/rig.js';
import { TOWN_TOPICS, townMessages } from '../test/ros/support/town.js';
import { projectRoot } from '../test/support/shared_data.js';
import { atRate } from './support/at_rate.js';
import { keepRows, type PerformanceRow } from './support/performance.js';

type Modality = keyof typeof TOWN_TOPICS;
type Contestant = 'node' | 'peer';

interface Setting {
  rate: number;
  sensors: readonly Modality[];
}

interface Figures {
  masksPercent: number;
  p50Ms: number;
  p99Ms: number;
  cpuMsPerMask: number;
  rssMB: number;
  /** Of the node alone, from its diagnostics: medians from the last needed message to the mask, and in the sessions. */
  inside?: { totalMs: number; sessionsMs: number };
}

/** What is compared. */
type Figure = Exclude<keyof Figures, 'inside'>;

const { values } = parseArgs({
  options: {
    rates: { type: 'string', default: '5,10,15,30' },
    sensors: { type: 'string', default: '1,2,3' },
    turns: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '12' },
    threads: { type: 'string', default: '2' },
  },
});
const numbers = (text: string) => text.split(',').filter(Boolean).map(Number);
const LOOP_SECONDS = 4;
/** V8 compiles for some seconds what runs often, and pages of new memory are touched for the first time. */
const WARM_UP_MASKS = 100;
const PATIENT = { deadlineMs: 60_000 };
/** One after the other, as sensors are added to a robot. */
const ORDER: readonly Modality[] = ['camera', 'lidar', 'depth', 'events'];
const TICKS_PER_SECOND = 100;

const domain = domainOf(import.meta.url);
const recorded = await townMessages(LOOP_SECONDS);
const libraries = installPeer();
const settings: Setting[] = [
  ...numbers(values.rates).map((rate) => ({ rate, sensors: ORDER })),
  ...numbers(values.sensors).map((count) => ({ rate: 10, sensors: ORDER.slice(0, count) })),
];

const table = new Table({
  head: ['Hz', 'sensors', '', 'masks of frames', 'latency p50', 'p99', 'CPU a mask', 'RSS'],
  style: { head: [], border: [] },
});
const measured: { setting: Setting; turns: Record<Contestant, Figures[]> }[] = [];
for (const setting of settings) {
  const turns: Record<Contestant, Figures[]> = { node: [], peer: [] };
  for (let turn = 0; turn < Number(values.turns); turn++) {
    for (const contestant of ['node', 'peer'] as const) {
      const figures = await run(contestant, setting);
      turns[contestant].push(figures);
      const { rate, sensors } = setting;
      console.log(JSON.stringify({ contestant, rate, sensors: sensors.length, turn, ...figures }));
    }
  }
  addRows(setting, turns);
  keepRows(...rowsOf(setting, turns));
  measured.push({ setting, turns });
}
keepRows(...oneOfAll(measured));
console.log(table.toString());

/** What the peer is built on, in a folder of its own beside the ROS of the tests. */
function installPeer(): string {
  const folder = join(projectRoot, '.ros', 'peer');
  const requirements = join(projectRoot, 'bench', 'peer', 'requirements.txt');
  const wanted = readFileSync(requirements, 'utf8');
  const mark = join(folder, 'installed.txt');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return folder;
  const options = ['install', '--quiet', '--disable-pip-version-check', '--upgrade', '--target', folder];
  // NumPy is that of the ROS environment.
  const { status } = spawnSync('python', ['-m', 'pip', ...options, '--no-deps', '-r', requirements], {
    stdio: 'inherit',
    env: { ...process.env, PYTHONPATH: '' },
  });
  if (status !== 0) throw new Error(`Expected pip to install ${requirements} but it ended with ${status}.`);
  writeFileSync(mark, wanted);
  return folder;
}

function start(contestant: Contestant, sensors: readonly Modality[]): Program {
  const model = defaultBundlePath();
  const threads = Number(values.threads);
  if (contestant === 'node') return startNode(domain, { model, threads });
  const script = join(projectRoot, 'bench', 'peer', 'peer.py');
  const order = (Object.keys(TOWN_TOPICS) as Modality[]).filter((name) => sensors.includes(name));
  const args = ['--model', model, '--threads', String(threads), '--sensors', ...order];
  const path = [process.env.PYTHONPATH, libraries].filter(Boolean).join(':');
  return Program.start('python', ['-u', script, ...args], {
    env: { PYTHONPATH: path, ROS_DOMAIN_ID: String(domain) },
  });
}

async function run(contestant: Contestant, { rate, sensors }: Setting): Promise<Figures> {
  const messages = atRate(recorded, sensors, rate, LOOP_SECONDS);
  const rig = new Rig({ messages, loop: LOOP_SECONDS, domain, listen: ['mask', '/diagnostics'] });
  const program = start(contestant, sensors);
  try {
    await Promise.all([program.line('Active.', PATIENT), rig.program.line('ready', PATIENT)]);
    await rig.heardOn(sensors.map((sensor) => TOWN_TOPICS[sensor]));
    await rig.tell({ play: true });
    await waitUntil('first masks', () => rig.received('mask').length >= WARM_UP_MASKS, PATIENT);
    rig.forget();
    const cpuBefore = cpuMilliseconds(program.pid);
    await sleep(Number(values.seconds) * 1000);
    const cpuMs = cpuMilliseconds(program.pid) - cpuBefore;
    const rssMB = residentMegabytes(program.pid);
    const figures = { ...measure(rig), cpuMsPerMask: cpuMs / Math.max(1, rig.received('mask').length), rssMB };
    return contestant === 'node' ? { ...figures, inside: timesInside(rig) } : figures;
  } finally {
    await Promise.all([program.stop(), rig.stop()]);
  }
}

/** Masks of the pictures sent, but for the last ones, whose masks may be on their way. */
function measure(rig: Rig): Pick<Figures, 'masksPercent' | 'p50Ms' | 'p99Ms'> {
  const received = new Map(rig.received('mask').map(({ stamp, at }) => [stamp, at]));
  const sent = rig.sent(TOWN_TOPICS.camera);
  const until = sent.at(-1)!.at - 1_000_000_000n;
  const judged = sent.filter(({ at }) => at < until);
  const latencies = judged
    .flatMap(({ stamp, at }) => (received.has(stamp!) ? [Number(received.get(stamp!)! - at) / 1e6] : []))
    .sort((a, b) => a - b);
  const quantile = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))]!;
  const masksPercent = (100 * latencies.length) / judged.length;
  return { masksPercent, p50Ms: quantile(0.5), p99Ms: quantile(0.99) };
}

/** Medians of the last second or so, as the node tells them. */
function timesInside(rig: Rig): { totalMs: number; sessionsMs: number } {
  const statuses = rig.received<DiagnosticsFields>('/diagnostics').at(-1)?.fields.statuses ?? [];
  const values = statuses.find(({ name }) => name.endsWith(': inference'))?.values ?? {};
  const figure = (name: string) => Number(values[`${name}_p50_ms`]);
  return { totalMs: figure('total'), sessionsMs: figure('encode') + figure('head') };
}

/** Rows of docs/performance.md; bounds where all four sensors are played at their own rate. */
function rowsOf({ rate, sensors }: Setting, turns: Record<Contestant, Figures[]>): PerformanceRow[] {
  const figure = (contestant: Contestant, key: Figure) => median(turns[contestant].map((one) => one[key]));
  const ratio = (key: Figure) => figure('node', key) / figure('peer', key);
  const isOwn = rate === 10 && sensors.length === ORDER.length;
  const setting = `${sensors.length} sensors at ${rate} Hz`;
  const shown = (key: Figure, unit: string) =>
    `${setting}; ${figure('node', key).toFixed(0)} / ${figure('peer', key).toFixed(0)} ${unit}`;
  const row = (what: string, key: Figure, unit: string, target: PerformanceRow['target']): PerformanceRow => {
    const common = { what: `${what}, node / peer`, value: ratio(key), unit: 'ratio' as const };
    return { ...common, settings: shown(key, unit), ...(isOwn && target && { target }) };
  };
  const rows = [
    row('masks served of frames sent', 'masksPercent', '%', { atLeast: 1.2 }),
    row('image sent → mask received, p50', 'p50Ms', 'ms', { atMost: 0.8 }),
    row('image sent → mask received, p99', 'p99Ms', 'ms', { atMost: 0.8 }),
    row('processor time a mask', 'cpuMsPerMask', 'ms', { atMost: 0.8 }),
    row('resident memory', 'rssMB', 'MB', undefined),
  ];
  if (!isOwn) return rows;
  const served = figure('node', 'masksPercent');
  const inside = turns.node.flatMap(({ inside }) => (inside ? [inside.totalMs / inside.sessionsMs] : []));
  rows.push(
    { what: 'masks served of frames sent', value: served, unit: '%', target: { atLeast: 95 }, settings: setting },
    {
      what: 'last needed message → mask, over the sessions alone, p50',
      value: median(inside),
      unit: 'ratio',
      target: { atMost: 1.25 },
      settings: `${setting}; from the node's diagnostics`,
    },
  );
  return rows;
}

/** What one sensor costs the node, against all of them. */
function oneOfAll(measured: readonly { setting: Setting; turns: Record<Contestant, Figures[]> }[]): PerformanceRow[] {
  const cpu = (count: number) => {
    const found = measured.find(({ setting }) => setting.rate === 10 && setting.sensors.length === count);
    return found && median(found.turns.node.map(({ cpuMsPerMask }) => cpuMsPerMask));
  };
  const [one, all] = [cpu(1), cpu(ORDER.length)];
  if (one === undefined || all === undefined) return [];
  const settings = `10 Hz; ${one.toFixed(0)} / ${all.toFixed(0)} ms`;
  const what = 'processor time a mask, camera alone / all four sensors';
  return [{ what, value: one / all, unit: 'ratio', target: { atMost: 0.3 }, settings }];
}

function addRows({ rate, sensors }: Setting, turns: Record<Contestant, Figures[]>): void {
  const medians = (contestant: Contestant) => (key: Figure) => median(turns[contestant].map((one) => one[key]));
  const [node, peer] = [medians('node'), medians('peer')];
  const row = (name: string, value: (key: Figure) => string) =>
    table.push([
      rate,
      sensors.length,
      name,
      ...(['masksPercent', 'p50Ms', 'p99Ms', 'cpuMsPerMask', 'rssMB'] as const).map(value),
    ]);
  const units = { masksPercent: ' %', p50Ms: ' ms', p99Ms: ' ms', cpuMsPerMask: ' ms', rssMB: ' MB' };
  row('node', (key) => `${node(key).toFixed(0)}${units[key]}`);
  row('peer', (key) => `${peer(key).toFixed(0)}${units[key]}`);
  row('node / peer', (key) => (node(key) / peer(key)).toFixed(2));
}

function median(each: readonly number[]): number {
  const sorted = [...each].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** User and system time of a process with all its threads. */
function cpuMilliseconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

function residentMegabytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1000;
}

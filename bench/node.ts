/**
 * What the live node does to its main thread, and to memory, under full load: a 1080p camera at 30 Hz, 128,000 points
 * at 10 Hz, 2 million events a second (bench/support/node_load.ts, a process of its own).
 * Run in a ROS 2 environment: `npm run bench -- node [SECONDS [BUNDLE]]`, for a long run 600 seconds. Prints a line of
 * JSON every ten seconds and one in the end. `delayMs` is what callbacks waited by the clock, `workMs` what the thread
 * itself was busy with meanwhile, and `queuedMs` how long it was ready and had no processor. `idleLoop` has the same of
 * a process that does nothing but measure (bench/support/idle_loop.ts): what the load on the machine costs anybody.
 * `fullCollections` counts those of the main thread's whole heap.
 */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname, join } from 'node:path';
import { constants, type NodeGCPerformanceDetail, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { defaultBundlePath, packagePath } from '../src/cli/default_bundle.js';
import { collectGarbageRarely, MleSamNode } from '../src/node/index.js';
import { RosNode } from '../src/ros/index.js';
import { keepRows } from './support/performance.js';
import { type TurnFigures, TurnMeter } from './support/turn_meter.js';

const [seconds = '60', bundle = defaultBundlePath()] = process.argv.slice(2);
/** Discovery, first pictures, compilation: not what is measured. */
const WARM_UP_SECONDS = 10;
const REPORT_SECONDS = 10;

// A picture of 6 MB does not get through Fast DDS's default transports.
const profile = join(packagePath('config'), 'fastdds_large_images.xml');
const isOld = ['humble', 'jazzy'].includes(process.env.ROS_DISTRO ?? '');
process.env[isOld ? 'FASTRTPS_DEFAULT_PROFILES_FILE' : 'FASTDDS_DEFAULT_PROFILES_FILE'] ??= profile;

collectGarbageRarely();
const ros = await RosNode.create('mle_sam', [process.argv0, '--ros-args', '--log-level', 'error']);
const node = new MleSamNode(ros, {
  defaultModel: bundle,
  onDeath: (reason) => {
    throw new Error(reason);
  },
});
await node.start();
const masks = count('/mle_sam/mask', 'sensor_msgs/msg/Image');

const extension = extname(import.meta.url);
const loader = extension === '.ts' ? ['--import=tsx'] : [];
const support = (name: string) => fileURLToPath(new URL(`./support/${name}${extension}`, import.meta.url));
const load = spawn(process.execPath, [...loader, support('node_load')]);
load.stdout.pipe(process.stdout);
load.stderr.pipe(process.stderr);

await sleep(WARM_UP_SECONDS * 1000);
masks.messages = 0;
const idleLoop = fork(support('idle_loop'), { execArgv: loader });
const turns = new TurnMeter();
const collections = countFullCollections();
const memory: number[] = [];
const turn = performance.now();
while (performance.now() - turn < Number(seconds) * 1000) {
  await sleep(REPORT_SECONDS * 1000);
  memory.push(process.memoryUsage().rss / 1e6);
  print({
    seconds: Math.round((performance.now() - turn) / 1000),
    rssMB: Math.round(memory.at(-1)!),
    ...turns.figures(),
  });
}
const measured = (performance.now() - turn) / 1000;
idleLoop.send('end');
const [idleFigures] = (await once(idleLoop, 'message')) as [TurnFigures];
print({
  seconds: Math.round(measured),
  masksPerSecond: Number((masks.messages / measured).toFixed(1)),
  ...turns.figures(),
  idleLoop: idleFigures,
  fullCollections: collections.full,
  rssFirstMB: Math.round(memory[0]!),
  rssLastMB: Math.round(memory.at(-1)!),
  rssMostMB: Math.round(Math.max(...memory)),
});
keepRows({
  what: "the node's event loop, delay p99",
  value: turns.figures().delayMs.p99,
  unit: 'ms',
  target: { atMost: 10 },
  settings: `1080p at 30 Hz, 128,000 points at 10 Hz, 2 M events/s; ${Math.round(measured)} s`,
});
turns.stop();
load.kill('SIGTERM');
await sleep(500);
await node.close();
ros.close();
process.exit(0);

/** A listener, so that masks are made at the camera's size and sent. */
function count(topic: string, type: string): { messages: number } {
  const counter = { messages: 0 };
  ros.subscribe(topic, type, { reliability: 'reliable', durability: 'volatile', depth: 1 }, () => counter.messages++);
  return counter;
}

function countFullCollections(): { full: number } {
  const counter = { full: 0 };
  const isFull = (entry: PerformanceEntry) =>
    'detail' in entry && (entry.detail as NodeGCPerformanceDetail).kind === constants.NODE_PERFORMANCE_GC_MAJOR;
  new PerformanceObserver((list) => {
    counter.full += list.getEntries().filter(isFull).length;
  }).observe({ entryTypes: ['gc'] });
  return counter;
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

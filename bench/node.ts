/**
 * What the live node does to its main thread, and to memory, under full load: a 1080p camera at 30 Hz, 128,000 points
 * at 10 Hz, 2 million events a second (bench/support/node_load.ts, a process of its own).
 * Run in a ROS 2 environment: `npm run bench -- node [SECONDS [BUNDLE]]`, for a long run 600 seconds. Prints a line of
 * JSON every ten seconds and one in the end. `delayMs` is what callbacks waited by the clock, other processes' share of
 * the machine included; `workMs` is what the thread itself was busy with meanwhile.
 */
import { spawn } from 'node:child_process';
import { extname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { defaultBundlePath, packagePath } from '../src/cli/default_bundle.js';
import { MleSamNode } from '../src/node/index.js';
import { RosNode } from '../src/ros/index.js';
import { TurnMeter } from './support/turn_meter.js';

const [seconds = '60', bundle = defaultBundlePath()] = process.argv.slice(2);
/** Discovery, first pictures, compilation: not what is measured. */
const WARM_UP_SECONDS = 10;
const REPORT_SECONDS = 10;

// A picture of 6 MB does not get through Fast DDS's default transports.
const profile = join(packagePath('config'), 'fastdds_large_images.xml');
const isOld = ['humble', 'jazzy'].includes(process.env.ROS_DISTRO ?? '');
process.env[isOld ? 'FASTRTPS_DEFAULT_PROFILES_FILE' : 'FASTDDS_DEFAULT_PROFILES_FILE'] ??= profile;

const ros = await RosNode.create('mle_sam', [process.argv0, '--ros-args', '--log-level', 'error']);
const node = new MleSamNode(ros, {
  defaultModel: bundle,
  onDeath: (reason) => {
    throw new Error(reason);
  },
});
await node.start();
const masks = count('/mle_sam/mask', 'sensor_msgs/msg/Image');

const loader = extname(import.meta.url) === '.ts' ? ['--import=tsx'] : [];
const load = spawn(process.execPath, [
  ...loader,
  fileURLToPath(new URL(`./support/node_load${extname(import.meta.url)}`, import.meta.url)),
]);
load.stdout.pipe(process.stdout);
load.stderr.pipe(process.stderr);

await sleep(WARM_UP_SECONDS * 1000);
masks.messages = 0;
const turns = new TurnMeter();
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
print({
  seconds: Math.round(measured),
  masksPerSecond: Number((masks.messages / measured).toFixed(1)),
  ...turns.figures(),
  rssFirstMB: Math.round(memory[0]!),
  rssLastMB: Math.round(memory.at(-1)!),
  rssMostMB: Math.round(Math.max(...memory)),
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

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/**
 * Endurance on a graph: `npm run soak -- graph [--minutes 30] [--seed 1] [--model FOLDER] [--every 1] [--domain N]`. A driver
 * process for each sensor of the sample, which sends all messages or those of `--every` so many beats of 100 ms, the node, and a
 * listener. At random, drivers and the node are held for 0.2 to 3 s
 * (SIGSTOP, SIGCONT), drivers are started anew, and the listener leaves and comes back. After each: masks from all four
 * sensors again within a second. All the time: stamps only rise, no mask is made of old images, memory does not grow.
 * By default the small bundle of the tests is used, so that the graph is tested and not how fast the model runs here.
 * `--malloc usual` leaves the node glibc's own way of keeping what is free.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RawMessage } from '../../src/messages/index.js';
import { Random } from '../../src/random/random.js';
import { domainOf, type Program, waitUntil } from '../../test/ros/support/index.js';
import type { SemanticMaskFields, StatusFields } from '../../test/ros/support/messages.js';
import { startNode, TINY_BUNDLE } from '../../test/ros/support/node.js';
import { Rig } from '../../test/ros/support/rig.js';
import { TOWN_TOPICS, townMessages } from '../../test/ros/support/town.js';
import { stampOf } from '../support/at_rate.js';
import { Endurance, optionsOf, positive } from './support/endurance.js';
import { mallocEnvironment, watchedArguments } from './support/malloc.js';
import { figuresOf } from './support/memory.js';

type Modality = keyof typeof TOWN_TOPICS;

const MODALITIES = Object.keys(TOWN_TOPICS) as Modality[];
const LOOP_SECONDS = 4;
/** Of the sample's sensors, in phase; events come five times as often. */
const BEAT_MS = 100;
/** Masks from all sensors again within this time of the end of a disturbance; a new process has to be discovered first. */
const BACK_WITHIN_MS = 1000;
const DISCOVERED_WITHIN_MS = 3500;
const HOLD_MS = { from: 200, to: 3000 };
const CALM_MS = { from: 3000, to: 9000 };
/** Images of a mask lie this close to its stamp. As the times above at full rate, and longer by as much as the sensors are slower. */
const OLDEST_IMAGE_NS = 200_000_000;
const SAMPLE_EVERY_MS = 3000;
const PATIENT = { deadlineMs: 120_000 };

const options = optionsOf({ minutes: '30', seed: '1', model: TINY_BUNDLE, every: '1', domain: 'own' }, 'another');
const every = positive('every', options.every);
const random = new Random(Number(options.seed), 'soak');
const between = ({ from, to }: { from: number; to: number }) => from + random.next() * (to - from);
const domain = options.domain === 'own' ? domainOf(import.meta.url) : positive('domain', options.domain);

/** The messages of one driver: its topic with its CameraInfo; mounts come with the camera. */
function messagesOf(modality: Modality, messages: readonly RawMessage[]): RawMessage[] {
  const folder = `/${TOWN_TOPICS[modality].split('/')[1]}/`;
  return messages.filter(({ topic }) => {
    if (topic.startsWith('/tf')) return modality === 'camera';
    return topic === TOWN_TOPICS[modality] || (topic.startsWith(folder) && topic.endsWith('camera_info'));
  });
}

/** The messages of every so many beats, with all that is of no sensor. */
function thinned(messages: readonly RawMessage[]): RawMessage[] {
  const sensors = Object.values<string>(TOWN_TOPICS);
  const first = stampOf(messages.find(({ topic }) => topic === TOWN_TOPICS.camera)!);
  return messages.filter((message) => {
    const isEvents = message.topic === TOWN_TOPICS.events;
    if (isEvents || !sensors.includes(message.topic)) return true;
    return Math.floor(Number(stampOf(message) - first) / 1e6 / BEAT_MS) % every === 0;
  });
}

const recorded = thinned(await townMessages(LOOP_SECONDS));
const drivers = new Map<Modality, Rig>();

async function startDriver(modality: Modality): Promise<void> {
  const messages = messagesOf(modality, recorded);
  const rig = new Rig({ messages, loop: LOOP_SECONDS, domain, listen: [] });
  await rig.program.line('ready', PATIENT);
  // Drivers are in phase as those of a robot: where pictures are rare the others would else lie too far beside them.
  if (every > 1) await sleep(every * BEAT_MS - (Date.now() % (every * BEAT_MS)));
  await rig.tell({ play: true });
  drivers.set(modality, rig);
}

function startListener(): Rig {
  return new Rig({ messages: [], loop: LOOP_SECONDS, domain, listen: ['semantic_mask', 'modality_status'] });
}

await Promise.all(MODALITIES.map(startDriver));
const node: Program = startNode(
  domain,
  { model: options.model, threads: 1 },
  { env: mallocEnvironment(options.malloc), runtimeArguments: watchedArguments() },
);
await node.line('Active.', PATIENT);
let listener = startListener();
await listener.program.line('ready', PATIENT);
const run = new Endurance({
  minutes: positive('minutes', options.minutes),
  read: () => figuresOf(node),
  series: options.series,
});

let masks = 0;
let lastStamp = 0n;
/** Of the sensors, as last told: numbers of mle_sam_ros/msg/ModalityStatus with their reasons. */
let states = 'unknown';
/** What masks were made from since the last disturbance ended, where it changed. */
const course: string[] = [];

/** Judges the masks that came since the last call; returns the arrival of the newest one from all sensors. */
function judge(): bigint | undefined {
  let complete: bigint | undefined;
  for (const { stamp, at, fields } of listener.received<SemanticMaskFields>('semantic_mask')) {
    masks++;
    if (stamp <= lastStamp) run.violation(`a mask of ${stamp} came after one of ${lastStamp}`);
    lastStamp = stamp;
    for (const image of fields.presentStamps.map(BigInt)) {
      const distance = image > stamp ? image - stamp : stamp - image;
      if (Number(distance) > every * OLDEST_IMAGE_NS) run.violation(`a mask of ${stamp} has an image of ${image}`);
    }
    if (MODALITIES.every((modality) => fields.present.includes(modality))) complete = at;
    const made = fields.present.join('+');
    if (!course.at(-1)?.endsWith(` ${made}`)) course.push(`${(performance.now() - ended).toFixed(0)} ms ${made}`);
  }
  const status = listener.received<StatusFields>('modality_status').at(-1);
  if (status !== undefined) {
    states = status.fields.modalities.map(({ name, state, reason }) => `${name} ${state} ${reason}`).join(', ');
  }
  listener.forget();
  return complete;
}

let ended = performance.now();

async function untilComplete(what: string, withinMs: number): Promise<number> {
  judge();
  const start = performance.now();
  ended = start;
  course.length = 0;
  await waitUntil(`masks from all sensors after ${what}`, () => judge() !== undefined, PATIENT);
  const tookMs = performance.now() - start;
  if (tookMs > every * withinMs) {
    run.violation(
      `masks from all sensors came ${tookMs.toFixed(0)} ms after ${what}; masks: ${course.join(', ')}; ${states}`,
    );
  }
  return tookMs;
}

async function hold(what: string, programs: readonly Program[]): Promise<number> {
  const heldMs = between(HOLD_MS);
  for (const program of programs) program.signal('SIGSTOP');
  await sleep(heldMs);
  for (const program of programs) program.signal('SIGCONT');
  return untilComplete(`${what} held for ${heldMs.toFixed(0)} ms`, BACK_WITHIN_MS);
}

const programOf = (modality: Modality) => drivers.get(modality)!.program;
const anyModality = () => MODALITIES[Math.floor(random.next() * MODALITIES.length)]!;

const DISTURBANCES: Readonly<Record<string, () => Promise<number>>> = {
  'one driver held': () => {
    const modality = anyModality();
    return hold(`the driver of ${modality}`, [programOf(modality)]);
  },
  'all drivers held': () => hold('all drivers', MODALITIES.map(programOf)),
  'node held': () => hold('the node', [node]),
  'driver restarted': async () => {
    const modality = anyModality();
    await drivers.get(modality)!.stop();
    await startDriver(modality);
    return untilComplete(`the driver of ${modality} was started anew`, DISCOVERED_WITHIN_MS);
  },
  'listener restarted': async () => {
    judge();
    await listener.stop();
    await sleep(between(HOLD_MS));
    listener = startListener();
    await listener.program.line('ready', PATIENT);
    return untilComplete('the listener came back', DISCOVERED_WITHIN_MS);
  },
};

const times = new Map<string, number[]>();
/** A node that is held answers when it goes on. */
let sampling: Promise<void> | undefined;
const sampler = setInterval(() => {
  sampling ??= run
    .sample()
    .catch((error: Error) => run.violation(error.message))
    .finally(() => {
      sampling = undefined;
    });
}, SAMPLE_EVERY_MS);
try {
  await untilComplete('the start', 20_000);
  while (!run.isOver) {
    await sleep(between(CALM_MS));
    const names = Object.keys(DISTURBANCES);
    const name = names[Math.floor(random.next() * names.length)]!;
    const begunMs = run.elapsedMs;
    // Where masks from all sensors stay away, the run still tells how memory goes.
    const tookMs = await DISTURBANCES[name]!().catch((error: Error) => {
      run.violation(`${error.message}; sensors: ${states}`);
      return run.elapsedMs - begunMs;
    });
    times.set(name, [...(times.get(name) ?? []), Math.round(tookMs)]);
    console.log(JSON.stringify({ seconds: Math.round(run.elapsedMs / 1000), name, backAfterMs: Math.round(tookMs) }));
  }
} catch (error) {
  run.violation(`${(error as Error).message}; sensors: ${states}`);
} finally {
  clearInterval(sampler);
  await sampling;
}
const back = [...times].map(([name, all]) => [name, { times: all.length, worstMs: Math.max(...all) }]);
const status = run.finish({ lane: 'graph', masks, back: Object.fromEntries(back) });
await Promise.all([...drivers.values(), listener].map((rig) => rig.stop()));
await node.stop();
process.exit(status);

import assert from 'node:assert/strict';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from '../model/support/commands.js';
import { raw } from '../sensors/support/messages.js';
import { projectRoot } from '../support/shared_data.js';
import { picture, stampAt, TINY_TOPICS, type TinyDrive, tinyDrive } from '../support/tiny_rig.js';
import { domainOf, type Program, waitUntil } from './support/index.js';
import { type DiagnosticsFields, type ImageFields, LEVEL, type SemanticMaskFields } from './support/messages.js';
import { startNode, startScript, TINY_BUNDLE } from './support/node.js';
import { affordablePace, machineShare, timed } from './support/pace.js';
import { Rig } from './support/rig.js';

const REFERENCE_BUNDLE = join(projectRoot, 'models', 'reference');
const PATIENT = { deadlineMs: 60_000 };
/** A busy machine is given what it is short of. */
const share = machineShare();
const REMAPPED = ['-r', `camera/image:=${TINY_TOPICS.camera}`, '-r', `depth/image:=${TINY_TOPICS.depth}`];
const CLOCK = ['--clock', '--stamps', 'recorded', '--rate', String(affordablePace())];

describe('The process of the node', function () {
  this.timeout(120_000);
  const domain = domainOf(import.meta.url);
  let rig: Rig;
  const nodes: Program[] = [];

  before(async () => {
    const args = [...CLOCK, '--namespaces', '', '/left', '/right'];
    rig = new Rig({ messages: tinyDrive({ seconds: 5 }), loop: 5, domain, listen: ['mask', 'semantic_mask'], args });
    await rig.program.line('ready', PATIENT);
    await rig.tell({ play: true });
  });
  after(async () => {
    await Promise.all([rig?.stop(), ...nodes.map((node) => node.stop())]);
  });

  const start = (...rosArguments: readonly string[]) => {
    const parameters = { model: TINY_BUNDLE, use_sim_time: true };
    const node = startNode(domain, parameters, { rosArguments });
    nodes.push(node);
    return node;
  };

  it('is back with masks soon after it was killed', async () => {
    const first = start(...REMAPPED);
    await rig.more('mask', 3, PATIENT);
    first.kill();
    assert.equal((await first.end()).signal, 'SIGKILL');
    rig.forget();
    const restart = () => {
      start(...REMAPPED);
      return rig.more('mask', 1, PATIENT);
    };
    const seconds = (await timed(restart)) / 1000;
    // On a busy machine everything takes longer, node's own start included.
    assert.ok(seconds <= 5 / share, `masks ${seconds.toFixed(1)} s after the restart`);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`ends in order at ${signal}`, async () => {
      const node = nodes.at(-1)!;
      node.signal(signal);
      const seconds = (await timed(() => node.end())) / 1000;
      assert.deepEqual(node.ending, { code: 0, signal: null });
      assert.ok(seconds <= 2 / share, `it took ${seconds.toFixed(1)} s`);
      if (signal === 'SIGTERM') await start(...REMAPPED).line('Active.', PATIENT);
    });
  }

  it('ends in order while it is still loading its code', async () => {
    const node = startNode(domain, {}, { runtimeArguments: ['--import', heldBack('/run_node.')] });
    nodes.push(node);
    await node.line('held back', PATIENT);
    node.signal('SIGTERM');
    assert.deepEqual(await node.end(), { code: 0, signal: null });
  });

  it('ends in order while it is still loading its model', async () => {
    const node = start('-r', '__node:=loading', '-p', `model:=${REFERENCE_BUNDLE}`);
    await waitUntil('the node on the graph', async () => (await rig.ask<number>('nodes', 'loading')) > 0, PATIENT);
    node.signal('SIGTERM');
    assert.deepEqual(await node.end(), { code: 0, signal: null });
  });

  it('runs twice on one graph, in two namespaces, each with its own parameters', async () => {
    const remapped = ['-r', 'camera/image:=camera/image_raw', '-r', 'depth/image:=depth/image_raw'];
    const left = start('-r', '__ns:=/left', ...remapped);
    const right = start('-r', '__ns:=/right', ...remapped, '-p', 'modalities.lidar.enabled:=false');
    const presentIn = (side: string) =>
      rig.received<SemanticMaskFields>(`/${side}/semantic_mask`).at(-1)?.fields.present ?? [];
    await waitUntil('masks of four sensors left', () => presentIn('left').length === 4, PATIENT);
    await waitUntil('masks of three sensors right', () => presentIn('right').length === 3, PATIENT);
    assert.ok(!presentIn('right').includes('lidar'), 'a parameter of one node is none of the other');
    await Promise.all([left.stop(), right.stop()]);
  });

  it('says in one sentence what is wrong with its arguments', async () => {
    const node = start('-p', 'sync.deadline_ms:=soon', ...REMAPPED);
    await node.line("for sync.deadline_ms but received 'soon'", PATIENT);
    assert.equal(node.ending, undefined, 'it can still be configured');
    await node.stop();
  });
});

/** What makes Node.js say so and wait for ever when it is to load a module with such a path. */
function heldBack(path: string): string {
  const hooks = `import { writeSync } from 'node:fs';
    export const load = (url, context, next) => {
      if (!url.includes('${path}')) return next(url, context);
      writeSync(1, 'held back\\n');
      return new Promise(() => setInterval(() => {}, 1000));
    };`;
  const register = `import { register } from 'node:module'; register(${JSON.stringify(asUrl(hooks))});`;
  return asUrl(register);
}

function asUrl(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

describe('The node with a failing model', function () {
  this.timeout(120_000);
  const domain = domainOf(`${import.meta.url} faults`);
  const script = fileURLToPath(new URL(`./support/faulty_node${extname(import.meta.url)}`, import.meta.url));
  /** Seconds of the drive at which the camera's picture makes the model's worker misbehave. */
  const FAULTS = { throw: 1.5, exit: 2.5, hang: 4 } as const;
  /** From here on it ends with every picture. */
  const DEADLY_FROM = 6.5;
  /** Long enough for as many new workers as it is given, each of which takes a while to start. */
  const DRIVE_SECONDS = 30;
  let rig: Rig;
  let node: Program;

  before(async () => {
    const messages = tinyDrive({ seconds: DRIVE_SECONDS, change: withCommands });
    const listen = ['mask', '/diagnostics'];
    // Simulated time waits while a worker starts anew, however busy the machine is.
    const args = [...CLOCK, '--once', '--wait-for-masks'];
    rig = new Rig({ messages, loop: DRIVE_SECONDS, domain, listen, args });
    const rosArguments = [...REMAPPED, '-p', 'use_sim_time:=true', '-p', 'inference_timeout_ms:=1000'];
    node = startScript(script, domain, rosArguments);
    await Promise.all([rig.program.line('ready', PATIENT), node.line('Inference', PATIENT)]);
    // The first fault comes soon, and counts only where somebody listens.
    await rig.heardOn(Object.values(TINY_TOPICS));
    await rig.tell({ play: true });
    const isOver = () => node.ending !== undefined || rig.program.lines.some((line) => line.includes('"played"'));
    await waitUntil('the end of the drive or of the node', isOver, { deadlineMs: 100_000 });
  });
  after(async () => {
    await Promise.all([rig?.stop(), node?.stop()]);
  });

  const masksBetween = (from: number, until: number) =>
    rig.received<ImageFields>('mask').filter(({ stamp }) => stamp > stampAt(from) && stamp < stampAt(until));

  it('loses the frame a worker throws at, and no other', () => {
    const lost = masksBetween(FAULTS.throw - 0.05, FAULTS.throw + 0.05);
    assert.equal(lost.length, 0, 'the frame itself');
    const after = masksBetween(FAULTS.throw, FAULTS.exit).map(
      ({ stamp }) => Number(stamp - stampAt(FAULTS.throw)) / 1e9,
    );
    assert.ok(after.length >= 5, `of the ten frames after it masks came for those at ${after.join()} s`);
  });

  for (const [fault, until] of [
    ['exit', FAULTS.hang],
    ['hang', DEADLY_FROM],
  ] as const) {
    it(`goes on with a new worker after one that ${fault === 'exit' ? 'ended' : 'hung'}`, () => {
      assert.ok(masksBetween(FAULTS[fault], until).length >= 3, 'masks after it');
    });
  }

  it('reports the failures', () => {
    const inference = rig
      .received<DiagnosticsFields>('/diagnostics')
      .flatMap(({ fields }) => fields.statuses.filter(({ name }) => name.endsWith('inference')));
    const restarts = inference.map(({ values }) => Number(values.worker_restarts ?? 0));
    assert.ok(Math.max(...restarts) >= 2, `${Math.max(...restarts)} restarts`);
    assert.ok(
      node.lines.some((line) => /no answer within 1000 ms/.test(line)),
      'the log says what hung',
    );
    assert.ok(
      inference.some(({ level }) => level !== LEVEL.ok),
      'not all was well',
    );
  });

  it('ends with an error once there is no hope, so that it is started afresh', async () => {
    assert.deepEqual(await node.end(), { code: 1, signal: null });
    assert.ok(
      node.lines.some((line) => /ERROR.*failed for good: .*code 3/.test(line)),
      'the log says why',
    );
  });

  function withCommands(
    message: Parameters<NonNullable<TinyDrive['change']>>[0],
    modality: string,
    seconds: number,
  ): ReturnType<NonNullable<TinyDrive['change']>> {
    const fault = (Object.keys(FAULTS) as (keyof typeof FAULTS)[]).find((name) => FAULTS[name] === seconds);
    const command = fault ?? (seconds >= DEADLY_FROM ? 'exit' : undefined);
    if (modality !== 'camera' || command === undefined) return message;
    const data = new Uint8Array(64 * 32 * 3).map((_, i) =>
      i === 0 ? Command[command] : 40 + ((i + seconds * 10) % 101),
    );
    return raw(message.topic, message.type, picture('rgb8', 'camera', stampAt(seconds), data), message.receiveStamp);
  }
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { domainOf, Program, waitUntil } from './support/index.js';
import { type DiagnosticsFields, LEVEL } from './support/messages.js';
import { startNode } from './support/node.js';
import { machineShare, timed } from './support/pace.js';
import { Rig } from './support/rig.js';
import { TOWN_TOPICS, townMessages } from './support/town.js';

const LOOP_SECONDS = 4;
const PATIENT = { deadlineMs: 60_000 };
/** Of what receiving all the time takes, with the four sensors of the sample at full rate; it is about a quarter. */
const IDLE_SHARE = 0.6;
const RECEIVING_SECONDS = 8;
/**
 * The drivers' process may be held up on a busy machine, and then sensors are silent indeed; for less than this, and than
 * the two seconds and more in which the node does not look.
 */
const SILENCE_MS = 1200;
/** The default of idle_check_s. */
const CHECK_SECONDS = 20;
const TICKS_PER_SECOND = 100;

type Statuses = Record<string, DiagnosticsFields['statuses'][number]>;

describe('A node to which nobody listens', function () {
  this.timeout(180_000);
  const domain = domainOf(import.meta.url);
  let node: Program;
  let rig: Rig;
  let listener: Program;

  before(async () => {
    const messages = await townMessages(LOOP_SECONDS);
    rig = new Rig({ messages, loop: LOOP_SECONDS, domain, listen: ['/diagnostics'] });
    listener = Program.peer('listener.py', [], domain);
    await rig.program.line('ready', PATIENT);
    await listener.line('ready', PATIENT);
    node = startNode(domain, { 'sync.drop_silence_ms': SILENCE_MS });
    await node.line('Active.', PATIENT);
    await rig.tell({ play: true });
  });
  after(async () => {
    await Promise.all([listener?.stop(), rig?.stop(), node?.stop()]);
  });

  const statuses = (): Statuses | undefined => {
    const last = rig.received<DiagnosticsFields>('/diagnostics').at(-1);
    return (
      last && Object.fromEntries(last.fields.statuses.map((status) => [status.name.replace('mle_sam: ', ''), status]))
    );
  };
  const told = (what: string, isTold: (all: Statuses) => boolean) =>
    waitUntil(
      what,
      () => {
        const all = statuses();
        return all !== undefined && 'lidar' in all && isTold(all) && all;
      },
      PATIENT,
    );
  const command = async (text: string) => {
    const from = listener.lines.length;
    listener.send(text);
    await listener.line('obeyed', { from, ...PATIENT });
    return from;
  };

  it('says so, makes no mask, and judges its sensors all the same', async () => {
    const fromAll = /^idle: no subscriber(, sensors as of \d+ s ago)?; masks from camera, depth, events, lidar$/;
    const all = await told('all sensors active', ({ sync }) => fromAll.test(sync?.message ?? ''));
    assert.equal(all.sync!.level, LEVEL.ok);
    assert.deepEqual([all.inference!.level, all.inference!.message], [LEVEL.ok, 'idle: no subscriber; runs on cpu']);
    assert.equal(all.inference!.values.masks_published, '0');
  });

  it('lets go of the sensors, says how old its knowledge is, and finds nothing wrong when it looks again', async () => {
    const asOf = /^idle: no subscriber, sensors as of \d+ s ago; masks from camera, depth, events, lidar$/;
    const all = await told('that nothing is read', ({ sync }) => asOf.test(sync?.message ?? ''));
    assert.match(all.lidar!.values.as_of_s!, /^\d+\.\d{3}$/);
    assert.equal(all.lidar!.level, LEVEL.ok);
    const before = Number(all.lidar!.values.received);
    await rig.ask('set_parameter', 'idle_check_s', 4);
    const later = await told('two looks', ({ lidar }) => Number(lidar?.values.received) > before + 25);
    for (const name of ['camera', 'depth', 'events', 'lidar']) assert.ok(later[name]!.level < LEVEL.error, name);
    const lost = node.lines.filter((line) => /\b(dropped|invalid)\b/.test(line));
    assert.deepEqual(lost, []);
    await rig.ask('set_parameter', 'idle_check_s', CHECK_SECONDS);
  });

  /** Processor time that the node takes of a core, in per cent. */
  const loadOver = async (seconds: number) => {
    const [before, start] = [processorSeconds(node.pid), performance.now()];
    await sleep(1000 * seconds);
    return (100 * (processorSeconds(node.pid) - before)) / ((performance.now() - start) / 1000);
  };

  it('needs little of a core', async () => {
    await rig.ask('set_parameter', 'idle_check_s', 0);
    await told('that all is read', ({ sync }) => sync?.message.includes('as of') === false);
    const receiving = await loadOver(RECEIVING_SECONDS);
    await rig.ask('set_parameter', 'idle_check_s', CHECK_SECONDS);
    await told('that nothing is read', ({ sync }) => sync?.message.includes('as of') === true);
    // A look at the sensors and the time to the next.
    const idle = await loadOver(CHECK_SECONDS);
    const loads = `${idle.toFixed(1)} % of a core, ${receiving.toFixed(1)} % where all is received`;
    console.log(`      ${loads}`);
    assert.ok(idle < IDLE_SHARE * receiving, loads);
  });

  it('tells of a sensor that falls silent', async () => {
    await rig.ask('set_parameter', 'idle_check_s', 4);
    await rig.tell({ mute: [TOWN_TOPICS.lidar] });
    await told(
      'the loss of the LiDAR',
      ({ lidar, sync }) =>
        lidar?.level === LEVEL.error &&
        /^idle: no subscriber.*; masks without lidar \(dropped\)$/.test(sync?.message ?? ''),
    );
    await rig.tell({ unmute: [TOWN_TOPICS.lidar] });
    await told('its return', ({ lidar }) => lidar?.level === LEVEL.ok);
    await rig.ask('set_parameter', 'idle_check_s', 600);
    await told('that nothing is read', ({ sync }) => sync?.message.includes('as of') === true);
  });

  it('makes masks as soon as somebody listens, and none once they have left', async () => {
    const from = await command('listen /mle_sam/mask');
    const matched = rig.time;
    let first = '';
    const ms = await timed(async () => {
      first = await listener.line('received', { from, ...PATIENT });
    });
    // Sensors send ten times a second; what was sent before the listener came is no mask, what comes after is, once their
    // topics are connected to. A machine that stands still or is busy holds all of them up.
    const frames = Math.min(ms / 100, Number(BigInt(first.split(' ')[1]!) - matched) / 1e8);
    console.log(`      the first mask is of ${frames.toFixed(1)} frames after the listener was there`);
    const most = 10 / machineShare();
    assert.ok(frames < most, `the first mask is of ${frames.toFixed(1)} frames after the listener was there`);
    await told('masks', ({ sync }) => sync?.message === 'masks from camera, depth, events, lidar');

    await command('leave');
    await told('idle again', ({ sync }) => sync?.message.startsWith('idle: no subscriber') === true);
    // The mask in the making when they left is finished, which a busy machine takes its time for.
    const published = () => statuses()!.inference!.values.masks_published;
    const isStill = async () => {
      const before = published();
      await sleep(2500);
      return published() === before;
    };
    await waitUntil('no more masks', isStill, PATIENT);
  });

  it('goes on for nobody where it is told to', async () => {
    await rig.ask('set_parameter', 'always_on', true);
    const { inference } = await told('masks', ({ sync }) => sync?.message.startsWith('masks from') === true);
    const before = Number(inference!.values.masks_published);
    await told('more masks', (all) => Number(all.inference!.values.masks_published) > before + 3);
  });
});

/** Processor time of a process so far. */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

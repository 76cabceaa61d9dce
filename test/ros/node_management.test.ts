import assert from 'node:assert/strict';
import { domainOf, type Program, waitUntil } from './support/index.js';
import {
  type DiagnosticsFields,
  type ImageFields,
  LEVEL,
  type SemanticMaskFields,
  STATE,
  type StatusFields,
} from './support/messages.js';
import { startNode, TINY_BUNDLE } from './support/node.js';
import { affordablePace } from './support/pace.js';
import { Rig } from './support/rig.js';
import { TOWN_TOPICS, townMessages } from './support/town.js';

const LOOP_SECONDS = 5;
const LISTENED = ['mask', 'label_info', 'semantic_mask', 'modality_status', '/diagnostics'];
const PATIENT = { deadlineMs: 60_000 };

/** rcl_lifecycle's state machine: number, label, from, to. */
const TRANSITIONS = [
  [1, 'configure', 'unconfigured', 'configuring'],
  [2, 'cleanup', 'inactive', 'cleaningup'],
  [3, 'activate', 'inactive', 'activating'],
  [4, 'deactivate', 'active', 'deactivating'],
  [5, 'shutdown', 'unconfigured', 'shuttingdown'],
  [6, 'shutdown', 'inactive', 'shuttingdown'],
  [7, 'shutdown', 'active', 'shuttingdown'],
  [10, 'transition_success', 'configuring', 'inactive'],
  [11, 'transition_failure', 'configuring', 'unconfigured'],
  [12, 'transition_error', 'configuring', 'errorprocessing'],
  [20, 'transition_success', 'cleaningup', 'unconfigured'],
  [21, 'transition_failure', 'cleaningup', 'inactive'],
  [22, 'transition_error', 'cleaningup', 'errorprocessing'],
  [30, 'transition_success', 'activating', 'active'],
  [31, 'transition_failure', 'activating', 'inactive'],
  [32, 'transition_error', 'activating', 'errorprocessing'],
  [40, 'transition_success', 'deactivating', 'inactive'],
  [41, 'transition_failure', 'deactivating', 'active'],
  [42, 'transition_error', 'deactivating', 'errorprocessing'],
  [50, 'transition_success', 'shuttingdown', 'finalized'],
  [51, 'transition_failure', 'shuttingdown', 'finalized'],
  [52, 'transition_error', 'shuttingdown', 'errorprocessing'],
  [60, 'transition_success', 'errorprocessing', 'unconfigured'],
  [61, 'transition_failure', 'errorprocessing', 'finalized'],
  [62, 'transition_error', 'errorprocessing', 'finalized'],
];

type Verdict = { success: boolean; reason: string };

describe('Managing the node', function () {
  this.timeout(120_000);
  const domain = domainOf(import.meta.url);
  let node: Program;
  let rig: Rig;

  before(async () => {
    const messages = await townMessages(LOOP_SECONDS);
    const args = ['--clock', '--stamps', 'recorded', '--rate', String(affordablePace())];
    rig = new Rig({ messages, loop: LOOP_SECONDS, domain, listen: LISTENED, args });
    node = startNode(domain, { model: '/no/such/bundle', autostart: false, use_sim_time: true, treads: 1 });
    await rig.program.line('ready', PATIENT);
    await rig.tell({ play: true });
    await state();
  });
  after(async () => {
    await Promise.all([node?.stop(), rig?.stop()]);
  });

  const state = async () => (await rig.ask<{ id: number; label: string }>('get_state')).label;
  const change = async (label: string) => (await rig.ask<{ success: boolean }>('change_state', label)).success;
  const setParameter = (name: string, value: unknown) => rig.ask<Verdict>('set_parameter', name, value);
  const wholes = () => rig.received<SemanticMaskFields>('semantic_mask');
  const moreMasks = (count: number) => rig.more<SemanticMaskFields>('semantic_mask', count, PATIENT);
  const subscribers = (count: number) =>
    waitUntil(
      `${count} subscribers of the LiDAR`,
      async () => (await rig.ask('subscribers', TOWN_TOPICS.lidar)) === count,
      PATIENT,
    );
  const diagnostics = () => rig.received<DiagnosticsFields>('/diagnostics').at(-1)?.fields.statuses ?? [];

  it('waits unconfigured, with the transitions of every managed node', async () => {
    assert.equal(await state(), 'unconfigured');
    const byNumber = (a: unknown[], b: unknown[]) => Number(a[0]) - Number(b[0]);
    const graph = await rig.ask<unknown[][]>('transitions', 'get_transition_graph');
    assert.deepEqual(graph.sort(byNumber), TRANSITIONS);
    const available = await rig.ask<unknown[][]>('transitions', 'get_available_transitions');
    assert.deepEqual(available.map(([, label]) => label).sort(), ['configure', 'shutdown']);
    assert.equal(await rig.ask('subscribers', TOWN_TOPICS.camera), 0);
  });

  it('refuses what its state does not allow, and stays in it', async () => {
    for (const label of ['activate', 'deactivate', 'cleanup', 'dance']) assert.equal(await change(label), false, label);
    assert.equal(await state(), 'unconfigured');
  });

  it('says why it cannot be configured, and can be once that is mended', async () => {
    assert.equal(await change('configure'), false);
    assert.equal(await state(), 'unconfigured');
    await waitUntil('the reason in the diagnostics', () =>
      diagnostics().some(({ level, message }) => level === LEVEL.error && message.includes('/no/such/bundle')),
    );
    assert.equal((await setParameter('model', TINY_BUNDLE)).success, true);
    assert.equal(await change('configure'), true);
    assert.equal(await state(), 'inactive');
    await node.line("received 'treads'", PATIENT);
  });

  for (const round of ['first', 'second']) {
    it(`makes masks while it is active, and only then: ${round} round`, async () => {
      assert.equal(await rig.ask('subscribers', TOWN_TOPICS.lidar), 0, 'no topic is read before');
      assert.equal(await change('activate'), true);
      assert.equal(await state(), 'active');
      await moreMasks(5);
      await subscribers(1);
      assert.equal(await change('activate'), false, 'it is active already');
      assert.equal(await change('deactivate'), true);
      const inactiveFrom = rig.time;
      await subscribers(0);
      await waitUntil('a second without it', () => rig.time > inactiveFrom + 1_000_000_000n, PATIENT);
      // Those of what was sent before may arrive after the answer.
      assert.deepEqual(
        wholes().filter(({ stamp }) => stamp > inactiveFrom),
        [],
        'no mask while inactive',
      );
      rig.forget();
      assert.equal(await change('cleanup'), true);
      assert.equal(await state(), 'unconfigured');
      assert.equal(await change('configure'), true);
    });
  }

  it('applies parameters at once, and says so where it does not', async () => {
    assert.equal(await change('activate'), true);
    await moreMasks(1);
    assert.deepEqual(await setParameter('sync.deadline_ms', 150), { success: true, reason: '' });
    assert.equal(await rig.ask('get_parameter', 'sync.deadline_ms'), 150);
    const refused: [name: string, value: unknown, reason: RegExp][] = [
      ['sync.deadline_ms', -5, /^Expected a number above 0.* for sync.deadline_ms but received -5/],
      ['sync.deadline_ms', 'soon', /^Expected a number .* received 'soon'/],
      ['outputs.size', 'huge', /^Expected camera or model for outputs.size but received 'huge'/],
      ['sync.dead_line_ms', 100, /Did you mean sync.deadline_ms\?/],
      ['model', '/elsewhere', /unconfigured.* it is active: deactivate it, clean it up, set model and configure/],
      ['modalities.lidar.topic', 'scan', /deactivate it, set modalities.lidar.topic, activate it/],
      ['autostart', true, /restart/],
    ];
    for (const [name, value, reason] of refused) {
      const verdict = await setParameter(name, value);
      assert.equal(verdict.success, false, name);
      assert.match(verdict.reason, reason);
    }
    assert.equal(await rig.ask('get_parameter', 'sync.deadline_ms'), 150);
    assert.equal(await rig.ask('get_parameter', 'model'), TINY_BUNDLE);
  });

  it('changes the size of its masks while it runs', async () => {
    const sizeOf = (fields: ImageFields) => `${fields.width}x${fields.height}`;
    for (const [size, expected] of [
      ['model', '64x32'],
      ['camera', '640x384'],
    ] as const) {
      assert.equal((await setParameter('outputs.size', size)).success, true);
      const isSo = () =>
        rig
          .received<ImageFields>('mask')
          .slice(-1)
          .some(({ fields }) => sizeOf(fields) === expected);
      await waitUntil(`masks of ${expected}`, isSo, PATIENT);
    }
  });

  it('switches a modality off and on', async () => {
    const off = await rig.ask<{ success: boolean; message: string }>('set_modality', 'lidar', false);
    assert.deepEqual(off, { success: true, message: 'lidar is disabled' });
    const without = await waitUntil(
      'a mask of the three others',
      () =>
        wholes().find(
          ({ fields }) => fields.absent.lidar === 'disabled' && fields.present.join() === 'camera,depth,events',
        ),
      PATIENT,
    );
    // Nothing is received for nothing.
    await subscribers(0);
    assert.equal(await rig.ask('get_parameter', 'modalities.lidar.enabled'), false);
    const states = () => rig.received<StatusFields>('modality_status').at(-1)?.fields.modalities ?? [];
    const isDisabled = () => states().some(({ name, state }) => name === 'lidar' && state === STATE.disabled);
    await waitUntil('a status that says so', isDisabled, PATIENT);

    assert.equal((await rig.ask<{ success: boolean }>('set_modality', 'lidar', true)).success, true);
    const from = without.stamp;
    await waitUntil(
      'a mask with it',
      () => wholes().some(({ stamp, fields }) => stamp > from && fields.present.includes('lidar')),
      PATIENT,
    );
    const unknown = await rig.ask<{ success: boolean; message: string }>('set_modality', 'radar', true);
    assert.equal(unknown.success, false);
    assert.match(unknown.message, /radar/);
  });

  it('paints overlays while somebody looks', async () => {
    for (const topic of ['overlay', 'overlay/compressed']) await rig.tell({ listen: topic });
    const [picture] = await rig.more<ImageFields>('overlay', 1, PATIENT);
    const { encoding, width, height, step } = picture!.fields;
    assert.deepEqual({ encoding, width, height, step }, { encoding: 'rgb8', width: 640, height: 384, step: 1920 });
    const [jpeg] = await rig.more<{ format: string; start: string }>('overlay/compressed', 1, PATIENT);
    assert.equal(jpeg!.fields.start, 'ffd8', 'the first bytes of a JPEG');
    assert.match(jpeg!.fields.format, /jpeg/);
    await waitUntil('a mask of the same stamp', () => wholes().some(({ stamp }) => stamp === picture!.stamp), PATIENT);
    for (const topic of ['overlay', 'overlay/compressed']) await rig.tell({ ignore: topic });
  });

  it('says which publisher cannot be heard, and why', async () => {
    assert.equal(await change('deactivate'), true);
    assert.equal((await setParameter('modalities.lidar.qos.reliability', 'reliable')).success, true);
    assert.equal(await change('activate'), true);
    const lidar = await waitUntil(
      'a word about QoS',
      () => diagnostics().find(({ name, message }) => /lidar/.test(name) && /reliab/.test(message)),
      PATIENT,
    );
    assert.notEqual(lidar.level, LEVEL.ok);
    await moreMasks(1);
    assert.deepEqual(wholes().at(-1)!.fields.present.includes('lidar'), false);
  });

  it('does without a sensor whose message package is not installed, and says what to install', async () => {
    const name = 'prophesee_event_msgs';
    assert.equal(await change('deactivate'), true);
    assert.equal((await setParameter('modalities.lidar.qos.reliability', 'best_effort')).success, true);
    assert.equal((await setParameter('modalities.events.type', `${name}/msg/EventArray`)).success, true);
    assert.equal(await change('activate'), true);
    await node.line(`install ros-${process.env.ROS_DISTRO}-prophesee-event-msgs`, PATIENT);
    const isSo = ({ fields }: { fields: SemanticMaskFields }) =>
      ['camera', 'depth', 'lidar'].every((modality) => fields.present.includes(modality));
    await waitUntil('a mask of the others', () => wholes().slice(-3).some(isSo), PATIENT);
    const said = () => diagnostics().find((status) => /events/.test(status.name))?.message ?? '';
    await waitUntil('the package in the diagnostics', () => said().includes(name), PATIENT);
  });

  it('shuts down for good', async () => {
    assert.equal(await change('shutdown'), true);
    assert.equal(await state(), 'finalized');
    assert.equal(await change('configure'), false);
    assert.equal(node.ending, undefined, 'the process is up to whoever started it');
  });
});

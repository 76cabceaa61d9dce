import assert from 'node:assert/strict';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TINY_TOPICS, tinyDrive } from '../support/tiny_rig.js';
import { domainOf, type Program, waitUntil } from './support/index.js';
import { type DiagnosticsFields, LEVEL } from './support/messages.js';
import { startScript, TINY_BUNDLE } from './support/node.js';
import { affordablePace } from './support/pace.js';
import { Rig } from './support/rig.js';

const PATIENT = { deadlineMs: 90_000 };
const CLOCK = ['--clock', '--stamps', 'recorded', '--rate', String(affordablePace())];

/** GPUs that run for a while and then give out, one after the other; on CPUs, since what counts is what is told of it. */
describe('A node whose providers fail', function () {
  this.timeout(240_000);
  const domain = domainOf(import.meta.url);
  const script = fileURLToPath(new URL(`./support/falling_node${extname(import.meta.url)}`, import.meta.url));
  let rig: Rig;
  let node: Program;

  before(async () => {
    rig = new Rig({
      messages: tinyDrive({ seconds: 5 }),
      loop: 5,
      domain,
      listen: ['mask', '/diagnostics'],
      args: CLOCK,
    });
    await rig.program.line('ready', PATIENT);
    await rig.tell({ play: true });
    const parameters = { model: TINY_BUNDLE, use_sim_time: true, threads: 1, diagnostics_period_ms: 200 };
    const values = Object.entries(parameters).flatMap(([name, value]) => ['-p', `${name}:=${value}`]);
    const remapped = ['-r', `camera/image:=${TINY_TOPICS.camera}`, '-r', `depth/image:=${TINY_TOPICS.depth}`];
    node = startScript(script, domain, [...values, ...remapped], { MLE_SAM_TEST_RUNGS: 'tensorrt=fading&cuda=fading' });
  });
  after(async () => {
    await Promise.all([node?.stop(), rig?.stop()]);
  });

  const inference = () =>
    rig
      .received<DiagnosticsFields>('/diagnostics')
      .flatMap(({ fields }) => fields.statuses.filter(({ name }) => name.endsWith(': inference')));

  it('tells of every transition, and makes masks on each of them', async () => {
    for (const [provider, givenUp] of [
      ['tensorrt', /^$/],
      ['cuda', /^tensorrt left: tensorrt: out of memory$/],
      ['cpu', /^tensorrt left: tensorrt: out of memory; cuda left: cuda: out of memory$/],
    ] as const) {
      const status = await waitUntil(
        `diagnostics on ${provider}`,
        () => inference().find(({ values }) => values.provider === provider),
        PATIENT,
      );
      assert.match(status.values.providers_refused ?? '', givenUp);
      assert.match(status.values.provider_reason ?? '', new RegExp(`^${provider} chosen: labels differ .* 0 of 2048`));
      await rig.more('mask', 2, PATIENT);
    }
    const order = inference().flatMap(({ values }) => values.provider || []);
    assert.deepEqual(
      order.filter((provider, i) => provider !== order[i - 1]),
      ['tensorrt', 'cuda', 'cpu'],
    );
    const last = await waitUntil(
      'a calm status on the CPU',
      () => {
        const status = inference().at(-1);
        return status?.level === LEVEL.ok && status;
      },
      PATIENT,
    );
    assert.equal(last.message, 'runs on cpu');
  });
});

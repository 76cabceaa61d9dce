import assert from 'node:assert/strict';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TINY_TOPICS, tinyDrive } from '../support/tiny_rig.js';
import { domainOf, type Program, waitUntil } from './support/index.js';
import { type DiagnosticsFields, LEVEL } from './support/messages.js';
import { type Parameters, startScript, TINY_BUNDLE } from './support/node.js';
import { affordablePace } from './support/pace.js';
import { Rig } from './support/rig.js';

const PATIENT = { deadlineMs: 90_000 };
const CLOCK = ['--clock', '--stamps', 'recorded', '--rate', String(affordablePace())];

/** GPUs that do not start, lie or give out, on CPUs, since what counts is what is told of it, and that masks go on. */
describe('A node whose providers fail', function () {
  this.timeout(240_000);
  const domain = domainOf(import.meta.url);
  const script = fileURLToPath(new URL(`./support/falling_node${extname(import.meta.url)}`, import.meta.url));
  let rig: Rig;
  let node: Program;
  /** Diagnostics of nodes before. */
  let past = 0;

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
  });
  afterEach(async () => {
    await node?.stop();
    // What it said last has come by then.
    await waitUntil('a graph without it', async () => (await rig.ask('nodes', 'mle_sam')) === 0, PATIENT);
    past = rig.received('/diagnostics').length;
  });
  after(() => rig?.stop());

  /** @param rungs - of the ladder above the CPU, and how each behaves (test/model/support/falling_worker.ts) */
  const start = (rungs: string, parameters: Parameters = {}) => {
    const all = { model: TINY_BUNDLE, use_sim_time: true, threads: 1, diagnostics_period_ms: 200, ...parameters };
    const values = Object.entries(all).flatMap(([name, value]) => ['-p', `${name}:=${value}`]);
    const remapped = ['-r', `camera/image:=${TINY_TOPICS.camera}`, '-r', `depth/image:=${TINY_TOPICS.depth}`];
    node = startScript(script, domain, [...values, ...remapped], { MLE_SAM_TEST_RUNGS: rungs });
  };

  const inference = () =>
    rig
      .received<DiagnosticsFields>('/diagnostics')
      .slice(past)
      .flatMap(({ fields }) => fields.statuses.filter(({ name }) => name.endsWith(': inference')));

  const statusOn = (provider: string) =>
    waitUntil(
      `diagnostics on ${provider}`,
      () => inference().find(({ values }) => values.provider === provider),
      PATIENT,
    );

  it('tells of every transition at work, and makes masks on each of them', async () => {
    start('tensorrt=fading&cuda=fading');
    for (const [provider, givenUp] of [
      ['tensorrt', /^$/],
      ['cuda', /^tensorrt left: tensorrt: out of memory$/],
      ['cpu', /^tensorrt left: tensorrt: out of memory; cuda left: cuda: out of memory$/],
    ] as const) {
      const status = await statusOn(provider);
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

  const starts: [rungs: string, chosen: string, refused: RegExp][] = [
    [
      'tensorrt=unavailable&cuda=barelyWrong',
      'cpu',
      /^tensorrt failed: libcublas\S+ cannot open .*; cuda refused: labels differ .* 11 of 2048 pixels \(created \d+ ms, /,
    ],
    ['tensorrt=exits&cuda=barelyRight', 'cuda', /^tensorrt failed: worker exited with code 4$/],
  ];
  for (const [rungs, chosen, refused] of starts) {
    it(`tells of every transition at the start, and makes masks on ${chosen} (${rungs})`, async () => {
      start(rungs);
      const status = await statusOn(chosen);
      assert.match(status.values.providers_refused ?? '', refused);
      assert.match(status.values.provider_reason ?? '', /^\w+ chosen: .*\(created \d+ ms, warm-up \d+ ms, golden run/);
      await rig.more('mask', 2, PATIENT);
    });
  }

  it('warns where another than the one named has to do', async () => {
    start('cuda=wrong', { provider: 'cuda' });
    const status = await statusOn('cpu');
    assert.equal(status.level, LEVEL.warn);
    assert.match(status.message, /^runs on cpu: cuda refused: labels differ .* 14 of 2048/);
    assert.match(await node.line('(provider is cuda)', PATIENT), /\[WARN\].* Inference: .*cuda refused: labels differ/);
    await rig.more('mask', 2, PATIENT);
  });

  it('does not configure where no other may take its place, and says why', async () => {
    start('cuda=wrong', { provider: 'cuda', provider_required: true });
    const status = await waitUntil(
      'an error in the diagnostics',
      () => inference().find(({ level }) => level === LEVEL.error),
      PATIENT,
    );
    assert.match(status.message, /unconfigured: .*no provider can run this bundle \(cuda refused: labels differ/);
  });
});

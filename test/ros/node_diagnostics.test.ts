import assert from 'node:assert/strict';
import { domainOf, Program, waitUntil } from './support/index.js';
import { startNode, TINY_BUNDLE } from './support/node.js';

interface Status {
  level: number;
  message: string;
  values: Record<string, string>;
}

const OK = 0;
const ERROR = 2;
const STALE = 3;
const PATIENT = { deadlineMs: 90_000 };

/** What a person sees who asks why nothing arrives. */
describe('Diagnostics of the node', function () {
  this.timeout(180_000);
  const domain = domainOf(import.meta.url);
  let drivers: Program;
  let node: Program | undefined;

  before(() => {
    drivers = Program.peer('broken_drivers.py', [], domain);
  });
  afterEach(async () => {
    await node?.stop();
    node = undefined;
  });
  after(() => drivers?.stop());

  /** Statuses of the first message from now on in which all is as awaited. */
  async function told(what: string, isAwaited: (statuses: Record<string, Status>) => boolean) {
    const from = drivers.lines.length;
    let last: Record<string, Status> | undefined;
    const awaited = () => {
      const messages = drivers.lines.slice(from).filter((line) => line.startsWith('{'));
      const statuses = messages.map((line) => (JSON.parse(line) as { statuses: Record<string, Status> }).statuses);
      last = statuses.at(-1);
      return statuses.find(isAwaited);
    };
    try {
      return await waitUntil(what, awaited, PATIENT);
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${JSON.stringify(last)}`);
    }
  }

  it('say of each sensor why nothing arrives, and what to do', async () => {
    node = startNode(domain, { model: TINY_BUNDLE, threads: 1, 'modalities.camera.qos.reliability': 'reliable' });
    const expected: [name: string, level: number, message: string, toDo: RegExp][] = [
      [
        'camera',
        ERROR,
        'waiting: the QoS of /camera/image do not fit: /drivers (reliability: offered best_effort, requested reliable)',
        /^Set modalities\.camera\.qos\.reliability to best_effort/,
      ],
      [
        'depth',
        ERROR,
        'waiting: 1 publisher on /depth/image, but nothing arrives',
        /config\/fastdds_large_images\.xml/,
      ],
      ['lidar', STALE, 'waiting: nobody publishes /lidar/points', /^Start the driver, or remap/],
    ];
    // Publishers are discovered one by one, and an endpoint before the node it belongs to.
    const isComplete = (all: Record<string, Status>) =>
      expected.every(([name, level, message]) => {
        const status = all[`mle_sam: ${name}`];
        return status?.level === level && status.message === message;
      }) && /on \/events but it is published as std_msgs\/msg\/String/.test(all['mle_sam: events']?.message ?? '');
    const statuses = await told('what is wrong with each sensor', isComplete);
    for (const [name, , , toDo] of expected) {
      assert.match(statuses[`mle_sam: ${name}`]!.values.what_to_do ?? '', toDo, name);
    }
    assert.equal(statuses['mle_sam: events']!.level, ERROR);
    assert.deepEqual(
      [statuses['mle_sam: sync']?.level, statuses['mle_sam: sync']?.message],
      [STALE, 'no sensor has sent anything yet'],
    );
    const inference = statuses['mle_sam: inference']!;
    assert.deepEqual([inference.level, inference.message], [OK, 'idle: no subscriber; runs on cpu']);
    assert.equal(inference.values.provider, 'cpu');
    assert.match(inference.values.provider_reason ?? '', /^cpu chosen: /);
  });

  it('say why a node has no model', async () => {
    node = startNode(domain, { model: '/no/such/bundle' });
    // The node before may be heard for a moment.
    const isRefusal = ({ 'mle_sam: inference': inference }: Record<string, Status>) =>
      inference?.level === ERROR && /^unconfigured: Expected .*\/no\/such\/bundle/.test(inference.message);
    const statuses = await told('the refusal', isRefusal);
    assert.equal(statuses['mle_sam: sync']?.level, ERROR);
  });
});

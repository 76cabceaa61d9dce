import assert from 'node:assert/strict';
import { Lifecycle, type LifecycleCallbacks } from '../../src/node/lifecycle/lifecycle.js';
import { TRANSITIONS, transitionNamed } from '../../src/node/lifecycle/states.js';

type Transition = keyof LifecycleCallbacks['onTransition'];

/** A life whose callbacks do what the test says, and the edges it took. */
function live(does: Partial<Record<Transition | 'error', () => Promise<void>>> = {}): {
  lifecycle: Lifecycle;
  edges: string[];
  failures: string[];
} {
  const edges: string[] = [];
  const failures: string[] = [];
  const named = (name: Transition) => does[name] ?? (() => Promise.resolve());
  const lifecycle = new Lifecycle({
    onTransition: {
      configure: named('configure'),
      activate: named('activate'),
      deactivate: named('deactivate'),
      cleanup: named('cleanup'),
      shutdown: named('shutdown'),
    },
    onError: does.error ?? (() => Promise.resolve()),
    onFailure: (name, reason) => failures.push(`${name}: ${reason}`),
    onEdge: ({ id, goal }) => edges.push(`${id} ${goal}`),
  });
  return { lifecycle, edges, failures };
}

describe('Lifecycle', () => {
  it('goes all the way round, twice, by the numbers of lifecycle_msgs', async () => {
    const { lifecycle, edges } = live();
    for (const name of ['configure', 'activate', 'deactivate', 'cleanup', 'configure', 'shutdown'] as const) {
      assert.deepEqual(await lifecycle.change(name), { kind: 'done' });
    }
    assert.deepEqual(edges, [
      '1 configuring',
      '10 inactive',
      '3 activating',
      '30 active',
      '4 deactivating',
      '40 inactive',
      '2 cleaningup',
      '20 unconfigured',
      '1 configuring',
      '10 inactive',
      '6 shuttingdown',
      '50 finalized',
    ]);
  });

  it('says what it does while it takes its time, and refuses the next request meanwhile', async () => {
    let finish: () => void = () => undefined;
    const configure = () => new Promise<void>((resolve) => (finish = resolve));
    const { lifecycle } = live({ configure });
    const configuring = lifecycle.change('configure');
    assert.equal(lifecycle.state, 'configuring');
    const second = await lifecycle.change('configure');
    assert.equal(second.kind, 'refused');
    finish();
    assert.equal((await configuring).kind, 'done');
    assert.equal(lifecycle.state, 'inactive');
  });

  it('stays where it was when it cannot do what was asked, and remembers why until it can', async () => {
    let reason: string | undefined = 'Expected a folder for model but received /tmp/x';
    const configure = () => (reason === undefined ? Promise.resolve() : Promise.reject(new Error(reason)));
    const { lifecycle, edges, failures } = live({ configure });
    assert.deepEqual(await lifecycle.change('configure'), { kind: 'failed', reason });
    assert.deepEqual(edges, ['1 configuring', '11 unconfigured']);
    assert.equal(lifecycle.error, reason);
    assert.deepEqual(failures, [`configure: ${reason}`]);
    reason = undefined;
    await lifecycle.change('configure');
    assert.equal(lifecycle.error, undefined);
  });

  it('takes a bug for an error: everything is freed', async () => {
    let freed = 0;
    const activate = () => Promise.reject(new TypeError('x is not a function'));
    const error = async () => {
      freed++;
    };
    const { lifecycle, edges } = live({ activate, error });
    await lifecycle.change('configure');
    assert.equal((await lifecycle.change('activate')).kind, 'failed');
    assert.deepEqual(edges.slice(2), ['3 activating', '32 errorprocessing', '60 unconfigured']);
    assert.equal(freed, 1);
  });

  it('is finalized when even that fails', async () => {
    const configure = () => Promise.reject(new ReferenceError('x'));
    const { lifecycle } = live({ configure, error: () => Promise.reject(new Error('no')) });
    await lifecycle.change('configure');
    assert.equal(lifecycle.state, 'finalized');
    assert.deepEqual(lifecycle.available, []);
  });

  it('leaves the active state by way of an error when its work has failed for good', async () => {
    const { lifecycle, edges } = live();
    await lifecycle.fail('too early to matter');
    await lifecycle.change('configure');
    await lifecycle.change('activate');
    await lifecycle.fail('Inference gave up');
    assert.deepEqual(edges.slice(4), ['4 deactivating', '42 errorprocessing', '60 unconfigured']);
    assert.equal(lifecycle.error, 'Inference gave up');
  });

  it('fails after the transition that is under way, and only where that ends in the active state', async () => {
    for (const [begun, edgesAfter] of [
      ['activate', ['3 activating', '30 active', '4 deactivating', '42 errorprocessing', '60 unconfigured']],
      ['cleanup', ['2 cleaningup', '20 unconfigured']],
    ] as const) {
      let finish: () => void = () => undefined;
      const slowly = () => new Promise<void>((resolve) => (finish = resolve));
      const { lifecycle, edges } = live({ [begun]: slowly });
      await lifecycle.change('configure');
      edges.length = 0;
      const change = lifecycle.change(begun);
      const failing = lifecycle.fail('Inference gave up');
      await Promise.resolve();
      assert.equal(edges.length, 1, edges.join());
      finish();
      assert.equal((await change).kind, 'done');
      await failing;
      assert.deepEqual(edges, edgesAfter);
    }
  });

  it('shuts down after the transition that is under way', async () => {
    const order: string[] = [];
    const configure = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      order.push('configured');
    };
    const shutdown = async () => {
      order.push('shut down');
    };
    const { lifecycle } = live({ configure, shutdown });
    void lifecycle.change('configure');
    await lifecycle.shutdown();
    await lifecycle.shutdown();
    assert.deepEqual(order, ['configured', 'shut down']);
    assert.equal(lifecycle.state, 'finalized');
  });

  it('has every edge once', () => {
    assert.equal(new Set(TRANSITIONS.map(({ id }) => id)).size, TRANSITIONS.length);
    assert.equal(TRANSITIONS.length, 25);
  });

  const requests: [id: number, label: string, name: string | undefined][] = [
    [1, '', 'configure'],
    [7, '', 'shutdown'],
    [5, '', 'shutdown'],
    [99, 'activate', 'activate'],
    [3, 'cleanup', 'cleanup'],
    [10, '', undefined],
    [0, 'dance', undefined],
  ];
  for (const [id, label, name] of requests) {
    it(`takes number ${id} with label '${label}' for ${name}`, () => {
      assert.equal(transitionNamed({ id, label }), name);
    });
  }
});

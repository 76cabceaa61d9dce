import assert from 'node:assert/strict';
import { extname } from 'node:path';
import {
  type Bundle,
  describeSelection,
  loadBundle,
  Segmenter,
  type SegmenterEvent,
  type SegmenterOptions,
} from '../../src/model/index.js';
import { Command } from './support/commands.js';
import { onHeldClock, usedAndClosed } from './support/held_clock.js';
import { assertFails, kinds } from './support/segmenter_events.js';
import { frameSetOf, imageOf, tinyBundle } from './support/tiny_bundle.js';

const good = () => frameSetOf([imageOf('camera', 100)]);
const GOOD_LABEL = 5;
const restart = { initialDelayMs: 5, maxDelayMs: 20, maxAttempts: 2 };

/** Rungs above the CPU, and what the ladder must make of them at the start. */
const starts: {
  rungs: Record<string, string>;
  chosen: string;
  events: string[];
  attempts: [string, string, RegExp][];
}[] = [
  {
    rungs: { tensorrt: 'unavailable', cuda: 'wrong' },
    chosen: 'cpu',
    events: ['ready'],
    attempts: [
      ['tensorrt', 'failed', /^libcublas\.so\.13: cannot open/],
      ['cuda', 'refused', /^labels differ from the golden ones on 14 of 2048 pixels$/],
      ['cpu', 'chosen', /on 0 of 2048 pixels$/],
    ],
  },
  {
    rungs: { tensorrt: 'throwing', cuda: 'fragile' },
    chosen: 'cuda',
    events: ['ready'],
    attempts: [
      ['tensorrt', 'failed', /^CUDA failure 2: out of memory$/],
      ['cuda', 'chosen', /on 0 of 2048 pixels$/],
    ],
  },
  {
    rungs: { tensorrt: 'exits', cuda: 'fragile' },
    chosen: 'cuda',
    events: ['provider-left', 'ready'],
    attempts: [
      ['tensorrt', 'failed', /^worker exited with code 4$/],
      ['cuda', 'chosen', /on 0 of 2048/],
    ],
  },
  {
    rungs: { tensorrt: 'barelyWrong', cuda: 'barelyRight' },
    chosen: 'cuda',
    events: ['ready'],
    attempts: [
      ['tensorrt', 'refused', /^labels differ from the golden ones on 11 of 2048 pixels$/],
      ['cuda', 'chosen', /^labels differ from the golden ones on 10 of 2048 pixels$/],
    ],
  },
  {
    rungs: { tensorrt: 'wrong', cuda: 'exits' },
    chosen: 'cpu',
    events: ['provider-left', 'ready'],
    attempts: [
      ['tensorrt', 'refused', /on 14 of 2048/],
      ['cuda', 'failed', /^worker exited with code 4$/],
      ['cpu', 'chosen', /on 0 of 2048/],
    ],
  },
];

describe('Starting on a ladder', function () {
  this.timeout(120_000);

  for (const { rungs, chosen, events, attempts } of starts) {
    it(`ends on ${chosen} where ${inWords(rungs)}`, () =>
      withRungs(rungs, {}, async (segmenter, seen) => {
        assert.equal(segmenter.selection.provider, chosen);
        assert.equal(segmenter.selection.requested, 'auto');
        assert.deepEqual(
          segmenter.selection.attempts.map(({ provider, outcome }) => [provider, outcome]),
          attempts.map(([provider, outcome]) => [provider, outcome]),
        );
        for (const [i, [, , reason]] of attempts.entries()) {
          assert.match(segmenter.selection.attempts[i]!.reason, reason);
        }
        assert.deepEqual(kinds(seen), events);
        assert.equal((await segmenter.segment(good())).labels[0], GOOD_LABEL);
      }));
  }

  it('times every step a rung came to', () =>
    withRungs({ tensorrt: 'unavailable', cuda: 'wrong' }, {}, async ({ selection: { attempts } }) => {
      assert.deepEqual(
        attempts.map(({ timings }) => Object.keys(timings)),
        [[], ['createMs', 'warmUpMs', 'goldenMs'], ['createMs', 'warmUpMs', 'goldenMs']],
      );
      for (const { ms, timings } of attempts) {
        const steps = Object.values(timings);
        assert.ok(
          steps.every((step) => step > 0),
          `steps took ${steps}`,
        );
        assert.ok(ms >= steps.reduce((sum, step) => sum + step, 0), `${ms} ms for steps of ${steps} ms`);
      }
      assert.deepEqual(
        attempts.map(({ golden }) => golden),
        [undefined, { differing: 14, pixels: 2048 }, { differing: 0, pixels: 2048 }],
      );
    }));

  it('begins where it was asked to', () =>
    withRungs({ tensorrt: 'fragile', cuda: 'fragile' }, { provider: 'cuda' }, async ({ selection }) => {
      assert.equal(selection.provider, 'cuda');
      assert.deepEqual(
        selection.attempts.map(({ provider }) => provider),
        ['cuda'],
      );
      assert.match(
        describeSelection(selection),
        /^provider cuda, split graphs in float32, encoding batched: cuda chosen: labels .*golden run/,
      );
    }));

  for (const behaviour of ['unavailable', 'throwing', 'wrong', 'exits']) {
    it(`fails where no other may take the place of a rung that is ${behaviour}`, async () => {
      const options = { provider: 'cuda', fallback: 'none' } as const;
      await assertFails(
        withRungs({ cuda: behaviour }, options, async () => undefined),
        'failed',
        /could not be started: (no provider can run this bundle \(cuda (failed|refused): |worker exited with code 4)/,
      );
    });
  }

  it('tells what became of each rung where none holds', async () => {
    const events: SegmenterEvent[] = [];
    for (const behaviour of ['wrong', 'exits']) {
      const options = {
        provider: 'cuda',
        fallback: 'none',
        onEvent: (event: SegmenterEvent) => events.push(event),
      } as const;
      await assert.rejects(withRungs({ cuda: behaviour }, options, async () => undefined));
    }
    assert.deepEqual(
      events.map(
        (event) => event.kind === 'gave-up' && event.attempts.map(({ provider, outcome }) => [provider, outcome]),
      ),
      [[['cuda', 'refused']], [['cuda', 'failed']]],
    );
  });

  it('wants a name where no other may take its place', async () => {
    await assertFails(
      withRungs({}, { fallback: 'none' }, async () => undefined),
      'failed',
      /Expected a provider by name .* received 'auto'/,
    );
  });
});

describe('A provider that fails at work', function () {
  this.timeout(120_000);

  for (const [command, kind, reason] of [
    ['throw', 'run-failed', /^CUDA error 719/],
    ['exit', 'worker-exited', /^worker exited with code 3$/],
  ] as const) {
    it(`loses one set and is left for the next rung (${command})`, () =>
      withRungs({ tensorrt: 'unavailable', cuda: 'fragile' }, {}, async (segmenter, events) => {
        assert.equal((await segmenter.segment(good())).labels[0], GOOD_LABEL);
        await assertFails(segmenter.segment(frameSetOf([imageOf('camera', Command[command])])), kind, /./);
        await segmenter.whenReady();
        assert.equal(segmenter.selection.provider, 'cpu');
        assert.deepEqual(
          segmenter.selection.attempts.map(({ provider, outcome }) => `${provider} ${outcome}`),
          ['tensorrt failed', 'cuda left', 'cpu chosen'],
        );
        assert.match(segmenter.selection.attempts[1]!.reason, reason);
        assert.equal((await segmenter.segment(good())).labels[0], GOOD_LABEL);
        assert.deepEqual(
          kinds(events).filter((event) => event !== 'run-failed'),
          ['ready', 'provider-left', 'ready'],
        );
      }));
  }

  it('loses one set and is left for the next rung (hang)', () =>
    onHeldClock((clock) =>
      withRungs({ cuda: 'fragile' }, { runTimeoutMs: 2000 }, (segmenter, events) =>
        usedAndClosed(segmenter, clock, async () => {
          const run = segmenter.segment(frameSetOf([imageOf('camera', Command.hang)]));
          const hangs = assertFails(run, 'worker-exited', /no answer within 2000 ms/);
          await clock.hangs(1);
          clock.tick(2000);
          await hangs;
          await segmenter.whenReady();
          assert.deepEqual(
            segmenter.selection.attempts.map(({ provider, outcome }) => `${provider} ${outcome}`),
            ['cuda left', 'cpu chosen'],
          );
          assert.equal((await segmenter.segment(good())).labels[0], GOOD_LABEL);
          assert.deepEqual(kinds(events), ['ready', 'provider-left', 'ready']);
        }),
      ),
    ));

  it('is left also where its driver does not let the worker end', () =>
    onHeldClock((clock) =>
      withRungs({ cuda: 'fragile' }, { runTimeoutMs: 2000 }, (segmenter, events) =>
        usedAndClosed(segmenter, clock, async () => {
          const fails = segmenter.segment(frameSetOf([imageOf('camera', Command.throwAndHang)]));
          await assertFails(fails, 'run-failed', /device unavailable/);
          await clock.hangs(1);
          clock.tick(2000);
          await segmenter.whenReady();
          assert.equal(segmenter.selection.provider, 'cpu');
          assert.match(segmenter.selection.attempts[0]!.reason, /^CUDA error 46: device unavailable$/);
          assert.equal((await segmenter.segment(good())).labels[0], GOOD_LABEL);
          assert.deepEqual(kinds(events), ['ready', 'run-failed', 'provider-left', 'ready']);
        }),
      ),
    ));

  it('is left rung by rung', () =>
    withRungs({ tensorrt: 'fragile', cuda: 'fragile' }, {}, async (segmenter) => {
      for (const provider of ['tensorrt', 'cuda']) {
        assert.equal(segmenter.selection.provider, provider);
        await assertFails(segmenter.segment(frameSetOf([imageOf('depth', Command.throw)])), 'run-failed', /719/);
        await segmenter.whenReady();
      }
      assert.equal(segmenter.selection.provider, 'cpu');
      assert.deepEqual(
        segmenter.selection.attempts.map(({ provider, outcome }) => `${provider} ${outcome}`),
        ['tensorrt left', 'cuda left', 'cpu chosen'],
      );
    }));

  it('takes no set while the next rung is being started', () =>
    withRungs({ cuda: 'fragile' }, {}, async (segmenter) => {
      await assertFails(segmenter.segment(frameSetOf([imageOf('camera', Command.throw)])), 'run-failed', /719/);
      await assertFails(segmenter.segment(good()), 'restarting', /\(re\)started/);
    }));

  it('is tried again, and given up at last, where no other may take its place', () =>
    withRungs({ cuda: 'fragile' }, { provider: 'cuda', fallback: 'none', restart }, async (segmenter, events) => {
      for (let i = 0; i < 3; i++) {
        await segmenter.whenReady();
        assert.equal(segmenter.selection.provider, 'cuda');
        await assertFails(segmenter.segment(frameSetOf([imageOf('camera', Command.throw)])), 'run-failed', /719/);
      }
      await assertFails(segmenter.whenReady(), 'failed', /gave up after 2 restarts: CUDA error 719/);
      assert.deepEqual(
        kinds(events).filter((event) => event !== 'run-failed'),
        ['ready', 'exited', 'ready', 'exited', 'ready', 'gave-up'],
      );
    }));

  it('may be closed while it is left', () =>
    withRungs({ cuda: 'fragile' }, {}, async (segmenter) => {
      await assertFails(segmenter.segment(frameSetOf([imageOf('camera', Command.throw)])), 'run-failed', /719/);
      await segmenter.close();
      assert.equal(segmenter.state, 'closed');
    }));
});

let tiny: Bundle | undefined;

async function withRungs(
  rungs: Record<string, string>,
  options: SegmenterOptions,
  use: (segmenter: Segmenter, events: readonly SegmenterEvent[]) => Promise<void>,
): Promise<void> {
  tiny ??= await loadBundle(tinyBundle);
  const events: SegmenterEvent[] = [];
  const onEvent = (event: SegmenterEvent) => events.push(event);
  const workerEntry = new URL(`./support/falling_worker${extname(import.meta.url)}`, import.meta.url);
  process.env.MLE_SAM_TEST_RUNGS = new URLSearchParams(rungs).toString(); // workers start with a copy of it
  try {
    const segmenter = await Segmenter.create(tiny, { threads: 1, workerEntry, onEvent, ...options });
    try {
      await use(segmenter, events);
    } finally {
      await segmenter.close();
    }
  } finally {
    delete process.env.MLE_SAM_TEST_RUNGS;
  }
}

function inWords(rungs: Record<string, string>): string {
  return Object.entries(rungs)
    .map(([name, behaviour]) => `${name} is ${behaviour}`)
    .join(' and ');
}

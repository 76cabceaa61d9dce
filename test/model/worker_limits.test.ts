import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadBundle, Segmenter, type SegmenterEvent, type SegmenterOptions } from '../../src/model/index.js';
import { resolveLimits } from '../../src/model/worker_limits.js';
import { until } from '../support/held_time.js';
import { loaderOf } from '../support/loader.js';
import { Command } from './support/commands.js';
import { type HeldClock, onHeldClock, usedAndClosed } from './support/held_clock.js';
import { assertFails, kinds } from './support/segmenter_events.js';
import { frameSetOf, imageOf, tinyBundle } from './support/tiny_bundle.js';

const good = () => frameSetOf([imageOf('camera', 100)]);
const workerEntry = new URL(`./support/falling_worker${extname(import.meta.url)}`, import.meta.url);
const restart = { initialDelayMs: 5, maxDelayMs: 20, maxAttempts: 2 };

describe('The time limit of a start', function () {
  this.timeout(120_000);

  // Threads that stay, those of libvips among them, come with the first use.
  before(() =>
    withRungs({}, {}, async (segmenter) => {
      await segmenter.whenReady();
      await segmenter.segment(good());
    }),
  );

  for (const [behaviour, step] of [
    ['hangsCreating', 'creating its sessions'],
    ['spinsCreating', 'creating its sessions'],
    ['idlesCreating', 'creating its sessions'],
    ['hangsInFirstRun', 'in its first run'],
    ['hangsInGoldenRun', 'in the run on the golden sample'],
  ] as const) {
    it(`leaves a provider that ${behaviour} for the next one, and ends its thread`, async () => {
      const threads = countThreads();
      await withRungs({ cuda: behaviour }, { startTimeoutMs: 4000 }, async (segmenter, events, clock) => {
        await clock.hangs(1);
        clock.tick(3999);
        assert.deepEqual(kinds(events), ['slow-start']);
        clock.tick(1);
        await segmenter.whenReady();
        const reason = `hung ${step}: no progress within 4000 ms`;
        assert.deepEqual(
          segmenter.selection.attempts
            .map(({ provider, outcome, reason: why }) => [provider, outcome, why])
            .slice(0, 1),
          [['cuda', 'failed', reason]],
        );
        assert.equal(segmenter.selection.provider, 'cpu');
        assert.deepEqual(kinds(events), ['slow-start', 'provider-left', 'ready']);
        assert.equal((await segmenter.segment(good())).present.length, 1);
      });
      await threadsEnd((count) => count <= threads);
    });
  }

  it('holds for each rung, and names each', () =>
    withRungs(
      { tensorrt: 'hangsCreating', cuda: 'hangsInFirstRun' },
      { startTimeoutMs: 4000 },
      async (segmenter, _, clock) => {
        for (const rung of [1, 2]) {
          await clock.hangs(rung);
          clock.tick(4000);
        }
        await segmenter.whenReady();
        assert.deepEqual(
          segmenter.selection.attempts.map(({ provider, outcome }) => `${provider} ${outcome}`),
          ['tensorrt failed', 'cuda failed', 'cpu chosen'],
        );
      },
    ));

  it('is one of each step: a start that is slow but goes on is waited for', () =>
    withRungs({ cuda: 'slow' }, { startTimeoutMs: 4000, runTimeoutMs: 300 }, async (segmenter, events, clock) => {
      for (const step of [1, 2, 3]) {
        await clock.hangs(step);
        clock.tick(3999);
        clock.goOn(step);
      }
      await segmenter.whenReady();
      assert.equal(segmenter.selection.provider, 'cuda');
      assert.deepEqual(kinds(events), ['slow-start', 'slow-start', 'slow-start', 'ready']);
    }));

  it('ends in one sentence where nothing is left to try', async () => {
    const options = { provider: 'cuda', fallback: 'none', startTimeoutMs: 4000 } as const;
    await withRungs({ cuda: 'hangsCreating' }, options, async (segmenter, _, clock) => {
      await clock.hangs(1);
      clock.tick(4000);
      const sentence = /could not be started: hung creating its sessions: no progress within 4000 ms/;
      await assertFails(segmenter.whenReady(), 'failed', sentence);
    });
  });

  it('follows from the one of a run where it is not given', () => {
    assert.deepEqual(resolveLimits({}), { runMs: 'none', startMs: 120_000, closeMs: 5000 });
    assert.deepEqual(resolveLimits({ runMs: 5000 }), { runMs: 5000, startMs: 50_000, closeMs: 5000 });
    assert.deepEqual(resolveLimits({ runMs: 300 }), { runMs: 300, startMs: 4000, closeMs: 300 });
    assert.deepEqual(resolveLimits({ runMs: 300, startMs: 'none' }), { runMs: 300, startMs: 'none', closeMs: 300 });
  });
});

describe('Closing a segmenter whose worker hangs', function () {
  this.timeout(120_000);

  it('ends the worker by force, rejects the run, and resolves', () =>
    withRungs({ cuda: 'fragile' }, { runTimeoutMs: 400 }, async (segmenter, _, clock) => {
      await segmenter.whenReady();
      const threads = countThreads();
      const run = assertFails(segmenter.segment(frameSetOf([imageOf('camera', Command.hang)])), 'closed', /closed/);
      await clock.hangs(1);
      const closing = Promise.all([segmenter.close(), segmenter.close(), run]);
      clock.tick(400);
      await closing;
      await threadsEnd((count) => count < threads);
    }));

  it('resolves also while the worker hangs in its start', () =>
    withRungs(
      { cuda: 'fragile' },
      { restart, runTimeoutMs: 400, fallback: 'none', provider: 'cuda' },
      async (segmenter, _, clock) => {
        await segmenter.whenReady();
        process.env.MLE_SAM_TEST_RUNGS = 'cuda=hangsCreating';
        await assertFails(segmenter.segment(frameSetOf([imageOf('camera', Command.exit)])), 'worker-exited', /code 3/);
        clock.tick(restart.initialDelayMs);
        assert.equal(segmenter.state, 'starting');
        await clock.hangs(1);
        const closing = segmenter.close();
        clock.tick(400);
        await closing;
        assert.equal(segmenter.state, 'closed');
      },
    ));
});

describe('A worker that native code holds for ever', function () {
  this.timeout(120_000);

  it('is told, and keeps the process from ending no longer than its work takes', function () {
    if (process.platform !== 'linux') this.skip();
    const folder = mkdtempSync(join(tmpdir(), 'mle-sam-test-'));
    try {
      const pipe = join(folder, 'pipe');
      execFileSync('mkfifo', [pipe]);
      const program = fileURLToPath(new URL(`./support/stuck_program${extname(import.meta.url)}`, import.meta.url));
      const loader = loaderOf(program);
      const { stdout, stderr, signal } = spawnSync(process.execPath, [...loader, program], {
        encoding: 'utf8',
        env: { ...process.env, MLE_SAM_TEST_RUNGS: 'cuda=stuckCreating', MLE_SAM_TEST_PIPE: pipe },
        timeout: 110_000,
      });
      assert.equal(stdout, 'provider-left\nready\nsegmented\nthread-stuck\nclosed\n');
      assert.match(stderr, /a thread in native code does not end, so the process is killed.*with exit status 5/);
      assert.equal(signal, 'SIGKILL');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

function countThreads(): number {
  return process.platform === 'linux' ? readdirSync('/proc/self/task').length : 0;
}

/** The system counts a thread for a moment longer than Node.js does; one that has not ended is counted for ever. */
async function threadsEnd(areGone: (count: number) => boolean): Promise<void> {
  if (process.platform === 'linux') await until(() => areGone(countThreads()));
}

/** Runs `use` with a segmenter that is being started, and closes it whatever happens. */
async function withRungs(
  rungs: Record<string, string>,
  options: SegmenterOptions,
  use: (segmenter: Segmenter, events: readonly SegmenterEvent[], clock: HeldClock) => Promise<void>,
): Promise<void> {
  const events: SegmenterEvent[] = [];
  const onEvent = (event: SegmenterEvent) => events.push(event);
  const bundle = await loadBundle(tinyBundle);
  process.env.MLE_SAM_TEST_RUNGS = new URLSearchParams(rungs).toString(); // workers start with a copy of it
  try {
    await onHeldClock(async (clock) => {
      const segmenter = Segmenter.start(bundle, { threads: 1, workerEntry, onEvent, ...options });
      await usedAndClosed(segmenter, clock, () => use(segmenter, events, clock));
    });
  } finally {
    delete process.env.MLE_SAM_TEST_RUNGS;
  }
}

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadBundle, Segmenter, type SegmenterEvent, type SegmenterOptions } from '../../src/model/index.js';
import { resolveLimits } from '../../src/model/worker_limits.js';
import { Command } from './support/commands.js';
import { assertFails, kinds } from './support/segmenter_events.js';
import { frameSetOf, imageOf, tinyBundle } from './support/tiny_bundle.js';

const good = () => frameSetOf([imageOf('camera', 100)]);
const workerEntry = new URL(`./support/falling_worker${extname(import.meta.url)}`, import.meta.url);
const restart = { initialDelayMs: 5, maxDelayMs: 20, maxAttempts: 2 };

describe('The time limit of a start', function () {
  this.timeout(60_000);

  // Threads that stay, those of libvips among them, come with the first use.
  before(() => withRungs({}, {}, (segmenter) => segmenter.segment(good()).then(() => undefined)));

  for (const [behaviour, step] of [
    ['hangsCreating', 'creating its sessions'],
    ['spinsCreating', 'creating its sessions'],
    ['idlesCreating', 'creating its sessions'],
    ['hangsInFirstRun', 'in its first run'],
    ['hangsInGoldenRun', 'in the run on the golden sample'],
  ] as const) {
    it(`leaves a provider that ${behaviour} for the next one, and ends its thread`, async () => {
      const threads = countThreads();
      await withRungs({ cuda: behaviour }, { startTimeoutMs: 4000 }, async (segmenter, events) => {
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
      assert.ok(countThreads() <= threads, `${threads} threads before, ${countThreads()} after`);
    });
  }

  it('holds for each rung, and names each', () =>
    withRungs({ tensorrt: 'hangsCreating', cuda: 'hangsInFirstRun' }, { startTimeoutMs: 4000 }, async (segmenter) => {
      assert.deepEqual(
        segmenter.selection.attempts.map(({ provider, outcome }) => `${provider} ${outcome}`),
        ['tensorrt failed', 'cuda failed', 'cpu chosen'],
      );
    }));

  it('is one of each step: a start that is slow but goes on is waited for', () =>
    withRungs({ cuda: 'slow' }, { startTimeoutMs: 4000, runTimeoutMs: 300 }, async (segmenter, events) => {
      assert.equal(segmenter.selection.provider, 'cuda');
      assert.equal(kinds(events).at(-1), 'ready');
      assert.ok(!kinds(events).includes('provider-left'));
    }));

  it('ends in one sentence where nothing is left to try', async () => {
    const options = { provider: 'cuda', fallback: 'none', startTimeoutMs: 4000 } as const;
    await assertFails(
      withRungs({ cuda: 'hangsCreating' }, options, async () => undefined),
      'failed',
      /could not be started: hung creating its sessions: no progress within 4000 ms/,
    );
  });

  it('follows from the one of a run where it is not given', () => {
    assert.deepEqual(resolveLimits({}), { runMs: 'none', startMs: 120_000, closeMs: 5000 });
    assert.deepEqual(resolveLimits({ runMs: 5000 }), { runMs: 5000, startMs: 50_000, closeMs: 5000 });
    assert.deepEqual(resolveLimits({ runMs: 300 }), { runMs: 300, startMs: 4000, closeMs: 300 });
    assert.deepEqual(resolveLimits({ runMs: 300, startMs: 'none' }), { runMs: 300, startMs: 'none', closeMs: 300 });
  });
});

describe('Closing a segmenter whose worker hangs', function () {
  this.timeout(60_000);

  it('ends the worker by force, rejects the run, and resolves', () =>
    withRungs({ cuda: 'fragile' }, { runTimeoutMs: 400 }, async (segmenter) => {
      const threads = countThreads();
      const run = assertFails(segmenter.segment(frameSetOf([imageOf('camera', Command.hang)])), 'closed', /closed/);
      await Promise.all([segmenter.close(), segmenter.close(), run]);
      assert.ok(countThreads() < threads, `${threads} threads before, ${countThreads()} after`);
    }));

  it('resolves also while the worker hangs in its start', () =>
    withRungs(
      { cuda: 'fragile' },
      { restart, runTimeoutMs: 400, fallback: 'none', provider: 'cuda' },
      async (segmenter) => {
        process.env.MLE_SAM_TEST_RUNGS = 'cuda=hangsCreating';
        await assertFails(segmenter.segment(frameSetOf([imageOf('camera', Command.exit)])), 'worker-exited', /code 3/);
        while (segmenter.state !== 'starting') await new Promise((resolve) => setTimeout(resolve, 1));
        await segmenter.close();
        assert.equal(segmenter.state, 'closed');
      },
    ));
});

describe('A worker that native code holds for ever', function () {
  this.timeout(60_000);

  it('is told, and keeps the process from ending no longer than its work takes', function () {
    if (process.platform !== 'linux') this.skip();
    const folder = mkdtempSync(join(tmpdir(), 'mle-sam-test-'));
    try {
      const pipe = join(folder, 'pipe');
      execFileSync('mkfifo', [pipe]);
      const program = fileURLToPath(new URL(`./support/stuck_program${extname(import.meta.url)}`, import.meta.url));
      const loader = program.endsWith('.ts') ? ['--import', 'tsx'] : [];
      const { stdout, stderr, signal } = spawnSync(process.execPath, [...loader, program], {
        encoding: 'utf8',
        env: { ...process.env, MLE_SAM_TEST_RUNGS: 'cuda=stuckCreating', MLE_SAM_TEST_PIPE: pipe },
        timeout: 50_000,
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

async function withRungs(
  rungs: Record<string, string>,
  options: SegmenterOptions,
  use: (segmenter: Segmenter, events: readonly SegmenterEvent[]) => Promise<void>,
): Promise<void> {
  const events: SegmenterEvent[] = [];
  const onEvent = (event: SegmenterEvent) => events.push(event);
  process.env.MLE_SAM_TEST_RUNGS = new URLSearchParams(rungs).toString(); // workers start with a copy of it
  try {
    const segmenter = await Segmenter.create(await loadBundle(tinyBundle), {
      threads: 1,
      workerEntry,
      onEvent,
      ...options,
    });
    try {
      await use(segmenter, events);
    } finally {
      await segmenter.close();
    }
  } finally {
    delete process.env.MLE_SAM_TEST_RUNGS;
  }
}

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import {
  type Bundle,
  loadBundle,
  Segmenter,
  type SegmenterEvent,
  type SegmenterOptions,
} from '../../src/model/index.js';
import { Command } from './support/commands.js';
import { type HeldClock, onHeldClock, usedAndClosed } from './support/held_clock.js';
import { assertFails, kinds } from './support/segmenter_events.js';
import { frameSetOf, imageOf, replaceFile, tinyBundle, withCopy } from './support/tiny_bundle.js';

const workerEntry = new URL(`./support/faulty_worker${extname(import.meta.url)}`, import.meta.url);
const restart = { initialDelayMs: 5, maxDelayMs: 20, maxAttempts: 2 };
const good = frameSetOf([imageOf('camera', 100)]);
const GOOD_LABEL = 5;
/** The last label: the faulty worker spoils none there. */
const LAST = -1;

describe('The provider ladder', function () {
  this.timeout(120_000);

  it('falls past rungs that do not start, do not run or give wrong labels, and says why', () =>
    withFaulty({}, async (segmenter) => {
      const { provider, attempts } = segmenter.selection;
      assert.equal(provider, 'obedient');
      assert.deepEqual(
        attempts.map(({ provider: name, outcome, reason }) => [name, outcome, reason]),
        [
          ['broken', 'failed', 'libbroken.so.9: cannot open shared object file'],
          ['crashing', 'failed', 'out of device memory'],
          ['cpu', 'refused', 'labels differ from the golden ones on 14 of 2048 pixels'],
          ['obedient', 'chosen', 'labels differ from the golden ones on 8 of 2048 pixels'],
        ],
      );
      assert.ok(attempts.every(({ ms }) => ms >= 0));
    }));

  it('does not start at all when the only rung asked for is refused', async () => {
    const events: SegmenterEvent[] = [];
    const bundle = await loadBundle(tinyBundle);
    const options = {
      workerEntry,
      provider: 'cpu',
      fallback: 'none',
      onEvent: (event: SegmenterEvent) => events.push(event),
    } as const;
    await assertFails(Segmenter.create(bundle, options), 'failed', /could not be started.*cpu refused: labels differ/);
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['gave-up'],
    );
  });

  const graphs: [title: string, change: (folder: string) => void, message: RegExp][] = [
    [
      'the head in place of the encoder',
      (f) => replaceFile(f, 'files.encoder', readFileSync(join(f, 'head.onnx'))),
      /Expected images uint8\[any,32,64,3\] as input of the encoder but received features_0, features_1, features_2/,
    ],
    [
      'the encoder in place of the head',
      (f) => replaceFile(f, 'files.head', readFileSync(join(f, 'encoder.onnx'))),
      /Expected features_0 float32\[any,any,any,any\] as input of the head but received images, modality/,
    ],
  ];
  it('refuses a graph that is none before any worker starts', () =>
    withCopy(async (folder) => {
      replaceFile(folder, 'files.encoder', Buffer.from('not a graph'));
      await assert.rejects(
        loadBundle(folder),
        /Expected an ONNX file encoder\.onnx for files\.encoder but received a file that is not in the format of protocol/,
      );
    }));

  for (const [title, change, message] of graphs) {
    it(`refuses ${title}`, () =>
      withCopy(async (folder) => {
        change(folder);
        await assertFails(Segmenter.create(await loadBundle(folder), { threads: 1 }), 'failed', message);
      }));
  }
});

describe('A failing worker', function () {
  this.timeout(120_000);

  it('rejects a run that throws and goes on', () =>
    withFaulty({}, async (segmenter, events) => {
      await assertFails(segmenter.segment(order('throw')), 'run-failed', /CUDA error 700/);
      assert.equal((await segmenter.segment(good)).labels.at(LAST), GOOD_LABEL);
      assert.deepEqual(kinds(events), ['ready', 'run-failed']);
    }));

  for (const [command, reason] of [
    ['exit', /exited with code 3/],
    ['throwOutside', /thrown where nobody catches/],
  ] as const) {
    it(`rejects the run it ends under (${command}), comes back and works again`, () =>
      withFaulty({}, async (segmenter, events) => {
        await segmenter.segment(good);
        await assertFails(segmenter.segment(order(command)), 'worker-exited', reason);
        assert.equal(segmenter.state, 'waiting');
        await assertFails(segmenter.segment(good), 'restarting', /\(re\)started/);
        await segmenter.whenReady();
        assert.equal((await segmenter.segment(good)).labels.at(LAST), GOOD_LABEL);
        assert.deepEqual(kinds(events), ['ready', 'exited', 'ready']);
      }));
  }

  it('is replaced when it does not answer in time, and works again', async () => {
    let events: readonly SegmenterEvent[] = [];
    await withFaultyOnHeldClock({ runTimeoutMs: 300 }, async (segmenter, seen, clock) => {
      events = seen;
      await segmenter.segment(good);
      const hangs = assertFails(segmenter.segment(order('hang')), 'worker-exited', /no answer within 300 ms/);
      await clock.hangs(1);
      clock.tick(300);
      await hangs;
      clock.tick(restart.initialDelayMs);
      await segmenter.whenReady();
      assert.equal((await segmenter.segment(good)).labels.at(LAST), GOOD_LABEL);
    });
    // The end of the worker that hung is no second one; closing has waited for it.
    assert.deepEqual(kinds(events), ['ready', 'exited', 'ready']);
  });

  it('is not replaced while it answers, however long it runs', () =>
    withFaulty({ runTimeoutMs: 60_000 }, async (segmenter, events) => {
      await segmenter.segment(order('dawdle'));
      assert.deepEqual(kinds(events), ['ready']);
    }));

  it('is restarted with growing pauses, and given up after as many as allowed', () =>
    withFaulty({}, async (segmenter, events) => {
      for (let i = 0; i < 3; i++) {
        await segmenter.whenReady();
        await assertFails(segmenter.segment(order('exit')), 'worker-exited', /code 3/);
      }
      const pauses = events.flatMap((event) => (event.kind === 'exited' ? [event.restartInMs] : []));
      assert.deepEqual(pauses, [5, 10]);
      assert.deepEqual(kinds(events), ['ready', 'exited', 'ready', 'exited', 'ready', 'gave-up']);
      assert.equal(segmenter.state, 'failed');
      await assertFails(segmenter.whenReady(), 'failed', /gave up after 2 restarts/);
      await assertFails(segmenter.segment(good), 'failed', /gave up/);
    }));

  it('has its count of restarts cleared by a run that works', () =>
    withFaulty({}, async (segmenter) => {
      for (let i = 0; i < 4; i++) {
        await segmenter.whenReady();
        await segmenter.segment(good);
        await assertFails(segmenter.segment(order('exit')), 'worker-exited', /code 3/);
      }
      await segmenter.whenReady();
    }));

  it('does not leave features of before the restart in use', () =>
    withFaulty({ encodeMode: 'one-by-one' }, async (segmenter) => {
      await segmenter.segment(good);
      await assertFails(segmenter.segment(order('exit')), 'worker-exited', /code 3/);
      await segmenter.whenReady();
      assert.equal((await segmenter.segment(good)).labels.at(LAST), GOOD_LABEL);
    }));

  it('does not leave features of a failed run in use', () =>
    withFaulty({ encodeMode: 'one-by-one' }, async (segmenter) => {
      const [camera, lidar] = [imageOf('camera', 100), imageOf('lidar', 40)];
      await segmenter.segment(frameSetOf([camera, lidar]));
      const poison = imageOf('lidar', Command.throw);
      await assertFails(segmenter.segment(frameSetOf([imageOf('camera', 200), poison])), 'run-failed', /CUDA/);
      assert.equal((await segmenter.segment(frameSetOf([camera, lidar]))).labels.at(LAST), 4);
    }));
});

describe('Closing a segmenter', function () {
  this.timeout(120_000);

  it('rejects the set in flight and all that follow, and may be repeated', () =>
    withFaulty({}, async (segmenter, events) => {
      const inFlight = assertFails(segmenter.segment(order('dawdle')), 'closed', /was closed/);
      await Promise.all([segmenter.close(), segmenter.close(), inFlight]);
      assert.equal(segmenter.state, 'closed');
      await assertFails(segmenter.segment(good), 'closed', /was closed/);
      await assertFails(segmenter.whenReady(), 'closed', /was closed/);
      assert.deepEqual(kinds(events), ['ready']);
    }));

  it('cancels a restart', () =>
    withFaultyOnHeldClock({}, async (segmenter, events, clock) => {
      await assertFails(segmenter.segment(order('exit')), 'worker-exited', /code 3/);
      const waiting = assertFails(segmenter.whenReady(), 'closed', /was closed/);
      await segmenter.close();
      await waiting;
      clock.tick(restart.maxDelayMs);
      assert.equal(segmenter.state, 'closed');
      assert.deepEqual(kinds(events), ['ready', 'exited']);
    }));

  it('waits for a worker that is just starting', () =>
    withFaultyOnHeldClock({}, async (segmenter, events, clock) => {
      await assertFails(segmenter.segment(order('exit')), 'worker-exited', /code 3/);
      clock.tick(restart.initialDelayMs);
      assert.equal(segmenter.state, 'starting');
      await segmenter.close();
      assert.deepEqual(kinds(events), ['ready', 'exited']);
    }));
});

let tiny: Bundle | undefined;

/** Runs `use` with a segmenter on the faulty worker, and closes it whatever happens. */
async function withFaulty(
  options: SegmenterOptions,
  use: (segmenter: Segmenter, events: readonly SegmenterEvent[]) => Promise<void>,
): Promise<void> {
  tiny ??= await loadBundle(tinyBundle);
  const events: SegmenterEvent[] = [];
  const onEvent = (event: SegmenterEvent) => events.push(event);
  const segmenter = await Segmenter.create(tiny, { threads: 1, workerEntry, restart, onEvent, ...options });
  try {
    await use(segmenter, events);
  } finally {
    await segmenter.close();
  }
}

/** The same with its time limits and pauses on a clock that the test moves, once it is ready. */
function withFaultyOnHeldClock(
  options: SegmenterOptions,
  use: (segmenter: Segmenter, events: readonly SegmenterEvent[], clock: HeldClock) => Promise<void>,
): Promise<void> {
  return onHeldClock(async (clock) => {
    tiny ??= await loadBundle(tinyBundle);
    const events: SegmenterEvent[] = [];
    const onEvent = (event: SegmenterEvent) => events.push(event);
    const segmenter = await Segmenter.create(tiny, { threads: 1, workerEntry, restart, onEvent, ...options });
    await usedAndClosed(segmenter, clock, () => use(segmenter, events, clock));
  });
}

function order(command: keyof typeof Command) {
  return frameSetOf([imageOf('camera', Command[command])]);
}

import assert from 'node:assert/strict';
import { extname, join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { RawMessage, Stamp } from '../../src/messages/index.js';
import { type Bundle, loadBundle, Segmenter } from '../../src/model/index.js';
import {
  createPipeline,
  DEFAULT_PIPELINE_CONFIG,
  type DroppedFrame,
  type FrameResult,
  type FrameSegmenter,
  type ModalityChange,
  type Pipeline,
  type PipelineConfig,
  type PipelineSink,
  selectTopics,
} from '../../src/pipeline/index.js';
import { type ModalityImage, Plausibility } from '../../src/sensors/index.js';
import { Command } from '../model/support/commands.js';
import { raw } from '../sensors/support/messages.js';
import { until, withHeldTime } from '../support/held_time.js';
import { projectRoot } from '../support/shared_data.js';
import { picture, stampAt, TINY_TOPICS, type TinyDrive, tinyDrive } from '../support/tiny_rig.js';

class Recording implements PipelineSink {
  readonly frames: FrameResult[] = [];
  readonly drops: DroppedFrame[] = [];
  readonly changes: ModalityChange[] = [];
  readonly problems: string[] = [];
  published(frame: FrameResult): void {
    this.frames.push(frame);
  }
  dropped(frame: DroppedFrame): void {
    this.drops.push(frame);
  }
  modalityChanged(change: ModalityChange): void {
    this.changes.push(change);
  }
  problem(text: string): void {
    this.problems.push(text);
  }
  /** Frames from..until seconds of sensor time. */
  between(from: number, until: number): FrameResult[] {
    return this.frames.filter(({ segmentation: { stamp } }) => stamp >= stampAt(from) && stamp < stampAt(until));
  }
}

describe('Pipeline', () => {
  let bundle: Bundle;
  let segmenter: Segmenter;

  before(async () => {
    bundle = await loadBundle(join(projectRoot, 'test', 'fixtures', 'tiny-bundle'));
    segmenter = await Segmenter.create(bundle, { threads: 1 });
  });
  after(() => segmenter.close());

  interface RunOptions {
    config?: Partial<PipelineConfig>;
    segmenter?: FrameSegmenter;
    backpressure?: 'wait' | 'newest';
    sink?: Recording;
    messages?: RawMessage[];
    isWanted?: () => boolean;
    minimum?: string[][];
    /** Puts another configuration of the synchroniser in force before the first message of that second. */
    retune?: { at: number; sync: Partial<PipelineConfig['sync']> };
  }

  /** The real segmenter behind something that happens first. */
  function segmenterAfter(first: () => Promise<void>): FrameSegmenter {
    return {
      whenReady: () => segmenter.whenReady(),
      segment: async (frameSet) => {
        await first();
        return segmenter.segment(frameSet);
      },
    };
  }

  /** A pipeline that takes messages as live sensors send them. */
  function livePipeline(
    messages: readonly RawMessage[],
    slow: FrameSegmenter,
    sink: Recording,
    isWanted: () => boolean,
  ): Pipeline {
    const types = new Map(messages.map(({ topic, type }) => [topic, type]));
    const topics = [...types].map(([name, type]) => ({ name, type, messageCount: 1 }));
    return createPipeline({
      bundle,
      selection: selectTopics(topics, bundle.modalities, { modalities: TINY_TOPICS }),
      config: DEFAULT_PIPELINE_CONFIG,
      segmenter: slow,
      sink,
      backpressure: 'newest',
      isWanted,
    });
  }

  async function run(drive: TinyDrive, options: RunOptions = {}): Promise<Recording> {
    const { sink = new Recording(), messages = tinyDrive(drive) } = options;
    const types = new Map(messages.map(({ topic, type }) => [topic, type]));
    const topics = [...types].map(([name, type]) => ({ name, type, messageCount: 1 }));
    const pipeline = createPipeline({
      bundle,
      selection: selectTopics(topics, bundle.modalities, { modalities: TINY_TOPICS }),
      config: { ...DEFAULT_PIPELINE_CONFIG, ...options.config },
      segmenter: options.segmenter ?? segmenter,
      sink,
      backpressure: options.backpressure ?? 'wait',
      ...(options.isWanted && { isWanted: options.isWanted }),
      ...(options.minimum && { minimum: options.minimum }),
    });
    const wakeBefore = async (until: Stamp): Promise<void> => {
      for (let due = pipeline.nextWakeUp(); due !== undefined && due < until; due = pipeline.nextWakeUp()) {
        await pipeline.advanceTo(due);
      }
    };
    let { retune } = options;
    for (const message of messages) {
      await wakeBefore(message.receiveStamp);
      if (retune !== undefined && message.receiveStamp >= stampAt(retune.at)) {
        await pipeline.retune(
          { ...DEFAULT_PIPELINE_CONFIG, sync: { ...DEFAULT_PIPELINE_CONFIG.sync, ...retune.sync } },
          message.receiveStamp,
        );
        retune = undefined;
      }
      await pipeline.receive(message);
    }
    await wakeBefore(stampAt(drive.seconds + 0.2));
    await pipeline.settle();
    return sink;
  }

  it('begins with the mask before sensors are compared, which takes a while', async () => {
    const order: string[] = [];
    const { seeInSlices } = Plausibility.prototype;
    Plausibility.prototype.seeInSlices = function (...given) {
      order.push('compare');
      return seeInSlices.apply(this, given);
    };
    const watched: FrameSegmenter = {
      whenReady: () => {
        order.push('mask');
        return segmenter.whenReady();
      },
      segment: (frameSet) => segmenter.segment(frameSet),
    };
    try {
      const { frames } = await run({ seconds: 1 }, { segmenter: watched });
      assert.ok(frames.length >= 8, `${frames.length} masks`);
      assert.deepEqual(
        order,
        frames.flatMap(() => ['mask', 'compare']),
      );
    } finally {
      Plausibility.prototype.seeInSlices = seeInSlices;
    }
  });

  it('makes one mask for each camera frame, with its stamp and frame, from all four sensors', async () => {
    const { frames, drops, problems } = await run({ seconds: 2 });
    assert.deepEqual(
      frames.map(({ segmentation }) => segmentation.stamp),
      Array.from({ length: 20 }, (_, k) => stampAt(k / 10)),
    );
    for (const { segmentation, reference, absent, grid } of frames.slice(1)) {
      assert.equal(segmentation.frameId, 'camera');
      assert.equal(reference, 'camera');
      assert.deepEqual(segmentation.present, ['camera', 'depth', 'events', 'lidar']);
      assert.equal(absent.size, 0);
      assert.deepEqual(grid.pictureSize, { width: 64, height: 32 });
    }
    assert.deepEqual(drops, []);
    assert.deepEqual(problems, []);
  });

  it('makes no mask and decodes nothing while nobody wants one, and is back with the next frame', async () => {
    const messages = tinyDrive({ seconds: 3 });
    let now = 0n;
    const watched = messages.map((message) => ({
      ...message,
      get receiveStamp() {
        now = message.receiveStamp;
        return message.receiveStamp;
      },
    }));
    const isWanted = () => now < stampAt(1) || now >= stampAt(2);
    const { frames, drops, problems } = await run({ seconds: 3 }, { messages: watched, isWanted });
    const all = await run({ seconds: 3 });
    const stamps = frames.map(({ segmentation }) => segmentation.stamp);
    assert.deepEqual(drops, []);
    assert.deepEqual(problems, []);
    assert.ok(stamps.filter((stamp) => stamp > stampAt(1) && stamp < stampAt(1.85)).length === 0, 'none in between');
    const first = frames.find(({ segmentation }) => segmentation.stamp >= stampAt(1.85))!;
    assert.ok(first.segmentation.stamp <= stampAt(2.01), `back at ${first.segmentation.stamp}`);
    // The events of its window had come while nobody listened.
    const same = all.frames.find(({ segmentation }) => segmentation.stamp === first.segmentation.stamp)!;
    assert.deepEqual(first.segmentation.present, same.segmentation.present);
    assert.deepEqual(first.images.get('events')!.data, same.images.get('events')!.data);
    assert.deepEqual(first.segmentation.labels, same.segmentation.labels);
  });

  it('notices the loss of a sensor while nobody wants a mask', async () => {
    const silent = [{ modality: 'lidar', from: 1, until: 2 }] as const;
    const { frames, changes } = await run({ seconds: 3, silent }, { isWanted: () => false });
    assert.deepEqual(frames, []);
    const told = changes.filter(({ modality }) => modality === 'lidar').map(({ to }) => to);
    assert.ok(told.lastIndexOf('active') > told.indexOf('dropped') && told.includes('dropped'), told.join(' '));
  });

  it('makes no mask of less than the minimum, and says so', async () => {
    const silent = (['camera', 'depth', 'lidar'] as const).map((modality) => ({ modality, from: 1, until: 2.5 }));
    const [any, some] = [
      await run({ seconds: 3, silent }),
      await run({ seconds: 3, silent }, { minimum: [['camera'], ['depth', 'lidar']] }),
    ];
    const fromEvents = ({ frames }: Recording) =>
      frames.filter(({ segmentation }) => segmentation.present.join() === 'events').length;
    assert.ok(fromEvents(any) > 0, 'there were masks from events alone');
    assert.equal(fromEvents(some), 0);
    assert.ok(
      some.drops.some(({ reason }) => reason.startsWith('events alone is less than the minimum for a mask (camera')),
    );
  });

  it('gives the same masks twice', async () => {
    const [first, second] = [await run({ seconds: 1 }), await run({ seconds: 1 })];
    assert.deepEqual(labelsOf(first), labelsOf(second));
    assert.ok(new Set(first.frames[5]!.segmentation.labels).size > 1, 'a mask of one class would prove little');
  });

  const losses: { modality: keyof typeof TINY_TOPICS; stampsBy: string }[] = [
    { modality: 'camera', stampsBy: 'depth' },
    { modality: 'depth', stampsBy: 'camera' },
    { modality: 'events', stampsBy: 'camera' },
    { modality: 'lidar', stampsBy: 'camera' },
  ];
  for (const { modality, stampsBy } of losses) {
    it(`goes on without ${modality} and takes it back`, async () => {
      const recording = await run({ seconds: 5, silent: [{ modality, from: 2, until: 3.5 }] });
      const during = recording.between(2.5, 3.4);
      assert.ok(during.length >= 8, `expected masks at 10 Hz but received ${during.length} in 0.9 s`);
      for (const { segmentation, absent, reference } of during) {
        assert.ok(!segmentation.present.includes(modality));
        assert.equal(absent.get(modality), 'dropped');
        assert.equal(reference, stampsBy);
        assert.equal(segmentation.frameId, 'camera', "the grid stays the camera's");
      }
      const after = recording.between(4.1, 5);
      assert.ok(after.length >= 8);
      for (const { segmentation } of after) assert.equal(segmentation.present.length, 4);
      const states = recording.changes.filter((change) => change.modality === modality).map(({ to }) => to);
      assert.deepEqual(states.slice(0, 5), ['active', 'late', 'dropped', 'recovering', 'active']);
      assertRising(recording);
    });
  }

  it('makes no mask while every sensor is silent, and never repeats an old one', async () => {
    const modalities = Object.keys(TINY_TOPICS) as (keyof typeof TINY_TOPICS)[];
    const recording = await run({
      seconds: 5,
      silent: modalities.map((modality) => ({ modality, from: 2, until: 3.5 })),
    });
    assert.deepEqual(recording.between(2, 3.5), []);
    assert.ok(recording.between(4, 5).length >= 9);
    assertRising(recording);
  });

  it('leaves a black camera out after looking at it, and says so', async () => {
    const black = (stamp: Stamp): object => picture('rgb8', 'camera', stamp, new Uint8Array(64 * 32 * 3));
    const recording = await run({
      seconds: 4,
      change: (message, modality, seconds) =>
        modality === 'camera' && seconds >= 1 && seconds < 2.5
          ? raw(message.topic, message.type, black(stampAt(seconds)), message.receiveStamp)
          : message,
    });
    for (const { segmentation, absent } of recording.between(1, 2.5)) {
      assert.ok(!segmentation.present.includes('camera'));
      assert.equal(absent.get('camera'), 'black');
    }
    assert.ok(recording.between(1, 2.5).length >= 14);
    assert.ok(recording.changes.some(({ modality, to }) => modality === 'camera' && to === 'invalid'));
    for (const { segmentation } of recording.between(3.1, 4)) assert.equal(segmentation.present.length, 4);
  });

  it('calls a camera that repeats its picture frozen', async () => {
    let stuck: RawMessage | undefined;
    const recording = await run({
      seconds: 4,
      change: (message, modality, seconds) => {
        if (modality !== 'camera' || seconds < 1) return message;
        stuck ??= message;
        const copy = Uint8Array.from(stuck.data);
        copy.set(message.data.subarray(0, 12));
        return { ...message, data: copy };
      },
    });
    const late = recording.between(2, 4);
    assert.ok(late.length >= 18);
    for (const { absent } of late) assert.equal(absent.get('camera'), 'frozen');
  });

  it('marks a depth camera whose messages are cut invalid, and nothing else', async () => {
    const recording = await run({
      seconds: 3,
      change: (message, modality, seconds) =>
        modality === 'depth' && seconds >= 1 ? { ...message, data: message.data.subarray(0, 200) } : message,
    });
    const during = recording.between(1, 3);
    assert.equal(during.length, 20);
    for (const { segmentation, absent } of during) {
      assert.deepEqual(segmentation.present, ['camera', 'events', 'lidar']);
      assert.equal(absent.get('depth'), 'invalid');
    }
    assert.ok(
      recording.problems.some((text) => text.startsWith('depth: ')),
      recording.problems.join('\n'),
    );
  });

  it('publishes nothing without an essential modality', async () => {
    const { sync } = DEFAULT_PIPELINE_CONFIG;
    const lidar = { necessity: 'essential', availability: 'enabled', offsetMs: 0 } as const;
    const recording = await run(
      { seconds: 4, silent: [{ modality: 'lidar', from: 1, until: 2.5 }] },
      { config: { sync: { ...sync, streams: { lidar } } } },
    );
    assert.deepEqual(recording.between(1.1, 2.4), []);
    const reasons = recording.drops.map(({ reason }) => reason);
    assert.ok(
      reasons.some((reason) => reason.includes('essential') && reason.includes('lidar dropped')),
      reasons[0],
    );
    assert.ok(recording.between(3.1, 4).length >= 8);
  });

  it('makes no mask of a set whose essential modality turns out blind once it is decoded', async () => {
    const { sync } = DEFAULT_PIPELINE_CONFIG;
    const camera = { necessity: 'essential', availability: 'enabled', offsetMs: 0 } as const;
    const dark = new Uint8Array(64 * 32 * 3);
    const recording = await run(
      {
        seconds: 2,
        // A single one: its state stays active, so that the synchroniser lets the set pass.
        change: (message, modality, seconds) =>
          modality === 'camera' && seconds === 1
            ? raw(message.topic, message.type, picture('rgb8', 'camera', stampAt(seconds), dark), message.receiveStamp)
            : message,
      },
      { config: { sync: { ...sync, streams: { camera } } } },
    );
    assert.ok(!recording.changes.some(({ to }) => to === 'invalid'));
    assert.deepEqual(
      recording.drops.map(({ stamp, reason }) => [stamp, reason]),
      [[stampAt(1), 'an essential modality is missing (camera black)']],
    );
    assert.equal(recording.frames.length, 19);
    assert.ok(recording.frames.every(({ segmentation }) => segmentation.present.includes('camera')));
  });

  it('tells a mask before the change of state that came after it', async () => {
    for (const backpressure of ['wait', 'newest'] as const) {
      const told: { kind: 'mask' | 'change'; at: Stamp }[] = [];
      const sink = new Recording();
      sink.published = ({ closedAt }) => void told.push({ kind: 'mask', at: closedAt });
      sink.modalityChanged = ({ at }) => void told.push({ kind: 'change', at });
      const slow = segmenterAfter(() => sleep(3));
      const silent = [{ modality: 'lidar', from: 0.5, until: 1.2 } as const];
      await run({ seconds: 2, silent }, { sink, segmenter: slow, backpressure });
      assert.ok(told.filter(({ kind }) => kind === 'change').length >= 6);
      told.forEach(({ at }, i) => {
        const before = told[i - 1];
        assert.ok(before === undefined || before.at <= at, `${backpressure}: ${before?.kind} ${told[i]!.kind} ${i}`);
      });
    }
  });

  it('switches a sensor off and makes another one essential while messages come', async () => {
    const streams = {
      depth: { necessity: 'optional', availability: 'disabled', offsetMs: 0 },
      lidar: { necessity: 'essential', availability: 'enabled', offsetMs: 0 },
    } as const;
    const recording = await run(
      { seconds: 4, silent: [{ modality: 'lidar', from: 2, until: 4 }] },
      { retune: { at: 1, sync: { streams } } },
    );
    assert.deepEqual(recording.between(0.5, 0.9).at(-1)?.segmentation.present, ['camera', 'depth', 'events', 'lidar']);
    assert.deepEqual(recording.between(1.2, 1.9).at(-1)?.segmentation.present, ['camera', 'events', 'lidar']);
    assert.deepEqual(recording.between(2.2, 4), []);
    assert.ok(recording.drops.length >= 15, `${recording.drops.length} drops`);
  });

  /** A model that begins with nothing before all messages have come, as one would that is slower than the sensors. */
  async function overloaded(seconds: number, sink: Recording, meanwhile: () => Promise<void>): Promise<void> {
    const messages = tinyDrive({ seconds });
    let letGo = (): void => undefined;
    const allHaveCome = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    let busy = 0;
    const slow = segmenterAfter(async () => {
      assert.equal(busy++, 0, 'one set at a time');
      await allHaveCome;
      busy--;
    });
    const pipeline = livePipeline(messages, slow, sink, () => true);
    for (const message of messages) await pipeline.receive(message);
    await meanwhile();
    letGo();
    await pipeline.settle();
  }

  it('takes the newest set where the model is slower than the sensors, and counts the others', async () => {
    const sink = new Recording();
    await overloaded(3, sink, () => Promise.resolve());
    const { frames, drops } = sink;
    assert.ok(drops.length > 0 && frames.length > 0 && frames.length + drops.length === 30);
    for (const { reason } of drops) assert.match(reason, /overtaken/);
    assert.equal(frames.at(-1)!.segmentation.stamp, stampAt(2.9));
  });

  it('decodes the newest set while the model is busy, and tells each mask as soon as it is made', () =>
    withHeldTime(async (time) => {
      const log: string[] = [];
      let isReceiving = false;
      let free = (): void => undefined;
      const slow = segmenterAfter(async () => {
        const isFree = new Promise<void>((resolve) => {
          free = resolve;
        });
        log.push('model busy');
        await isFree;
        log.push('model free');
      });
      const sink = new (class extends Recording {
        override published = (frame: FrameResult) => {
          log.push(`mask ${(frame.segmentation.stamp - stampAt(0)) / 1_000_000n}`);
          super.published(frame);
        };
      })();
      const messages = tinyDrive({ seconds: 0.7 });
      const pipeline = livePipeline(messages, slow, sink, () => {
        if (!isReceiving) log.push('decoding');
        return true;
      });
      const receive = async (from: number, until: number) => {
        isReceiving = true;
        for (const message of messages) {
          const { receiveStamp } = message;
          if (receiveStamp >= stampAt(from) && receiveStamp < stampAt(until)) await pipeline.receive(message);
        }
        isReceiving = false;
      };
      // The model takes 100 ms, decoding no time at all.
      for (const second of [0, 0.1, 0.2]) {
        log.length = 0;
        await receive(second, second + 0.1);
        await until(() => log.includes('model busy'));
        time.tick(100);
        free();
        await pipeline.settle();
      }
      log.length = 0;
      // Two more sets come while the first of them is in the model: the older gives way before it is decoded.
      await receive(0.3, 0.4);
      await until(() => log.includes('model busy'));
      time.tick(50);
      await receive(0.4, 0.5);
      await receive(0.5, 0.6);
      time.tick(44);
      await nextTurn();
      // The first set was decoded as it was received.
      assert.deepEqual(log, ['model busy']);
      time.tick(1);
      await until(() => log.includes('decoding'));
      free();
      await until(() => log.filter((line) => line === 'model busy').length === 2);
      free();
      await pipeline.settle();
      const expected = ['model busy', 'decoding', 'model free', 'mask 300', 'model busy', 'model free', 'mask 500'];
      assert.deepEqual(log, expected);
      assert.deepEqual(
        sink.drops.map(({ stamp }) => stamp),
        [stampAt(0.4)],
      );
    }));

  it('draws and encodes what is certain of a set while it waits for the rest', async () => {
    const LATE_NS = 40_000_000n;
    const messages = tinyDrive({
      seconds: 1.5,
      change: (message, modality) =>
        modality === 'lidar' ? { ...message, receiveStamp: message.receiveStamp + LATE_NS } : message,
    }).sort((a, b) => Number(a.receiveStamp - b.receiveStamp));
    const prepared = new Set<ModalityImage>();
    let reused = 0;
    const ahead: FrameSegmenter = {
      whenReady: () => segmenter.whenReady(),
      prepare: (images) => {
        for (const image of images) prepared.add(image);
        return segmenter.prepare(images);
      },
      segment: (frameSet) => {
        for (const image of frameSet.images.values()) if (prepared.has(image)) reused++;
        return segmenter.segment(frameSet);
      },
    };
    const sink = new Recording();
    const pipeline = livePipeline(messages, ahead, sink, () => true);
    const before = segmenter.encodedImages;
    for (const message of messages) {
      // The model is done with one set, and the next one drawn, before its cloud comes.
      const isDrawn = () => message.topic !== TINY_TOPICS.lidar || prepared.size >= 3 * (sink.frames.length + 1);
      await until(isDrawn);
      await pipeline.receive(message);
      if (message.topic === TINY_TOPICS.lidar) await pipeline.settle();
    }
    const { frames } = await run({ seconds: 1.5 }, { messages });
    assert.equal(sink.frames.length, 15);
    sink.frames.forEach(({ segmentation: { stamp, labels } }, k) => {
      assert.equal(stamp, frames[k]!.segmentation.stamp);
      assert.deepEqual(labels, frames[k]!.segmentation.labels, `mask ${k}`);
    });
    assert.ok(
      ![...prepared].some(({ modality }) => modality === 'lidar'),
      'the cloud that all wait for is not certain',
    );
    assert.equal(reused, prepared.size, 'each image drawn ahead is in its set');
    assert.ok(reused >= 2 * 15, `${reused} images were drawn ahead`);
    assert.ok(segmenter.encodedImages - before >= 60);
  });

  it('counts the time a set waited for the one before as latency of live sensors', async () => {
    const live = new Recording();
    await overloaded(3, live, () => sleep(60));
    const { latency } = live.frames.at(-1)!;
    const parts = latency.syncWaitMs + latency.decodeMs + latency.inferenceMs;
    assert.ok(latency.totalMs > parts + 20, `${latency.totalMs} ms, of which ${parts} ms are accounted for`);
    for (const { latency } of (await run({ seconds: 1 })).frames) {
      const { totalMs, syncWaitMs, decodeMs, inferenceMs } = latency;
      assert.equal(totalMs, syncWaitMs + (decodeMs + inferenceMs));
    }
  });

  it('makes the next mask while a slow sink is still busy with one, but no more than that', async () => {
    let started = 0;
    let told = 0;
    const counting = segmenterAfter(async () => {
      started++;
    });
    const ahead: number[] = [];
    const sink = new (class extends Recording {
      override published = async (frame: FrameResult) => {
        if (told === 0) await until(() => started >= 2);
        ahead.push(started - told++);
        this.frames.push(frame);
      };
    })();
    await run({ seconds: 1 }, { sink, segmenter: counting, backpressure: 'newest' });
    assertRising(sink);
    assert.ok(ahead[0] === 2 && Math.max(...ahead) === 2, `masks begun and not told: ${ahead}`);
  });

  it('says when a frame came and its set was closed, on the clock of arrival', async () => {
    const { frames } = await run({ seconds: 2 });
    for (const { segmentation, arrivedAt, closedAt } of frames.slice(5)) {
      assert.equal(arrivedAt, segmentation.stamp + 8_000_000n, 'the camera takes 8 ms');
      assert.equal(closedAt, segmentation.stamp + 15_000_000n, 'the LiDAR, the last of the four, takes 15 ms');
    }
  });

  it('keeps the stamps of a recording that is played years later, to the nanosecond', async () => {
    const years = 50n * 365n * 86_400_000_000_000n;
    const messages = tinyDrive({ seconds: 1 }).map((message) => ({
      ...message,
      receiveStamp: message.receiveStamp + years,
    }));
    const [then, now] = [await run({ seconds: 1 }), await run({ seconds: 1 }, { messages })];
    const stamps = ({ frames }: Recording) => frames.map(({ segmentation }) => segmentation.stamp);
    assert.deepEqual(stamps(now), stamps(then));
    assert.equal(now.frames.at(-1)!.arrivedAt, now.frames.at(-1)!.segmentation.stamp + years + 8_000_000n);
    assert.deepEqual(labelsOf(now), labelsOf(then));
  });

  it('tells its sink the same in the same order however long the model takes, one thing at a time', async () => {
    const silent = [{ modality: 'lidar', from: 0.5, until: 1.2 }] as const;
    const heard = async (pauses: readonly number[]): Promise<string[]> => {
      let turn = 0;
      let busy = 0;
      const log: string[] = [];
      const note = async (text: string): Promise<void> => {
        assert.equal(busy++, 0, 'the sink was not done yet');
        await sleep(1);
        busy--;
        log.push(text);
      };
      const sink = new (class extends Recording {
        override published = ({ segmentation }: FrameResult) => note(`mask ${segmentation.stamp}`);
        override modalityChanged = ({ modality, to }: ModalityChange) => note(`${modality} ${to}`);
      })();
      const uneven = segmenterAfter(() => sleep(pauses[turn++ % pauses.length]));
      await run({ seconds: 1.5, silent }, { sink, segmenter: uneven });
      return log;
    };
    const quick = await heard([0]);
    assert.ok(quick.includes('lidar dropped'));
    assert.deepEqual(await heard([25, 0, 3, 12]), quick);
  });

  it('loses one frame to a model that takes its worker down, and goes on when that is back', async () => {
    const workerEntry = new URL(`../model/support/faulty_worker${extname(import.meta.url)}`, import.meta.url);
    const restart = { initialDelayMs: 20, maxDelayMs: 40, maxAttempts: 3 };
    const faulty = await Segmenter.create(bundle, { workerEntry, restart });
    const change: TinyDrive['change'] = (message, modality, seconds) => {
      if (modality !== 'camera' || seconds !== 0.8) return message;
      const data = new Uint8Array(64 * 32 * 3).map((_, i) => (i === 0 ? Command.exit : 40 + (i % 101)));
      return raw(message.topic, message.type, picture('rgb8', 'camera', stampAt(0.8), data), message.receiveStamp);
    };
    try {
      const { frames, drops } = await run({ seconds: 2, change }, { segmenter: faulty });
      assert.deepEqual(
        drops.map(({ stamp }) => stamp),
        [stampAt(0.8)],
      );
      assert.match(drops[0]!.reason, /worker ended during the run.*code 3/);
      assert.equal(frames.length, 19);
    } finally {
      await faulty.close();
    }
  });

  it('starts anew, once, when the clock of arrival goes back', async () => {
    const messages = [...tinyDrive({ seconds: 2 }), ...tinyDrive({ seconds: 2 })];
    const { frames, problems } = await run({ seconds: 2 }, { messages });
    assert.equal(problems.filter((text) => text.startsWith('Everything received before was cleared')).length, 1);
    assert.ok(frames.length >= 38, `${frames.length} masks of 40 frames`);
  });

  for (const backpressure of ['wait', 'newest'] as const) {
    it(`rejects when model or sink fail, with backpressure ${backpressure}`, async () => {
      const noSpace = (): Promise<never> => Promise.reject(new Error('no space left on device'));
      const segmenter = segmenterAfter(noSpace);
      await assert.rejects(run({ seconds: 1 }, { segmenter, backpressure }), /no space left/);
      const sink = new (class extends Recording {
        override published = noSpace;
      })();
      await assert.rejects(run({ seconds: 1 }, { sink, backpressure }), /no space left/);
    });
  }
});

function labelsOf({ frames }: Recording): Uint8Array[] {
  return frames.map(({ segmentation }) => segmentation.labels);
}

function assertRising({ frames }: Recording): void {
  frames.forEach(({ segmentation: { stamp } }, k) => {
    assert.ok(k === 0 || stamp > frames[k - 1]!.segmentation.stamp);
  });
}

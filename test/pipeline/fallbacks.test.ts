import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Stamp } from '../../src/messages/index.js';
import { type Bundle, loadBundle, SegmenterError } from '../../src/model/index.js';
import {
  createPipeline,
  DEFAULT_PIPELINE_CONFIG,
  type DroppedFrame,
  describeNotice,
  type FrameResult,
  type FrameSegmenter,
  type ModelChange,
  modalitiesOf,
  type PipelineConfig,
  type PipelineSink,
  selectTopics,
} from '../../src/pipeline/index.js';
import { planRigs } from '../../src/pipeline/plan_rigs.js';
import type { FrameSet } from '../../src/sync/index.js';
import { tinyBundle } from '../model/support/tiny_bundle.js';
import { stampAt, TINY_TOPICS, type TinyDrive, type TinyModality, tinyDrive } from '../support/tiny_rig.js';

const NAMES = ['camera', 'depth', 'events', 'lidar'] as const;

/** What a run told, in its order. */
class Recording implements PipelineSink {
  readonly told: ({ frame: FrameResult } | { change: ModelChange })[] = [];
  readonly drops: DroppedFrame[] = [];
  readonly notices: string[] = [];

  published(frame: FrameResult): void {
    this.told.push({ frame });
  }
  modelChanged(change: ModelChange): void {
    this.told.push({ change });
  }
  dropped(frame: DroppedFrame): void {
    this.drops.push(frame);
  }
  notice(notice: Parameters<typeof describeNotice>[0]): void {
    this.notices.push(describeNotice(notice));
  }
  modalityChanged(): void {}
  problem(): void {}

  get frames(): FrameResult[] {
    return this.told.flatMap((one) => ('frame' in one ? [one.frame] : []));
  }
  /** Names of the models in the order of the masks, each as often as it follows another one. */
  get models(): string[] {
    return this.frames.map(({ model }) => model.name).filter((name, index, all) => name !== all[index - 1]);
  }
}

describe('fallbacks', function () {
  this.timeout(120_000);
  let whole: Bundle;
  before(async () => {
    whole = await loadBundle(tinyBundle);
  });

  /** The tiny bundle with a part of its modalities, as another model. */
  function bundleOf(name: string, modalities: readonly TinyModality[], changes: Partial<Bundle> = {}): Bundle {
    return {
      ...whole,
      name,
      modalities: whole.modalities.filter((one) => modalities.includes(one.name as never)),
      ...changes,
    };
  }

  /** Labels all pixels alike. */
  function answering(bundle: Bundle, label: number, seen: FrameSet[] = []): FrameSegmenter {
    const { width, height } = bundle.input;
    return {
      whenReady: () => Promise.resolve(),
      segment: async (frameSet) => {
        seen.push(frameSet);
        for (const image of frameSet.images.values()) assert.deepEqual([image.width, image.height], [width, height]);
        return {
          stamp: frameSet.stamp,
          frameId: frameSet.frameId,
          width,
          height,
          labels: new Uint8Array(width * height).fill(label),
          confidence: new Uint8Array(width * height).fill(label),
          present: [...frameSet.images.keys()],
          routing: new Map(),
          timings: { encodeMs: 0, headMs: 0, totalMs: 0 },
        };
      },
    };
  }

  interface Run {
    models: readonly { bundle: Bundle; segmenter: FrameSegmenter }[];
    drive: TinyDrive;
    config?: Partial<PipelineConfig>;
    minimum?: string[][];
  }

  async function run({ models, drive, config, minimum }: Run): Promise<Recording> {
    const sink = new Recording();
    const messages = tinyDrive(drive);
    const types = new Map(messages.map(({ topic, type }) => [topic, type]));
    const topics = [...types].map(([name, type]) => ({ name, type, messageCount: 1 }));
    const modalities = modalitiesOf(models.map(({ bundle }) => bundle));
    const named = Object.fromEntries(modalities.map(({ name }) => [name, TINY_TOPICS[name as TinyModality]]));
    const [first, ...fallbacks] = models;
    const pipeline = createPipeline({
      ...first!,
      fallbacks,
      selection: selectTopics(topics, modalities, { modalities: named }),
      config: { ...DEFAULT_PIPELINE_CONFIG, ...config },
      sink,
      backpressure: 'wait',
      ...(minimum && { minimum }),
    });
    const wakeBefore = async (until: Stamp): Promise<void> => {
      for (let due = pipeline.nextWakeUp(); due !== undefined && due < until; due = pipeline.nextWakeUp()) {
        await pipeline.advanceTo(due);
      }
    };
    for (const message of messages) {
      await wakeBefore(message.receiveStamp);
      await pipeline.receive(message);
    }
    await wakeBefore(stampAt(drive.seconds + 0.2));
    await pipeline.settle();
    return sink;
  }

  function cameraAndFallback(changes: Partial<Bundle> = {}) {
    const day = bundleOf('day', ['camera']);
    const night = bundleOf('night', ['depth', 'lidar'], changes);
    const seen: { day: FrameSet[]; night: FrameSet[] } = { day: [], night: [] };
    return {
      seen,
      models: [
        { bundle: day, segmenter: answering(day, 1, seen.day) },
        { bundle: night, segmenter: answering(night, 2, seen.night) },
      ],
    };
  }

  it('take over within one frame where the camera falls silent, and give back as soon as it is back', async () => {
    const { models, seen } = cameraAndFallback();
    const drive = { seconds: 3, silent: [{ modality: 'camera', from: 1, until: 2 }] } as const;
    const { told, frames, drops, models: order } = await run({ models, drive });
    assert.deepEqual(order, ['day', 'night', 'day']);
    assert.deepEqual(drops, []);
    const seconds = frames.map(({ segmentation }) => Number(segmentation.stamp - stampAt(0)) / 1e9);
    const gaps = seconds.slice(1).map((at, index) => at - seconds[index]!);
    assert.ok(Math.max(...gaps) < 0.15, `a mask for every frame, but gaps of ${Math.max(...gaps)} s`);
    assert.equal(frames.length, 30);
    for (const { segmentation, model, absent } of frames) {
      const isNight = model.role === 'fallback';
      assert.deepEqual(segmentation.present, isNight ? ['depth', 'lidar'] : ['camera']);
      assert.deepEqual([...absent.keys()], isNight ? ['camera'] : []);
      assert.equal(segmentation.labels[0], isNight ? 2 : 1);
    }
    // Only what a model takes is drawn for it.
    assert.ok(seen.day.every(({ images }) => [...images.keys()].join() === 'camera'));
    assert.ok(seen.night.every(({ images }) => [...images.keys()].join() === 'depth,lidar'));
    const changes = told.flatMap((one, index) => ('change' in one ? [{ ...one.change, next: told[index + 1] }] : []));
    assert.deepEqual(
      changes.map(({ reason }) => reason),
      ['night makes the masks as fallback: day needs camera (late)', 'day makes the masks again'],
    );
    for (const { next, at } of changes)
      assert.ok(next && 'frame' in next && next.frame.closedAt === at, 'told with its mask');
  });

  it('are asked in the same set where the picture turns out to be black; only the first may lack their sensors', async () => {
    const { models } = cameraAndFallback();
    const change: TinyDrive['change'] = (message, modality, at) =>
      modality === 'camera' && at >= 1 && at < 2 ? blackened(message) : message;
    const { frames, drops, told } = await run({ models, drive: { seconds: 3, change } });
    assert.deepEqual(
      drops.map(({ reason }) => reason),
      ['no modality is usable (depth late, lidar late, camera black)'],
    );
    assert.equal(frames.length, 29);
    const first = told.find((one) => 'change' in one);
    assert.match((first as { change: ModelChange }).change.reason, /^night makes .* day needs camera \(black\)$/);
    for (const { segmentation, model } of frames) {
      const at = Number(segmentation.stamp - stampAt(0)) / 1e9;
      if (at < 0.95 || at > 2.4) assert.equal(model.name, 'day', `${at}`);
      if (at > 1.05 && at < 1.95) assert.equal(model.name, 'night', `${at}`);
    }
  });

  it('do not make the masks of the first model wait for their sensors', async () => {
    const { models } = cameraAndFallback();
    const { frames } = await run({ models, drive: { seconds: 2 } });
    // The LiDAR comes seven milliseconds after the camera.
    for (const { latency } of frames.slice(3)) assert.equal(latency.syncWaitMs, 0);
  });

  it('give masks in the classes of the first model, and say once what it lacks', async () => {
    const classes = [
      { id: 0, name: whole.classes[3]!.name, color: [0, 0, 0] as const },
      { id: 2, name: 'ghost', color: [1, 1, 1] as const },
    ];
    const { models } = cameraAndFallback({ classes });
    const silent = [{ modality: 'camera', from: 0, until: 2 }] as const;
    const { frames, notices } = await run({ models, drive: { seconds: 1, silent } });
    assert.deepEqual(new Set(frames.flatMap(({ segmentation }) => [...segmentation.labels])), new Set([255]));
    assert.deepEqual(notices.slice(0, 1), [
      'night has a class that day lacks: ghost. Its pixels are unlabeled in its masks.',
    ]);
    models[1] = { ...models[1]!, segmenter: answering(models[1]!.bundle, 0) };
    const again = await run({ models, drive: { seconds: 1, silent } });
    assert.deepEqual(
      new Set(again.frames.flatMap(({ segmentation }) => [...segmentation.labels])),
      new Set([whole.classes[3]!.id]),
    );
  });

  it('may take another size: masks lie on the grid of the first', async () => {
    const { models, seen } = cameraAndFallback({ input: { width: 32, height: 16 } });
    const drive = { seconds: 2, silent: [{ modality: 'camera', from: 1, until: 2 }] } as const;
    const { frames } = await run({ models, drive });
    assert.ok(seen.night.length > 5);
    for (const { segmentation, grid } of frames) {
      assert.deepEqual([segmentation.width, segmentation.height, segmentation.frameId], [64, 32, 'camera']);
      assert.equal(segmentation.labels.length, 64 * 32);
      assert.deepEqual(grid.pictureSize, { width: 64, height: 32 });
    }
  });

  it('may draw the same sensor in another way, and get their own images of it', async () => {
    const [drawn] = whole.modalities.filter(({ name }) => name === 'depth');
    const other = { ...drawn!, representation: { kind: 'linear', farMetres: 40 } as const };
    assert.notDeepEqual(drawn!.representation, other.representation);
    const both = [bundleOf('one', ['camera', 'depth']), bundleOf('two', ['lidar'], { modalities: [other] })];
    assert.equal(planRigs(both).length, 2);
    const shared = planRigs([both[0]!, bundleOf('three', ['depth', 'lidar'])]);
    assert.deepEqual(
      shared.map(({ modalities }) => modalities.map(({ name }) => name)),
      [['camera', 'depth', 'lidar']],
    );
    // The first needs both of its sensors, the second draws depth by itself.
    const needy = both[0]!.modalities.map((modality) => ({ ...modality, absent: 'refuse' as const }));
    const first = { ...both[0]!, modalities: needy };
    const seen: Record<'one' | 'two', FrameSet[]> = { one: [], two: [] };
    const models = [
      { bundle: first, segmenter: answering(first, 1, seen.one) },
      { bundle: both[1]!, segmenter: answering(both[1]!, 2, seen.two) },
    ];
    const silent = [{ modality: 'camera', from: 1, until: 2 }] as const;
    const { told } = await run({ models, drive: { seconds: 3, silent } });
    const [change] = told.flatMap((one) => ('change' in one ? [one.change] : []));
    assert.equal(change!.reason, 'two makes the masks as fallback: one needs camera (late)');
    const depthOf = (sets: readonly FrameSet[]) => sets.at(-1)!.images.get('depth')!.data;
    // A wall ten metres ahead: 255 (1 - 10 / 40).
    assert.equal(depthOf(seen.two)[64 * 16 * 3 + 96], 191);
    assert.notEqual(depthOf(seen.one)[64 * 16 * 3 + 96], 191);
  });

  it('are refused where one name stands for different kinds of sensors', () => {
    const camera = whole.modalities.find(({ name }) => name === 'camera')!;
    const wrong = bundleOf('wrong', [], { modalities: [{ ...camera, name: 'lidar' }] });
    assert.throws(
      () => modalitiesOf([whole, wrong]),
      /^BundleError: Expected a lidar sensor, as in .*, for modality lidar of wrong but received a camera sensor\. Models/,
    );
  });

  it('are missed in words where a network alone lacks what it requires', async () => {
    const modalities = whole.modalities.filter(({ name }) => name === 'camera' || name === 'lidar');
    const fixed = {
      ...bundleOf('fixed', []),
      modalities: modalities.map((one) => ({ ...one, absent: 'refuse' as const })),
    };
    const silent = [{ modality: 'lidar', from: 1, until: 3 }] as const;
    const { frames, drops } = await run({
      models: [{ bundle: fixed, segmenter: answering(fixed, 1) }],
      drive: { seconds: 3, silent },
    });
    assert.ok(frames.every(({ absent }) => absent.size === 0));
    assert.ok(drops.length >= 15, `${drops.length} sets without a mask`);
    assert.equal(drops.at(-1)!.reason, 'no model can make it: fixed needs lidar (dropped)');
  });

  it('make the mask also where the worker of the first has failed for good', async () => {
    const day = bundleOf('day', ['camera']);
    const rest = bundleOf('rest', ['camera', 'depth']);
    let left = 5;
    const dying: FrameSegmenter = {
      whenReady: () => (left-- > 0 ? Promise.resolve() : Promise.reject(new SegmenterError('failed', 'it is gone'))),
      segment: (frameSet) => answering(day, 1).segment(frameSet),
    };
    const models = [
      { bundle: day, segmenter: dying },
      { bundle: rest, segmenter: answering(rest, 2) },
    ];
    const { models: order, drops, told } = await run({ models, drive: { seconds: 2 } });
    assert.deepEqual(order, ['day', 'rest']);
    assert.ok(drops.length <= 2, `${drops.length} sets lost`);
    assert.deepEqual(
      told.flatMap((one) => ('change' in one ? [one.change.reason] : [])),
      ['rest makes the masks as fallback: day does not run (it is gone)'],
    );
    const alone = run({
      models: [
        {
          ...models[0]!,
          segmenter: { ...dying, whenReady: () => Promise.reject(new SegmenterError('failed', 'it is gone')) },
        },
      ],
      drive: { seconds: 1 },
    });
    await assert.rejects(alone, /it is gone/);
  });

  it('leave essential sensors and the minimum in force', async () => {
    const { models } = cameraAndFallback();
    const silent = [{ modality: 'lidar', from: 0.5, until: 2 }] as const;
    const streams = { lidar: { offsetMs: 0, necessity: 'essential', availability: 'enabled' } } as const;
    const sync = { ...DEFAULT_PIPELINE_CONFIG.sync, streams };
    const essential = await run({ models, drive: { seconds: 2, silent }, config: { sync } });
    assert.ok(essential.drops.some(({ reason }) => reason.startsWith('an essential modality is missing (')));
    const lost = [{ modality: 'camera', from: 1, until: 2 }] as const;
    const minimal = await run({ models, drive: { seconds: 2, silent: lost }, minimum: [['camera'], ['events']] });
    assert.deepEqual(minimal.models, ['day']);
    assert.match(minimal.drops.at(-1)!.reason, /^depth, lidar alone is less than the minimum/);
  });

  it('are taken in their order whatever falls silent: the first model of which anything is there', async () => {
    const chain: [string, TinyModality[]][] = [
      ['one', ['camera']],
      ['two', ['depth', 'events']],
      ['three', ['lidar']],
    ];
    const gap = fc.record({
      modality: fc.constantFrom(...NAMES),
      from: fc.integer({ min: 5, max: 15 }),
      length: fc.integer({ min: 1, max: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(gap, { maxLength: 4 }), async (gaps) => {
        const silent = gaps.map(({ modality, from, length }) => ({
          modality,
          from: from / 10,
          until: (from + length) / 10,
        }));
        const models = chain.map(([name, modalities], label) => {
          const bundle = bundleOf(name, modalities);
          return { bundle, segmenter: answering(bundle, label) };
        });
        const { frames, told } = await run({ models, drive: { seconds: 3, silent } });
        let inUse = 'one';
        for (const one of told) {
          if ('change' in one) {
            assert.notEqual(one.change.model.name, inUse);
            inUse = one.change.model.name;
            continue;
          }
          const { model, absent, segmentation } = one.frame;
          assert.equal(model.name, inUse, 'every change is told, before its mask');
          const own = chain.find(([name]) => name === model.name)![1];
          assert.ok(segmentation.present.every((modality) => own.includes(modality as TinyModality)));
          if (model.role === 'fallback') assert.ok(absent.has('camera'));
        }
        // Half a second after the last gap all is as before.
        const calm = Math.max(0, ...silent.map(({ until }) => until)) + 0.5;
        for (const { segmentation, model } of frames) {
          if (segmentation.stamp >= stampAt(calm)) assert.equal(model.name, 'one');
        }
      }),
      { numRuns: 25, seed: 1 },
    );
  });
});

function blackened(message: ReturnType<typeof tinyDrive>[number]) {
  const data = message.data.slice();
  // All pixels are behind the header and the layout; ends of a CDR message are pixels.
  data.fill(0, data.length - 64 * 32 * 3);
  return { ...message, data };
}

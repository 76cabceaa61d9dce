import assert from 'node:assert/strict';
import {
  type BundleMatch,
  type Dataset,
  matchBundle,
  type ScoreOptions,
  scoreDataset,
} from '../../src/datasets/index.js';
import { totalOf } from '../../src/evaluation/index.js';
import { type Bundle, loadBundle } from '../../src/model/index.js';
import type { FrameSegmenter } from '../../src/pipeline/index.js';
import { HEIGHT, tinyBundle, WIDTH } from '../model/support/tiny_bundle.js';

const SIZE = { width: WIDTH, height: HEIGHT };
const FRAMES = 11;

/** Frames in memory: frame i is evenly of level i, and labelled i mod 3. Frame 4 cannot be read. */
function inMemory(bundle: Bundle, reading: { open: number; most: number } = { open: 0, most: 0 }): Dataset {
  const names = Array.from({ length: FRAMES }, (_, i) => `f${i}`);
  return {
    kind: 'folder',
    title: 'memory',
    root: '/memory',
    split: 'val',
    source: 'recording',
    // In another order than the bundle's, with gaps between the ids.
    classes: bundle.classes.map(({ name, id }) => ({ name, id: 200 - 2 * id })),
    modalities: [
      {
        name: 'camera',
        gives: ({ kind }) => kind === 'rgb',
        given: 'rgb',
        read: async (frame, size) => {
          reading.most = Math.max(reading.most, ++reading.open);
          await new Promise((resolve) => setTimeout(resolve, 1));
          reading.open--;
          if (frame.name === 'f4') throw new Error('Expected a whole picture at f4 but it is none.');
          return new Uint8Array(size.width * size.height * 3).fill(Number(frame.name.slice(1)));
        },
      },
    ],
    frames: names.map((name, i) => ({
      name,
      prediction: name,
      condition: i % 2 === 0 ? 'sun' : 'fog',
      case: 'none',
      files: new Map(),
      label: name,
    })),
    notes: [],
    scoredAt: () => ({ width: 8, height: 4 }),
    predictionPath: ({ prediction }) => `${prediction}.png`,
    readLabels: async (path) => ({
      width: 8,
      height: 4,
      labels: new Uint8Array(32).fill(200 - 2 * (Number(path.slice(1)) % 3)),
    }),
  };
}

describe('scoreDataset', () => {
  let bundle: Bundle;
  let dataset: Dataset;
  let match: BundleMatch;
  /** Says class `level mod 3`, and of frame 6 no class at all. */
  const segmenter: Pick<FrameSegmenter, 'segment'> = {
    segment: async ({ images }) => {
      const level = images.get('camera')!.data[0]!;
      await new Promise((resolve) => setTimeout(resolve, 3));
      return {
        ...SIZE,
        stamp: 0n,
        frameId: '',
        labels: new Uint8Array(WIDTH * HEIGHT).fill(level === 6 ? 255 : level % 3),
        present: ['camera'],
        timings: { encodeMs: 0, headMs: 0, totalMs: 0 },
      };
    },
  };
  before(async () => {
    const tiny = await loadBundle(tinyBundle);
    bundle = { ...tiny, modalities: tiny.modalities.slice(0, 1) };
    dataset = inMemory(bundle);
    match = matchBundle(dataset, bundle);
  });
  const run = (options: ScoreOptions = {}, own: Partial<Parameters<typeof scoreDataset>[0]> = {}) =>
    scoreDataset({ dataset, match, bundle, segmenter, ...own }, options);

  it('scores in the classes of the data set, whatever the ids, and leaves out what cannot be read', async () => {
    const { unit, problems, failure } = await run();
    assert.equal(failure, undefined);
    assert.deepEqual(unit.leftOut, [{ name: 'f4', reason: 'Expected a whole picture at f4 but it is none.' }]);
    assert.deepEqual(
      problems.map(({ code, text }) => [code, text]),
      [['unreadable-frame', 'A frame is left out: Expected a whole picture at f4 but it is none.']],
    );
    const total = totalOf(unit.frames, unit.classes.length);
    // Of ten frames of 32 pixels all are right but frame 6, which has no class.
    assert.deepEqual(
      [0, 1, 2].map((id) => total.count(id, id) / 32),
      [3, 3, 3],
    );
    assert.equal(total.unclassified(0), 32);
    assert.equal(unit.classes[2], bundle.classes[2]!.name);
  });

  it('gives slices that add up to the whole, bit for bit', async () => {
    const whole = (await run()).unit;
    const slices = [];
    for (const [from, to] of [
      [0, 4],
      [4, 5],
      [5, 11],
    ] as const)
      slices.push((await run({ slice: { from, to } })).unit);
    assert.deepEqual(
      slices.flatMap(({ frames }) => frames),
      whole.frames,
    );
    assert.deepEqual(
      slices.flatMap(({ leftOut }) => leftOut),
      whole.leftOut,
    );
    assert.deepEqual(
      (await run({ slice: { every: 5 } })).unit.frames.map(({ name }) => name),
      ['f0', 'f5', 'f10'],
    );
  });

  it('reads ahead of the model, but not far', async () => {
    const reading = { open: 0, most: 0 };
    await run({}, { dataset: inMemory(bundle, reading), match: matchBundle(inMemory(bundle, reading), bundle) });
    assert.ok(reading.most >= 1 && reading.most <= 2, `${reading.most}`);
  });

  it('ends with the first frame that cannot be read where it is to, and keeps those before', async () => {
    const { unit, failure } = await run({ unreadable: 'end' });
    assert.match(String(failure?.error), /Expected a whole picture at f4/);
    assert.deepEqual(
      unit.frames.map(({ name }) => name),
      ['f0', 'f1', 'f2', 'f3'],
    );
  });

  it('keeps what it has when it is interrupted, or the model or what else is done with a frame fails', async () => {
    const controller = new AbortController();
    const interrupted = await run({
      signal: controller.signal,
      onFrame: (done) => {
        if (done === 3) controller.abort(new Error('enough'));
      },
    });
    assert.equal(interrupted.failure, undefined);
    assert.equal(interrupted.unit.frames.length, 3);
    let calls = 0;
    const failing = {
      segment: (set: Parameters<typeof segmenter.segment>[0]) =>
        ++calls === 3 ? Promise.reject(new Error('no model')) : segmenter.segment(set),
    };
    const failed = await run({}, { segmenter: failing });
    assert.match(String(failed.failure?.error), /no model/);
    assert.equal(failed.unit.frames.length, 2);
    const also = await run({
      also: ({ name }) => (name === 'f2' ? Promise.reject(new Error('also')) : Promise.resolve()),
    });
    assert.match(String(also.failure?.error), /also/);
    assert.equal(also.unit.frames.length, 2);
  });

  it('hands on images and truth in positions of the classes, and saves masks by position', async () => {
    const handed: [string, number, number][] = [];
    const saved: number[] = [];
    await run({
      slice: { to: 3 },
      also: async ({ name, truth, images }) => void handed.push([name, truth.labels[0]!, images.size]),
      predictions: {
        save: async (_: unknown, mask: { labels: Uint8Array }) => void saved.push(mask.labels[0]!),
      } as never,
    });
    assert.deepEqual(handed, [
      ['f0', 0, 1],
      ['f1', 1, 1],
      ['f2', 2, 1],
    ]);
    assert.deepEqual(saved, [0, 1, 2]);
  });
});

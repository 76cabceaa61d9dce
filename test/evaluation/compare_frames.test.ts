import assert from 'node:assert/strict';
import { compareFrames, type FrameCounts, groupFrames, scores, totalOf } from '../../src/evaluation/index.js';
import { Random } from '../../src/random/random.js';

const CLASSES = 4;

/** Frames of 1000 pixels; `skill` is the chance of a right one. Class 3 is in few, so that draws may lack it. */
function randomFrames(random: Random, count: number, skill: number): FrameCounts[] {
  return Array.from({ length: count }, (_, i) => {
    const cells = new Map<string, number>();
    const own = Math.min(1, Math.max(0, skill + 0.15 * random.gaussian()));
    for (let pixel = 0; pixel < 200; pixel++) {
      const truth = random.integer(0, i % 7 === 0 ? 3 : 2);
      const prediction = random.chance(own) ? truth : random.integer(0, CLASSES);
      cells.set(`${truth},${prediction}`, (cells.get(`${truth},${prediction}`) ?? 0) + 1);
    }
    const counts = [...cells].flatMap(([cell, pixels]) => [...cell.split(',').map(Number), pixels]);
    return { name: `frame${i}`, condition: i % 2 === 0 ? 'sun' : 'fog', case: 'none', counts };
  });
}

describe('compareFrames', () => {
  for (const convention of ['left-out', 'zero'] as const) {
    it(`scores both runs and all resamples as the confusion matrix does, ${convention}`, () => {
      const random = new Random('frames', convention);
      const a = randomFrames(random, 9, 0.6);
      const b = randomFrames(random, 9, 0.7);
      const options = { convention, seed: 3, resamples: 101 };
      const compared = compareFrames(a, b, CLASSES, options);
      const of = (frames: readonly FrameCounts[]) => scores(totalOf(frames, CLASSES), convention);
      const [ownA, ownB] = [of(a), of(b)];
      const close = (received: number | null, expected: number) =>
        assert.ok(Math.abs(received! - 100 * expected) < 1e-9, `${received} ${expected}`);
      close(compared.miou.a, ownA.miou);
      close(compared.miou.b, ownB.miou);
      close(compared.miou.difference, ownB.miou - ownA.miou);
      const draws = new Random(3, 'bootstrap', 9);
      const differences: { miou: number; classes: number[] }[] = [];
      for (let k = 0; k < options.resamples; k++) {
        const drawn = Array.from({ length: 9 }, () => draws.integer(0, 8));
        const [drawnA, drawnB] = [a, b].map((frames) => of(drawn.map((i) => frames[i]!))) as [typeof ownA, typeof ownB];
        differences.push({
          miou: drawnB.miou - drawnA.miou,
          classes: drawnB.classes.map(({ iou }, id) => iou - drawnA.classes[id]!.iou),
        });
      }
      const ends = (values: number[]) => {
        const sorted = values.filter((value) => !Number.isNaN(value)).sort((x, y) => x - y);
        return [0.025, 0.975].map((share) => sorted[Math.round(share * (sorted.length - 1))]!) as [number, number];
      };
      const [low, high] = ends(differences.map(({ miou }) => miou));
      close(compared.miou.low, low);
      close(compared.miou.high, high);
      for (let id = 0; id < CLASSES; id++) {
        const [lowest, highest] = ends(differences.map(({ classes }) => classes[id]!));
        close(compared.classes[id]!.low, lowest);
        close(compared.classes[id]!.high, highest);
      }
    });
  }

  it('finds no difference of a run and itself, and the difference itself of a single frame', () => {
    const [a, b] = [randomFrames(new Random('a'), 5, 0.5), randomFrames(new Random('b'), 5, 0.9)];
    const options = { convention: 'left-out', seed: 1, resamples: 200 } as const;
    const { difference, low, high } = compareFrames(a, a, CLASSES, options).miou;
    assert.deepEqual([difference, low, high], [0, 0, 0]);
    const one = compareFrames(a.slice(0, 1), b.slice(0, 1), CLASSES, options).miou;
    assert.deepEqual([one.low, one.high], [one.difference, one.difference]);
  });

  it('covers no difference in about 95 of 100 pairs of equal runs, and shows a large one in all', () => {
    const options = { convention: 'left-out', seed: 1, resamples: 300 } as const;
    let covering = 0;
    for (let k = 0; k < 100; k++) {
      const random = new Random('coverage', k);
      const { low, high } = compareFrames(
        randomFrames(random, 40, 0.6),
        randomFrames(random, 40, 0.6),
        CLASSES,
        options,
      ).miou;
      covering += Number(low! <= 0 && high! >= 0);
    }
    assert.ok(covering >= 85 && covering <= 100, `${covering}`);
    const better = compareFrames(
      randomFrames(new Random('x'), 40, 0.5),
      randomFrames(new Random('y'), 40, 0.8),
      CLASSES,
      options,
    );
    assert.ok(better.miou.low! > 5);
  });

  it('refuses runs on other frames', () => {
    const frames = randomFrames(new Random('a'), 3, 0.5);
    const options = { convention: 'zero', seed: 1, resamples: 100 } as const;
    assert.throws(
      () => compareFrames(frames, frames.slice(1), CLASSES, options),
      /Expected the same frames of both runs/,
    );
    assert.throws(() => compareFrames(frames, frames.toReversed(), CLASSES, options), /Expected the same frames/);
  });
});

describe('frame counts', () => {
  it('add up to the whole, however they are grouped', () => {
    const frames = randomFrames(new Random('groups'), 20, 0.5);
    const whole = totalOf(frames, CLASSES);
    const groups = groupFrames(frames, CLASSES, ({ condition }) => condition);
    assert.deepEqual(
      groups.map(({ name, frames: count }) => [name, count]),
      [
        ['fog', 10],
        ['sun', 10],
      ],
    );
    const [sum, other] = groups.map(({ matrix }) => matrix) as [typeof whole, typeof whole];
    sum.merge(other);
    assert.deepEqual(sum.toTriplets(), whole.toTriplets());
  });

  it('refuse counts that are none of these classes, and add nothing then', () => {
    const matrix = totalOf([], 2);
    for (const counts of [
      [0, 0, 5, 2, 0, 1],
      [0, 3, 1],
      [0, 0, -1],
      [0, 0, 0.5],
      [0, 0],
    ]) {
      assert.throws(() => matrix.addTriplets(counts), /Expected truth, prediction and pixels of 2 classes/);
    }
    assert.deepEqual(matrix.toTriplets(), []);
    matrix.addTriplets([0, 2, 7]);
    assert.equal(matrix.unclassified(0), 7);
  });
});

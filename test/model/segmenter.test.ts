import assert from 'node:assert/strict';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  type Bundle,
  type EncodeMode,
  type GraphLayout,
  loadBundle,
  Segmenter,
  SegmenterError,
  type SegmenterOptions,
} from '../../src/model/index.js';
import type { ModalityImage } from '../../src/sensors/modality_image.js';
import {
  expectedAnswer,
  frameSetOf,
  HEIGHT,
  imageOf,
  MODALITIES,
  type Modality,
  tinyBundle,
  WIDTH,
  withFused,
} from './support/tiny_bundle.js';

const VARIANTS: readonly { title: string; options: SegmenterOptions; encodeMode: EncodeMode; graphs: GraphLayout }[] = [
  { title: 'encoding batched', options: { encodeMode: 'batched' }, encodeMode: 'batched', graphs: 'split' },
  { title: 'encoding one-by-one', options: { encodeMode: 'one-by-one' }, encodeMode: 'one-by-one', graphs: 'split' },
  { title: 'with a fused graph', options: { graphs: 'fused' }, encodeMode: 'batched', graphs: 'fused' },
];

describe('Segmenter', function () {
  this.timeout(120_000); // workers start slowly on a busy machine

  let bundle: Bundle;
  before(async () => {
    const { files, ...rest } = await loadBundle(tinyBundle);
    bundle = { ...rest, files: withFused(files, join(tinyBundle, 'fused.onnx')) };
  });

  for (const { title, options, encodeMode, graphs } of VARIANTS) {
    describe(title, () => {
      let segmenter: Segmenter;
      before(async () => {
        segmenter = await Segmenter.create(bundle, { provider: 'cpu', threads: 1, ...options });
      });
      after(() => segmenter.close());

      it('uses what was asked for', () => {
        assert.equal(segmenter.selection.encodeMode, encodeMode);
        assert.equal(segmenter.selection.provider, 'cpu');
        assert.equal(segmenter.selection.graphs, graphs);
        assert.equal(segmenter.selection.precision, 'float32');
      });

      // An evenly grey image g of modality i has features g + 3i everywhere; label = floor(mean / 17), at most 14.
      const cases: [grey: Partial<Record<Modality, number>>, label: number, confidence: number][] = [
        [{ camera: 0 }, 0, 0],
        [{ camera: 16 }, 0, 16],
        [{ camera: 17 }, 1, 17],
        [{ camera: 100 }, 5, 100],
        [{ camera: 255 }, 14, 255],
        [{ lidar: 8 }, 1, 17],
        [{ lidar: 7 }, 0, 16],
        [{ lidar: 250 }, 14, 255],
        [{ camera: 100, depth: 200 }, 8, 151],
        [{ lidar: 40, camera: 100 }, 4, 74],
        [{ events: 0, depth: 90, camera: 30 }, 2, 43],
        [{ lidar: 81, events: 84, depth: 87, camera: 90 }, 5, 90],
      ];
      for (const [grey, label, confidence] of cases) {
        it(`answers ${JSON.stringify(grey)} with class ${label}`, async () => {
          const images = Object.entries(grey).map(([modality, value]) => imageOf(modality, value));
          const result = await segmenter.segment(frameSetOf(images));
          assert.deepEqual(new Set(result.labels), new Set([label]));
          assert.deepEqual(new Set(result.confidence), new Set([confidence]));
          assert.deepEqual(
            result.present,
            MODALITIES.filter((name) => name in grey),
          );
        });
      }

      it('passes stamp, frame and size on and measures itself', async () => {
        const result = await segmenter.segment(frameSetOf([imageOf('depth', 1)]));
        assert.equal(result.stamp, 42n);
        assert.equal(result.frameId, 'camera_optical');
        assert.deepEqual([result.width, result.height, result.labels.length], [WIDTH, HEIGHT, WIDTH * HEIGHT]);
        const { encodeMs, headMs, totalMs } = result.timings;
        assert.ok(encodeMs > 0 && totalMs >= encodeMs + headMs, `${encodeMs} + ${headMs} of ${totalMs}`);
        assert.equal(headMs > 0, graphs === 'split', `the head took ${headMs} ms`);
      });

      it('answers every subset, order and repetition of images as the rule says', async () => {
        const noise = MODALITIES.flatMap((modality, seed) =>
          [0, 1].map((n) => imageOf(modality, noiseOf(seed * 2 + n))),
        );
        const subsets = fc.subarray(noise, { minLength: 1 }).map(oneOfEachModality);
        const shuffled = subsets.chain((images) =>
          fc.shuffledSubarray(images, { minLength: images.length, maxLength: images.length }),
        );
        await fc.assert(
          fc.asyncProperty(fc.array(shuffled, { minLength: 2, maxLength: 5 }), async (sequence) => {
            for (const images of sequence) {
              const result = await segmenter.segment(frameSetOf(images));
              const expected = expectedAnswer(images);
              assert.deepEqual(result.labels, expected.labels);
              assert.deepEqual(result.confidence, expected.confidence);
              assert.deepEqual([...result.routing!.keys()], [...expected.routing.keys()]);
              for (const [modality, weights] of expected.routing) {
                for (const [level, weight] of weights.entries()) {
                  assert.ok(Math.abs(result.routing!.get(modality)![level]! - weight) < 1e-5, `${modality} ${level}`);
                }
              }
            }
          }),
          { numRuns: 30, seed: 1 },
        );
      });

      it('leaves what it has handed out alone', async () => {
        const first = await segmenter.segment(frameSetOf([imageOf('camera', 100)]));
        await segmenter.segment(frameSetOf([imageOf('camera', 200)]));
        assert.deepEqual(new Set(first.labels), new Set([5]));
      });

      it('has read the images once it has returned', async () => {
        const image = imageOf('camera', 100);
        const result = segmenter.segment(frameSetOf([image]));
        image.data.fill(255);
        assert.deepEqual(new Set((await result).labels), new Set([5]));
      });

      it('answers the same images with the same bytes', async () => {
        const images = () => MODALITIES.map((modality, seed) => imageOf(modality, noiseOf(seed)));
        const other = await Segmenter.create(bundle, { threads: 1, ...options });
        const runs = [
          await segmenter.segment(frameSetOf(images())),
          await segmenter.segment(frameSetOf(images())),
          await other.segment(frameSetOf(images())),
        ];
        await other.close();
        for (const run of runs) {
          assert.deepEqual(run.labels, runs[0]!.labels);
          assert.deepEqual(run.confidence, runs[0]!.confidence);
          assert.deepEqual(run.routing, runs[0]!.routing);
        }
      });
    });
  }

  describe('refuses', () => {
    let segmenter: Segmenter;
    before(async () => {
      segmenter = await Segmenter.create(bundle, { threads: 1 });
    });
    after(() => segmenter.close());

    const camera = imageOf('camera', 9);
    const bad: [title: string, images: ModalityImage[], message: RegExp][] = [
      ['a set without images', [], /Expected some of camera, depth, events, lidar for modalities but received none/],
      ['a modality the bundle does not know', [camera, imageOf('radar', 1)], /but received camera, radar/],
      ['an image of another size', [{ ...camera, width: 32 }], /Expected 64x32 .* for image camera but received 32x32/],
      [
        'an image that is too short',
        [{ ...camera, data: camera.data.subarray(1) }],
        /but received 64x32 with 6143 bytes/,
      ],
    ];
    for (const [title, images, message] of bad) {
      it(title, async () => {
        await assertFails(segmenter.segment(frameSetOf(images)), 'bad-input', message);
        assert.equal(segmenter.state, 'idle');
      });
    }

    it('a second set while one is in flight, and finishes the first', async () => {
      const first = segmenter.segment(frameSetOf([camera]));
      assert.equal(segmenter.state, 'busy');
      await assertFails(segmenter.segment(frameSetOf([imageOf('camera', 200)])), 'busy', /in flight/);
      assert.deepEqual(new Set((await first).labels), new Set([0]));
    });
  });
});

async function assertFails(promise: Promise<unknown>, kind: SegmenterError['kind'], message: RegExp): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof SegmenterError, String(error));
    assert.equal(error.kind, kind);
    assert.match(error.message, message);
    return true;
  });
}

function oneOfEachModality(images: readonly ModalityImage[]): ModalityImage[] {
  return [...new Map(images.map((image) => [image.modality, image])).values()];
}

/** Repeatable noise: the top byte of a 32-bit linear congruential generator (Numerical Recipes' constants). */
function noiseOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  };
}

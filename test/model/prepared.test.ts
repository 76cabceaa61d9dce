import assert from 'node:assert/strict';
import { extname } from 'node:path';
import fc from 'fast-check';
import { type Bundle, loadBundle, Segmenter } from '../../src/model/index.js';
import type { ModalityImage } from '../../src/sensors/modality_image.js';
import { TIMES } from './support/timed_worker.js';
import { expectedAnswer, frameSetOf, imageOf, MODALITIES, tinyBundle } from './support/tiny_bundle.js';

describe('Segmenter with images encoded before their set is complete', function () {
  this.timeout(120_000); // workers start slowly on a busy machine

  let bundle: Bundle;
  let segmenter: Segmenter;
  before(async () => {
    bundle = await loadBundle(tinyBundle);
    segmenter = await Segmenter.create(bundle, { provider: 'cpu', threads: 1, encodeMode: 'one-by-one' });
  });
  after(() => segmenter.close());

  const greys = fc.record({
    greys: fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 4, maxLength: 4 }),
    present: fc.subarray([...MODALITIES], { minLength: 1 }),
    /** Encoded before, in the order given. */
    ahead: fc.shuffledSubarray([...MODALITIES]),
    isAwaited: fc.boolean(),
  });

  it('answers as if they had been encoded with it, and encodes each once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(greys, { minLength: 1, maxLength: 4 }), async (sets) => {
        const before = segmenter.encodedImages;
        const encoded = new Set<ModalityImage>();
        for (const { greys, present, ahead, isAwaited } of sets) {
          const images = new Map(MODALITIES.map((name, k) => [name, imageOf(name, greys[k]!)]));
          const chosen = (names: readonly (typeof MODALITIES)[number][]) => names.map((name) => images.get(name)!);
          const preparing = segmenter.prepare(chosen(ahead));
          if (isAwaited) await preparing;
          const result = await segmenter.segment(frameSetOf(chosen(present)));
          const expected = expectedAnswer(chosen(present));
          assert.deepEqual(result.labels, expected.labels);
          assert.deepEqual(result.confidence, expected.confidence);
          for (const image of [...chosen(ahead), ...chosen(present)]) encoded.add(image);
        }
        assert.equal(segmenter.encodedImages - before, encoded.size);
      }),
      { numRuns: 40 },
    );
  });

  it('counts the time of each image with the first set that shows it', async () => {
    const workerEntry = new URL(`./support/timed_worker${extname(import.meta.url)}`, import.meta.url);
    const timed = await Segmenter.create(bundle, { workerEntry });
    const images = MODALITIES.map((name) => imageOf(name, 7));
    await timed.prepare(images);
    const times: number[] = [];
    for (let set = 0; set < 2; set++) times.push((await timed.segment(frameSetOf(images))).timings.encodeMs);
    assert.deepEqual(times, [TIMES.encodeAheadMs + TIMES.encodeMs, TIMES.encodeMs]);
    await timed.close();
  });

  it('leaves it to the set to tell what is wrong with an image', async () => {
    const tooSmall = { ...imageOf('camera', 1), width: 3 };
    await segmenter.prepare([tooSmall]);
    await assert.rejects(segmenter.segment(frameSetOf([tooSmall])), { kind: 'bad-input' });
    await segmenter.segment(frameSetOf([imageOf('camera', 1)]));
  });

  it('encodes nothing while a set is in the model', async () => {
    const running = segmenter.segment(frameSetOf([imageOf('camera', 1)]));
    const before = segmenter.encodedImages;
    await segmenter.prepare([imageOf('lidar', 1)]);
    assert.equal(segmenter.encodedImages, before);
    await running;
  });

  it('encodes nothing where features do not outlive a run', async () => {
    const batched = await Segmenter.create(bundle, { provider: 'cpu', threads: 1, encodeMode: 'batched' });
    await batched.prepare([imageOf('camera', 1)]);
    assert.equal(batched.encodedImages, 0);
    await batched.close();
  });
});

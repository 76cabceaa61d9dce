import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FeatureSlots } from '../../src/model/feature_slots.js';
import { loadBundle, Segmenter } from '../../src/model/index.js';
import { imagesWorthKeeping, type Protocol, runProtocol } from '../../src/robustness/index.js';
import type { ModalityImage } from '../../src/sensors/modality_image.js';
import { expectedAnswer, frameSetOf, HEIGHT, imageOf, MODALITIES, tinyBundle, WIDTH } from './support/tiny_bundle.js';

const size = { width: WIDTH, height: HEIGHT };

describe('FeatureSlots', () => {
  it('never says that a slot holds an image other than the one written last', () => {
    const pool = MODALITIES.flatMap((name) => [1, 2, 3].map((grey) => imageOf(name, grey)));
    const sets = fc.subarray(pool, { minLength: 1 }).map(oneOfEach);
    const runs = fc.array(fc.record({ images: sets, outcome: fc.constantFrom('done', 'failed') }), { minLength: 1 });
    fc.assert(
      fc.property(runs, fc.integer({ min: 0, max: 3 }), (sequence, copies) => {
        const slots = new FeatureSlots(MODALITIES.length, copies);
        // The worker's memory: undefined where a run that failed may have written half.
        const memory = new Map<number, ModalityImage | undefined>();
        for (const { images, outcome } of sequence) {
          const modalities = images.map(({ modality }) => MODALITIES.indexOf(modality as 'camera'));
          const placement = slots.place(modalities, images);
          assert.equal(new Set(placement.slots).size, images.length, 'no two images share a slot');
          for (const position of placement.encode) {
            memory.set(placement.slots[position]!, outcome === 'done' ? images[position] : undefined);
          }
          for (const [position, slot] of placement.slots.entries()) {
            if (placement.encode.includes(position)) continue;
            assert.equal(memory.get(slot), images[position]);
          }
          if (outcome === 'done') slots.keep(placement, images);
        }
      }),
      { seed: 1 },
    );
  });

  it('keeps the images of each modality that were used last, whatever else is in a set', () => {
    const slots = new FeatureSlots(2, 2);
    const [a, b, c] = [1, 2, 3].map((grey) => imageOf('lidar', grey)) as [ModalityImage, ModalityImage, ModalityImage];
    const encoded = (...images: ModalityImage[]) => {
      const placement = slots.place(
        images.map(({ modality }) => (modality === 'camera' ? 0 : 1)),
        images,
      );
      slots.keep(placement, images);
      return placement.encode.length;
    };
    assert.equal(encoded(imageOf('camera', 1), a), 2);
    assert.equal(encoded(a), 0, 'the camera is gone');
    assert.equal(encoded(imageOf('camera', 2), b), 2);
    assert.equal(encoded(a), 0);
    assert.equal(encoded(c), 1, 'takes the place of b');
    assert.equal(encoded(a), 0);
    assert.equal(encoded(b), 1);
  });
});

describe('Segmenter, one by one', function () {
  this.timeout(120_000);

  let segmenter: Segmenter;
  before(async () => {
    const bundle = await loadBundle(tinyBundle);
    segmenter = await Segmenter.create(bundle, { threads: 1, encodeMode: 'one-by-one' });
  });
  after(() => segmenter.close());

  it('keeps the features of the others when a sensor is lost and when it is back', async () => {
    const encodedFor = async (images: readonly ModalityImage[]): Promise<number> => {
      const before = segmenter.encodedImages;
      const { labels } = await segmenter.segment(frameSetOf(images));
      assert.deepEqual(labels, expectedAnswer(images).labels);
      return segmenter.encodedImages - before;
    };
    const [camera, depth, events, lidar] = MODALITIES.map((name, k) => imageOf(name, (i) => (i * (k + 3)) % 251)) as [
      ModalityImage,
      ModalityImage,
      ModalityImage,
      ModalityImage,
    ];
    assert.equal(await encodedFor([camera, depth, events, lidar]), 4);
    assert.equal(await encodedFor([depth, events, lidar]), 0);
    assert.equal(await encodedFor([camera, lidar]), 0);
    assert.equal(await encodedFor([{ ...camera }, depth, events, lidar]), 1);
  });
});

describe('an evaluation', function () {
  this.timeout(120_000);

  const cases: { protocols: Protocol[]; first: number; further: number }[] = [
    { protocols: ['absent'], first: 4, further: 4 },
    { protocols: ['absent', 'emm'], first: 8, further: 4 },
    { protocols: ['rmm'], first: 16, further: 16 },
    { protocols: ['absent', 'emm', 'rmm'], first: 20, further: 16 },
  ];
  for (const { protocols, first, further } of cases) {
    it(`encodes each image once under ${protocols.join(', ')}, and answers as if it had encoded all`, async () => {
      const bundle = await loadBundle(tinyBundle);
      const segmenter = await Segmenter.create(bundle, {
        threads: 1,
        encodeMode: 'one-by-one',
        keptImages: imagesWorthKeeping(protocols),
      });
      const checking: Pick<Segmenter, 'segment'> = {
        segment: async (frameSet) => {
          const answer = await segmenter.segment(frameSet);
          assert.deepEqual(answer.labels, expectedAnswer([...frameSet.images.values()]).labels);
          return answer;
        },
      };
      const options = { protocols, seed: 1, convention: 'left-out' as const };
      try {
        await runProtocol({ bundle, segmenter: checking }, options, async (visit) => {
          let before = 0;
          for (const [frame, expected] of [first, further, further].entries()) {
            const images = new Map(
              MODALITIES.map((name, k) => [name, imageOf(name, (i) => (i * (k + 3) + 7 * frame) % 251)]),
            );
            const truth = { ...size, labels: new Uint8Array(WIDTH * HEIGHT) };
            await visit({ name: String(frame), images, truth });
            assert.equal(segmenter.encodedImages - before, expected, `frame ${frame}`);
            before = segmenter.encodedImages;
          }
          return { used: 3, leftOut: 0, source: 'recording' };
        });
      } finally {
        await segmenter.close();
      }
    });
  }
});

function oneOfEach(images: readonly ModalityImage[]): ModalityImage[] {
  return [...new Map(images.map((image) => [image.modality, image])).values()];
}

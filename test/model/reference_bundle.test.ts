import assert from 'node:assert/strict';
import { join } from 'node:path';
import { countDifferingLabels, loadBundle, Segmenter } from '../../src/model/index.js';
import type { ModalityImage } from '../../src/sensors/index.js';
import { projectRoot } from '../support/shared_data.js';

/** Labels of the golden input come from PyTorch, so this compares the two sides on a real frame. */
describe('the bundled model', () => {
  it('gives the labels PyTorch gave, on at least 99.9 % of the pixels', async () => {
    const bundle = await loadBundle(join(projectRoot, 'models', 'reference'));
    const { width, height } = bundle.input;
    const segmenter = await Segmenter.create(bundle, { provider: 'cpu' });
    try {
      const bytes = width * height * 3;
      const images = new Map<string, ModalityImage>(
        bundle.modalities.map(({ name }, index) => {
          const data = bundle.golden.images.slice(index * bytes, (index + 1) * bytes);
          return [name, { modality: name, stamp: 0n, width, height, data, quality: { kind: 'good' } }];
        }),
      );
      const { labels, present } = await segmenter.segment({ stamp: 0n, frameId: '', images, absent: new Map() });
      assert.equal(present.length, bundle.modalities.length);
      assert.ok(new Set(bundle.golden.labels).size >= 5, 'a golden frame of few classes would prove little');
      assert.ok(countDifferingLabels(labels, bundle.golden.labels) <= 0.001 * labels.length);
    } finally {
      await segmenter.close();
    }
  });
});

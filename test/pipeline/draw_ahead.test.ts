import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DrawAhead } from '../../src/pipeline/draw_ahead.js';
import type { Selection } from '../../src/pipeline/frame_assembler.js';
import type { ChainLink } from '../../src/pipeline/model_chain.js';
import type { ModalityImage } from '../../src/sensors/modality_image.js';

const selection = { modality: 'camera' } as Selection;

/** A model of one camera that may be able to encode ahead. */
function linkOf(prepare?: (images: readonly ModalityImage[]) => Promise<void>): ChainLink {
  return {
    inputs: { modalities: ['camera'] },
    assembler: { drawAhead: async () => ({ modality: 'camera' }) },
    segmenter: { ...(prepare && { prepare }) },
  } as unknown as ChainLink;
}

describe('DrawAhead', () => {
  it('goes on where the segmenter encodes nothing ahead', async () => {
    let asked = 0;
    // Ends what would else never let the event loop turn again.
    const ahead = new DrawAhead(() => ++asked < 100);
    ahead.begin(linkOf(), { stamp: 1n, selections: [selection] });
    await nextTurn();
    assert.equal(asked, 1);
  });

  it('hands each image over once', async () => {
    const given: string[] = [];
    const link = linkOf(async (images) => void given.push(...images.map(({ modality }) => modality)));
    const ahead = new DrawAhead(() => true);
    ahead.begin(link, { stamp: 1n, selections: [selection] });
    ahead.begin(link, { stamp: 1n, selections: [selection] });
    await nextTurn();
    assert.deepEqual(given, ['camera']);
  });
});

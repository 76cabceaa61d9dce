import type { Stamp } from '../messages/index.js';
import type { ModalityImage } from '../sensors/index.js';
import type { Selection } from './frame_assembler.js';
import type { ChainLink } from './model_chain.js';

/** What is certain of a set in the making. */
export interface CertainPart {
  /** Of the set. */
  stamp: Stamp;
  selections: readonly Selection[];
}

/**
 * Draws and encodes what a set is certain to contain while the rest of it is waited for: with a LiDAR whose clouds come 40 ms
 * after the pictures they belong to, the other sensors' features are there when its cloud comes. Only while the model
 * has nothing else to do, so that sets which will be overtaken cost nothing.
 */
export class DrawAhead {
  #stamp: Stamp | undefined;
  /** Modalities begun for the set of that stamp. */
  readonly #begun = new Set<string>();
  /** Drawn, and waiting for the encoder. */
  readonly #drawn: ModalityImage[] = [];
  #encoding = false;

  /**
   * Begins with what has become certain since the last call. Images are encoded in the order in which they are ready.
   * @param link - the model that the set is most likely for
   */
  begin(link: ChainLink, { stamp, selections }: CertainPart): void {
    if (stamp !== this.#stamp) {
      this.#stamp = stamp;
      this.#begun.clear();
      this.#drawn.length = 0;
    }
    for (const selection of selections) {
      const { modality } = selection;
      if (this.#begun.has(modality) || !link.inputs.modalities.includes(modality)) continue;
      this.#begun.add(modality);
      void link.assembler.drawAhead(selection, stamp).then((image) => {
        if (image === undefined || stamp !== this.#stamp) return;
        this.#drawn.push(image);
        void this.#encode(link);
      });
    }
  }

  /** The set is complete: what is not with the encoder yet goes there with the rest of it. */
  end(): void {
    this.#stamp = undefined;
  }

  async #encode({ segmenter }: ChainLink): Promise<void> {
    if (this.#encoding || segmenter.prepare === undefined) return;
    this.#encoding = true;
    while (this.#stamp !== undefined && this.#drawn.length > 0) await segmenter.prepare(this.#drawn.splice(0));
    this.#encoding = false;
  }
}

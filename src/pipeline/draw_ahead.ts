import type { Stamp } from '../messages/index.js';
import type { ModalityImage } from '../sensors/index.js';
import type { Selection } from './frame_assembler.js';
import type { ChainLink } from './model_chain.js';

/** What is as good as certain of a set in the making. */
export interface CertainPart {
  /** Of the set. */
  stamp: Stamp;
  selections: readonly Selection[];
}

/**
 * Draws and encodes what a set is as good as certain to contain while the rest of it is waited for: with a LiDAR whose clouds come 40 ms
 * after the pictures they belong to, the other sensors' features are there when its cloud comes.
 */
export class DrawAhead {
  readonly #isModelFree: () => boolean;
  #link: ChainLink | undefined;
  #stamp: Stamp | undefined;
  /** Modalities begun for the set of that stamp. */
  readonly #begun = new Set<string>();
  /** Drawn, and waiting for the encoder. */
  readonly #drawn: ModalityImage[] = [];
  #isEncoding = false;

  /** @param isModelFree - whether no set is in the model or about to go there */
  constructor(isModelFree: () => boolean) {
    this.#isModelFree = isModelFree;
  }

  /**
   * Begins with what has become certain since the last call.
   * @param link - the model that the set is most likely for
   */
  begin(link: ChainLink, { stamp, selections }: CertainPart): void {
    if (stamp !== this.#stamp || link !== this.#link) {
      this.end();
      this.#link = link;
      this.#stamp = stamp;
    }
    for (const selection of selections) {
      const { modality } = selection;
      if (this.#begun.has(modality) || !link.inputs.modalities.includes(modality)) continue;
      this.#begun.add(modality);
      void link.assembler.drawAhead(selection, stamp).then((image) => {
        if (image === undefined || stamp !== this.#stamp) return;
        this.#drawn.push(image);
        this.encode();
      });
    }
  }

  /** Encodes what has been drawn, in the order in which it was ready, once the model is free. */
  encode(): void {
    if (!this.#isEncoding) void this.#encode();
  }

  /** The set is complete: what is not with the encoder yet goes there with the rest of it. */
  end(): void {
    this.#stamp = undefined;
    this.#begun.clear();
    this.#drawn.length = 0;
  }

  async #encode(): Promise<void> {
    this.#isEncoding = true;
    while (this.#drawn.length > 0 && this.#isModelFree()) {
      // Taken first: of a segmenter that prepares nothing, the arguments of the call would not be evaluated.
      const images = this.#drawn.splice(0);
      await this.#link?.segmenter.prepare?.(images);
    }
    this.#isEncoding = false;
  }
}

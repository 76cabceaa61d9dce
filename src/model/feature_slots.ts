import type { ModalityImage } from '../sensors/modality_image.js';

/** Where the features of a set's images lie in the worker, by position in the set. */
export interface Placement {
  slots: number[];
  /** Positions whose image has to be encoded; the features of the others are there. */
  encode: number[];
}

/**
 * Remembers which images have their features in which slot of the worker. A slot belongs to one modality, whatever else
 * is in a set, so that the features of a slow sensor survive the loss of another one. Images are known by identity: the
 * very same object means the very same pixels. None is kept alive by being known here.
 *
 * Slot `copy * modalityCount + modality` holds one of `copies` images of a modality. With one copy, as live, neighbouring
 * modalities lie side by side, and the head reads them from where they are.
 */
export class FeatureSlots {
  readonly #modalityCount: number;
  readonly #copies: number;
  readonly #names = new WeakMap<ModalityImage, number>();
  #named = 0;
  /** By slot, which image its features are of. */
  readonly #held: (number | undefined)[];
  /** By slot, the run that last used it. */
  readonly #usedAt: number[];
  #run = 0;

  /** @param copies - images of one modality that are kept; 0: none, every set is encoded whole */
  constructor(modalityCount: number, copies: number) {
    this.#modalityCount = modalityCount;
    this.#copies = copies;
    this.#held = new Array(modalityCount * copies).fill(undefined);
    this.#usedAt = new Array(modalityCount * copies).fill(0);
  }

  /** Whether features outlive the run that made them. */
  get areKept(): boolean {
    return this.#copies > 0;
  }

  /**
   * Chooses a slot for each image of a set: the one that holds its features, or else the one of its modality that was
   * used longest ago. Slots that will be written count as empty until {@link keep}.
   * @param modalities - index of each image's modality
   */
  place(modalities: readonly number[], images: readonly ModalityImage[]): Placement {
    if (this.#copies === 0) {
      const positions = [...images.keys()];
      return { slots: positions, encode: positions };
    }
    this.#run++;
    const placement: Placement = { slots: [], encode: [] };
    images.forEach((image, position) => {
      const own = this.#slotsOf(modalities[position]!);
      const name = this.#names.get(image);
      const found = name === undefined ? undefined : own.find((slot) => this.#held[slot] === name);
      const slot = found ?? own.reduce((oldest, next) => (this.#usedAt[next]! < this.#usedAt[oldest]! ? next : oldest));
      if (found === undefined) {
        placement.encode.push(position);
        this.#held[slot] = undefined;
      }
      this.#usedAt[slot] = this.#run;
      placement.slots.push(slot);
    });
    return placement;
  }

  /** The run has succeeded: what was placed is there. */
  keep({ slots }: Placement, images: readonly ModalityImage[]): void {
    if (this.#copies === 0) return;
    slots.forEach((slot, position) => {
      const image = images[position]!;
      const name = this.#names.get(image) ?? ++this.#named;
      this.#names.set(image, name);
      this.#held[slot] = name;
    });
  }

  #slotsOf(modality: number): number[] {
    return Array.from({ length: this.#copies }, (_, copy) => copy * this.#modalityCount + modality);
  }
}

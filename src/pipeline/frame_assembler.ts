import type { RawMessage, Stamp } from '../messages/index.js';
import type { DecodeOutcome, ModalityImage, SensorRig } from '../sensors/index.js';
import type { AbsentReason, ContentVerdict } from '../sync/index.js';

/** One message to be turned into an image: a sample, or the window that ends at `stamp`. */
export interface Selection {
  modality: string;
  message: RawMessage;
  /** Of the sample; for windows their end. */
  stamp: Stamp;
  kind: 'sample' | 'window';
}

/** What decoding said about one selection. */
export interface Verdict {
  selection: Selection;
  verdict: ContentVerdict;
}

export interface AssembledFrame {
  images: Map<string, ModalityImage>;
  /** Modalities that were chosen but show nothing, or cannot be read. */
  absent: Map<string, AbsentReason>;
  verdicts: Verdict[];
  decodeMs: number;
}

/** A selection that has been drawn or is being drawn. */
interface Drawn {
  selection: Selection;
  /** Of the set it was drawn for. */
  referenceStamp: Stamp;
  outcome: Promise<DecodeOutcome>;
}

/**
 * Decodes what the synchroniser chose. A sample that serves several sets, as of a LiDAR slower than the camera, is
 * decoded once: the same image object comes back, and the segmenter may keep its features as well. So does what was drawn
 * before its set was complete.
 */
export class FrameAssembler {
  readonly #rig: SensorRig;
  readonly #latest = new Map<string, Drawn>();

  constructor(rig: SensorRig) {
    this.#rig = rig;
  }

  /**
   * Decodes all selections side by side.
   * @param referenceStamp - the set's stamp
   */
  async assemble(selections: readonly Selection[], referenceStamp: Stamp): Promise<AssembledFrame> {
    const start = performance.now();
    const outcomes = await Promise.all(selections.map((selection) => this.#decode(selection, referenceStamp)));
    const frame: AssembledFrame = { images: new Map(), absent: new Map(), verdicts: [], decodeMs: 0 };
    selections.forEach((selection, index) => {
      const outcome = outcomes[index]!;
      const verdict = verdictOf(outcome);
      frame.verdicts.push({ selection, verdict });
      if (outcome.kind === 'image' && verdict.kind === 'good') frame.images.set(selection.modality, outcome.image);
      else frame.absent.set(selection.modality, absentReason(verdict));
    });
    frame.decodeMs = performance.now() - start;
    return frame;
  }

  /** Looks at one message without using it. */
  async judge(selection: Selection): Promise<Verdict> {
    return { selection, verdict: verdictOf(await this.#decode(selection, selection.stamp)) };
  }

  reset(): void {
    this.#latest.clear();
  }

  /**
   * Draws one selection before the rest of its set is there.
   * @returns the image, where it shows something
   */
  async drawAhead(selection: Selection, referenceStamp: Stamp): Promise<ModalityImage | undefined> {
    const outcome = await this.#decode(selection, referenceStamp);
    return outcome.kind === 'image' && outcome.image.quality.kind === 'good' ? outcome.image : undefined;
  }

  #decode(selection: Selection, referenceStamp: Stamp): Promise<DecodeOutcome> {
    const { modality, message, stamp, kind } = selection;
    const before = this.#latest.get(modality);
    if (before !== undefined && this.#isSame(before, selection, referenceStamp)) return before.outcome;
    const outcome = this.#rig.decode(modality, message, kind === 'window' ? stamp : referenceStamp);
    const drawn = { selection, referenceStamp, outcome };
    this.#latest.set(modality, drawn);
    void outcome.then((decoded) => {
      // What could not be decoded may be once a calibration has come.
      if (decoded.kind === 'image' || this.#latest.get(modality) !== drawn) return;
      if (before === undefined) this.#latest.delete(modality);
      else this.#latest.set(modality, before);
    });
    return outcome;
  }

  #isSame(
    { selection, referenceStamp }: Drawn,
    { modality, message, stamp, kind }: Selection,
    reference: Stamp,
  ): boolean {
    if (kind !== selection.kind) return false;
    // A window moves on with every set, even if no packet was added to it.
    if (kind === 'window') return stamp === selection.stamp;
    return message === selection.message && (reference === referenceStamp || !this.#rig.dependsOnReference(modality));
  }
}

function verdictOf(outcome: DecodeOutcome): ContentVerdict {
  return outcome.kind === 'image' ? outcome.image.quality : outcome;
}

function absentReason(verdict: ContentVerdict): AbsentReason {
  return verdict.kind === 'blind' ? verdict.reason : 'invalid';
}

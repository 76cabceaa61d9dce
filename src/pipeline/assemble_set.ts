import type { Stamp } from '../messages/index.js';
import type { ModalityImage } from '../sensors/index.js';
import type { AbsentReason } from '../sync/index.js';
import type { FrameAssembler, Selection, Verdict } from './frame_assembler.js';
import type { ChainLink, ModelChain } from './model_chain.js';

/** The images of a set, and the model they are for. */
export interface AssembledSet {
  /** Undefined where no model has enough. */
  link: ChainLink | undefined;
  /** What that model takes of the set. */
  images: ReadonlyMap<string, ModalityImage>;
  /** All that shows nothing or is not there, whether a model takes it or not. */
  missing: ReadonlyMap<string, AbsentReason>;
  /** Of `missing` what concerns this mask: the sensors of its model and of the primary one. */
  absent: ReadonlyMap<string, AbsentReason>;
  /** What the primary model's rig has drawn. */
  drawn: ReadonlyMap<string, ModalityImage>;
  decodeMs: number;
}

/**
 * Chooses the model for a set and draws the images it takes, and no others. What turns out to show nothing on being drawn
 * may leave a model without what it needs: then the next one is asked.
 * @param selections - by modality, the message to draw
 * @param missing - modalities of which the set has no message
 * @param onVerdict - told what drawing saw of each message
 */
export async function assembleSet(
  chain: ModelChain,
  selections: ReadonlyMap<string, Selection>,
  missing: ReadonlyMap<string, AbsentReason>,
  stamp: Stamp,
  onVerdict: (verdict: Verdict) => void,
): Promise<AssembledSet> {
  const absent = new Map(missing);
  const drawnBy = new Map<FrameAssembler, Map<string, ModalityImage>>();
  const imagesOf = (link: ChainLink): Map<string, ModalityImage> => {
    const images = drawnBy.get(link.assembler) ?? new Map<string, ModalityImage>();
    drawnBy.set(link.assembler, images);
    return images;
  };
  let decodeMs = 0;
  for (;;) {
    const link = chain.choose((modality) => selections.has(modality) && !absent.has(modality));
    const drawn = link && imagesOf(link);
    const due = (link?.inputs.modalities ?? []).flatMap((modality) => {
      const selection = selections.get(modality);
      return selection === undefined || absent.has(modality) || drawn?.has(modality) ? [] : [selection];
    });
    if (link === undefined || due.length === 0) {
      const taken = [...(drawn ?? [])].filter(([modality]) => link?.inputs.modalities.includes(modality));
      const images = new Map(taken);
      const concerned = new Set([...chain.primary.inputs.modalities, ...(link ?? chain.primary).inputs.modalities]);
      const ofMask = [...concerned].flatMap((modality): [string, AbsentReason][] => {
        if (images.has(modality)) return [];
        const why = absent.get(modality) ?? (selections.has(modality) ? 'unused' : undefined);
        return why === undefined ? [] : [[modality, why]];
      });
      // Without a model every sensor counts.
      const toTell = link === undefined ? absent : new Map(ofMask);
      return { link, images, missing: absent, absent: toTell, drawn: imagesOf(chain.primary), decodeMs };
    }
    const frame = await link.assembler.assemble(due, stamp);
    decodeMs += frame.decodeMs;
    for (const verdict of frame.verdicts) onVerdict(verdict);
    for (const [modality, image] of frame.images) drawn!.set(modality, image);
    for (const [modality, why] of frame.absent) absent.set(modality, why);
  }
}

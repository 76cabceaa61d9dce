import { type JudgedMask, StampLedger } from '../dropout/index.js';
import type { Stamp } from '../messages/index.js';
import type { Composition, Observations, StateChange } from './observations.js';

/** Time a node may take for what it was given before anybody listened. */
export const WARM_UP_NS = 2_000_000_000n;
/** States in which a modality goes into masks. */
const USED_IN: readonly string[] = ['active', 'late'];

/**
 * The masks with what they were made from and whether their stamps are those of messages the node was given. Masks of
 * the first two seconds are left out: what they are made from may have passed unseen.
 */
export function judgeMasks(seen: Observations): JudgedMask[] {
  const [first] = seen.delivered;
  if (first === undefined) return [];
  const ledger = new StampLedger();
  const sources = new Map<Stamp, string>();
  for (const { modality, stamp } of seen.delivered) {
    ledger.deliver(modality, stamp);
    if (!sources.has(stamp)) sources.set(stamp, modality);
  }
  return seen.masks
    .filter(({ at }) => at >= first.at + WARM_UP_NS)
    .map(({ stamp, at }) => {
      const composition = seen.compositions.get(stamp);
      const reference = composition === undefined ? undefined : referenceOf(stamp, composition);
      return {
        stamp,
        publishedAt: at,
        present: composition === undefined ? usedAt(seen.changes, at) : [...composition.keys()],
        imageDistance: new Map(
          [...(composition ?? [])].map(([modality, image]) => [modality, Math.abs(Number(image - stamp))]),
        ),
        stampOrigin: ledger.use(reference ?? sources.get(stamp) ?? '', stamp),
      };
    });
}

/** The modality that gave a mask its stamp. */
function referenceOf(stamp: Stamp, composition: Composition): string | undefined {
  for (const [modality, image] of composition) if (image === stamp) return modality;
  return undefined;
}

/** Where no composition came with a mask: what the node said last about its sensors. */
function usedAt(changes: readonly StateChange[], at: Stamp): string[] {
  const states = new Map<string, string>();
  for (const change of changes) if (change.at <= at) states.set(change.modality, change.state);
  return [...states].flatMap(([modality, state]) => (USED_IN.includes(state) ? [modality] : []));
}

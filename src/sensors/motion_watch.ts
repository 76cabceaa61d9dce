import type { Stamp } from '../messages/stamp.js';

/** Pixels looked at; more would tell no more. */
const LOOKED_AT = 16_384;
/** Levels by which a pixel differs that shows something else; noise seldom does, neither of pictures nor of ranges. */
const OTHER_LEVELS = 24;
/** Part of the pixels that show something in which a scene that moves differs; of a still one the noise differs in few. */
const MOVING_SHARE = 0.1;
/** Pixels that show something, without which an image says nothing. */
const FEWEST = 50;

/** Sees from the images of each sensor when the scene moved. */
export class MotionWatch {
  readonly #latest = new Map<string, Uint8Array>();
  readonly #moved = new Map<string, Stamp>();

  /**
   * Takes in a sensor's next image.
   * @param data - RGB, on the grid
   * @param at - when its message arrived
   */
  see(modality: string, data: Uint8Array, at: Stamp): void {
    const before = this.#latest.get(modality);
    this.#latest.set(modality, data);
    if (before !== undefined && before.length === data.length && hasMoved(before, data)) this.#moved.set(modality, at);
  }

  /** Whether another sensor than this one has seen the scene move since. */
  othersMovedSince(modality: string, since: Stamp): boolean {
    return [...this.#moved].some(([name, at]) => name !== modality && at > since);
  }

  reset(): void {
    this.#latest.clear();
    this.#moved.clear();
  }
}

function hasMoved(before: Uint8Array, after: Uint8Array): boolean {
  const stride = 3 * Math.max(1, Math.floor(after.length / 3 / LOOKED_AT));
  let shown = 0;
  let moved = 0;
  for (let index = 0; index + 2 < after.length; index += stride) {
    let most = 0;
    let difference = 0;
    for (let channel = index; channel < index + 3; channel++) {
      most = Math.max(most, before[channel]!, after[channel]!);
      difference = Math.max(difference, Math.abs(before[channel]! - after[channel]!));
    }
    if (most === 0) continue;
    shown++;
    if (difference > OTHER_LEVELS) moved++;
  }
  return shown >= FEWEST && moved >= MOVING_SHARE * shown;
}

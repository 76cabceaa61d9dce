import type { Stamp } from '../messages/stamp.js';

/** Pixels looked at; more would tell no more. */
const LOOKED_AT = 4096;
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
  for (let i = 0; i + 2 < after.length; i += stride) {
    const [r, g, b] = [after[i]!, after[i + 1]!, after[i + 2]!];
    const [oldR, oldG, oldB] = [before[i]!, before[i + 1]!, before[i + 2]!];
    if ((r | g | b | oldR | oldG | oldB) === 0) continue;
    shown++;
    if (isOther(r - oldR) || isOther(g - oldG) || isOther(b - oldB)) moved++;
  }
  return shown >= FEWEST && moved >= MOVING_SHARE * shown;
}

function isOther(difference: number): boolean {
  return difference > OTHER_LEVELS || difference < -OTHER_LEVELS;
}

import type { ModalityImage } from '../modality_image.js';

const COLUMNS = 16;
const ROWS = 10;
const BLOCKS = COLUMNS * ROWS;
/** A block whose pixels differ by no more on average, in levels, stands still; noise and coding alone make that much. */
const STILL_LEVELS = 0.5;
/** And one whose pixels differ by more moves. */
const MOVING_LEVELS = 1.5;
/** A block without so much contrast shows nothing that could move: sky, night, a wall. */
const LEAST_CONTRAST = 12;
/** Images in a row a part stands still. */
const LEAST_IMAGES = 8;
/** Blocks that stood still from the beginning may be the robot itself, so that more of them are asked for. */
const LEAST_SHARE = 0.12;
const LEAST_SHARE_FROM_START = 0.35;
/** So many of the other blocks with contrast move meanwhile, and so many there are of them. */
const LEAST_MOVING_SHARE = 0.6;
const LEAST_OTHERS = 12;
/** Images in which a block has moved, before it counts as one that does. */
const MOVES_AFTER = 6;

/** A part of the picture that does not change while the rest does, as a share of the picture. */
export interface StuckPart {
  share: number;
}

/**
 * Finds a part of a picture that stays as it is while the rest of it moves: a buffer that is filled by half, a stream
 * that lost its slices, dirt on the lens. Blocks of pixels are compared from image to image; what shows nothing counts
 * for nothing, and where nothing moves nothing is found.
 */
export class StuckPartWatch {
  #previous: ModalityImage | undefined;
  /** Images in a row each block has stood still, and in how many of them it has moved. */
  readonly #still = new Uint16Array(BLOCKS);
  readonly #moved = new Uint16Array(BLOCKS);
  readonly #contrast = new Float32Array(BLOCKS);
  readonly #change = new Float32Array(BLOCKS);
  #found: StuckPart | undefined;

  /** Takes in the sensor's next image; the same one again says nothing new. */
  see(image: ModalityImage): void {
    const previous = this.#previous;
    if (previous === image) return;
    this.#previous = image;
    if (previous === undefined || previous.width !== image.width || previous.height !== image.height) return;
    this.#compare(previous, image);
    for (let block = 0; block < BLOCKS; block++) {
      const change = this.#change[block]!;
      this.#still[block] = change <= STILL_LEVELS ? Math.min(60_000, this.#still[block]! + 1) : 0;
      if (change > MOVING_LEVELS && this.#moved[block]! < MOVES_AFTER) this.#moved[block]!++;
    }
    this.#found = this.#judge();
  }

  /** The part that stands still; undefined where there is none, or nothing can be said. */
  get stuck(): StuckPart | undefined {
    return this.#found;
  }

  /** Once found, it is as long as most of it stands still, also where the rest rests as well. */
  #judge(): StuckPart | undefined {
    let stuck = 0;
    let stuckAfterMoving = 0;
    let others = 0;
    let moving = 0;
    for (let block = 0; block < BLOCKS; block++) {
      const hasContrast = this.#contrast[block]! >= LEAST_CONTRAST;
      if (this.#still[block]! >= LEAST_IMAGES) {
        if (!hasContrast) continue;
        stuck++;
        if (this.#moved[block]! >= MOVES_AFTER) stuckAfterMoving++;
      } else if (hasContrast) {
        others++;
        if (this.#change[block]! > MOVING_LEVELS) moving++;
      }
    }
    if (this.#found !== undefined && 2 * stuck >= this.#found.share * BLOCKS) return this.#found;
    if (others < LEAST_OTHERS || moving < LEAST_MOVING_SHARE * others) return undefined;
    const isStuck = stuckAfterMoving >= LEAST_SHARE * BLOCKS || stuck >= LEAST_SHARE_FROM_START * BLOCKS;
    return isStuck ? { share: stuck / BLOCKS } : undefined;
  }

  reset(): void {
    this.#previous = undefined;
    this.#found = undefined;
    this.#still.fill(0);
    this.#moved.fill(0);
  }

  /** Mean change and contrast of each block, over every second pixel of every second row; the first channel tells enough. */
  #compare(before: ModalityImage, after: ModalityImage): void {
    const { width, height, data: newer } = after;
    const { data: older } = before;
    for (let row = 0; row < ROWS; row++) {
      const [top, bottom] = [Math.floor((row * height) / ROWS), Math.floor(((row + 1) * height) / ROWS)];
      for (let column = 0; column < COLUMNS; column++) {
        const [left, right] = [Math.floor((column * width) / COLUMNS), Math.floor(((column + 1) * width) / COLUMNS)];
        let sum = 0;
        let count = 0;
        let [darkest, brightest] = [255, 0];
        for (let y = top; y < bottom; y += 2) {
          for (let x = left; x < right; x += 2) {
            const at = 3 * (y * width + x) + 1;
            const level = newer[at]!;
            sum += Math.abs(level - older[at]!);
            if (level < darkest) darkest = level;
            if (level > brightest) brightest = level;
            count++;
          }
        }
        const block = row * COLUMNS + column;
        this.#change[block] = sum / count;
        this.#contrast[block] = brightest - darkest;
      }
    }
  }
}

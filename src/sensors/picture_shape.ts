import type { Stamp } from '../messages/stamp.js';
import type { ImageSize } from './modality_image.js';

/** So many pictures in a row that its CameraInfo does not describe, and the camera is believed rather than the CameraInfo. */
const PICTURES_TO_BELIEVE = 3;

/** A camera silent for so long no longer says what its pictures look like. */
const MEMORY_NS = 2_000_000_000n;

/** Sizes whose aspect ratios differ by more than this are not the same picture scaled. */
const ASPECT_TOLERANCE = 0.01;

/** What the reference camera's pictures are like. */
export interface ReferencePicture {
  size: ImageSize;
  frameId: string;
}

/**
 * Follows the shape of the reference camera's pictures against its CameraInfo. A single picture of another shape is
 * taken for damaged: it must not move the grid that all other sensors are laid on. Several in a row mean that the
 * CameraInfo is wrong; only as long as such pictures come, for a dead camera needs no CameraInfo that fits.
 */
export class PictureShape {
  #picture: ReferencePicture | undefined;
  #oddInARow = 0;
  #oddAt: Stamp = 0n;
  #now: Stamp = 0n;

  /** Size and frame of the latest picture that was believed. */
  get picture(): ReferencePicture | undefined {
    return this.#picture;
  }

  /** Lets time pass, by the clock messages are received by. */
  advance(now: Stamp): void {
    this.#now = now;
  }

  /**
   * Looks at the camera's next picture.
   * @param described - what its CameraInfo describes; undefined while there is none
   * @returns `odd` for a picture that is not to be used
   */
  note(picture: ReferencePicture, described: ImageSize | undefined, receivedAt: Stamp): 'believed' | 'odd' {
    if (described === undefined || sameAspect(described, picture.size)) {
      this.#oddInARow = 0;
      this.#picture = picture;
      return 'believed';
    }
    this.#oddInARow++;
    this.#oddAt = receivedAt;
    if (this.#oddInARow < PICTURES_TO_BELIEVE) return 'odd';
    this.#picture = picture;
    return 'believed';
  }

  /** Another CameraInfo came: what contradicts it belongs to the one before. */
  describedAnew(described: ImageSize): void {
    this.#oddInARow = 0;
    if (this.#picture !== undefined && !sameAspect(described, this.#picture.size)) this.#picture = undefined;
  }

  /** Size of the camera's pictures where it contradicts what is described, and such pictures still come. */
  contradicting(described: ImageSize): ImageSize | undefined {
    const size = this.#picture?.size;
    if (size === undefined || sameAspect(described, size) || this.#now - this.#oddAt > MEMORY_NS) return undefined;
    return size;
  }
}

/** Whether one picture can be the other, scaled. */
export function sameAspect(a: ImageSize, b: ImageSize): boolean {
  return Math.abs((a.width * b.height) / (a.height * b.width) - 1) < ASPECT_TOLERANCE;
}

import type { PointCloud2, RawMessage } from '../messages/index.js';
import type { Bundle } from '../model/index.js';
import type { FrameResult } from './results.js';
import { roleOf } from './topic_roles.js';

/** A LiDAR's points with the classes of a mask, or why there are none. */
export type LabelledCloud =
  | { kind: 'cloud'; modality: string; cloud: PointCloud2 }
  | { kind: 'problem'; modality: string; reason: string };

/**
 * The clouds of a drive with the class of each point. A cloud that serves several masks, because the LiDAR is slower
 * than the camera, is labelled by the first of them.
 */
export class CloudLabeller {
  readonly #lidars: readonly string[];
  readonly #colours: Uint8Array;
  readonly #done = new Map<string, RawMessage>();

  /** @param colours - RGBA of every label, 256 * 4 bytes */
  constructor({ modalities }: Pick<Bundle, 'modalities'>, colours: Uint8Array) {
    this.#lidars = modalities.filter((modality) => roleOf(modality.representation) === 'lidar').map(({ name }) => name);
    this.#colours = colours;
  }

  /** What is new in a frame. */
  async label(frame: FrameResult): Promise<LabelledCloud[]> {
    const clouds: LabelledCloud[] = [];
    for (const modality of this.#lidars) {
      const message = frame.messages.get(modality);
      if (message === undefined || !frame.images.has(modality) || this.#done.get(modality) === message) continue;
      this.#done.set(modality, message);
      const outcome = await frame.labelPoints(modality, this.#colours);
      clouds.push(
        outcome.kind === 'points'
          ? { kind: 'cloud', modality, cloud: outcome.cloud }
          : { kind: 'problem', modality, reason: outcome.reason },
      );
    }
    return clouds;
  }
}

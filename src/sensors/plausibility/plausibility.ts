import type { RawMessage } from '../../messages/raw_message.js';
import type { Stamp } from '../../messages/stamp.js';
import { nextTurn } from '../in_slices.js';
import type { ModalityImage } from '../modality_image.js';
import type { SensorReason } from '../reason.js';
import type { Representation } from '../representation.js';
import { AgreementWatch } from './agreement_watch.js';
import { RepetitionWatch } from './repetition_watch.js';
import { StuckPartWatch } from './stuck_part_watch.js';

/** What can be said against a sensor whose messages are in order and whose images show something. */
export type Implausibility = Extract<
  SensorReason,
  { code: 'part-stuck' | 'content-repeats' | 'content-old' | 'misplaced' }
>;

/** Of events that nothing happens again and again is natural. */
const EVENTS: readonly Representation['kind'][] = ['polarity', 'counts-recency'];
const PICTURES: readonly Representation['kind'][] = ['rgb', 'inverse', 'linear', 'hha', 'hha-published'];

/**
 * Looks at the images of each set for what no single message shows: parts that stand still while the rest moves, content
 * from the past, a sensor that has been turned. It only warns: a sensor that is doubted may still be of use, and what
 * doubts it may be wrong.
 */
export class Plausibility {
  readonly #agreement: AgreementWatch;
  readonly #stuckParts: ReadonlyMap<string, StuckPartWatch>;
  readonly #watched: readonly string[];
  readonly #repetitions = new Map<string, RepetitionWatch>();

  constructor(modalities: readonly { name: string; representation: Representation }[]) {
    this.#agreement = new AgreementWatch(modalities);
    const pictures = modalities.filter(({ representation }) => PICTURES.includes(representation.kind));
    this.#watched = modalities
      .filter(({ representation }) => !EVENTS.includes(representation.kind))
      .map(({ name }) => name);
    this.#watchRepetitions();
    this.#stuckParts = new Map(pictures.map(({ name }) => [name, new StuckPartWatch()]));
  }

  /** Takes in a message as it arrives. */
  observe(modality: string, message: RawMessage, stamp: Stamp): void {
    this.#repetitions.get(modality)?.observe(message, stamp);
  }

  /** Takes in the images of a set. */
  see(images: ReadonlyMap<string, ModalityImage>, stamp: Stamp): void {
    for (const _ of this.#steps(images, stamp));
  }

  /**
   * The same, giving way to the event loop between steps: a few times a second sensors are compared, which takes some
   * milliseconds. No other set and no reset may come before it resolves.
   */
  async seeInSlices(images: ReadonlyMap<string, ModalityImage>, stamp: Stamp): Promise<void> {
    for (const _ of this.#steps(images, stamp)) await nextTurn();
  }

  *#steps(images: ReadonlyMap<string, ModalityImage>, stamp: Stamp): Generator<void> {
    yield* this.#agreement.see(images, stamp);
    for (const [name, watch] of this.#stuckParts) {
      const image = images.get(name);
      if (image === undefined) watch.reset();
      else watch.see(image);
    }
  }

  /** What stands against a sensor now. */
  against(modality: string): Implausibility | undefined {
    const stuck = this.#stuckParts.get(modality)?.stuck;
    if (stuck !== undefined) return { code: 'part-stuck', ...stuck };
    const seconds = this.#repetitions.get(modality)?.age;
    if (seconds !== undefined) return { code: 'content-repeats', seconds };
    return this.#agreement.disagreementOf(modality);
  }

  /** Forgets everything, after the clock jumped. */
  reset(): void {
    this.#agreement.reset();
    for (const watch of this.#stuckParts.values()) watch.reset();
    this.#watchRepetitions();
  }

  #watchRepetitions(): void {
    for (const name of this.#watched) this.#repetitions.set(name, new RepetitionWatch());
  }
}

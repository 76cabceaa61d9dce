import type { OutputSettings } from '../../configuration/index.js';
import { MASK_TOPICS, OUTPUT_TOPICS, type OutputKey } from '../../configuration/topics.js';
import type { RosNode, RosPublisher } from '../../ros/index.js';

/** Made with the process and kept: diagnostics tell also why there is no model. */
const OF_PROCESS: ReadonlySet<OutputKey> = new Set(['diagnostics']);

/** Subscribers are counted again after this time: less than a camera's period. */
const DEMAND_AGE_MS = 20;

/** The publishers of a configured node. */
export class OutputPublishers {
  readonly #publishers = new Map<OutputKey, RosPublisher>();
  #settings: OutputSettings;
  #isMaskWanted = false;
  #askedAtMs = Number.NEGATIVE_INFINITY;

  /** @param onProblem - told of a topic that cannot be published, because its package is missing; the others are */
  constructor(ros: RosNode, settings: OutputSettings, onProblem: (text: string) => void) {
    this.#settings = settings;
    for (const { key, name, type, durability } of OUTPUT_TOPICS) {
      if (OF_PROCESS.has(key)) continue;
      try {
        const { qos } = settings.topics.get(key)!;
        this.#publishers.set(key, ros.advertise(name, type, { ...qos, durability }));
      } catch (error) {
        onProblem(`${name} is not published. ${(error as Error).message}.`);
      }
    }
  }

  /** Applies what is switched on and off from now on. */
  retune(settings: OutputSettings): void {
    this.#settings = settings;
  }

  /** Whether a message would reach anybody: making one for nobody costs time all the same. */
  isWanted(key: OutputKey): boolean {
    const publisher = this.#publishers.get(key);
    return publisher !== undefined && this.#settings.topics.get(key)!.publish && publisher.subscribers > 0;
  }

  /** Whether anybody listens to anything that is made from a mask. Asked for every message: looked up now and then. */
  isMaskWanted(): boolean {
    const now = performance.now();
    if (now - this.#askedAtMs >= DEMAND_AGE_MS) {
      this.#askedAtMs = now;
      this.#isMaskWanted = MASK_TOPICS.some((key) => this.isWanted(key));
    }
    return this.#isMaskWanted;
  }

  /** Sends a message unless the topic is switched off. */
  publish(key: OutputKey, message: object): void {
    if (this.#settings.topics.get(key)!.publish) this.#publishers.get(key)?.publish(message);
  }

  close(): void {
    for (const publisher of this.#publishers.values()) publisher.close();
    this.#publishers.clear();
  }
}

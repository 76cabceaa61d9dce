/** Tells the sink what became of a set. */
export type Telling = () => void | Promise<void>;

/**
 * What the sink is told, one thing at a time and in the order of the sets, while one mask is in the making. With `wait`
 * the sink is waited for; with `newest` it may take its time, and whoever tells goes on.
 */
export class Delivery {
  readonly #backpressure: 'wait' | 'newest';
  #mask: Promise<Telling> | undefined;
  /** What belongs after that mask. */
  readonly #afterMask: Telling[] = [];
  /** Resolves once the sink is done with all it was told. */
  #telling: Promise<void> = Promise.resolve();

  constructor(backpressure: 'wait' | 'newest') {
    this.#backpressure = backpressure;
  }

  /** The mask in the making: resolves with what to tell of it. */
  get mask(): Promise<Telling> | undefined {
    return this.#mask;
  }

  /**
   * Starts the next mask once the one before is out of the model.
   * @param start - called then
   */
  async begin(start: () => Promise<Telling>): Promise<void> {
    if (this.#backpressure === 'newest') await this.passOn();
    const before = await this.#mask;
    this.#mask = start();
    // A rejection reaches the caller where it is awaited next, never as an unhandled one.
    this.#mask.catch(() => undefined);
    if (before !== undefined) await this.#tell(before);
  }

  /** Lets the mask in the making be told. The sink may take its time over a mask while the next is made, but only over one. */
  async passOn(): Promise<void> {
    if (this.#mask === undefined) return;
    await this.#mask;
    await this.#telling;
    await this.finish();
  }

  /** Waits for the mask in the making and tells it, with what belongs after it. */
  async finish(): Promise<void> {
    const telling = await this.#mask;
    this.#mask = undefined;
    if (telling !== undefined) await this.#tell(telling);
    for (const later of this.#afterMask.splice(0)) await this.#tell(later);
  }

  /** Tells something that belongs after the mask in the making, which else could come long after all sensors fell silent. */
  async tell(telling: Telling): Promise<void> {
    await this.finish();
    await this.#tell(telling);
  }

  /** The same without waiting for that mask. */
  async tellLater(telling: Telling): Promise<void> {
    this.#afterMask.push(telling);
    if (this.#mask === undefined) await this.finish();
  }

  /** Resolves once everything has been told. */
  async settle(): Promise<void> {
    await this.finish();
    await this.#telling;
  }

  async #tell(telling: Telling): Promise<void> {
    this.#telling = this.#telling.then(telling);
    this.#telling.catch(() => undefined);
    if (this.#backpressure === 'wait') await this.#telling;
  }
}

/** Time after the first sample in which streams that have not spoken yet are waited for. */
export class Grace {
  #state: { phase: 'ahead' | 'over' } | { phase: 'running'; until: number } = { phase: 'ahead' };

  get isRunning(): boolean {
    return this.#state.phase === 'running';
  }

  /** When it ends; Infinity where it does not run. */
  get due(): number {
    return this.#state.phase === 'running' ? this.#state.until : Infinity;
  }

  /** A sample came: the first one starts it. */
  sampleCame(now: number, length: number): void {
    if (this.#state.phase === 'ahead') this.#state = { phase: 'running', until: now + length };
  }

  /** So much time has gone by in which nothing could be heard. */
  skip(by: number): void {
    if (this.#state.phase === 'running') this.#state = { phase: 'running', until: this.#state.until + by };
  }

  /** Ends it where it is due. */
  check(now: number): void {
    if (now >= this.due) this.#state = { phase: 'over' };
  }

  /** Waits for a first sample anew. */
  restart(): void {
    this.#state = { phase: 'ahead' };
  }
}

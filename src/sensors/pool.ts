/** As many as are in use at once where one set is drawn while a sensor that looks wrong is probed. */
const MOST_KEPT = 2;

/**
 * Workspaces that are needed for every image and not given away, by what they are laid out for: to make one anew costs page
 * faults and garbage collections. Only a few are kept of each: after a stall many images are drawn at once, and what that took
 * would stay in use for ever. They go with what they are laid out for.
 */
export class Pool<Key extends object, Workspace> {
  readonly #free = new WeakMap<Key, Workspace[]>();

  /** One that nobody uses; undefined where one has to be made. It is the caller's until it is given back. */
  take(key: Key): Workspace | undefined {
    return this.#free.get(key)?.pop();
  }

  /** Gives one back, as the next who takes it expects it. */
  give(key: Key, workspace: Workspace): void {
    const free = this.#free.get(key);
    if (free === undefined) this.#free.set(key, [workspace]);
    else if (free.length < MOST_KEPT) free.push(workspace);
  }

  /** Workspaces that are kept for `key` and nobody uses. */
  kept(key: Key): number {
    return this.#free.get(key)?.length ?? 0;
  }
}

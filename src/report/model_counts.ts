import type { ReplaySummary } from './summary.js';

/** A model that stands by for the first one. */
export interface FallbackDescription {
  name: string;
  sha256: string;
  /** Where it runs; undefined while its worker has not been started. */
  provider: () => string | undefined;
}

/** Counts the masks of each model. */
export class ModelCounts {
  readonly #primary: { name: string; sha256: string };
  readonly #provider: string;
  readonly #fallbacks: readonly FallbackDescription[];
  readonly #masks = new Map<string, number>();

  constructor(
    primary: { name: string; sha256: string },
    provider: string,
    fallbacks: readonly FallbackDescription[] = [],
  ) {
    this.#primary = primary;
    this.#provider = provider;
    this.#fallbacks = fallbacks;
  }

  /** @param model - the first one by default */
  add({ sha256 }: { sha256: string } = this.#primary): void {
    this.#masks.set(sha256, (this.#masks.get(sha256) ?? 0) + 1);
  }

  /** The part of a summary that tells of several models; nothing where there is one. */
  summary(): Pick<ReplaySummary, 'models'> {
    if (this.#fallbacks.length === 0) return {};
    const masks = (sha256: string) => this.#masks.get(sha256) ?? 0;
    const { name, sha256 } = this.#primary;
    const fallbacks = this.#fallbacks.map((fallback) => ({
      name: fallback.name,
      sha256: fallback.sha256,
      role: 'fallback' as const,
      provider: fallback.provider() ?? null,
      masks: masks(fallback.sha256),
    }));
    return {
      models: [{ name, sha256, role: 'primary', provider: this.#provider, masks: masks(sha256) }, ...fallbacks],
    };
  }
}

import type { Bundle } from './bundle.js';
import { DeferredSegmenter } from './deferred_segmenter.js';
import type { Segmenter } from './segmenter.js';
import { SegmenterError } from './segmenter_error.js';

/** When the workers of fallbacks are started: with the first model's, or when the first set is for them. */
export const FALLBACK_STARTS = ['warm', 'lazy'] as const;
export type FallbackStart = (typeof FALLBACK_STARTS)[number];

/** A model that makes the mask where those before it have not what they need. */
export interface StandbyModel {
  bundle: Bundle;
  segmenter: DeferredSegmenter;
}

/** @param start - starts the worker of a model */
export function standBy(bundles: readonly Bundle[], start: (bundle: Bundle) => Promise<Segmenter>): StandbyModel[] {
  return bundles.map((bundle) => ({ bundle, segmenter: new DeferredSegmenter(() => start(bundle)) }));
}

/**
 * Starts the workers of all, each on the first provider that reproduces its golden labels.
 * @throws {SegmenterError} `failed`, naming the model that none of them runs
 */
export async function startAll(models: readonly StandbyModel[]): Promise<void> {
  for (const { bundle, segmenter } of models) {
    await segmenter.whenReady().catch((error: Error) => {
      throw new SegmenterError('failed', `The fallback ${bundle.name} cannot be used. ${error.message}`, {
        cause: error,
      });
    });
  }
}

import type { Precision } from './engines/engine_key.js';
import { describeAttempt, type ProviderAttempt } from './ladder.js';
import type { EncodeMode, GraphLayout, ProviderRequest } from './providers.js';

/** How the model came to run: which provider, why not the ones above it, and how images are encoded. */
export interface ProviderSelection {
  provider: string;
  /** What was asked for. */
  requested: ProviderRequest;
  encodeMode: EncodeMode;
  graphs: GraphLayout;
  precision: Precision;
  /** All rungs tried or given up since the segmenter was made, oldest first; the last one is in use. */
  attempts: readonly ProviderAttempt[];
}

/** The selection in one line, for a log. */
export function describeSelection(selection: ProviderSelection): string {
  const { requested, graphs, precision, encodeMode, attempts } = selection;
  return `provider ${requested}, ${graphs} graphs in ${precision}, encoding ${encodeMode}: ${attempts.map(describeAttempt).join('; ')}`;
}

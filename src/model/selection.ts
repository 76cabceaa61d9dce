import { describeAttempt, type ProviderAttempt } from './ladder.js';
import type { GraphPrecision } from './precision.js';
import type { EncodeMode, ModelSessions, ProviderRequest } from './providers.js';

/** How the model came to run: which provider, why not the ones above it, and how images are encoded. */
export interface ProviderSelection {
  provider: string;
  /** What was asked for. */
  requested: ProviderRequest;
  encodeMode: EncodeMode;
  graphs: ModelSessions['kind'];
  precision: GraphPrecision;
  /** All rungs tried or given up since the segmenter was made, oldest first; the last one is in use. */
  attempts: readonly ProviderAttempt[];
}

/** The selection in one line, for a log. */
export function describeSelection(selection: ProviderSelection): string {
  const { requested, graphs, precision, encodeMode, attempts } = selection;
  const how =
    graphs === 'whole' ? `one network in ${precision}` : `${graphs} graphs in ${precision}, encoding ${encodeMode}`;
  return `provider ${requested}, ${how}: ${attempts.map(describeAttempt).join('; ')}`;
}

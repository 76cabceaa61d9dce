import type { BagFlags } from '../bag_options.js';
import type { CONVENTIONS } from '../evaluate/conventions.js';
import type { DatasetFlags } from '../evaluate/dataset_options.js';
import type { ProviderFlags } from '../provider_options.js';
import type { Requirement } from '../requirements.js';

/** Flags of `mle-sam compare`. */
export interface CompareFlags extends DatasetFlags, ProviderFlags, BagFlags {
  data?: string;
  bag?: string;
  scenarios: string[];
  seconds?: number;
  config?: string;
  every: number;
  convention: keyof typeof CONVENTIONS;
  resamples: number;
  seed: number;
  json?: true;
  require?: readonly Requirement[];
  junit?: string;
  page?: string;
  force?: true;
}

import type { AbsentClassConvention } from '../../evaluation/index.js';
import type { Protocol } from '../../robustness/index.js';
import type { BagFlags } from '../bag_options.js';
import type { ProviderFlags } from '../provider_options.js';
import type { Requirement } from '../requirements.js';
import type { UnitFlags } from '../units/unit_options.js';
import { CONVENTIONS } from './conventions.js';
import type { DatasetFlags, SavingFlags } from './dataset_options.js';

export interface EvaluateFlags extends ProviderFlags, BagFlags, DatasetFlags, SavingFlags, UnitFlags {
  protocol?: Protocol[];
  model: string;
  every: number;
  config?: string;
  seed: number;
  convention?: keyof typeof CONVENTIONS;
  json?: true;
  require?: readonly Requirement[];
  junit?: string;
  page?: string;
  force?: true;
}

/** What a bag, or a small data set, is scored by without `--protocol`. */
const USUAL_PROTOCOLS: readonly Protocol[] = ['absent', 'emm'];

/** How the protocols of a run are set by its flags. */
export function protocolOptions(
  { protocol, seed, convention }: EvaluateFlags,
  usual: { protocols?: readonly Protocol[]; convention?: AbsentClassConvention },
) {
  return {
    protocols: protocol ?? usual.protocols ?? USUAL_PROTOCOLS,
    seed,
    convention: convention === undefined ? (usual.convention ?? 'left-out') : CONVENTIONS[convention],
  };
}

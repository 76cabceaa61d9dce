import { join } from 'node:path';
import type { BagFlags } from './bag_options.js';
import type { FallbackFlags } from './configured.js';
import type { ProviderFlags } from './provider_options.js';
import type { Requirement } from './requirements.js';
import { nameOfBag } from './units/expand_bags.js';
import type { UnitFlags } from './units/unit_options.js';

export const JSON_FILE = 'dropout.json';
export const PAGE = 'dropout.html';
export const FRAMES_FILE = 'frames.json';

/** Flags of `mle-sam dropout`. */
export interface DropoutFlags extends ProviderFlags, FallbackFlags, BagFlags, UnitFlags {
  scenarios: string[];
  model: string;
  out?: string;
  config?: string;
  seed: number;
  seconds?: number;
  json?: true;
  markdown?: true;
  require?: readonly Requirement[];
  junit?: string;
  force?: true;
}

/** Where the results go. */
export function outFolder(bag: string, { out }: Pick<DropoutFlags, 'out'>): string {
  return out ?? join('out', `${nameOfBag(bag)}-dropout`);
}

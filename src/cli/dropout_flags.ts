import { basename, join } from 'node:path';
import type { BagFlags } from './bag_options.js';
import type { FallbackFlags } from './configured.js';
import type { ProviderFlags } from './provider_options.js';

export const JSON_FILE = 'dropout.json';
export const PAGE = 'dropout.html';

/** Flags of `mle-sam dropout`. */
export interface DropoutFlags extends ProviderFlags, FallbackFlags, BagFlags {
  scenarios: string[];
  model: string;
  out?: string;
  config?: string;
  seed: number;
  seconds?: number;
  json?: true;
  markdown?: true;
  junit?: string;
  force?: true;
}

/** Where the results go. */
export function outFolder(bag: string, { out }: Pick<DropoutFlags, 'out'>): string {
  return out ?? join('out', `${basename(bag).replace(/\.(mcap|db3)(\.zstd)?$/, '')}-dropout`);
}

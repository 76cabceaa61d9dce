import { type Command, Option } from 'commander';
import { PROVIDER_REQUESTS, type ProviderRequest, type SegmenterOptions } from '../model/index.js';
import { wholeNumberFrom } from './numbers.js';

/** Flags of every command that runs the model. */
export interface ProviderFlags {
  provider: ProviderRequest;
  providerRequired?: true;
  threads?: number;
}

/** Adds `--provider`, `--provider-required` and `--threads`. */
export function withProviderOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--provider <provider>', 'what runs the model, or what comes first; auto: the fastest that is right')
        .choices(PROVIDER_REQUESTS)
        .default('auto'),
    )
    .option('--provider-required', 'fail rather than run on another provider than the one named')
    .option('--threads <count>', 'CPU threads of the model', wholeNumberFrom(1));
}

export function segmenterOptions({ provider, providerRequired, threads }: ProviderFlags) {
  return {
    provider,
    ...(providerRequired && { fallback: 'none' }),
    ...(threads !== undefined && { threads }),
  } as const satisfies SegmenterOptions;
}

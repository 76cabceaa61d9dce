import { type Command, Option } from 'commander';
import { defaultEngineCache } from '../model/engines/index.js';
import { PROVIDER_REQUESTS, type ProviderRequest, type SegmenterOptions } from '../model/index.js';
import { wholeNumberFrom } from './numbers.js';

/** Flags of every command that runs a model, wherever it runs. */
export interface MachineFlags {
  threads?: number;
  device: number;
  engineCache: string;
}

/** Flags of the commands that run a model on one provider. */
export interface ProviderFlags extends MachineFlags {
  provider: ProviderRequest;
  providerRequired?: true;
}

/** Adds `--device` and `--engine-cache`, also for what prepares a model. */
export function withEngineOptions(command: Command): Command {
  return command
    .option('--device <number>', 'which GPU, where there are several', wholeNumberFrom(0), 0)
    .option('--engine-cache <folder>', 'graphs that `model build` made for a GPU', defaultEngineCache());
}

/** Adds `--threads`, `--device` and `--engine-cache`. */
export function withMachineOptions(command: Command): Command {
  return withEngineOptions(command.option('--threads <count>', 'CPU threads of the model', wholeNumberFrom(1)));
}

/** Adds `--provider`, `--provider-required` and those of {@link withMachineOptions}. */
export function withProviderOptions(command: Command): Command {
  const named = command
    .addOption(
      new Option('--provider <provider>', 'what runs the model, or what comes first; auto: the fastest that is right')
        .choices(PROVIDER_REQUESTS)
        .default('auto'),
    )
    .option('--provider-required', 'fail rather than run on another provider than the one named');
  return withMachineOptions(named);
}

export function machineOptions({ threads, device, engineCache }: MachineFlags) {
  return { deviceId: device, engineCache, ...(threads !== undefined && { threads }) } satisfies SegmenterOptions;
}

export function segmenterOptions(flags: ProviderFlags) {
  const { provider, providerRequired } = flags;
  return {
    provider,
    ...(providerRequired && { fallback: 'none' }),
    ...machineOptions(flags),
  } as const satisfies SegmenterOptions;
}

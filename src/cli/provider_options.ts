import { type Command, Option } from 'commander';
import { defaultEngineCache } from '../model/engines/engine_cache.js';
import type { ProviderRequest, SegmenterOptions } from '../model/index.js';
import { PROVIDER_REQUESTS } from '../model/providers.js';
import { DEFAULT_START_MS } from '../model/worker_limits.js';
import { secondsFrom, wholeNumberFrom } from './numbers.js';

/** Flags of every command that runs a model, wherever it runs. */
export interface MachineFlags {
  threads?: number;
  device: number;
  engineCache: string;
  startTimeout: number;
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

/** Adds `--threads`, `--start-timeout`, `--device` and `--engine-cache`. */
export function withMachineOptions(command: Command): Command {
  return withEngineOptions(
    command
      .option('--threads <count>', 'CPU threads of the model', wholeNumberFrom(1))
      .option(
        '--start-timeout <seconds>',
        'a provider that takes longer over one step of its start is left for the next one; 0: never',
        secondsFrom(0),
        DEFAULT_START_MS / 1000,
      ),
  );
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

export function machineOptions({ threads, device, engineCache, startTimeout }: MachineFlags) {
  const startTimeoutMs = startTimeout === 0 ? 'none' : 1000 * startTimeout;
  return {
    deviceId: device,
    engineCache,
    startTimeoutMs,
    ...(threads !== undefined && { threads }),
  } satisfies SegmenterOptions;
}

export function segmenterOptions(flags: ProviderFlags) {
  const { provider, providerRequired } = flags;
  return {
    provider,
    ...(providerRequired && { fallback: 'none' }),
    ...machineOptions(flags),
  } as const satisfies SegmenterOptions;
}

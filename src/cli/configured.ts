import type { Command } from 'commander';
import { type DeskConfiguration, deskConfiguration, readValues } from '../configuration/index.js';
import { loadManifest } from '../model/index.js';
import { DEFAULT_PIPELINE_CONFIG, type PipelineConfig, roleOf } from '../pipeline/index.js';
import { complain } from './output.js';
import { type ProviderFlags, segmenterOptions } from './provider_options.js';

interface ConfigFlags {
  model: string;
  config?: string;
}

/** What a configuration file and the flags say together: a flag that was given wins, then the file, then the default. */
export interface Configured {
  /** Folder of the bundle. */
  model: string;
  config: PipelineConfig;
  /** What the file alone says; undefined without one. */
  file: DeskConfiguration | undefined;
}

/** Help text of `--config`, the same for every command. */
export const CONFIG_HELP = "YAML: the node's parameter file as it is, or the same parameters without ros__parameters";

/**
 * Reads the configuration file of a command that works on bags, by the modalities of its model.
 * @param tell - told one line for what the file has that means nothing here
 * @throws Error with one sentence for each thing that is wrong with the file
 */
export async function readConfigured(
  command: Command,
  flags: ConfigFlags,
  tell: (line: string) => void = (line) => complain(`${line}\n`),
): Promise<Configured> {
  if (flags.config === undefined) return { model: flags.model, config: DEFAULT_PIPELINE_CONFIG, file: undefined };
  const values = await readValues(flags.config);
  const named = values.values.get('model');
  const isChosen = isGiven(command, 'model');
  const model = !isChosen && typeof named === 'string' && named !== '' ? named : flags.model;
  const { modalities } = await loadManifest(model);
  const file = deskConfiguration(
    values,
    modalities.map(({ name, representation }) => ({ name, role: roleOf(representation) })),
  );
  for (const note of file.notes) tell(note);
  return { model, config: file.config, file };
}

/** How the model runs, by flags and file. */
export function configuredSegmenter(command: Command, flags: ProviderFlags, { file }: Configured) {
  const fromFlags = segmenterOptions(flags);
  if (file === undefined) return fromFlags;
  const { provider, fallback, deviceId, engineCache, threads, runTimeoutMs, startTimeoutMs } = file.model;
  /** Whether the file's word counts: it says something, and no flag was given. */
  const isFiles = (parameter: string, flag: string) => file.given.has(parameter) && !isGiven(command, flag);
  return {
    ...fromFlags,
    ...(isFiles('provider', 'provider') && { provider }),
    ...(isFiles('provider_required', 'providerRequired') && fallback === 'none' && { fallback }),
    ...(isFiles('device_id', 'device') && { deviceId }),
    ...(isFiles('engine_cache', 'engineCache') && engineCache !== undefined && { engineCache }),
    ...(isFiles('threads', 'threads') && threads !== undefined && { threads }),
    ...(file.given.has('inference_timeout_ms') && { runTimeoutMs }),
    ...(file.given.has('start_timeout_ms') && { startTimeoutMs }),
  };
}

function isGiven(command: Command, flag: string): boolean {
  const source = command.getOptionValueSource(flag);
  return source !== undefined && source !== 'default';
}

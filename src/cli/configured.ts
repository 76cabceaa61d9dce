import { type Command, Option } from 'commander';
import type { DeskConfiguration } from '../configuration/index.js';
import { FALLBACK_STARTS, type FallbackStart } from '../model/standby.js';
import { DEFAULT_PIPELINE_CONFIG, type PipelineConfig } from '../pipeline/config.js';
import { defaultBundlePath } from './default_bundle.js';
import { complain } from './output.js';
import { type ProviderFlags, segmenterOptions } from './provider_options.js';

interface ConfigFlags {
  model: string;
  /** Further models that are measured beside it: the file may tell of their sensors as well. */
  others?: readonly string[];
  fallback?: string[];
  config?: string;
}

/** Adds `--fallback`. */
export function withFallbackOptions(command: Command): Command {
  return command
    .option(
      '--fallback <folder>',
      'model bundle that makes the mask where those before have not the sensors they need; may be repeated',
      (folder: string, before: string[] | undefined) => [...(before ?? []), folder],
    )
    .addOption(
      new Option('--fallback-start <when>', 'warm: fallbacks are started with the model; lazy: when they are needed')
        .choices(FALLBACK_STARTS)
        .default('warm'),
    );
}

export interface FallbackFlags {
  fallback?: string[];
  fallbackStart: FallbackStart;
}

/** What a configuration file and the flags say together: a flag that was given wins, then the file, then the default. */
export interface Configured {
  /** Folder of the bundle. */
  model: string;
  /** Folders of those that stand by for it. */
  fallbacks: readonly string[];
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
  if (flags.config === undefined) {
    const { model, fallback: fallbacks = [] } = flags;
    return { model, fallbacks, config: DEFAULT_PIPELINE_CONFIG, file: undefined };
  }
  const { deskConfiguration, readValues } = await import('../configuration/index.js');
  const { loadManifest } = await import('../model/index.js');
  const { modalitiesOf, roleOf } = await import('../pipeline/index.js');
  const values = await readValues(flags.config);
  const named = values.values.get('model');
  const isChosen = isGiven(command, 'model');
  const model = !isChosen && typeof named === 'string' && named !== '' ? named : flags.model;
  const listed = values.values.get('fallbacks');
  const fallbacks = flags.fallback ?? (Array.isArray(listed) ? listed.filter((folder) => folder !== '') : []);
  const { others = [] } = flags;
  const manifests = await Promise.all([model, ...fallbacks, ...others].map((folder) => loadManifest(folder)));
  const file = deskConfiguration(
    values,
    modalitiesOf(manifests).map(({ name, representation }) => ({ name, role: roleOf(representation) })),
  );
  for (const note of file.notes) tell(note);
  return { model, fallbacks, config: file.config, file };
}

/** Adds `--model`, which may be given several times for a comparison. */
export function withModelsOption(command: Command): Command {
  return command.option(
    '-m, --model <folder>',
    'model bundle; given several times, all are measured on the same bag, side by side',
    (folder: string, before: string | string[]) => [...(Array.isArray(before) ? before : []), folder],
    defaultBundlePath(),
  );
}

/** When fallbacks are started, by flags and file. */
export function configuredFallbackStart(command: Command, flags: FallbackFlags, { file }: Configured): FallbackStart {
  const isFiles = file?.given.has('fallback_start') === true && !isGiven(command, 'fallbackStart');
  return isFiles ? file.model.fallbackStart : flags.fallbackStart;
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

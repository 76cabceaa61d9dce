import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { syncOptionsSchema } from '../sync/index.js';
import type { TopicConfiguration } from './topic_selection.js';

const topicByModality = z.record(z.string(), z.string().startsWith('/', 'a topic starts with /'));

/** A replay's or node's configuration file. Everything has a default, so `{}` is a complete one. */
export const pipelineConfigSchema = z.strictObject({
  topics: z
    .strictObject({
      modalities: topicByModality.optional().describe('topic by modality; those left out are found by type and name'),
      cameraInfo: topicByModality.optional().describe('CameraInfo topic by modality'),
      groundTruth: z.string().optional().describe('label images to score against'),
    })
    .default({}),
  baseFrame: z.string().default('base_link').describe('frame on the ground, z up, heights are measured in'),
  identicalLimit: z
    .number()
    .int()
    .min(2)
    .max(1000)
    .default(3)
    .describe('identical contents in a row that make a sensor frozen'),
  sync: syncOptionsSchema.default(syncOptionsSchema.parse({})),
});

export type PipelineConfig = z.infer<typeof pipelineConfigSchema>;

/** The configuration that is in force where none is given. */
export const DEFAULT_PIPELINE_CONFIG: PipelineConfig = pipelineConfigSchema.parse({});

/**
 * Reads a configuration file.
 * @throws Error with one sentence a problem, naming the key
 */
export async function loadPipelineConfig(path: string): Promise<PipelineConfig> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new Error(`Expected a YAML file for the configuration but could not read ${path}: ${error.message}`);
  });
  const outcome = pipelineConfigSchema.safeParse(parseYaml(text, path) ?? {});
  if (outcome.success) return outcome.data;
  const problems = outcome.error.issues.map(({ path: key, message }) => `${key.join('.') || 'file'}: ${message}`);
  throw new Error(`Expected a valid configuration in ${path} but received a wrong one: ${problems.join('; ')}`);
}

function parseYaml(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    // Below its first line the message draws the place.
    const [reason = ''] = (error as Error).message.split('\n');
    throw new Error(`Expected YAML for the configuration in ${path} but received: ${reason.replace(/:$/, '.')}`);
  }
}

/** The part of a configuration topics are chosen by. */
export function topicConfiguration({ topics }: PipelineConfig): TopicConfiguration {
  const { modalities, cameraInfo, groundTruth } = topics;
  return {
    ...(modalities && { modalities }),
    ...(cameraInfo && { cameraInfo }),
    ...(groundTruth !== undefined && { groundTruth }),
  };
}

/** Modalities without which a configuration wants no mask. */
export function essentialModalities({ sync: { streams } }: PipelineConfig): Set<string> {
  return new Set(Object.keys(streams).filter((name) => streams[name]?.necessity === 'essential'));
}

import { z } from 'zod';
import { syncOptionsSchema } from '../sync/config.js';
import type { TopicConfiguration } from './topic_selection.js';

const topicByModality = z.record(z.string(), z.string().min(1, 'a topic has a name'));

/**
 * What a sensor needs to be told: scales, and how its pictures were made. What is left out is found out from the
 * messages, or is as the model was trained.
 */
export const sensorConfigSchema = z.strictObject({
  geometry: z
    .enum(['raw', 'rectified'])
    .default('raw')
    .describe('rectified: P of the CameraInfo describes the pictures'),
  intensityFullScale: z.number().positive().max(1e9).optional().describe('LiDAR: intensity that becomes 255'),
  depthScale: z.number().positive().max(1000).optional().describe('depth: metres one unit stands for'),
  bitDepth: z.number().int().min(9).max(16).optional().describe('camera: bits of a 16-bit sample that are used'),
  frozenAfter: z
    .number()
    .int()
    .min(0)
    .max(1000)
    .optional()
    .describe('identical contents in a row that make it frozen, whatever the others see; 0: never'),
  dilation: z.number().int().min(0).max(16).optional().describe('LiDAR: pixels around its own a point covers'),
});

/** What is known of the rig beside what is published or recorded. */
export const calibrationConfigSchema = z.strictObject({
  cameraInfos: z
    .record(z.string(), z.strictObject({ file: z.string().min(1), frameId: z.string().min(1) }))
    .default({})
    .describe('by modality, a calibration file and the frame it belongs to'),
  staticTransforms: z.array(z.string()).default([]).describe('mounts: numbers, URDF, dump or bag'),
  lookAhead: z.boolean().default(true).describe('replay: mounts a bag tells late hold from its beginning'),
});

/**
 * How a pipeline works on a bag or on a robot, as an object for programs; people write it as parameters, see
 * `src/configuration`. Everything has a default, so `{}` is a complete one.
 */
export const pipelineConfigSchema = z.strictObject({
  topics: z
    .strictObject({
      modalities: topicByModality.optional().describe('topic by modality; those left out are found by type and name'),
      cameraInfo: topicByModality.optional().describe('CameraInfo topic by modality'),
      preferred: topicByModality.optional().describe('topic by modality that is taken where it is there'),
      preferredCameraInfo: topicByModality.optional().describe('the same for CameraInfo'),
      types: z.record(z.string(), z.string()).optional().describe('message type by modality'),
      groundTruth: z.string().optional().describe('label images to score against'),
    })
    .default({}),
  baseFrame: z.string().default('base_link').describe('frame on the ground, z up, heights are measured in'),
  identicalLimit: z
    .number()
    .int()
    .min(0)
    .max(1000)
    .default(3)
    .describe('identical contents in a row that make a sensor frozen where another one sees motion; 0: never'),
  sync: syncOptionsSchema.default(syncOptionsSchema.parse({})),
  sensors: z
    .record(z.string(), sensorConfigSchema)
    .default({})
    .describe('per modality, what differs from the defaults'),
  motion: z
    .strictObject({
      fixedFrame: z.string().min(1).optional().describe('frame that does not move with the vehicle'),
      odometryTopic: z.string().min(1).optional().describe('tells the pose in it where no /tf does'),
    })
    .default({}),
  calibration: calibrationConfigSchema.default(calibrationConfigSchema.parse({})),
});

export type PipelineConfig = z.infer<typeof pipelineConfigSchema>;

/** The configuration that is in force where none is given. */
export const DEFAULT_PIPELINE_CONFIG: PipelineConfig = pipelineConfigSchema.parse({});

/** The part of a configuration topics are chosen by. */
export function topicConfiguration({ topics, calibration, sync: { streams } }: PipelineConfig): TopicConfiguration {
  return {
    ...withoutUndefined(topics),
    calibrated: Object.keys(calibration.cameraInfos),
    disabled: Object.keys(streams).filter((name) => streams[name]?.availability === 'disabled'),
  };
}

/** By modality, how many identical contents in a row make it frozen, where that is said of it alone. */
export function frozenLimits({ sensors }: PipelineConfig): Map<string, number> {
  return new Map(
    Object.entries(sensors).flatMap(([name, { frozenAfter }]) =>
      frozenAfter === undefined ? [] : [[name, frozenAfter]],
    ),
  );
}

/** Modalities without which a configuration wants no mask. */
export function essentialModalities({ sync: { streams } }: PipelineConfig): Set<string> {
  return new Set(Object.keys(streams).filter((name) => streams[name]?.necessity === 'essential'));
}

/** What of a configuration concerns some modalities: others, which another model takes, are left out. */
export function configFor(config: PipelineConfig, modalities: readonly string[]): PipelineConfig {
  const own = <Value>(by: Readonly<Record<string, Value>>): Record<string, Value> =>
    Object.fromEntries(Object.entries(by).filter(([name]) => modalities.includes(name)));
  const { topics, sync, sensors, calibration } = config;
  const { groundTruth, ...byModality } = topics;
  const priority = sync.referencePriority?.filter((name) => modalities.includes(name));
  return {
    ...config,
    topics: {
      ...Object.fromEntries(Object.entries(byModality).map(([section, names]) => [section, names && own(names)])),
      groundTruth,
    },
    sync: { ...sync, streams: own(sync.streams), referencePriority: priority?.length === 0 ? undefined : priority },
    sensors: own(sensors),
    calibration: { ...calibration, cameraInfos: own(calibration.cameraInfos) },
  };
}

/** The same object, with the keys that say nothing left out. */
export function withoutUndefined<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as never;
}

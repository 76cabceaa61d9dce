import { createHash } from 'node:crypto';
import { z } from 'zod';

export const PRECISIONS = ['float16', 'float32'] as const;
/** Of weights and sums inside a graph; its inputs and outputs keep their types. */
export type Precision = (typeof PRECISIONS)[number];

export const BUILT_PROVIDERS = ['tensorrt', 'cuda'] as const;
export type BuiltProvider = (typeof BUILT_PROVIDERS)[number];

/**
 * Counts the ways graphs have been made. Raise it whenever the same bundle would come out as another graph: with other
 * options of TensorRT, or after a change in `mle_sam_train.engines` or `half`. Older graphs are then stale.
 */
export const BUILD_RECIPE = 2;

/**
 * All that decides whether a graph made for a provider may be used: where one of these differs, it may be slow, fail,
 * or answer for another model.
 */
export const engineKeySchema = z.object({
  provider: z.enum(BUILT_PROVIDERS),
  /** SHA-256 of the bundle's model.json, which pins its graphs. */
  bundle: z.string(),
  precision: z.enum(PRECISIONS),
  onnxruntime: z.string(),
  /** {@link BUILD_RECIPE} at the time. */
  recipe: z.number(),
  /** Numbers of modalities the engine takes, and the one it is tuned for; CUDA takes any. */
  modalities: z.object({ min: z.number(), optimum: z.number(), max: z.number() }).optional(),
  tensorrt: z.string().optional(),
  gpu: z.object({ name: z.string(), computeCapability: z.string() }).optional(),
});

export type EngineKey = z.infer<typeof engineKeySchema>;

const WORDS: Readonly<Record<keyof EngineKey, string>> = {
  provider: 'provider',
  bundle: 'model',
  precision: 'precision',
  onnxruntime: 'ONNX Runtime',
  recipe: 'build recipe',
  modalities: 'numbers of modalities',
  tensorrt: 'TensorRT',
  gpu: 'GPU',
};

/** Name of the engine's folder: 16 hexadecimal digits that follow from the key. */
export function engineId(key: EngineKey): string {
  const canonical = fields().map((field) => [field, describeField(key, field)]);
  return createHash('sha256').update(JSON.stringify(canonical)).digest('hex').slice(0, 16);
}

/** What differs, each in words, e.g. `TensorRT 10.3.0 then, 10.13.3 now`; none where the keys are the same. */
export function keyDifferences(built: EngineKey, wanted: EngineKey): string[] {
  return fields().flatMap((field) => {
    const [then, now] = [describeField(built, field), describeField(wanted, field)];
    return then === now ? [] : [`${WORDS[field]} ${shorten(then)} then, ${shorten(now)} now`];
  });
}

function fields(): (keyof EngineKey)[] {
  return Object.keys(WORDS) as (keyof EngineKey)[];
}

function describeField(key: EngineKey, field: keyof EngineKey): string {
  const value = key[field];
  if (value === undefined) return 'none';
  if (typeof value !== 'object') return String(value);
  return 'name' in value
    ? `${value.name} (compute capability ${value.computeCapability})`
    : `${value.min} to ${value.max}, tuned for ${value.optimum}`;
}

function shorten(value: string): string {
  return /^[0-9a-f]{64}$/.test(value) ? value.slice(0, 12) : value;
}

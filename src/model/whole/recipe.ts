import { z } from 'zod';
import type { ImageSize } from '../../sensors/modality_image.js';
import { fileField, nameField, sizeField } from '../manifest_fields.js';

/** Element types of a network's picture inputs; `float16` is filled from 16-bit patterns. */
export const INPUT_TYPES = ['float32', 'float16', 'uint8'] as const;
/** Order of the dimensions; without N where the network takes no batch. */
export const INPUT_LAYOUTS = ['NCHW', 'NHWC', 'CHW', 'HWC'] as const;
/**
 * What a network gets for a missing sensor. `zero`: zeros in the input itself, after scale, mean and std, as the
 * published protocols of missing modalities do. `mean`: a picture that has the colour `mean` everywhere. `refuse`:
 * there is no mask without this sensor.
 */
export const ABSENT_RULES = ['zero', 'mean', 'refuse'] as const;
export type AbsentRule = (typeof ABSENT_RULES)[number];

/** How the camera's picture comes into the network's input. */
export const FITS = ['stretch', 'letterbox', 'crop'] as const;
export type Fit = (typeof FITS)[number];

const triple = z.tuple([z.number(), z.number(), z.number()]);
const positiveTriple = z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]);

/** One picture input. A value of it is (byte * scale - mean) / std, with mean and std in the order red, green, blue. */
const networkInput = z.strictObject({
  name: z.string().min(1),
  modality: nameField,
  type: z.enum(INPUT_TYPES),
  layout: z.enum(INPUT_LAYOUTS),
  channels: z.literal([3, 1]),
  /** Where several sensors share an input, stacked in its channels: the first of this sensor's, and how many there are. */
  part: z.strictObject({ first: z.number().int().min(0), of: z.number().int().min(2).max(48) }).optional(),
  /** What one channel is made of: the luma of ITU-R BT.601, or the first channel of the image. */
  grey: z.enum(['luma', 'first']).default('luma'),
  order: z.enum(['rgb', 'bgr']),
  scale: z.number().positive(),
  mean: triple,
  std: positiveTriple,
  absent: z.enum(ABSENT_RULES),
});

/** An input that is no picture: it gets the same value in every run. */
const constantInput = z.strictObject({
  name: z.string().min(1),
  type: z.enum(['float32', 'int64', 'int32', 'uint8', 'bool']),
  shape: z.array(z.number().int().min(1)).max(8),
  value: z.number(),
});

const scoreLayout = z.enum(['NCHW', 'NHWC', 'CHW', 'HWC']);

/**
 * Where the pixels of a larger picture lie between those of a smaller one, for scores that are interpolated: by the edges
 * of the pictures (PyTorch's `align_corners=False`, and what is meant where nothing is said), by the centres of their
 * corner pixels (`align_corners=True`), or by the left and upper edges without half a pixel (ONNX' `asymmetric`).
 */
const upsampling = z.enum(['half-pixel', 'align-corners', 'asymmetric']);

const scores = { name: z.string().min(1), layout: scoreLayout, upsampling: upsampling.optional() };

/**
 * What the network answers. `logits`: scores at any stride, softmax gives their confidence. `probabilities`: the same,
 * but between 0 and 1 already. `labels`: class indices. `queries`: class scores and mask of each query, as MaskFormer and
 * Mask2Former give.
 */
const networkOutput = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('logits'), ...scores }),
  z.strictObject({ kind: z.literal('probabilities'), ...scores }),
  z.strictObject({ kind: z.literal('labels'), name: z.string().min(1) }),
  z.strictObject({ kind: z.literal('queries'), classes: z.string().min(1), masks: z.string().min(1) }),
]);

export const OUTPUT_KINDS = ['logits', 'probabilities', 'labels', 'queries'] as const;

/** A network of anybody's making, run as it is. */
export const wholeNetwork = z.strictObject({
  kind: z.literal('whole'),
  network: fileField,
  /** Of the network's inputs. */
  size: sizeField,
  /** Pictures in one run, where the graph fixes a number; all but the first stay zero. */
  batch: z.number().int().min(1).max(64).default(1),
  fit: z.enum(FITS),
  /** In the order of the modalities. */
  inputs: z.array(networkInput).min(1).max(16),
  constants: z.array(constantInput).default([]),
  output: networkOutput,
  /** Class id by index in the output; an index beyond it is unlabeled. */
  classIds: z.array(z.number().int().min(0).max(255)).min(1).max(256),
  confidence: z.enum(['softmax-maximum', 'none']),
  /** Pixels whose confidence (0..1) is lower are unlabeled. */
  unlabeledBelow: z.number().min(0).max(1).optional(),
});

/** All of a foreign network but its file. */
export type NetworkRecipe = Omit<z.infer<typeof wholeNetwork>, 'kind' | 'network'>;
export type NetworkInput = z.infer<typeof networkInput>;
export type ConstantInput = z.infer<typeof constantInput>;
export type NetworkOutput = z.infer<typeof networkOutput>;
export type ScoreLayout = z.infer<typeof scoreLayout>;
export type Upsampling = z.infer<typeof upsampling>;

/** Whether inputs of the same name are parts that make up all of it, alike in type and layout. */
export function areWhole(inputs: readonly NetworkInput[]): boolean {
  return inputs.every((input) => {
    const sharing = inputs.filter(({ name }) => name === input.name);
    if (sharing.length === 1) return input.part === undefined;
    const filled = sharing.flatMap(({ part, channels }) =>
      Array.from({ length: channels }, (_, c) => (part?.first ?? 0) + c),
    );
    const isAlike = sharing.every(
      ({ type, layout, part }) => type === input.type && layout === input.layout && part?.of === input.part?.of,
    );
    return (
      isAlike &&
      filled.length === input.part?.of &&
      new Set(filled).size === filled.length &&
      Math.max(...filled) < filled.length
    );
  });
}

/**
 * Where the picture's grid lies in the network's input: pixel (0, 0) of the grid is pixel (x, y) of the input. Both have
 * the same scale, so that nothing is resampled. Negative for `crop`, where the grid is the larger one.
 */
export function gridOffset(grid: ImageSize, { size }: Pick<NetworkRecipe, 'size'>): { x: number; y: number } {
  return { x: Math.floor((size.width - grid.width) / 2), y: Math.floor((size.height - grid.height) / 2) };
}

/**
 * The grid that a picture of these proportions has for a network: all of the input for `stretch`, the largest that fits
 * into it for `letterbox`, the smallest that covers it for `crop`.
 * @param picture - any size of the camera's proportions
 */
export function gridFor(fit: Fit, size: ImageSize, picture: ImageSize): ImageSize {
  if (fit === 'stretch') return size;
  const [across, down] = [size.width / picture.width, size.height / picture.height];
  const scale = fit === 'letterbox' ? Math.min(across, down) : Math.max(across, down);
  return { width: Math.round(picture.width * scale), height: Math.round(picture.height * scale) };
}

/** What is wrong with a grid, to follow "Expected"; undefined where it fits. */
export function gridFault(fit: Fit, size: ImageSize, grid: ImageSize): string | undefined {
  const [dx, dy] = [grid.width - size.width, grid.height - size.height];
  const text = `${size.width}x${size.height}`;
  switch (fit) {
    case 'stretch':
      return dx === 0 && dy === 0 ? undefined : `the network's own size ${text} with fit stretch`;
    case 'letterbox':
      return dx <= 0 && dy <= 0 ? undefined : `at most the network's size ${text} with fit letterbox`;
    case 'crop':
      return dx >= 0 && dy >= 0 ? undefined : `at least the network's size ${text} with fit crop`;
  }
}

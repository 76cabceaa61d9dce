import type { NetworkInput, NetworkOutput } from '../whole/recipe.js';

/** How a network of a well-known origin is fed and read; options override each part. */
export interface Preset {
  description: string;
  scale: number;
  mean: readonly [number, number, number];
  std: readonly [number, number, number];
  order: NetworkInput['order'];
  /** `bytes`: inputs other than the camera's are divided by 255 and no more. */
  others: 'as the camera' | 'bytes';
  /** Outputs that are taken where the network has them. */
  outputs: readonly string[];
  outputKind?: NetworkOutput['kind'];
  /** Inputs that are no pictures. */
  fill?: Readonly<Record<string, number>>;
}

const IMAGENET_MEAN = [0.485, 0.456, 0.406] as const;
const IMAGENET_STD = [0.229, 0.224, 0.225] as const;

const IMAGENET: Omit<Preset, 'description' | 'outputs'> = {
  scale: 1 / 255,
  mean: IMAGENET_MEAN,
  std: IMAGENET_STD,
  order: 'rgb',
  others: 'as the camera',
};

/** What is known of exports that people have; sources are the projects' own processors and configurations. */
export const PRESETS: Readonly<Record<string, Preset>> = {
  segformer: { ...IMAGENET, description: 'transformers SegformerForSemanticSegmentation', outputs: ['logits'] },
  upernet: { ...IMAGENET, description: 'transformers UperNetForSemanticSegmentation', outputs: ['logits'] },
  mask2former: {
    ...IMAGENET,
    description: 'transformers Mask2Former and MaskFormer for semantic segmentation',
    outputs: ['class_queries_logits', 'masks_queries_logits'],
    outputKind: 'queries',
    fill: { pixel_mask: 1 },
  },
  torchvision: { ...IMAGENET, description: 'torchvision DeepLabV3, FCN, LR-ASPP', outputs: ['out'] },
  mmseg: {
    ...IMAGENET,
    description: "mmsegmentation's data preprocessor, exported by mmdeploy",
    scale: 1,
    mean: [123.675, 116.28, 103.53],
    std: [58.395, 57.12, 57.375],
    outputs: ['output'],
  },
  pidnet: { ...IMAGENET, description: 'PIDNet and DDRNet', outputs: [] },
  smp: { ...IMAGENET, description: 'segmentation_models.pytorch with ImageNet encoders', outputs: [] },
  paddleseg: {
    ...IMAGENET,
    description: 'PaddleSeg with its usual Normalize, exported by paddle2onnx',
    mean: [0.5, 0.5, 0.5],
    std: [0.5, 0.5, 0.5],
    outputs: [],
  },
  cmnext: {
    ...IMAGENET,
    description: 'CMNeXt, four inputs of which only RGB is normalised',
    others: 'bytes',
    outputs: [],
  },
};

/** Other names that people look for. */
const ALIASES: Readonly<Record<string, string>> = {
  ddrnet: 'pidnet',
  maskformer: 'mask2former',
  'lr-aspp': 'torchvision',
  lraspp: 'torchvision',
  deeplabv3: 'torchvision',
};

export const PRESET_NAMES: readonly string[] = [...Object.keys(PRESETS), ...Object.keys(ALIASES)];

export function presetOf(name: string): Preset {
  return PRESETS[ALIASES[name] ?? name]!;
}

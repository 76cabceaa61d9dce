import { z } from 'zod';
import { representationSchema } from '../sensors/representation.js';
import { byteField, fileField, nameField, sizeField, UNLABELED_ID } from './manifest_fields.js';
import { ENCODE_MODES, GRAPH_LAYOUTS, PROVIDER_NAMES } from './providers.js';
import { areWhole, gridFault, wholeNetwork } from './whole/recipe.js';

/** Exporters write one a graph, or one a tensor. */
const MAX_WEIGHTS = 10_000;

const unique = <T>(key: (item: T) => unknown, what: string) => ({
  check: (items: T[]) => new Set(items.map(key)).size === items.length,
  message: `${what} that occur once`,
});
const modalityNames = unique((item: { name: string }) => item.name, 'modality names');
const classNames = unique((item: { name: string }) => item.name, 'class names');
const classIds = unique((item: { id: number }) => item.id, 'class ids');

/** How a figure of single images is spread over the images it was measured on. */
const spread = z.strictObject({ mean: z.number().nonnegative(), std: z.number().nonnegative() });

/** What a modality's images looked like in training; see `measure_input_statistics` of the training package. */
const inputStatistics = z.strictObject({
  images: z.number().int().positive(),
  /** Share of the pixels of an image that know anything. */
  knownShare: spread,
  /** Mean of each channel over these pixels, 0..255. */
  channels: z.tuple([spread, spread, spread]),
  /** Depth: noise of the distances, as a share of them, from which on the model is better off without the sensor. */
  maxScatter: z.number().positive().max(1).optional(),
});

const weights = z.array(fileField).max(MAX_WEIGHTS).default([]);

/** What all versions of the format have. */
const common = {
  name: z.string().min(1),
  description: z.string(),
  /** Size of the images that the sensors give and of the masks. */
  input: sizeField,
  modalities: z
    .array(z.object({ name: nameField, representation: representationSchema }))
    .min(1)
    .max(16)
    .refine(modalityNames.check, modalityNames.message),
  classes: z
    .array(
      z.object({
        id: byteField.max(UNLABELED_ID - 1),
        name: nameField,
        color: z.tuple([byteField, byteField, byteField]),
      }),
    )
    .min(1)
    .refine(classIds.check, classIds.message)
    .refine(classNames.check, classNames.message),
  unlabeledId: z.literal(UNLABELED_ID),
  execution: z
    .partialRecord(
      z.enum(PROVIDER_NAMES),
      z.strictObject({ graphs: z.enum(GRAPH_LAYOUTS).optional(), encodeMode: z.enum(ENCODE_MODES).optional() }),
    )
    .default({}),
  inputStatistics: z.record(z.string(), inputStatistics).default({}),
  golden: z.object({ images: z.record(z.string(), fileField), labels: fileField }),
  training: z.record(z.string(), z.unknown()).default({}),
};

interface Golden {
  golden: { images: Readonly<Record<string, unknown>> };
  modalities: readonly { name: string }[];
}

const oneGoldenImageEach = (manifest: Golden) =>
  sameNames(
    Object.keys(manifest.golden.images),
    manifest.modalities.map(({ name }) => name),
  );
const GOLDEN_FAULT = { path: ['golden', 'images'], message: 'one image for each modality' };

/** Format version 1: always encoder and head. */
export const manifestVersion1 = z
  .object({
    formatVersion: z.literal(1),
    ...common,
    files: z.object({ encoder: fileField, head: fileField, fused: fileField.optional(), weights }),
  })
  .refine(oneGoldenImageEach, GOLDEN_FAULT)
  .refine(({ execution, files }) => execution.cpu?.graphs !== 'fused' || files.fused !== undefined, {
    path: ['execution', 'cpu', 'graphs'],
    message: '"split" where files has no fused graph',
  });

/** Two graphs with the features between them; `fused` holds both, for providers that keep features on the device. */
const splitGraphs = z.strictObject({
  kind: z.literal('split'),
  encoder: fileField,
  head: fileField,
  fused: fileField.optional(),
});

/** Encoder and head in one graph, and no other. */
const fusedGraph = z.strictObject({ kind: z.literal('fused'), fused: fileField });

/** Format version 2: the graphs may also be one fused graph, or a network of anybody's making. */
export const manifestVersion2 = z
  .object({
    formatVersion: z.literal(2),
    ...common,
    graphs: z.discriminatedUnion('kind', [splitGraphs, fusedGraph, wholeNetwork]),
    /** Files beside the graphs that hold their weights. */
    weights,
  })
  .refine(oneGoldenImageEach, GOLDEN_FAULT)
  .refine(
    ({ execution, graphs }) =>
      execution.cpu?.graphs !== 'fused' || graphs.kind !== 'split' || graphs.fused !== undefined,
    {
      path: ['execution', 'cpu', 'graphs'],
      message: '"split" where graphs has no fused graph',
    },
  )
  .superRefine(({ graphs, modalities, classes, input }, context) => {
    if (graphs.kind !== 'whole') return;
    const fault = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    const fed = graphs.inputs.map(({ modality }) => modality);
    const inOrder = fed.length === modalities.length && modalities.every(({ name }, index) => name === fed[index]);
    if (!inOrder) fault(['graphs', 'inputs'], 'one input for each modality, in the same order');
    if (!areWhole(graphs.inputs)) fault(['graphs', 'inputs'], 'parts that make up all channels of an input they share');
    const known = new Set(classes.map(({ id }) => id)).add(UNLABELED_ID);
    if (!graphs.classIds.every((id) => known.has(id))) fault(['graphs', 'classIds'], 'ids of classes, or 255');
    const misfit = gridFault(graphs.fit, graphs.size, input);
    if (misfit !== undefined) fault(['input'], misfit);
    const { kind } = graphs.output;
    if (kind === 'labels' && graphs.confidence !== 'none') fault(['graphs', 'confidence'], '"none" for labels');
    if (graphs.confidence === 'none' && graphs.unlabeledBelow !== undefined) {
      fault(['graphs', 'unlabeledBelow'], 'nothing where there is no confidence');
    }
  });

export const GRAPH_KINDS = ['split', 'fused', 'whole'] as const;

/** What a `model.json` of any version says. */
export type Manifest = Omit<z.infer<typeof manifestVersion2>, 'formatVersion'> & { formatVersion: 1 | 2 };

/** A manifest of version 1, as version 2 says the same. */
export function fromVersion1({ files, ...manifest }: z.infer<typeof manifestVersion1>): Manifest {
  const { weights: listed, ...graphs } = files;
  return { ...manifest, graphs: { kind: 'split', ...graphs }, weights: listed };
}

/** Whether both name the same, each once. */
function sameNames(names: readonly string[], others: readonly string[]): boolean {
  return names.length === others.length && others.every((name) => names.includes(name));
}

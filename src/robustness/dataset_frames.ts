import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { z } from 'zod';
import { IGNORE_LABEL } from '../evaluation/index.js';
import type { Bundle } from '../model/index.js';
import { type LabelImage, ProblemList } from '../report/index.js';
import { type ImageSize, type ModalityImage, representationSchema } from '../sensors/index.js';
import type { EvaluationFrame, FrameCount, FrameVisitor } from './evaluation_frame.js';

/** `dataset.json`: what a data set in DELIVER's layout holds. Other keys may stand beside these. */
const datasetSchema = z.object({
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  generator: z.string().optional(),
  source: z.string().optional(),
  classes: z.array(z.object({ id: z.number().int(), name: z.string() })),
  modalities: z.array(
    z.object({ name: z.string(), folder: z.string(), suffix: z.string(), representation: representationSchema }),
  ),
});

type Dataset = z.infer<typeof datasetSchema>;

/**
 * Visits the frames of a split in DELIVER's layout,
 * `ROOT/<folder>/<condition>/<split>/MAP_<n>_point<k>/<frame>_<suffix>_front.png`, in the order of their paths.
 * Splits are path parts: the public loader's substring test finds `rain` in `train`.
 * @param every - every n-th frame only
 * @param signal - ends the visit before the next frame
 * @throws Error with one sentence where the set is not what the bundle was made for
 */
export async function visitDatasetFrames(
  root: string,
  { split, every }: { split: string; every: number },
  bundle: Bundle,
  visit: FrameVisitor,
  signal?: AbortSignal,
): Promise<FrameCount> {
  const dataset = await readDataset(root);
  checkFits(dataset, bundle, root);
  const labels = await labelFiles(root, split);
  if (labels.length === 0) {
    throw new Error(`Expected frames like ${join(root, 'semantic', '<condition>', split)}/MAP_*/*.png but found none.`);
  }
  const count: FrameCount = { used: 0, leftOut: 0, source: isMade(dataset) ? 'simulation' : 'recording' };
  const problems = new ProblemList();
  for (const [index, path] of labels.entries()) {
    if (signal?.aborted) break;
    if (index % every !== 0) continue;
    let frame: EvaluationFrame;
    try {
      frame = await readFrame(root, path, dataset, bundle);
    } catch (error) {
      count.leftOut++;
      problems.add('warning', `A frame is left out: ${(error as Error).message}`);
      continue;
    }
    try {
      await visit(frame);
    } catch (error) {
      return { ...count, problems: problems.list(), failure: { error } };
    }
    count.used++;
  }
  return { ...count, problems: problems.list() };
}

async function readFrame(root: string, path: string, dataset: Dataset, bundle: Bundle): Promise<EvaluationFrame> {
  const images = new Map<string, ModalityImage>();
  for (const { name } of bundle.modalities) {
    const { folder, suffix } = dataset.modalities.find((modality) => modality.name === name)!;
    const file = join(root, folder, path.replace(/_semantic_front\.png$/, `_${suffix}_front.png`));
    images.set(name, await readImage(file, name, bundle.input));
  }
  return { name: path, images, truth: await readLabels(join(root, 'semantic', path), bundle) };
}

async function readDataset(root: string): Promise<Dataset> {
  const path = join(root, 'dataset.json');
  const raw: unknown = JSON.parse(await readFile(path, 'utf8'));
  const outcome = datasetSchema.safeParse(raw);
  if (outcome.success) return outcome.data;
  const issue = outcome.error.issues[0]!;
  throw new Error(
    `Expected a data set's description in ${path} but ${issue.path.join('.')} is wrong: ${issue.message}.`,
  );
}

/** The simulator says so in one of these keys. */
function isMade({ generator, source }: Dataset): boolean {
  return /simulat/i.test(`${generator ?? ''} ${source ?? ''}`);
}

function checkFits(dataset: Dataset, { input, modalities, classes }: Bundle, root: string): void {
  const wrong = (what: string, expected: string, received: string) =>
    new Error(`Expected ${what} ${expected} in ${root}, as in the bundle, but received ${received}.`);
  if (dataset.width !== input.width || dataset.height !== input.height) {
    throw wrong('pictures of', `${input.width}x${input.height}`, `${dataset.width}x${dataset.height}`);
  }
  for (const { name, representation } of modalities) {
    const found = dataset.modalities.find((modality) => modality.name === name);
    if (found === undefined) throw wrong('modality', name, dataset.modalities.map((m) => m.name).join(', '));
    const [own, theirs] = [JSON.stringify(representation), JSON.stringify(found.representation)];
    if (own !== theirs) throw wrong(`the representation of ${name}`, own, theirs);
  }
  const names = (list: readonly { id: number; name: string }[]) =>
    list.map(({ id, name }) => `${id} ${name}`).join(', ');
  if (names(dataset.classes) !== names(classes)) throw wrong('classes', names(classes), names(dataset.classes));
}

/** Paths of the label pictures below `semantic`, sorted. */
async function labelFiles(root: string, split: string): Promise<string[]> {
  const top = join(root, 'semantic');
  const list = (folder: string) => readdir(folder).catch((): string[] => []);
  const files: string[] = [];
  for (const condition of await list(top)) {
    for (const place of await list(join(top, condition, split))) {
      for (const file of await list(join(top, condition, split, place))) {
        if (file.endsWith('_semantic_front.png')) files.push(join(condition, split, place, file));
      }
    }
  }
  return files.sort();
}

async function readImage(path: string, modality: string, size: ImageSize): Promise<ModalityImage> {
  const { data, info } = await decode(path, (image) => image.removeAlpha().toColourspace('srgb'));
  if (info.width !== size.width || info.height !== size.height || info.channels !== 3) {
    throw new Error(
      `Expected ${size.width}x${size.height} RGB in ${path} but received ${info.width}x${info.height} ` +
        `with ${info.channels} channels.`,
    );
  }
  return { modality, stamp: 0n, ...size, data: new Uint8Array(data), quality: { kind: 'good' } };
}

/** DELIVER's encoding: class id + 1 in the first channel, 0 and 255 ignored. */
async function readLabels(path: string, { classes }: Bundle): Promise<LabelImage> {
  const { data, info } = await decode(path, (image) => image);
  const { width, height, channels } = info;
  const labels = new Uint8Array(width * height);
  for (let i = 0; i < labels.length; i++) {
    const stored = data[i * channels]!;
    labels[i] = stored === 0 || stored === 255 ? IGNORE_LABEL : stored - 1;
  }
  const stranger = labels.find((label) => label !== IGNORE_LABEL && !classes.some(({ id }) => id === label));
  if (stranger === undefined) return { width, height, labels };
  throw new Error(`Expected label values 0, 255 or a class id + 1 in ${path} but received ${stranger + 1}.`);
}

function decode(path: string, prepare: (image: Sharp) => Sharp) {
  return prepare(sharp(path))
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch((error: Error) => {
      throw new Error(`Expected a picture at ${path} but could not read it: ${error.message}.`);
    });
}

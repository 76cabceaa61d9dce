import { join } from 'node:path';
import { z } from 'zod';
import { readText } from '../files/index.js';
import { type ImageSize, representationSchema } from '../sensors/index.js';
import type { Dataset } from './dataset.js';
import { listDeliverFrames } from './deliver_files.js';
import { requireFolders } from './folders.js';
import { checkSize, labelsAt, labelsFromOne, readLabels } from './labels.js';
import { readPicture, toRgb } from './picture.js';

/** `dataset.json`: what a data set in DELIVER's layout holds. Other keys may stand beside these. */
const schema = z.object({
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  generator: z.string().optional(),
  source: z.string().optional(),
  classes: z.array(z.object({ id: z.number().int().min(0).max(254), name: z.string() })),
  modalities: z.array(
    z.object({ name: z.string(), folder: z.string(), suffix: z.string(), representation: representationSchema }),
  ),
});

export const DESCRIPTION = 'dataset.json';

/**
 * A data set in DELIVER's layout with a `dataset.json`, as `mle-sam simulate --layout deliver` writes it: pictures of one
 * size, drawn in the representations it names. Nothing is resized.
 * @throws Error in one sentence where the description, a folder or the split is wrong or missing
 */
export async function openDescribed(root: string, split: string): Promise<Dataset> {
  const { width, height, classes, modalities, generator, source } = await readDescription(root);
  const size: ImageSize = { width, height };
  await requireFolders('the data set', root, ['semantic', ...modalities.map(({ folder }) => folder)]);
  const rule = labelsFromOne(classes.length);
  return {
    kind: 'deliver',
    title: 'a data set in DELIVER layout',
    root,
    split,
    // The simulator says so in one of these keys.
    source: /simulat/i.test(`${generator ?? ''} ${source ?? ''}`) ? 'simulation' : 'recording',
    classes,
    modalities: modalities.map(({ name, representation }) => ({
      name,
      gives: (wanted) => JSON.stringify(wanted) === JSON.stringify(representation),
      given: JSON.stringify(representation),
      read: async (frame, wanted) => {
        const path = frame.files.get(name)![0]!;
        const picture = await readPicture(path);
        checkSize(picture, wanted, path);
        return toRgb(picture).data;
      },
    })),
    frames: await listDeliverFrames(root, split, modalities),
    descriptions: [join(root, DESCRIPTION)],
    imageSize: size,
    notes: [],
    scoredAt: () => size,
    predictionPath: ({ prediction }) => `${prediction}.png`,
    readLabels: async (path, wanted) => labelsAt(await readLabels(path, rule, size), wanted),
  };
}

async function readDescription(root: string): Promise<z.infer<typeof schema>> {
  const path = join(root, DESCRIPTION);
  let raw: unknown;
  try {
    raw = JSON.parse(await readText(path));
  } catch (cause) {
    throw new Error(
      `Expected a data set's description in ${path} but could not read it: ${(cause as Error).message}. Write it again.`,
    );
  }
  const outcome = schema.safeParse(raw);
  if (outcome.success) return outcome.data;
  const issue = outcome.error.issues[0]!;
  throw new Error(
    `Expected a data set's description in ${path} but ${issue.path.join('.') || 'it'} is wrong: ${issue.message}. Write it again.`,
  );
}

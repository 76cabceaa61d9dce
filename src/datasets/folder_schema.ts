import { parse } from 'yaml';
import { z } from 'zod';
import { readText } from '../files/index.js';
import { FramePattern } from './frame_pattern.js';

const pattern = z.string().transform((text, context) => {
  try {
    return new FramePattern(text);
  } catch (cause) {
    context.addIssue({ code: 'custom', message: (cause as Error).message });
    return z.NEVER;
  }
});
const name = z.string().min(1);
const byte = z.number().int().min(0).max(255);
const classId = byte.max(254);
const side = z.number().int().min(1).max(16_384);

const channel = z.number().int().min(0).max(3);

const modality = z.strictObject({
  files: pattern,
  /** Representations the pictures may stand for as they are stored. */
  representation: z.union([name, z.array(name).min(1)]).optional(),
  /** Pictures whose pixels may not be mixed, as of events and points. */
  sparse: z.boolean().default(false),
  /** Channels of the picture that are this modality's, counted from 0: one or three. */
  channels: z.union([z.tuple([channel]), z.tuple([channel, channel, channel])]).optional(),
  /** Distance along the optical axis of one level of the picture; 0 = nothing known. */
  metresPerLevel: z.number().positive().optional(),
});

const schema = z.strictObject({
  name,
  classes: z
    .array(z.union([name, z.strictObject({ id: classId, name })]))
    .min(1)
    .max(255),
  labels: z.strictObject({
    files: pattern,
    /** Class id, or `ignore`, by stored value; without it stored values are class ids. */
    map: z.record(z.string(), z.union([classId, z.literal('ignore')])).optional(),
    /** The same by colour, `red,green,blue`, where colours stand for classes. */
    colours: z.record(z.string(), z.union([classId, z.literal('ignore')])).optional(),
    /** Stored values that are not scored. */
    ignore: z.array(z.number().int().min(0).max(65_535)).default([255]),
    /** What a stored value is that stands nowhere else. */
    unlisted: z.enum(['refuse', 'ignore']).default('refuse'),
  }),
  modalities: z.record(z.string(), modality).refine((all) => Object.keys(all).length > 0, 'there is none'),
  condition: z.string().default('all'),
  case: z.string().default('none'),
  evaluation: z.union([z.literal('as-stored'), z.strictObject({ width: side, height: side })]).default('as-stored'),
  source: z.enum(['recording', 'simulation']).default('recording'),
});

/** What a `dataset.yaml` says. */
export type FolderDescription = z.infer<typeof schema>;

/**
 * Reads the description of a data set of one's own.
 * @throws Error in one sentence naming the first key that is wrong
 */
export async function readFolderDescription(path: string): Promise<FolderDescription> {
  let raw: unknown;
  try {
    raw = parse(await readText(path));
  } catch (cause) {
    const why = (cause as Error).message.split('\n')[0]!.replace(/[.:]$/, '');
    throw new Error(`Expected the description of a data set in ${path} but could not read it: ${why}.`, { cause });
  }
  const outcome = schema.safeParse(raw);
  if (!outcome.success) {
    const issue = outcome.error.issues[0]!;
    const key = issue.path.join('.') || 'the file';
    throw new Error(`Expected a valid ${key} in ${path} but received: ${wording(issue)}. See docs/datasets.md.`);
  }
  const problem = contradiction(outcome.data);
  if (problem !== undefined) throw new Error(`Expected ${problem} in ${path}. See docs/datasets.md.`);
  return outcome.data;
}

function wording(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `unknown keys ${issue.keys.join(', ')}`;
  return issue.message.replace(/\.$/, '');
}

/** What single keys cannot show. */
function contradiction({
  labels,
  modalities,
  classes,
  condition,
  case: failure,
}: FolderDescription): string | undefined {
  const known = new Set(labels.files.names);
  for (const [owner, { files }] of Object.entries(modalities)) {
    const unknown = files.names.find((each) => !known.has(each));
    if (unknown !== undefined)
      return `{${unknown}} of modalities.${owner}.files to stand in labels.files but it does not`;
  }
  for (const [key, template] of Object.entries({ condition, case: failure })) {
    const unknown = [...template.matchAll(/\{([^}]*)\}/g)].map((match) => match[1]!).find((each) => !known.has(each));
    if (unknown !== undefined) return `{${unknown}} of ${key} to stand in labels.files but it does not`;
  }
  const ids = classes.map((entry, index) => (typeof entry === 'string' ? index : entry.id));
  if (new Set(ids).size !== ids.length) return 'class ids that occur once';
  const names = classes.map((entry) => (typeof entry === 'string' ? entry : entry.name));
  if (new Set(names).size !== names.length) return 'class names that occur once';
  const strayValue = Object.keys(labels.map ?? {}).find((value) => !/^\d+$/.test(value) || Number(value) > 65_535);
  if (strayValue !== undefined) return `values of 0 to 65535 for labels.map but received '${strayValue}'`;
  if (labels.map !== undefined && labels.colours !== undefined) return 'either labels.map or labels.colours';
  const strayColour = Object.keys(labels.colours ?? {}).find((text) => parseColour(text) === undefined);
  if (strayColour !== undefined) return `red,green,blue of 0 to 255 for labels.colours but received '${strayColour}'`;
  const strayId = Object.values({ ...labels.map, ...labels.colours }).find(
    (id) => id !== 'ignore' && !ids.includes(id),
  );
  if (strayId !== undefined) return `ids of classes for labels.map and labels.colours but received ${strayId}`;
  return undefined;
}

/** Red, green and blue of `128,64,128`; undefined where it is none. */
export function parseColour(text: string): [number, number, number] | undefined {
  const match = /^\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*$/.exec(text);
  const parts = match?.slice(1).map(Number);
  return parts?.every((part) => part <= 255) ? (parts as [number, number, number]) : undefined;
}

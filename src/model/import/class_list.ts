import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import type { BundleClass } from '../bundle.js';
import { UNLABELED_ID } from '../manifest_fields.js';
import { ADE20K } from './class_lists/ade20k.js';
import { CITYSCAPES } from './class_lists/cityscapes.js';
import { COCO_STUFF } from './class_lists/coco_stuff.js';
import { DELIVER } from './class_lists/deliver.js';
import { MAPILLARY } from './class_lists/mapillary.js';
import { MCUBES } from './class_lists/mcubes.js';
import { VOC } from './class_lists/voc.js';
import { ImportError } from './import_error.js';
import { paletteColour } from './palette.js';

/** Published lists by the name that `--classes` takes. */
const LISTS: Readonly<Record<string, string>> = {
  cityscapes: CITYSCAPES,
  ade20k: ADE20K,
  mapillary: MAPILLARY,
  'coco-stuff': COCO_STUFF,
  deliver: DELIVER,
  muses: CITYSCAPES,
  mcubes: MCUBES,
  voc: VOC,
};

export const CLASS_LIST_NAMES = Object.keys(LISTS);

/** An index of a network's output. */
export interface ListedClass {
  name: string;
  color: readonly [number, number, number];
}

/** Classes by index; a network's last class may be one that stands for no class. */
export interface ClassList {
  /** As it is told: the list's name, or the file. */
  source: string;
  classes: readonly ListedClass[];
}

/** A published list, by index. */
export function publishedClasses(name: 'cityscapes' | 'deliver' | 'mcubes'): ListedClass[] {
  return parseList(LISTS[name]!);
}

/**
 * A published list by its name, or one of a YAML or JSON file: names, objects with `name` and `color`, or names by index,
 * also under `id2label` as in a model's `config.json`.
 * @throws {ImportError} where the file says no classes
 */
export async function loadClassList(source: string): Promise<ClassList> {
  const published = Object.hasOwn(LISTS, source) ? LISTS[source] : undefined;
  if (published !== undefined) return { source, classes: parseList(published) };
  const text = await readFile(source, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const names = CLASS_LIST_NAMES.join(', ');
    throw new ImportError(`one of ${names}, or a file`, '--classes', `${source} (${cause.code})`, 'Name one of them.', {
      cause,
    });
  });
  return { source, classes: classesOf(text, source) };
}

/** Names for a network of which no list says what its classes are. */
export function numberedClasses(count: number): ClassList {
  const classes = Array.from({ length: count }, (_, index) => ({
    name: `class_${index}`,
    color: paletteColour(index),
  }));
  return { source: 'no list', classes };
}

/**
 * Ids of a bundle's classes: their index, where the list has no gap. Entries that stand for no class become unlabeled.
 */
export function bundleClasses({ classes }: ClassList): { classes: BundleClass[]; classIds: number[] } {
  const classIds = classes.map(({ name }, index) => (isNoClass(name) ? UNLABELED_ID : index));
  return {
    classIds,
    classes: classes.flatMap(({ name, color }, id) => (classIds[id] === UNLABELED_ID ? [] : [{ id, name, color }])),
  };
}

function isNoClass(name: string): boolean {
  return /^(unlabell?ed|ignore|void)$/i.test(name);
}

function parseList(list: string): ListedClass[] {
  return list
    .trim()
    .split(/;\s*/)
    .map((entry) => {
      const [name, colour] = entry.split(' ') as [string, string];
      return { name, color: colour.split(',').map(Number) as unknown as ListedClass['color'] };
    });
}

function classesOf(text: string, source: string): ListedClass[] {
  let content: unknown;
  try {
    content = parse(text);
  } catch (cause) {
    throw wrongFile(source, (cause as Error).message.split('\n')[0]!);
  }
  const listed = isRecord(content) ? (content.classes ?? content.id2label ?? content) : content;
  const entries = Array.isArray(listed) ? listed : isRecord(listed) ? byIndex(listed, source) : [];
  if (entries.length === 0) throw wrongFile(source, text.slice(0, 40));
  if (entries.length > UNLABELED_ID + 1) throw wrongFile(source, `${entries.length} classes, more than 256`);
  const classes = entries.map((entry, index) => listedClass(entry, index, source));
  const twice = classes.find(({ name }, index) => classes.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) throw wrongFile(source, `${twice.name} more than once`);
  return classes;
}

/** Indices that nothing is said of become unlabeled. */
function byIndex(names: Record<string, unknown>, source: string): unknown[] {
  const indices = Object.keys(names).map(Number);
  if (indices.length === 0 || !indices.every((index) => Number.isInteger(index) && index >= 0 && index < 256)) {
    throw wrongFile(source, Object.keys(names).slice(0, 3).join(', '));
  }
  return Array.from({ length: Math.max(...indices) + 1 }, (_, index) => names[String(index)] ?? 'unlabeled');
}

function listedClass(entry: unknown, index: number, source: string): ListedClass {
  const { name, color = paletteColour(index) } = isRecord(entry) ? entry : { name: entry };
  const isColour = Array.isArray(color) && color.length === 3 && color.every((part) => part >= 0 && part <= 255);
  if (typeof name !== 'string' || !isColour) throw wrongFile(source, JSON.stringify(entry));
  return { name: plainName(name, index), color: color as unknown as ListedClass['color'] };
}

/** Names of classes go into parameters and file names: letters, digits, _ and -. */
function plainName(name: string, index: number): string {
  const plain = name
    .trim()
    .replaceAll(/[^A-Za-z0-9_-]+/g, '_')
    .replaceAll(/^[_-]+|_+$/g, '');
  if (plain === '') return `class_${index}`;
  return /^[A-Za-z]/.test(plain) ? plain : `class_${plain}`;
}

function wrongFile(source: string, received: string): ImportError {
  const advice = 'Write a list of names, or of {name: ..., color: [red, green, blue]}.';
  return new ImportError('a list of classes', `--classes ${source}`, received, advice);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

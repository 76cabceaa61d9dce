import type { Tensor } from 'onnxruntime-node';
import type { ImageSize } from '../../sensors/modality_image.js';
import type { RunOutputs } from '../providers.js';
import type { NetworkOutput, ScoreLayout } from '../whole/recipe.js';
import { numbersOf } from '../whole/whole_runner.js';
import { type ClassList, numberedClasses } from './class_list.js';
import { ImportError } from './import_error.js';
import type { ImportOptions } from './options.js';
import { presetOf } from './presets.js';

/** What of a network's answer labels are made from. */
export interface OutputPlan {
  output: NetworkOutput;
  classes: ClassList;
  notes: string[];
}

const WHOLE_TYPES: readonly string[] = [
  'int64',
  'int32',
  'int16',
  'int8',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'bool',
];
const FLOAT_TYPES: readonly string[] = ['float32', 'float16', 'float64'];

/**
 * Finds the output that labels are made from, and how it is read, from what the network has answered.
 * @param answer - all outputs of a run on the golden images
 * @param size - of the network's inputs
 * @throws {ImportError} naming the option that decides
 */
export function findOutput(
  answer: RunOutputs,
  size: ImageSize,
  list: ClassList | undefined,
  options: ImportOptions,
): OutputPlan {
  const names = chosenNames(answer, options);
  const kind = options.outputKind ?? (options.preset === undefined ? undefined : presetOf(options.preset).outputKind);
  if (kind === 'queries' || names?.length === 2) return queries(answer, names, list);
  const name = names?.[0] ?? onlyPlausible(answer, size);
  const tensor = answer[name]!;
  const notes: string[] = [];
  const found = kind ?? kindOf(tensor, size, list);
  if (found === 'labels') {
    if (list === undefined) throw noClasses(name, tensor);
    checkLabels(name, tensor, list);
    if (kind === undefined && FLOAT_TYPES.includes(tensor.type)) {
      notes.push(`${name} holds whole numbers, taken for class indices: --output-kind decides.`);
    }
    return { output: { kind: 'labels', name }, classes: list, notes };
  }
  const { layout, count } = scoresOf(name, tensor, size, list);
  const classes = list ?? numberedClasses(Math.max(2, count));
  if (list === undefined) notes.push(`${name} has ${count} classes without names: --classes decides.`);
  const scores = found === 'scores' ? scoreKind(tensor, layout) : found;
  if (found === 'scores' && scores !== 'logits')
    notes.push(`${name} holds ${scores}, by their values: --output-kind decides.`);
  return { output: { kind: scores, name, layout }, classes, notes };
}

/** Outputs that were asked for, or that a preset knows. */
function chosenNames(answer: RunOutputs, { output, preset }: ImportOptions): readonly string[] | undefined {
  const there = Object.keys(answer);
  if (output !== undefined) {
    const missing = output.find((name) => !there.includes(name));
    if (missing === undefined) return output;
    throw new ImportError(`one of the network's outputs ${there.join(', ')}`, '--output', missing, '--output decides.');
  }
  const known = preset === undefined ? [] : presetOf(preset).outputs;
  return known.length > 0 && known.every((name) => there.includes(name)) ? known : undefined;
}

function onlyPlausible(answer: RunOutputs, size: ImageSize): string {
  const plausible = Object.entries(answer).filter(([, tensor]) => isPlausible(tensor, size));
  if (plausible.length === 1) return plausible[0]![0];
  const described = Object.entries(answer).map(([name, tensor]) => describe(name, tensor));
  if (plausible.length === 0) {
    const advice = 'Export the network with its scores or class indices as output; --output decides which.';
    throw new ImportError('scores or class indices of pixels', "the network's outputs", described.join(', '), advice);
  }
  const meant = plausible.map(([name, tensor]) => describe(name, tensor)).join(', ');
  throw new ImportError('one output', 'the network', `several that could be meant: ${meant}`, '--output NAME decides.');
}

/** A plane or a stack of planes that has about the picture's proportions. */
function isPlausible({ dims, type }: Tensor, size: ImageSize): boolean {
  if (!WHOLE_TYPES.includes(type) && !FLOAT_TYPES.includes(type)) return false;
  const sides = dims.filter((side) => side !== 1);
  if (sides.length === 2) return isAlike(sides[0]!, sides[1]!, size);
  return sides.length === 3 && (isAlike(sides[1]!, sides[2]!, size) || isAlike(sides[0]!, sides[1]!, size));
}

function isAlike(height: number, width: number, size: ImageSize): boolean {
  return Math.abs(height / size.height - width / size.width) <= 1 / Math.min(size.height, size.width);
}

function kindOf(tensor: Tensor, size: ImageSize, list: ClassList | undefined): 'labels' | 'scores' {
  if (WHOLE_TYPES.includes(tensor.type)) return 'labels';
  const isPlane = tensor.dims.filter((side) => side !== 1).length === 2;
  if (!isPlane) return 'scores';
  const isWhole = Array.from(numbersOf(tensor)).every((value) => Number.isInteger(value));
  const isBinary = list === undefined || list.classes.length === 2;
  return isWhole && (tensor.dims.length < 4 || !isBinary || isAlike(tensor.dims[1]!, tensor.dims[2]!, size))
    ? 'labels'
    : 'scores';
}

/** Where the classes lie: the dimension with as many entries as the list, and the picture's proportions in the others. */
function scoresOf(
  name: string,
  tensor: Tensor,
  size: ImageSize,
  list: ClassList | undefined,
): { layout: ScoreLayout; count: number } {
  const { dims } = tensor;
  const isBatched = dims.length === 4;
  if (!isBatched && dims.length !== 3) {
    const advice = '--output and --output-kind decide.';
    throw new ImportError('3 or 4 dimensions', `scores in ${name}`, describe(name, tensor), advice);
  }
  const sides = isBatched ? dims.slice(1) : dims;
  const prefix = isBatched ? 'N' : '';
  const options = [
    { layout: `${prefix}CHW` as ScoreLayout, count: sides[0]!, fits: isAlike(sides[1]!, sides[2]!, size) },
    { layout: `${prefix}HWC` as ScoreLayout, count: sides[2]!, fits: isAlike(sides[0]!, sides[1]!, size) },
  ];
  const wanted = list?.classes.length;
  const hasWanted = (count: number) => wanted === undefined || count === wanted || (count === 1 && wanted === 2);
  const found =
    options.find(({ count, fits }) => fits && hasWanted(count)) ?? options.find(({ fits }) => fits) ?? options[0]!;
  if (list !== undefined && !hasWanted(found.count)) throw wrongLength(name, tensor, found.count, list);
  if (found.count > 256) {
    throw new ImportError('at most 256 classes', `output ${name}`, describe(name, tensor), '--output decides.');
  }
  return found;
}

/** Values that are shares of one for each pixel are probabilities. */
function scoreKind(tensor: Tensor, layout: ScoreLayout): 'logits' | 'probabilities' {
  const values = numbersOf(tensor);
  for (let i = 0; i < values.length; i++) if (values[i]! < 0 || values[i]! > 1.0001) return 'logits';
  const count = tensor.dims[layout.indexOf('C')]!;
  if (count === 1) return 'probabilities';
  const pixels = values.length / count / (layout.startsWith('N') ? tensor.dims[0]! : 1);
  const isPlanar = layout.endsWith('CHW');
  for (let pixel = 0; pixel < pixels; pixel += Math.ceil(pixels / 1000)) {
    let sum = 0;
    for (let c = 0; c < count; c++) sum += values[isPlanar ? c * pixels + pixel : pixel * count + c]!;
    if (Math.abs(sum - 1) > 0.02) return 'logits';
  }
  return 'probabilities';
}

function queries(answer: RunOutputs, names: readonly string[] | undefined, list: ClassList | undefined): OutputPlan {
  const there = Object.entries(answer)
    .map(([name, tensor]) => describe(name, tensor))
    .join(', ');
  const [classes, masks] = names ?? [];
  if (classes === undefined || masks === undefined) {
    throw new ImportError('CLASSES,MASKS', '--output of queries', there, '--output decides.');
  }
  const [scores, planes] = [answer[classes]!, answer[masks]!];
  const count = scores.dims.at(-1)! - 1;
  if (scores.dims.length !== 3 || planes.dims.length !== 4 || scores.dims[1] !== planes.dims[1]) {
    throw new ImportError(
      '[1,queries,classes + 1] and [1,queries,h,w]',
      '--output',
      there,
      '--output CLASSES,MASKS decides.',
    );
  }
  if (list !== undefined && list.classes.length !== count) throw wrongLength(classes, scores, count, list);
  const notes = list === undefined ? [`${classes} has ${count} classes without names: --classes decides.`] : [];
  return { output: { kind: 'queries', classes, masks }, classes: list ?? numberedClasses(count), notes };
}

function checkLabels(name: string, tensor: Tensor, { classes, source }: ClassList): void {
  if (tensor.dims.filter((side) => side !== 1).length !== 2) {
    const advice = '--output and --output-kind decide.';
    throw new ImportError('one class index a pixel', `output ${name}`, describe(name, tensor), advice);
  }
  let largest = 0;
  for (const value of tensor.data as Iterable<number | bigint>) {
    if (Number(value) !== UNLABELED && Number(value) > largest) largest = Number(value);
  }
  if (largest < classes.length) return;
  const advice = '--classes decides.';
  throw new ImportError(`indices below ${classes.length} (${source})`, `output ${name}`, String(largest), advice);
}

const UNLABELED = 255;

function wrongLength(name: string, tensor: Tensor, count: number, { source, classes }: ClassList): ImportError {
  const expected = `${Math.max(1, count)} classes, as many as ${describe(name, tensor)} has,`;
  const advice = 'Name a list of that length, or write one: --classes FILE.yaml decides.';
  return new ImportError(expected, '--classes', `${classes.length} (${source})`, advice);
}

function noClasses(name: string, tensor: Tensor): ImportError {
  const advice = 'A network that gives class indices does not say how many there are: --classes decides.';
  return new ImportError('the names of its classes', `output ${describe(name, tensor)}`, 'none', advice);
}

function describe(name: string, { type, dims }: Tensor): string {
  return `${name} ${type}[${dims.join(',')}]`;
}

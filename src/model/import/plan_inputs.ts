import type { ImageSize } from '../../sensors/modality_image.js';
import type { Representation } from '../../sensors/representation.js';
import { ABSENT_RULES, type ConstantInput, INPUT_TYPES, type NetworkInput } from '../whole/recipe.js';
import { describePort, type GraphPort } from './graph.js';
import { ImportError } from './import_error.js';
import type { ImportOptions, InputOptions } from './options.js';
import { type Preset, presetOf } from './presets.js';
import { usualRepresentation } from './representations.js';

/** How a network's inputs are fed. */
export interface InputPlan {
  inputs: NetworkInput[];
  representations: Representation[];
  constants: ConstantInput[];
  size: ImageSize;
  batch: number;
  /** What was taken without being told, each a sentence. */
  notes: string[];
}

const CONSTANT_TYPES: readonly string[] = ['float32', 'int64', 'int32', 'uint8', 'bool'];
const NO_PRESET = { scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1], order: 'rgb' } as const;

/**
 * Assigns modalities to a graph's inputs, and finds layout, type and size of each.
 * @throws {ImportError} naming the option that decides
 */
export function planInputs(ports: readonly GraphPort[], options: ImportOptions): InputPlan {
  const preset = options.preset === undefined ? undefined : presetOf(options.preset);
  const fill = new Map([...Object.entries(preset?.fill ?? {}), ...options.fill]);
  for (const name of options.fill.keys()) requirePort(ports, name, `--fill ${name}`);
  const pictures = ports.filter(({ name }) => !fill.has(name) || options.inputs.some((input) => input.name === name));
  const assigned = assign(pictures, options.inputs);
  const notes: string[] = [];
  const shapes = assigned.map(({ port, input }) => readShape(port, input, notes));
  const size = commonSize(shapes, options.size);
  const batch = shapes[0]!.batch;
  const several = assigned.length > 1;
  const planned = assigned.map(({ port, input }, index) => {
    const representation = representationOf(input, notes);
    return {
      representation,
      input: networkInput(port, input, shapes[index]!, { representation, preset, several }, notes),
    };
  });
  const constants = ports.filter((port) => !assigned.some((other) => other.port === port));
  if (batch > 1) notes.push(`The network takes ${batch} pictures at once: all but the first stay zero.`);
  return {
    inputs: planned.map(({ input }) => input),
    representations: planned.map(({ representation }) => representation),
    constants: constants.map((port) => constantOf(port, fill.get(port.name)!, size, batch)),
    size,
    batch,
    notes,
  };
}

interface Assigned {
  port: GraphPort;
  input: InputOptions;
}

function assign(ports: readonly GraphPort[], inputs: readonly InputOptions[]): Assigned[] {
  const named = new Set(inputs.map(({ name }) => name));
  const left = ports.filter(({ name }) => !named.has(name));
  const assigned = inputs.map((input): Assigned => {
    if (input.name !== undefined) {
      return { port: requirePort(ports, input.name, `--input ${input.modality}`), input };
    }
    const [only, ...more] = left;
    if (only !== undefined && more.length === 0) return { port: left.pop()!, input };
    const received = ports.map(describePort).join(', ');
    const advice = 'Say which input is which with --input MODALITY=NAME.';
    throw new ImportError(`the name of an input`, `--input ${input.modality}`, `a network with ${received}`, advice);
  });
  const taken = new Set(assigned.map(({ port }) => port));
  const twice = assigned.find(({ port }, index) => assigned.findIndex((other) => other.port === port) !== index);
  if (twice !== undefined) {
    const advice = '--input names each of them once.';
    throw new ImportError('another input for each modality', '--input', `${twice.port.name} twice`, advice);
  }
  const unnamed = ports.find((port) => !taken.has(port));
  if (unnamed !== undefined) {
    const advice = `Name its sensor with --input MODALITY=${unnamed.name}, or give it a constant with --fill ${unnamed.name}=VALUE.`;
    throw new ImportError('an option', `the network's input ${describePort(unnamed)}`, 'none', advice);
  }
  return assigned;
}

function requirePort(ports: readonly GraphPort[], name: string, option: string): GraphPort {
  const port = ports.find((candidate) => candidate.name === name);
  if (port !== undefined) return port;
  const names = ports.map((candidate) => candidate.name).join(', ');
  throw new ImportError(`one of the network's inputs ${names}`, option, name, `${option.split(' ')[0]} decides.`);
}

/** Dimensions of a picture input; undefined where they are left open. */
interface PictureShape {
  port: GraphPort;
  layout: NetworkInput['layout'];
  channels: 1 | 3;
  batch: number;
  width: number | undefined;
  height: number | undefined;
}

function readShape(port: GraphPort, input: InputOptions, notes: string[]): PictureShape {
  const option = `--input ${input.modality}=${port.name}`;
  if (!(INPUT_TYPES as readonly string[]).includes(port.type)) {
    const advice = `Export it with one of these, or give this input a constant with --fill ${port.name}=VALUE.`;
    throw new ImportError(`pictures of ${INPUT_TYPES.join(', ')}`, option, describePort(port), advice);
  }
  const { shape } = port;
  const isBatched = shape.length === 4;
  if (!isBatched && shape.length !== 3) {
    const advice = `A picture has 3 or 4 dimensions: give this input a constant with --fill ${port.name}=VALUE.`;
    throw new ImportError('a picture', option, describePort(port), advice);
  }
  const sides = isBatched ? shape.slice(1) : shape;
  const order = input.layout?.slice(1) ?? layoutOf(sides, port, notes);
  const planar = order === 'CHW';
  const [channel, height, width] = planar ? [sides[0], sides[1], sides[2]] : [sides[2], sides[0], sides[1]];
  const layout = `${isBatched ? 'N' : ''}${order}` as NetworkInput['layout'];
  if (typeof channel === 'number' && channel !== 1 && channel !== 3) {
    const other = planar ? 'NHWC' : 'NCHW';
    const fits = [1, 3].includes(Number(planar ? sides[2] : sides[0]));
    const advice = fits
      ? `--layout ${other} fits.`
      : 'Only networks that take pictures of 1 or 3 channels can be imported.';
    throw new ImportError(`1 or 3 channels in layout ${layout}`, option, describePort(port), advice);
  }
  const fixed = (side: number | string | undefined) => (typeof side === 'number' ? side : undefined);
  return {
    port,
    layout,
    channels: channel === 1 ? 1 : 3,
    batch: isBatched ? (fixed(shape[0]) ?? 1) : 1,
    width: fixed(width),
    height: fixed(height),
  };
}

/** Where the channels are: the dimension of 3 or 1, or the one that is called so. */
function layoutOf(sides: readonly (number | string)[], port: GraphPort, notes: string[]): 'CHW' | 'HWC' {
  const isChannel = (side: number | string | undefined) =>
    typeof side === 'number' ? side === 3 || side === 1 : /^c$|chan/i.test(side ?? '');
  const [first, last] = [isChannel(sides[0]), isChannel(sides[2])];
  if (first !== last) return first ? 'CHW' : 'HWC';
  if (!first && sides.every((side) => typeof side === 'number')) {
    const advice = 'Only networks that take pictures of 1 or 3 channels can be imported.';
    throw new ImportError('1 or 3 channels', `input ${port.name}`, describePort(port), advice);
  }
  notes.push(`Layout NCHW is assumed for ${describePort(port)}: --layout decides.`);
  return 'CHW';
}

function commonSize(shapes: readonly PictureShape[], wanted: ImageSize | undefined): ImageSize {
  const text = ({ width, height }: { width: number | undefined; height: number | undefined }) =>
    `${width ?? 'any'}x${height ?? 'any'}`;
  const [first] = shapes;
  for (const shape of shapes) {
    const isSame = (side: 'width' | 'height') =>
      shape[side] === undefined || first![side] === undefined || shape[side] === first![side];
    if (isSame('width') && isSame('height')) continue;
    const received = `${text(first!)} for ${first!.port.name} and ${text(shape)} for ${shape.port.name}`;
    throw new ImportError(
      'one size for all inputs',
      'the network',
      received,
      'Export it with inputs of the same size.',
    );
  }
  const fixed = (side: 'width' | 'height') => shapes.map((shape) => shape[side]).find((value) => value !== undefined);
  const size = { width: fixed('width') ?? wanted?.width, height: fixed('height') ?? wanted?.height };
  if (size.width === undefined || size.height === undefined) {
    const advice = '--size WIDTHxHEIGHT decides; use what the network was trained at.';
    throw new ImportError('a size', `the open dimensions of ${describePort(first!.port)}`, 'none', advice);
  }
  if (wanted !== undefined && (wanted.width !== size.width || wanted.height !== size.height)) {
    const expected = `${size.width}x${size.height}, which the graph has fixed,`;
    const advice = 'Leave --size out, or export the network with open dimensions.';
    throw new ImportError(expected, '--size', `${wanted.width}x${wanted.height}`, advice);
  }
  if (size.width < 16 || size.height < 16 || size.width > 8192 || size.height > 8192) {
    throw new ImportError('16 to 8192 pixels a side', '--size', text(size), 'Export the network at another size.');
  }
  return { width: size.width, height: size.height };
}

function representationOf({ modality, representation }: InputOptions, notes: string[]): Representation {
  if (representation !== undefined) return representation;
  const usual = usualRepresentation(modality);
  if (usual === undefined) {
    const advice = `--representation ${modality}=KIND decides.`;
    throw new ImportError('what its images show', `--input ${modality}`, 'no representation', advice);
  }
  if (usual.kind !== 'rgb') {
    notes.push(`${modality} is drawn as ${usual.kind}: --representation ${modality}=KIND decides.`);
  }
  return usual;
}

function networkInput(
  port: GraphPort,
  given: InputOptions,
  { layout, channels }: PictureShape,
  known: { representation: Representation; preset: Preset | undefined; several: boolean },
  notes: string[],
): NetworkInput {
  const { representation, preset, several } = known;
  const type = port.type as NetworkInput['type'];
  const isCamera = representation.kind === 'rgb';
  const isPlain = preset === undefined || (!isCamera && preset.others === 'bytes');
  const base = isPlain ? NO_PRESET : preset;
  const mean = given.mean ?? base.mean;
  const std = given.std ?? base.std;
  const scale = given.scale ?? scaleFor(type, mean, given, base.scale);
  if (preset === undefined && type !== 'uint8' && isCamera && given.mean === undefined && given.scale === undefined) {
    notes.push(
      `${port.name} gets values from 0 to 1, without mean and std: --preset, or --mean, --std and --scale decide.`,
    );
  }
  if (type === 'uint8' && (given.std !== undefined || given.scale !== undefined)) {
    throw new ImportError(
      'no --std and no --scale',
      `the bytes of ${port.name}`,
      'one',
      'The network normalises inside.',
    );
  }
  return {
    name: port.name,
    modality: given.modality,
    type,
    layout,
    channels,
    grey: isCamera ? 'luma' : 'first',
    order: given.order ?? (isPlain && !isCamera ? 'rgb' : (preset?.order ?? 'rgb')),
    scale,
    mean: [...mean],
    std: [...std],
    absent: given.absent ?? (several ? ABSENT_RULES[0] : 'refuse'),
  };
}

/** Mean and std above what a value of 0 to 1 can be speak of bytes. */
function scaleFor(type: NetworkInput['type'], mean: readonly number[], given: InputOptions, base: number): number {
  if (type === 'uint8') return mean.some((value) => value > 1) || mean.every((value) => value === 0) ? 1 : 1 / 255;
  if (given.mean === undefined && given.std === undefined) return base;
  const largest = Math.max(...(given.mean ?? []), ...(given.std ?? []));
  return largest > 2 ? 1 : 1 / 255;
}

function constantOf(port: GraphPort, value: number, { width, height }: ImageSize, batch: number): ConstantInput {
  if (!CONSTANT_TYPES.includes(port.type)) {
    const advice = 'Export the network without this input.';
    throw new ImportError(`one of ${CONSTANT_TYPES.join(', ')}`, `--fill ${port.name}`, describePort(port), advice);
  }
  const sides = port.shape.map((side, index, { length }) => {
    if (typeof side === 'number') return Math.max(1, side);
    if (index === 0) return batch;
    return index === length - 2 ? height : index === length - 1 ? width : 1;
  });
  return { name: port.name, type: port.type as ConstantInput['type'], shape: sides, value };
}

import type { ImageSize } from '../../sensors/modality_image.js';
import type { Representation } from '../../sensors/representation.js';
import { ABSENT_RULES, type ConstantInput, type NetworkInput } from '../whole/recipe.js';
import { describePort, type GraphPort } from './graph.js';
import { ImportError } from './import_error.js';
import type { ImportOptions, InputOptions } from './options.js';
import { commonSize, readShape } from './picture_shape.js';
import { type Preset, presetOf } from './presets.js';
import { usualRepresentation } from './representations.js';
import { type ChannelPart, shareChannels } from './stacked_inputs.js';

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
  const shapes = new Map(
    assigned.map(({ port, input }) => [port, readShape(port, input, sharing(assigned, port).length, notes)]),
  );
  const size = commonSize([...shapes.values()], options.size);
  const { batch } = shapes.get(assigned[0]!.port)!;
  const several = assigned.length > 1;
  const sensors = assigned.map(({ port, input }) => ({ port, input, representation: representationOf(input, notes) }));
  const planned = [...shapes].flatMap(([port, { channels, layout }]) => {
    const own = sharing(sensors, port);
    return shareChannels(port, channels, own).map((part, index) => {
      const { input, representation } = own[index]!;
      const known = { layout, part, representation, preset, several };
      return { representation, input: networkInput(port, input, known, notes) };
    });
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

/** The sensors of an input. */
function sharing<Sensor extends Assigned>(sensors: readonly Sensor[], port: GraphPort): Sensor[] {
  return sensors.filter((sensor) => sensor.port === port);
}

function assign(ports: readonly GraphPort[], inputs: readonly InputOptions[]): Assigned[] {
  const named = new Set(inputs.map(({ name }) => name));
  const left = ports.filter(({ name }) => !named.has(name));
  const portFor = (input: InputOptions): GraphPort => {
    if (input.name !== undefined) return requirePort(ports, input.name, `--input ${input.modality}`);
    const [only, ...more] = left;
    if (only !== undefined && more.length === 0) return left.pop()!;
    const received = ports.map(describePort).join(', ');
    const advice = 'Say which input is which with --input MODALITY=NAME.';
    throw new ImportError(`the name of an input`, `--input ${input.modality}`, `a network with ${received}`, advice);
  };
  const stacks = new Map<string, GraphPort>();
  const assigned = inputs.map((input): Assigned => {
    const { stack } = input;
    const port = (stack === undefined ? undefined : stacks.get(stack)) ?? portFor(input);
    if (stack !== undefined) stacks.set(stack, port);
    return { port, input };
  });
  const taken = new Set(assigned.map(({ port }) => port));
  const twice = assigned.find(({ port, input: { stack } }, index) =>
    assigned.some(
      (other, i) => i < index && other.port === port && (stack === undefined || other.input.stack !== stack),
    ),
  );
  if (twice !== undefined) {
    const advice = `--input names each of them once; sensors that share one are --input camera+depth=${twice.port.name}.`;
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
  known: {
    layout: NetworkInput['layout'];
    part: ChannelPart;
    representation: Representation;
    preset: Preset | undefined;
    several: boolean;
  },
  notes: string[],
): NetworkInput {
  const { layout, part, representation, preset, several } = known;
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
    ...part,
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

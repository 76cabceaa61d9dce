import type { ImageSize } from '../../sensors/modality_image.js';
import { INPUT_TYPES, type NetworkInput } from '../whole/recipe.js';
import { describePort, type GraphPort } from './graph.js';
import { ImportError } from './import_error.js';
import type { InputOptions } from './options.js';

/** Dimensions of a picture input; undefined where they are left open. */
export interface PictureShape {
  port: GraphPort;
  layout: NetworkInput['layout'];
  /** Of all sensors that share the input; for one alone 1 or 3. */
  channels: number;
  batch: number;
  width: number | undefined;
  height: number | undefined;
}

/**
 * @param sensors - of them that share the input; each has 1 or 3 channels
 * @throws {ImportError} naming the option that decides
 */
export function readShape(
  port: GraphPort,
  { modality, layout: wanted, stack }: InputOptions,
  sensors: number,
  notes: string[],
): PictureShape {
  const option = `--input ${stack ?? modality}=${port.name}`;
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
  const fits = (side: number) => channelCounts(sensors).includes(side);
  const order = wanted?.slice(1) ?? layoutOf(sides, port, option, sensors, notes);
  const planar = order === 'CHW';
  const [channel, height, width] = planar ? [sides[0], sides[1], sides[2]] : [sides[2], sides[0], sides[1]];
  const layout = `${isBatched ? 'N' : ''}${order}` as NetworkInput['layout'];
  if (typeof channel === 'number' && !fits(channel)) {
    const other = planar ? 'NHWC' : 'NCHW';
    const advice = fits(Number(planar ? sides[2] : sides[0])) ? `--layout ${other} fits.` : adviceFor(port, sensors);
    throw new ImportError(`${countsText(sensors)} in layout ${layout}`, option, describePort(port), advice);
  }
  if (typeof channel !== 'number' && sensors > 1) {
    const advice = 'Export the network with a fixed number of channels.';
    throw new ImportError('a number of channels to share out', option, describePort(port), advice);
  }
  const fixed = (side: number | string | undefined) => (typeof side === 'number' ? side : undefined);
  return {
    port,
    layout,
    channels: fixed(channel) ?? 3,
    batch: isBatched ? (fixed(shape[0]) ?? 1) : 1,
    width: fixed(width),
    height: fixed(height),
  };
}

/** Numbers of channels that sensors of 1 or 3 each can have together. */
function channelCounts(sensors: number): number[] {
  return Array.from({ length: sensors + 1 }, (_, threes) => sensors + 2 * threes);
}

function countsText(sensors: number): string {
  return `${channelCounts(sensors).join(' or ')} channels`;
}

function adviceFor({ name }: GraphPort, sensors: number): string {
  if (sensors > 1) return 'Each of these sensors has 1 or 3 channels.';
  return `An input of several sensors is shared: --input camera+depth=${name}.`;
}

/** Where the channels are: the dimension that can be theirs, or the one that is called so. */
function layoutOf(
  sides: readonly (number | string)[],
  port: GraphPort,
  option: string,
  sensors: number,
  notes: string[],
): 'CHW' | 'HWC' {
  const counts = channelCounts(sensors);
  const isChannel = (side: number | string | undefined) =>
    typeof side === 'number' ? counts.includes(side) : /^c$|chan/i.test(side ?? '');
  const [first, last] = [isChannel(sides[0]), isChannel(sides[2])];
  if (first !== last) return first ? 'CHW' : 'HWC';
  if (!first && sides.every((side) => typeof side === 'number')) {
    throw new ImportError(countsText(sensors), option, describePort(port), adviceFor(port, sensors));
  }
  notes.push(`Layout NCHW is assumed for ${describePort(port)}: --layout decides.`);
  return 'CHW';
}

/** @throws {ImportError} where inputs differ in size, or none is known */
export function commonSize(shapes: readonly PictureShape[], wanted: ImageSize | undefined): ImageSize {
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

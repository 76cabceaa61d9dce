import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { defaultEngineCache } from '../model/engines/index.js';
import {
  CLASS_LIST_NAMES,
  GRAPH_FORMS,
  type ImportOptions,
  type InputOptions,
  importNetwork,
  PRESET_NAMES,
  parseRepresentation,
} from '../model/import/index.js';
import { ABSENT_RULES, FITS, OUTPUT_KINDS } from '../model/whole/recipe.js';
import { inspectBundle } from './inspect/bundle_inspection.js';
import { renderBundle } from './inspect/render_bundle.js';
import { endedByInterrupt } from './interrupts.js';
import { wholeNumberFrom } from './numbers.js';
import { print } from './output.js';

/** A value of an option that may be given for all inputs, or as `MODALITY=VALUE` for one. */
interface Scoped {
  modality?: string;
  /** How many `--input` stood before it. */
  after: number;
  value: string;
}

interface ImportFlags {
  out: string;
  name?: string;
  description?: string;
  preset?: string;
  fill?: Map<string, number>;
  size?: Size;
  fit: ImportOptions['fit'];
  picture?: Size;
  classes?: string;
  output?: string;
  outputKind?: ImportOptions['outputKind'];
  confidence?: 'softmax' | 'none';
  unlabeledBelow?: number;
  graph: ImportOptions['graph'];
  golden?: string;
  threads: number;
  force?: true;
}

interface Size {
  width: number;
  height: number;
}

/** Options of single inputs, in the order in which they were given. */
interface InputFlags {
  inputs: Pick<InputOptions, 'modality' | 'name' | 'stack'>[];
  scoped: Record<'representation' | 'channels' | 'layout' | 'mean' | 'std' | 'scale' | 'order' | 'absent', Scoped[]>;
}

/** `mle-sam model import`: a bundle of a network as it is. */
export function modelImportCommand(write: (text: string) => void = print): Command {
  const given: InputFlags = {
    inputs: [],
    scoped: { representation: [], channels: [], layout: [], mean: [], std: [], scale: [], order: [], absent: [] },
  };
  const scoped = (key: keyof InputFlags['scoped'], check: (value: string) => void) => (text: string) => {
    const parts = /^([A-Za-z][\w-]*)=(.*)$/s.exec(text);
    // KIND,constant=value has a comma before its first equals sign.
    const [modality, value] = parts === null ? [undefined, text] : [parts[1], parts[2]!];
    check(value);
    given.scoped[key].push({ ...(modality !== undefined && { modality }), after: given.inputs.length, value });
    return given.scoped[key];
  };
  return new Command('import')
    .description('make a bundle of a network as it is: a camera alone or several sensors, from any ONNX export')
    .argument('<network>', 'ONNX file')
    .requiredOption('-o, --out <folder>', 'the bundle')
    .option(
      '--input <modality=name>',
      'which input a sensor feeds, repeatable; a single one is the camera; camera+depth=NAME: stacked in its channels',
      (text: string) => {
        given.inputs.push(...inputFlag(text));
        return given.inputs;
      },
    )
    .option(
      '--representation <kind>',
      '[MODALITY=]KIND[,constant=value]: how its images are drawn',
      scoped('representation', () => {}),
    )
    .option(
      '--channels <count>',
      '[MODALITY=]1 or 3, of sensors that share an input, where they do not follow',
      scoped('channels', oneOf(['1', '3'])),
    )
    .addOption(new Option('--preset <origin>', 'how networks of an origin are fed and read').choices(PRESET_NAMES))
    .option(
      '--layout <layout>',
      '[MODALITY=]NCHW or NHWC, where the graph leaves it open',
      scoped('layout', oneOf(['NCHW', 'NHWC'])),
    )
    .option(
      '--mean <r,g,b>',
      '[MODALITY=]: a value is (byte * scale - mean) / std',
      scoped('mean', (text) => triple(text)),
    )
    .option(
      '--std <r,g,b>',
      '[MODALITY=]',
      scoped('std', (text) => triple(text, 'above 0')),
    )
    .option(
      '--scale <factor>',
      '[MODALITY=]: 1/255 by default, or 1 where --mean is given in bytes',
      scoped('scale', (text) => factor(text)),
    )
    .option('--order <order>', '[MODALITY=]rgb or bgr', scoped('order', oneOf(['rgb', 'bgr'])))
    .option(
      '--absent <rule>',
      `[MODALITY=]: what it gets for a missing sensor: ${ABSENT_RULES.join(', ')}`,
      scoped('absent', oneOf(ABSENT_RULES)),
    )
    .option('--fill <input=value>', 'a constant for an input that is no picture, repeatable', fillFlag)
    .option('--size <widthxheight>', 'size of the inputs, where the graph leaves it open', sizeFlag)
    .addOption(
      new Option('--fit <fit>', 'how pictures of other proportions come into it').choices(FITS).default('stretch'),
    )
    .option('--picture <widthxheight>', "letterbox, crop: a size of the camera's proportions (16x9)", sizeFlag)
    .option('--classes <list>', `${CLASS_LIST_NAMES.join(', ')}, or a YAML file`)
    .option('--output <name>', 'what labels are made from, where there are several; CLASSES,MASKS for queries')
    .addOption(
      new Option('--output-kind <kind>', 'what the output holds, where it does not show').choices(OUTPUT_KINDS),
    )
    .addOption(new Option('--confidence <source>', 'softmax: of the largest score').choices(['softmax', 'none']))
    .option('--unlabeled-below <share>', 'pixels of less confidence (0 to 1) are unlabeled', shareFlag)
    .addOption(
      new Option(
        '--graph <form>',
        'shortened: an interpolation at its end is done while the mask is made, which is faster; as-is: untouched',
      )
        .choices(GRAPH_FORMS)
        .default('shortened'),
    )
    .option('--golden <picture>', 'camera picture for the golden sample, instead of an artificial one')
    .option('--name <name>', 'of the bundle; by default that of the file')
    .option('--description <text>')
    .option('--threads <count>', 'CPU threads', wholeNumberFrom(1), Math.min(4, availableParallelism()))
    .option('--force', 'replace files in the folder that mle-sam did not make')
    .action((network: string, flags: ImportFlags) =>
      endedByInterrupt(() => importBundle(network, flags, given, write)),
    );
}

async function importBundle(
  network: string,
  flags: ImportFlags,
  given: InputFlags,
  write: (text: string) => void,
): Promise<void> {
  const { out, force, fill, output, confidence, ...rest } = flags;
  const options: ImportOptions = {
    ...pick(rest),
    inputs: inputOptions(given),
    fill: fill ?? new Map(),
    ...(output !== undefined && { output: output.split(',') }),
    ...(confidence !== undefined && { confidence: confidence === 'none' ? 'none' : 'softmax-maximum' }),
  };
  const { notes } = await importNetwork(network, out, options, force ? 'any' : 'own');
  const inspection = await inspectBundle(out, 'left-out', { engineCache: defaultEngineCache() });
  write(renderBundle(inspection));
  for (const note of notes) write(`i ${note}\n`);
  write(`Written: ${out}. Check it with\n  mle-sam inspect ${out}\n  mle-sam replay BAG --model ${out}\n`);
}

/** The options that an import takes as they are. */
function pick(flags: Omit<ImportFlags, 'out' | 'force' | 'fill' | 'output' | 'confidence'>) {
  const { name, description, preset, size, fit, picture, classes, outputKind, unlabeledBelow, graph, golden } = flags;
  return {
    fit,
    threads: flags.threads,
    ...(graph !== undefined && { graph }),
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(preset !== undefined && { preset }),
    ...(size !== undefined && { size }),
    ...(picture !== undefined && { picture }),
    ...(classes !== undefined && { classes }),
    ...(outputKind !== undefined && { outputKind }),
    ...(unlabeledBelow !== undefined && { unlabeledBelow }),
    ...(golden !== undefined && { golden }),
  };
}

function inputOptions({ inputs, scoped }: InputFlags): InputOptions[] {
  const listed = inputs.length === 0 ? [{ modality: 'camera' }] : inputs;
  for (const [key, values] of Object.entries(scoped)) {
    const stray = values.find(
      ({ modality }) => modality !== undefined && !listed.some((input) => input.modality === modality),
    );
    if (stray === undefined) continue;
    const names = listed.map(({ modality }) => modality).join(', ');
    throw new Error(
      `Expected one of ${names} for --${key} but received ${stray.modality}. Name it with --input first.`,
    );
  }
  return listed.map((input, index) => {
    const own = (key: keyof InputFlags['scoped']) => valueFor(scoped[key], input.modality, index, key);
    const [representation, channels, layout, mean, std, scale, order, absent] = [
      own('representation'),
      own('channels'),
      own('layout'),
      own('mean'),
      own('std'),
      own('scale'),
      own('order'),
      own('absent'),
    ];
    return {
      ...input,
      ...(representation !== undefined && { representation: parseRepresentation(representation, input.modality) }),
      ...(channels !== undefined && { channels: channels === '1' ? 1 : 3 }),
      ...(layout !== undefined && { layout: layout as 'NCHW' | 'NHWC' }),
      ...(mean !== undefined && { mean: triple(mean) }),
      ...(std !== undefined && { std: triple(std) }),
      ...(scale !== undefined && { scale: factor(scale) }),
      ...(order !== undefined && { order: order as 'rgb' | 'bgr' }),
      ...(absent !== undefined && { absent: absent as (typeof ABSENT_RULES)[number] }),
    };
  });
}

/**
 * The value for one input: its own by name, else one of several that stand behind their `--input`, else the one for all.
 * A representation alone is that of the input before it: two sensors rarely share one.
 */
function valueFor(
  values: readonly Scoped[],
  modality: string,
  index: number,
  key: keyof InputFlags['scoped'],
): string | undefined {
  const named = values.findLast((value) => value.modality === modality);
  if (named !== undefined) return named.value;
  const unnamed = values.filter((value) => value.modality === undefined);
  const behind = unnamed.findLast(({ after }) => after === index + 1);
  if (unnamed.length > 1 || (key === 'representation' && unnamed.some(({ after }) => after > 0))) return behind?.value;
  return unnamed[0]?.value;
}

/** `MODALITY`, `MODALITY=NAME`, or `MODALITY+MODALITY=NAME` for sensors that share an input. */
function inputFlag(text: string): InputFlags['inputs'] {
  const [, stack, name] = /^([A-Za-z][\w-]*(?:\+[A-Za-z][\w-]*)*)(?:=(.+))?$/s.exec(text) ?? [];
  if (stack === undefined) throw wrong('MODALITY=NAME', text);
  const modalities = stack.split('+');
  return modalities.map((modality) => ({
    modality,
    ...(name !== undefined && { name }),
    ...(modalities.length > 1 && { stack }),
  }));
}

function fillFlag(text: string, values: Map<string, number> = new Map()): Map<string, number> {
  const [, name, value] = /^(.+)=([^=]+)$/s.exec(text) ?? [];
  if (name === undefined || !Number.isFinite(Number(value))) throw wrong('INPUT=NUMBER', text);
  return values.set(name, Number(value));
}

function sizeFlag(text: string): Size {
  const [, width, height] = /^(\d{1,5})[x,](\d{1,5})$/i.exec(text) ?? [];
  if (!Number(width) || !Number(height)) throw wrong('WIDTHxHEIGHT', text);
  return { width: Number(width), height: Number(height) };
}

function shareFlag(text: string): number {
  const share = Number(text);
  if (!(share >= 0 && share <= 1)) throw wrong('a share from 0 to 1', text);
  return share;
}

/** @throws {InvalidArgumentError} unless it is one number or three */
function triple(text: string, limit?: 'above 0'): readonly [number, number, number] {
  const values = text
    .split(/[\s,]+/)
    .filter((part) => part !== '')
    .map(Number);
  const isRight = values.every((value) => Number.isFinite(value) && (limit === undefined || value > 0));
  const [red, green = red, blue = red] = values;
  if (!isRight || red === undefined || (values.length !== 1 && values.length !== 3)) {
    throw wrong(`one number or three, red,green,blue${limit === undefined ? '' : `, ${limit}`}`, text);
  }
  return [red, green!, blue!];
}

/** A number above 0, also as a fraction: `1/255`. */
function factor(text: string): number {
  const [over, under = 1, ...more] = text.split('/').map(Number);
  const value = over! / under;
  if (!(value > 0 && Number.isFinite(value)) || more.length > 0) throw wrong('a number above 0, such as 1/255', text);
  return value;
}

function oneOf(values: readonly string[]): (text: string) => void {
  return (text) => {
    if (!values.includes(text)) throw wrong(`one of ${values.join(', ')}`, text);
  };
}

function wrong(expected: string, text: string): InvalidArgumentError {
  return new InvalidArgumentError(`Expected ${expected} but received '${text}'.`);
}

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, realpath, writeFile } from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';
import sharp from 'sharp';
import { OutputFolder, type Overwriting } from '../../outputs/index.js';
import type { ImageSize } from '../../sensors/modality_image.js';
import { parseManifest, UNLABELED_ID } from '../manifest.js';
import type { RunOutputs } from '../providers.js';
import type { LabelledGrid } from '../whole/label_scores.js';
import { gridFor, type NetworkRecipe } from '../whole/recipe.js';
import { firstOfBatch, WholeRunner } from '../whole/whole_runner.js';
import { bundleClasses, loadClassList } from './class_list.js';
import { findOutput } from './find_output.js';
import { goldenImages } from './golden_images.js';
import { type OpenNetwork, openNetwork, shorten } from './graph.js';
import { ImportError } from './import_error.js';
import type { ImportOptions } from './options.js';
import { planInputs } from './plan_inputs.js';
import { shortenNetwork } from './shorten_network.js';

/** What `--fit letterbox` and `crop` take where nobody says what the camera's pictures are like. */
const USUAL_PICTURE: ImageSize = { width: 16, height: 9 };

export interface Imported {
  folder: string;
  /** What was taken without being told, each a sentence. */
  notes: string[];
}

/**
 * Makes a bundle of a network: runs it once on the CPU, which gives the golden labels, and copies it together with its
 * weights and a `model.json` that holds every choice. What a graph does last is left out where it is done faster here, see
 * `shortenNetwork`.
 * @throws {ImportError} naming what was found and the option that decides; nothing was written then
 */
export async function importNetwork(
  path: string,
  out: string,
  options: ImportOptions,
  overwriting: Overwriting,
): Promise<Imported> {
  await refuseOwnFolder(path, out);
  const network = await openNetwork(path, options.threads);
  try {
    const prepared = await prepare(network, options);
    const folder = await write(network, out, prepared, options, overwriting);
    return { folder, notes: prepared.notes };
  } finally {
    await network.session.release();
  }
}

/** A bundle replaces the files of the one before: the network must not be one of them. */
async function refuseOwnFolder(path: string, out: string): Promise<void> {
  const [own, target] = await Promise.all(
    [dirname(path), out].map((folder) => realpath(folder).catch(() => undefined)),
  );
  if (own === undefined || own !== target) return;
  throw new ImportError('another folder than that of the network', '--out', out, 'Write the bundle to another place.');
}

/** All that goes into a bundle but the network's files. */
interface Prepared {
  recipe: NetworkRecipe;
  grid: ImageSize;
  modalities: { name: string; representation: unknown }[];
  classes: ReturnType<typeof bundleClasses>['classes'];
  images: Uint8Array[];
  labels: Uint8Array;
  /** The network's file where it is not copied as it is. */
  file?: Uint8Array;
  notes: string[];
}

async function prepare(network: OpenNetwork, options: ImportOptions): Promise<Prepared> {
  const plan = planInputs(network.inputs, options);
  const { inputs, constants, size, batch, representations, notes } = plan;
  const grid = gridFor(options.fit, size, options.picture ?? USUAL_PICTURE);
  if (options.fit !== 'stretch' && options.picture === undefined) {
    notes.push(`Pictures of 16:9 are assumed with --fit ${options.fit}: --picture WIDTHxHEIGHT decides.`);
  }
  const list = options.classes === undefined ? undefined : await loadClassList(options.classes);
  const images = await goldenImages(representations, grid, options.golden);
  const draft: NetworkRecipe = {
    size,
    batch,
    fit: options.fit,
    inputs,
    constants,
    output: { kind: 'labels', name: '' },
    classIds: [UNLABELED_ID],
    confidence: 'none',
  };
  const answer = await answerOf(network, draft, grid, images);
  const found = findOutput(firstOfBatch(answer, batch), size, list, options);
  notes.push(...found.notes);
  const { classes, classIds } = bundleClasses(found.classes);
  const isCertain = found.output.kind !== 'labels';
  if (!isCertain && (options.confidence === 'softmax-maximum' || options.unlabeledBelow !== undefined)) {
    const advice = '--confidence and --unlabeled-below need scores: --output decides.';
    throw new ImportError('scores', 'confidence', 'class indices, which have none', advice);
  }
  const confidence = isCertain ? (options.confidence ?? 'softmax-maximum') : 'none';
  if (confidence === 'none' && options.unlabeledBelow !== undefined) {
    throw new ImportError('a confidence', '--unlabeled-below', '--confidence none', 'Leave one of them out.');
  }
  const { unlabeledBelow } = options;
  const recipe: NetworkRecipe = {
    ...draft,
    output: found.output,
    classIds,
    confidence,
    ...(unlabeledBelow !== undefined && { unlabeledBelow }),
  };
  const whole = { images, outputs: answer, labels: labelsOf(network, recipe, grid, answer) };
  const modalities = inputs.map(({ modality }, index) => ({ name: modality, representation: representations[index]! }));
  const prepared = { recipe, grid, modalities, classes, images, labels: whole.labels.labels, notes };
  if (options.graph === 'as-is') return prepared;
  const shortened = await shortenNetwork(network, recipe, grid, whole, options.threads);
  if (shortened === undefined) return prepared;
  const { file, labels, note } = shortened;
  return { ...prepared, recipe: shortened.recipe, file, labels: labels.labels, notes: [...notes, note] };
}

/** All outputs of the network on the golden images. */
async function answerOf(
  network: OpenNetwork,
  recipe: NetworkRecipe,
  grid: ImageSize,
  images: readonly Uint8Array[],
): Promise<RunOutputs> {
  const runner = new WholeRunner(network.session, recipe, grid);
  try {
    return await network.session.run(runner.feedsOf(images));
  } catch (cause) {
    const { width, height } = recipe.size;
    const advice = '--size decides; many networks need multiples of 32. --layout and --fill decide what else it gets.';
    const received = `${width}x${height} (${shorten((cause as Error).message)})`;
    throw new ImportError('a size that the network can be run at', '--size', received, advice, { cause });
  }
}

function labelsOf(network: OpenNetwork, recipe: NetworkRecipe, grid: ImageSize, answer: RunOutputs): LabelledGrid {
  try {
    return new WholeRunner(network.session, recipe, grid).read(answer);
  } catch (cause) {
    const advice = 'Is the export right? --preset, --mean, --std and --scale decide what the network gets.';
    throw new ImportError('scores that are numbers', 'the network', (cause as Error).message, advice, { cause });
  }
}

async function write(
  network: OpenNetwork,
  out: string,
  prepared: Prepared,
  options: ImportOptions,
  overwriting: Overwriting,
): Promise<string> {
  const { recipe, grid, modalities, classes, images, labels, notes } = prepared;
  const weights = network.weights.map((location) => besideNetwork(location));
  const graph = 'network.onnx';
  const goldens = modalities.map(({ name }) => `golden_${name}.png`);
  const folder = await OutputFolder.claim(
    out,
    ['model.json', graph, ...weights, ...goldens, 'golden_labels.png', 'MODEL_CARD.md'],
    overwriting,
  );
  if (prepared.file === undefined) await copyFile(network.path, folder.file(graph));
  else await writeFile(folder.file(graph), prepared.file);
  for (const location of weights) {
    await mkdir(dirname(folder.file(location)), { recursive: true });
    await copyFile(join(dirname(network.path), location), folder.file(location));
  }
  for (const [index, file] of goldens.entries()) await writePng(folder.file(file), images[index]!, grid, 3);
  await writePng(folder.file('golden_labels.png'), labels, grid, 1);
  const entry = async (path: string) => ({ path, sha256: await sha256(folder.file(path)) });
  const name = options.name ?? basename(network.path).replace(/\.onnx$/i, '');
  const manifest = {
    formatVersion: 2,
    name,
    description: options.description ?? `${basename(network.path)}, ${formOf(prepared)}.`,
    input: grid,
    modalities,
    classes,
    unlabeledId: UNLABELED_ID,
    graphs: { kind: 'whole', network: await entry(graph), ...recipe },
    weights: await Promise.all(weights.map(entry)),
    golden: {
      images: Object.fromEntries(
        await Promise.all(modalities.map(async (modality, i) => [modality.name, await entry(goldens[i]!)])),
      ),
      labels: await entry('golden_labels.png'),
    },
    training: {
      importedFrom: basename(network.path),
      ...(options.preset !== undefined && { preset: options.preset }),
      ...(recipe.inputs.some(({ type }) => type === 'float16') && { precision: 'float16' }),
      ...(notes.length > 0 && { taken: notes }),
    },
  };
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  parseManifest(text);
  await writeFile(folder.file('MODEL_CARD.md'), card(name, prepared));
  await writeFile(folder.file('model.json'), text);
  await folder.finish();
  return out;
}

/** @throws {ImportError} where weights lie elsewhere than beside or below the network */
function besideNetwork(location: string): string {
  const place = posix.normalize(location);
  const isOutside = location === '' || posix.isAbsolute(place) || /^[A-Za-z]:|\\|\0/.test(location);
  if (!isOutside && !place.startsWith('..')) return place;
  const advice = 'Export it with its weights in one file, or in files beside it.';
  throw new ImportError('weights beside the network', 'the network', `'${location}'`, advice);
}

async function writePng(
  path: string,
  pixels: Uint8Array,
  { width, height }: ImageSize,
  channels: 1 | 3,
): Promise<void> {
  await sharp(pixels, { raw: { width, height, channels } })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png()
    .toFile(path);
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex');
}

function formOf({ file }: Prepared): string {
  return file === undefined ? 'as it is' : 'without the interpolation at its end';
}

function card(name: string, prepared: Prepared): string {
  const { recipe, modalities, notes } = prepared;
  const sensors = modalities.map(({ name: modality }) => modality).join(', ');
  const taken = notes.length > 0 ? ['', 'Taken without being told:', '', ...notes.map((note) => `- ${note}`)] : [];
  const { width, height } = recipe.size;
  return [
    `# ${name}`,
    '',
    `A network of its own make, for ${sensors}, at ${width}x${height}, imported ${formOf(prepared)} by \`mle-sam model import\`.`,
    '`model.json` holds every choice of how it is fed and read. The golden labels are what it answered on a CPU at that time:',
    'they say that another provider runs it alike, and nothing of how good it is.',
    ...taken,
    '',
  ].join('\n');
}

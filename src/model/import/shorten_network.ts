import { dirname } from 'node:path';
import type { ImageSize } from '../../sensors/modality_image.js';
import { openCpuSession } from '../provider_ladder.js';
import type { RunOutputs } from '../providers.js';
import type { LabelledGrid } from '../whole/label_scores.js';
import type { NetworkRecipe } from '../whole/recipe.js';
import { WholeRunner } from '../whole/whole_runner.js';
import type { OpenNetwork } from './graph.js';
import { findTail, OnnxGraph, type ScoreOutput } from './graph_tail/index.js';

/** A network without the interpolation that its graph ends in. */
export interface ShortenedNetwork {
  /** An ONNX file; weights that lay beside the network are still to lie beside it. */
  file: Uint8Array;
  recipe: NetworkRecipe;
  /** Of the golden images. */
  labels: LabelledGrid;
  /** What was left out, a sentence. */
  note: string;
}

/** What the whole network said of the golden images. */
export interface WholeAnswer {
  images: readonly Uint8Array[];
  outputs: RunOutputs;
  labels: LabelledGrid;
}

/** Least share of pixels that must stay the same: interpolation in another order rounds near ties otherwise. */
const LEAST_AGREEMENT = 0.999;
/** Confidence of 0 to 255 that counts as the same. */
const SAME_CONFIDENCE = 2;

/**
 * Takes the interpolation to full size out of the end of a graph: the labeller interpolates line by line while it looks for
 * the largest score, so that no volume of full size is made, or copied out of ONNX Runtime. What is left is run on the
 * golden images, and taken only if it gives the labels and the confidence of the whole network.
 * @returns undefined where a graph ends in something else, or what is left cannot be run
 */
export async function shortenNetwork(
  network: OpenNetwork,
  recipe: NetworkRecipe,
  grid: ImageSize,
  whole: WholeAnswer,
  threads: number,
): Promise<ShortenedNetwork | undefined> {
  const { output, size } = recipe;
  if (output.kind !== 'logits' && output.kind !== 'probabilities') return undefined;
  const before = sidesOf(whole.outputs, output);
  // Scores of another size are interpolated to the network's own once more.
  if (before.width !== size.width || before.height !== size.height) return undefined;
  // ONNX Runtime has read the file; what is not understood here is left as it is.
  const graph = await OnnxGraph.read(network.path).catch(() => undefined);
  const tail = graph && findTail(graph, output, before.channels);
  if (graph === undefined || tail === undefined) return undefined;
  const file = graph.endingAt(tail.value, output.name, tail.output.layout.length);
  const shortened: NetworkRecipe = { ...recipe, output: tail.output };
  const answer = await runAlone(file, network, shortened, grid, whole.images, threads);
  if (answer === undefined) return undefined;
  const after = sidesOf(answer.outputs, tail.output);
  const isSmaller = after.width < before.width || after.height < before.height;
  if (!isSmaller || after.channels !== before.channels || !isAlike(answer.labels, whole.labels)) return undefined;
  const others = Object.keys(whole.outputs).filter((name) => name !== output.name);
  return { file, recipe: shortened, labels: answer.labels, note: noteOf(output.name, after, before, others) };
}

function noteOf(name: string, after: ImageSize, before: ImageSize, others: readonly string[]): string {
  const text = ({ width, height }: ImageSize) => `${width}x${height}`;
  const unread = others.length === 0 ? '' : ` ${others.join(', ')}, which no mask is made from, is left out as well.`;
  return (
    `The interpolation of ${name} from ${text(after)} to ${text(before)} is left out of the graph: it is done while the ` +
    `largest score is looked for, which is faster.${unread} --graph as-is keeps all of it.`
  );
}

/** Runs a file once; undefined where ONNX Runtime cannot, or where its answer is no such output. */
async function runAlone(
  file: Uint8Array,
  network: OpenNetwork,
  recipe: NetworkRecipe,
  grid: ImageSize,
  images: readonly Uint8Array[],
  threads: number,
): Promise<{ outputs: RunOutputs; labels: LabelledGrid } | undefined> {
  const weights = network.weights.length === 0 ? {} : { weightsFolder: dirname(network.path) };
  const session = await openCpuSession({ file, ...weights }, threads).catch(() => undefined);
  if (session === undefined) return undefined;
  try {
    const runner = WholeRunner.create(session, recipe, grid);
    const outputs: RunOutputs = await session.run(runner.feedsOf(images));
    return { outputs, labels: runner.read(outputs) };
  } catch {
    return undefined;
  } finally {
    await session.release();
  }
}

function sidesOf(outputs: RunOutputs, { name, layout }: ScoreOutput): ImageSize & { channels: number } {
  const { dims } = outputs[name]!;
  const side = (letter: string) => dims[layout.indexOf(letter)]!;
  return { width: side('W'), height: side('H'), channels: side('C') };
}

function isAlike(one: LabelledGrid, other: LabelledGrid): boolean {
  const pixels = one.labels.length;
  let different = 0;
  for (let i = 0; i < pixels; i++) {
    const distance = Math.abs((one.confidence?.[i] ?? 0) - (other.confidence?.[i] ?? 0));
    if (one.labels[i] !== other.labels[i] || distance > SAME_CONFIDENCE) different++;
  }
  return different <= (1 - LEAST_AGREEMENT) * pixels;
}

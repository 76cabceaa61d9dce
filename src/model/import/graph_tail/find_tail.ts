import type { NetworkOutput, ScoreLayout, Upsampling } from '../../whole/recipe.js';
import { type GraphNode, isOwnDomain, type OnnxGraph } from './onnx_graph.js';

/** Scores for each class, as opposed to class indices or queries. */
export type ScoreOutput = Extract<NetworkOutput, { kind: 'logits' | 'probabilities' }>;

/** What a graph does to its scores last, and what it does it to. */
export interface Tail {
  /** The scores before. */
  value: string;
  /** How they are read then, under the name of the output. */
  output: ScoreOutput;
}

/** Names of ONNX for where the pixels of a larger picture lie between those of a smaller one. */
const UPSAMPLINGS: Readonly<Record<string, Upsampling>> = {
  half_pixel: 'half-pixel',
  pytorch_half_pixel: 'half-pixel',
  align_corners: 'align-corners',
  asymmetric: 'asymmetric',
};

/** `coordinate_transformation_mode` of Resize came with it; before, all was asymmetric. */
const RESIZE_OPSET = 11;
/** Before, softmax went over all dimensions from its axis on. */
const SOFTMAX_OPSET = 13;

/**
 * The linear interpolation that a graph ends in, with what only reorders or rescales scores behind it; undefined where
 * it ends in something else.
 * @param channels - scores of a pixel
 */
export function findTail(graph: OnnxGraph, output: ScoreOutput, channels: number): Tail | undefined {
  let tail: Tail = { value: output.name, output };
  for (let node = graph.maker(tail.value); node !== undefined; node = graph.maker(tail.value)) {
    if (!isOwnDomain(node.domain) || node.outputs.length !== 1) return undefined;
    if (node.op === 'Resize') return beforeResize(node, graph.opset, tail);
    const before = beforeNode(node, graph.opset, tail.output, channels);
    if (before === undefined) return undefined;
    tail = { value: node.inputs[0]!, output: before };
  }
  return undefined;
}

function beforeResize({ attributes, inputs }: GraphNode, opset: number, { output }: Tail): Tail | undefined {
  const text = (name: string, otherwise: string) => attributes.get(name)?.text ?? otherwise;
  const upsampling = UPSAMPLINGS[text('coordinate_transformation_mode', 'half_pixel')];
  const isPlain =
    opset >= RESIZE_OPSET &&
    text('mode', 'nearest') === 'linear' &&
    text('keep_aspect_ratio_policy', 'stretch') === 'stretch' &&
    (attributes.get('antialias')?.whole ?? 0) === 0;
  if (!isPlain || upsampling === undefined) return undefined;
  return { value: inputs[0]!, output: { ...output, ...(upsampling !== 'half-pixel' && { upsampling }) } };
}

/** How scores are read before a node that leaves them in their order; undefined where it does not. */
function beforeNode(
  { op, attributes }: GraphNode,
  opset: number,
  output: ScoreOutput,
  channels: number,
): ScoreOutput | undefined {
  switch (op) {
    case 'Identity':
    case 'Cast':
      return output;
    case 'Transpose': {
      const layout = transposed(output.layout, attributes.get('perm')?.wholes ?? []);
      return layout && { ...output, layout };
    }
    case 'Softmax':
    case 'LogSoftmax': {
      const { layout } = output;
      const axis = attributes.get('axis')?.whole ?? -1;
      const isOfClasses = opset >= SOFTMAX_OPSET && layout.at(axis) === 'C';
      const fits = output.kind === (op === 'Softmax' ? 'probabilities' : 'logits');
      // The largest stays the largest, and its share is that of the softmax either way.
      return isOfClasses && fits ? { ...output, kind: 'logits' } : undefined;
    }
    case 'Sigmoid':
      // The share of one of two classes; of several classes the shares would not be those of a softmax.
      return channels === 1 && output.kind === 'probabilities' ? { ...output, kind: 'logits' } : undefined;
    default:
      return undefined;
  }
}

/** The layout before a transposition that gives this one. */
function transposed(layout: ScoreLayout, order: readonly number[]): ScoreLayout | undefined {
  if (order.length !== layout.length) return undefined;
  const before = order.map((_, place) => layout[order.indexOf(place)]).join('');
  return ['NCHW', 'NHWC', 'CHW', 'HWC'].find((known) => known === before) as ScoreLayout | undefined;
}

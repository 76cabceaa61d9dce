import type { ImageSize } from '../../sensors/modality_image.js';
import type { Representation } from '../../sensors/representation.js';
import type { AbsentRule, Fit, NetworkInput, NetworkOutput } from '../whole/recipe.js';

type Triple = readonly [number, number, number];

/** What an import is told of one input; the rest is read from the graph. */
export interface InputOptions {
  modality: string;
  /** The graph's input; undefined: the only one that is left. */
  name?: string;
  /** The same text for all sensors that share an input, stacked in its channels: `camera+depth`. */
  stack?: string;
  /** Of a sensor that shares an input. */
  channels?: 1 | 3;
  representation?: Representation;
  layout?: 'NCHW' | 'NHWC';
  mean?: Triple;
  std?: Triple;
  scale?: number;
  order?: NetworkInput['order'];
  absent?: AbsentRule;
}

export const GRAPH_FORMS = ['shortened', 'as-is'] as const;
export type GraphForm = (typeof GRAPH_FORMS)[number];

/** What an import is told: only what a graph does not say. */
export interface ImportOptions {
  name?: string;
  description?: string;
  preset?: string;
  /** At least one. */
  inputs: readonly InputOptions[];
  /** Value of each input that is no picture. */
  fill: ReadonlyMap<string, number>;
  size?: ImageSize;
  fit: Fit;
  /** Proportions of the camera's picture, for `letterbox` and `crop`. */
  picture?: ImageSize;
  /** A list's name or a file. */
  classes?: string;
  /** One output, or for queries that of classes and that of masks. */
  output?: readonly string[];
  outputKind?: NetworkOutput['kind'];
  confidence?: 'softmax-maximum' | 'none';
  unlabeledBelow?: number;
  /** `shortened`, which is taken without it: without an interpolation at its end, see `shortenNetwork`. */
  graph?: GraphForm;
  /** A picture for the camera's golden image. */
  golden?: string;
  threads: number;
}

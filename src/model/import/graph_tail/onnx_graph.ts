import { readFile } from 'node:fs/promises';
import { type Field, fieldsOf, fieldWith, messageOf, textField, textsOf, wholeField, wholeNumbersOf } from './wire.js';

// Numbers of fields in onnx.proto of ONNX 1.17.
const MODEL = { graph: 7, opsetImport: 8 } as const;
const OPSET = { domain: 1, version: 2 } as const;
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12, valueInfo: 13, sparseInitializer: 15 } as const;
const NODE = { input: 1, output: 2, name: 3, op: 4, attribute: 5, domain: 7 } as const;
const ATTRIBUTE = { name: 1, whole: 3, text: 4, graph: 6, wholes: 8, graphs: 11, type: 20 } as const;
const WHOLE_ATTRIBUTE = 2;
const TENSOR = { name: 8 } as const;
const SPARSE = { values: 1 } as const;
const VALUE = { name: 1, type: 2 } as const;
const TYPE = { tensor: 1 } as const;
const TENSOR_TYPE = { element: 1, shape: 2 } as const;
const SHAPE = { side: 1 } as const;

export interface GraphNode {
  op: string;
  domain: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: ReadonlyMap<string, Attribute>;
  /** Values that graphs in its branches read, and those that they make themselves. */
  read: readonly string[];
  raw: Uint8Array;
}

/** Of an attribute only the kinds that are asked for. */
export interface Attribute {
  whole?: number;
  text?: string;
  wholes: readonly number[];
}

/** An ONNX file, of which a part can be written again: what is kept stays byte for byte as it was. */
export class OnnxGraph {
  /** Version of ONNX' own operators. */
  readonly opset: number;
  readonly #model: readonly Field[];
  readonly #graph: readonly Field[];
  readonly #nodes: readonly GraphNode[];
  readonly #makers: ReadonlyMap<string, GraphNode>;

  /** @throws {Error} where it is no ONNX file */
  static async read(path: string): Promise<OnnxGraph> {
    return new OnnxGraph(await readFile(path));
  }

  constructor(file: Uint8Array) {
    this.#model = fieldsOf(file);
    const graph = this.#model.filter(({ number }) => number === MODEL.graph);
    if (graph.length !== 1) throw new Error(`Expected one graph in an ONNX file but received ${graph.length}`);
    this.#graph = messageOf(graph[0]!);
    this.opset = opsetOf(this.#model);
    this.#nodes = this.#graph.filter(({ number }) => number === GRAPH.node).map(nodeOf);
    this.#makers = new Map(this.#nodes.flatMap((node) => node.outputs.map((name) => [name, node])));
  }

  /** The node that makes a value; undefined for inputs and weights. */
  maker(value: string): GraphNode | undefined {
    return this.#makers.get(value);
  }

  /**
   * A file whose only output is `value`, under another name, with the nodes and weights that lead to it.
   * @param output - an output of the graph; it keeps its name and the type of its elements
   * @param rank - dimensions of `value`
   */
  endingAt(value: string, output: string, rank: number): Uint8Array {
    const element = this.#elementOf(output);
    const nodes = this.#leadingTo(value);
    const made = new Set([...nodes].flatMap(({ outputs }) => outputs));
    const read = new Set([...nodes].flatMap((node) => node.read));
    const weights = this.#graph.filter(isWeight);
    const unread = new Set(weights.flatMap(weightName).filter((name) => !read.has(name)));
    const kept = this.#graph.filter((field) => {
      switch (field.number) {
        case GRAPH.node:
        case GRAPH.output:
          return false;
        case GRAPH.initializer:
        case GRAPH.sparseInitializer:
          return weightName(field).every((name) => !unread.has(name));
        // Files of old make list weights among the inputs.
        case GRAPH.input:
          return valueName(field).every((name) => !unread.has(name));
        case GRAPH.valueInfo:
          return valueName(field).every((name) => made.has(name));
        default:
          return true;
      }
    });
    const graph = fieldWith(
      MODEL.graph,
      ...this.#nodes.filter((node) => nodes.has(node)).map(({ raw }) => raw),
      asOutput(value, output, element),
      ...kept.map(({ raw }) => raw),
      openOutput(output, element, rank),
    );
    return Buffer.concat(this.#model.map(({ number, raw }) => (number === MODEL.graph ? graph : raw)));
  }

  #leadingTo(value: string): Set<GraphNode> {
    const nodes = new Set<GraphNode>();
    const wanted = [value];
    for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
      const node = this.#makers.get(name);
      if (node === undefined || nodes.has(node)) continue;
      nodes.add(node);
      wanted.push(...node.read);
    }
    return nodes;
  }

  /** Type of an output's elements, by its number in TensorProto.DataType. */
  #elementOf(output: string): number {
    const port = this.#graph.find((field) => field.number === GRAPH.output && valueName(field).includes(output))!;
    const type = messageOf(port).find(({ number }) => number === VALUE.type)!;
    const tensor = messageOf(type).find(({ number }) => number === TYPE.tensor)!;
    return wholeNumbersOf(messageOf(tensor), TENSOR_TYPE.element)[0]!;
  }
}

/** A node that hands out a value as an output, with the elements that the output had. */
function asOutput(value: string, output: string, element: number): Uint8Array {
  const to = [textField(ATTRIBUTE.name, 'to'), wholeField(ATTRIBUTE.whole, element)];
  return fieldWith(
    GRAPH.node,
    textField(NODE.input, value),
    textField(NODE.output, output),
    textField(NODE.name, `${output}/as_output`),
    textField(NODE.op, 'Cast'),
    fieldWith(NODE.attribute, ...to, wholeField(ATTRIBUTE.type, WHOLE_ATTRIBUTE)),
  );
}

/** An output whose sides are left open. */
function openOutput(name: string, element: number, rank: number): Uint8Array {
  const sides = Array.from({ length: rank }, () => fieldWith(SHAPE.side));
  const tensor = [wholeField(TENSOR_TYPE.element, element), fieldWith(TENSOR_TYPE.shape, ...sides)];
  return fieldWith(GRAPH.output, textField(VALUE.name, name), fieldWith(VALUE.type, fieldWith(TYPE.tensor, ...tensor)));
}

function opsetOf(model: readonly Field[]): number {
  const opsets = model.filter(({ number }) => number === MODEL.opsetImport).map(messageOf);
  const own = opsets.find((fields) => isOwnDomain(textsOf(fields, OPSET.domain)[0] ?? ''));
  return own === undefined ? 0 : (wholeNumbersOf(own, OPSET.version)[0] ?? 0);
}

/** Whether operators of this domain are ONNX' own. */
export function isOwnDomain(domain: string): boolean {
  return domain === '' || domain === 'ai.onnx';
}

function nodeOf(field: Field): GraphNode {
  const fields = messageOf(field);
  const attributes = fields.filter(({ number }) => number === NODE.attribute).map(messageOf);
  const inputs = textsOf(fields, NODE.input);
  const inner = attributes.flatMap((attribute) => attribute.filter(isGraph)).flatMap(readInside);
  return {
    op: textsOf(fields, NODE.op)[0] ?? '',
    domain: textsOf(fields, NODE.domain)[0] ?? '',
    inputs,
    outputs: textsOf(fields, NODE.output),
    attributes: new Map(
      attributes.map((attribute) => [textsOf(attribute, ATTRIBUTE.name)[0] ?? '', attributeOf(attribute)]),
    ),
    read: [...inputs, ...inner].filter((name) => name !== ''),
    raw: field.raw,
  };
}

function isGraph({ number }: Field): boolean {
  return number === ATTRIBUTE.graph || number === ATTRIBUTE.graphs;
}

/** A graph in a branch reads values of the graph around it by their names, also as its outputs. */
function readInside(graph: Field): string[] {
  const fields = messageOf(graph);
  const nodes = fields.filter(({ number }) => number === GRAPH.node).map(nodeOf);
  const outputs = fields.filter(({ number }) => number === GRAPH.output).flatMap(valueName);
  return [...nodes.flatMap((node) => node.read), ...outputs];
}

function attributeOf(attribute: readonly Field[]): Attribute {
  const [whole] = wholeNumbersOf(attribute, ATTRIBUTE.whole);
  const [text] = textsOf(attribute, ATTRIBUTE.text);
  return {
    ...(whole !== undefined && { whole }),
    ...(text !== undefined && { text }),
    wholes: wholeNumbersOf(attribute, ATTRIBUTE.wholes),
  };
}

function isWeight({ number }: Field): boolean {
  return number === GRAPH.initializer || number === GRAPH.sparseInitializer;
}

function weightName(field: Field): string[] {
  const fields = messageOf(field);
  if (field.number === GRAPH.initializer) return textsOf(fields, TENSOR.name);
  return fields
    .filter(({ number }) => number === SPARSE.values)
    .flatMap((values) => textsOf(messageOf(values), TENSOR.name));
}

function valueName(field: Field): string[] {
  return textsOf(messageOf(field), VALUE.name);
}

import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Element types of ONNX by name (TensorProto.DataType). */
const TYPES = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float16: 10 } as const;

/** Input or output of a network; a text names a dimension that is left open. */
export interface Port {
  name: string;
  type: keyof typeof TYPES;
  shape: readonly (number | string)[];
}

export interface Node {
  op: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes?: Readonly<Record<string, number | readonly number[] | string>>;
}

export interface Network {
  inputs: readonly Port[];
  outputs: readonly Port[];
  nodes: readonly Node[];
  opset?: number;
  /** Floats by name, in the network or in a file beside it. */
  weights?: Readonly<Record<string, { shape: readonly number[]; values: readonly number[]; file?: string }>>;
}

/** Writes a small network as an ONNX file (ir_version 9), so that tests of TypeScript need no Python. */
export function writeOnnx(path: string, { inputs, outputs, nodes, weights = {}, opset = 18 }: Network): void {
  const graph = [
    ...nodes.map((node) => message(1, nodeProto(node))),
    text(2, 'graph'),
    ...Object.entries(weights).map(([name, { shape, values, file }]) => {
      const data = Buffer.from(Float32Array.from(values).buffer);
      const head = [...shape.map((side) => varint(1, side)), varint(2, TYPES.float32), text(8, name)];
      if (file === undefined) return message(5, [...head, bytes(9, data)]);
      writeFileSync(join(dirname(path), file), data);
      // data_location (14) is EXTERNAL.
      return message(5, [...head, message(13, [text(1, 'location'), text(2, file)]), varint(14, 1)]);
    }),
    ...inputs.map((port) => message(11, portProto(port))),
    ...outputs.map((port) => message(12, portProto(port))),
  ];
  writeFileSync(path, Buffer.concat([varint(1, 9), message(7, graph), message(8, [varint(2, opset)])]));
}

function nodeProto({ op, inputs, outputs, attributes = {} }: Node): Buffer[] {
  return [
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) => message(5, [text(1, name), ...attributeProto(value)])),
  ];
}

/** Types of AttributeProto: 1 float, 2 whole number, 3 text, 7 whole numbers. */
function attributeProto(value: number | readonly number[] | string): Buffer[] {
  if (typeof value === 'string') return [text(4, value), varint(20, 3)];
  if (typeof value !== 'number') return [...value.map((item) => varint(8, item)), varint(20, 7)];
  if (Number.isInteger(value)) return [varint(3, value), varint(20, 2)];
  const float = Buffer.alloc(5);
  float[0] = (2 << 3) | 5;
  float.writeFloatLE(value, 1);
  return [float, varint(20, 1)];
}

function portProto({ name, type, shape }: Port): Buffer[] {
  const sides = shape.map((side) => message(1, [typeof side === 'number' ? varint(1, side) : text(2, side)]));
  return [text(1, name), message(2, [message(1, [varint(1, TYPES[type]), message(2, sides)])])];
}

function message(field: number, parts: readonly Buffer[]): Buffer {
  return bytes(field, Buffer.concat(parts));
}

function text(field: number, value: string): Buffer {
  return bytes(field, Buffer.from(value));
}

function bytes(field: number, value: Buffer): Buffer {
  return Buffer.concat([number((field << 3) | 2), number(value.length), value]);
}

function varint(field: number, value: number): Buffer {
  return Buffer.concat([number(field << 3), number(value)]);
}

function number(value: number): Buffer {
  const parts: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    parts.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(parts);
}

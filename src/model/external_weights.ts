import { readSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** Bytes read at once: fields are many and short, weights are skipped. */
const WINDOW_BYTES = 64 << 10;

/** Messages within messages: a graph in a branch of a graph takes three. */
const MOST_LEVELS = 100;

/** What an ONNX file is made of, as far as it leads to the place of weights. */
type Part = 'model' | 'graph' | 'node' | 'attribute' | 'function' | 'training' | 'sparse' | 'tensor';

/** Fields that hold parts, by number (onnx.proto3 of ONNX 1.17). */
const PARTS: Readonly<Record<Part, ReadonlyMap<number, Part>>> = {
  model: new Map([
    [7, 'graph'],
    [20, 'training'],
    [25, 'function'],
  ]),
  training: new Map([
    [1, 'graph'],
    [2, 'graph'],
  ]),
  function: new Map([
    [7, 'node'],
    [11, 'attribute'],
  ]),
  graph: new Map([
    [1, 'node'],
    [5, 'tensor'],
    [15, 'sparse'],
  ]),
  node: new Map([[5, 'attribute']]),
  attribute: new Map([
    [5, 'tensor'],
    [6, 'graph'],
    [10, 'tensor'],
    [11, 'graph'],
    [22, 'sparse'],
    [23, 'sparse'],
  ]),
  sparse: new Map([
    [1, 'tensor'],
    [2, 'tensor'],
  ]),
  tensor: new Map(),
};

/** `TensorProto.external_data`, entries of key and value. */
const EXTERNAL_DATA = 13;

/**
 * The files beside an ONNX file that hold some of its weights, as the file names them: ONNX Runtime reads them along,
 * and no hash of the file itself says anything about them.
 * @throws Error where the file is no ONNX file; its message says what was received, to follow "but received"
 */
export async function externalWeights(path: string): Promise<string[]> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const scan = new OnnxScan(file.fd);
    scan.part('model', 0, size, 0);
    return [...scan.locations];
  } finally {
    await file.close();
  }
}

/**
 * Walks the fields of a file in protobuf's wire format, reading no more of it than their keys and lengths. It does not wait
 * between reads: ten thousand promises took longer than all reads.
 */
class OnnxScan {
  readonly locations = new Set<string>();
  /** Descriptor of the file. */
  readonly #file: number;
  #window: Buffer = Buffer.alloc(0);
  #windowStart = 0;

  constructor(file: number) {
    this.#file = file;
  }

  part(part: Part, start: number, end: number, level: number): void {
    if (level > MOST_LEVELS) throw new Error('a file whose parts lie too deep in each other');
    for (const field of this.#fields(start, end)) {
      const inner = PARTS[part].get(field.number);
      if (inner !== undefined) this.part(inner, field.start, field.end, level + 1);
      else if (part === 'tensor' && field.number === EXTERNAL_DATA) this.#entry(field.start, field.end);
    }
  }

  #entry(start: number, end: number): void {
    const texts = new Map<number, string>();
    for (const field of this.#fields(start, end)) texts.set(field.number, this.#text(field));
    if (texts.get(1) === 'location') this.locations.add(texts.get(2) ?? '');
  }

  /** Fields of variable length between two offsets; the others hold no parts. */
  *#fields(start: number, end: number): Generator<{ number: number; start: number; end: number }> {
    for (let offset = start; offset < end; ) {
      const key = this.#varint(offset, end);
      offset = key.end;
      const number = Math.floor(key.value / 8);
      switch (key.value % 8) {
        case 0:
          offset = this.#varint(offset, end).end;
          break;
        case 1:
          offset += 8;
          break;
        case 5:
          offset += 4;
          break;
        case 2: {
          const length = this.#varint(offset, end);
          offset = length.end + length.value;
          if (offset > end) throw cut();
          yield { number, start: length.end, end: offset };
          break;
        }
        default:
          throw new Error('a file that is not in the format of protocol buffers');
      }
      if (offset > end) throw cut();
    }
  }

  #varint(start: number, end: number): { value: number; end: number } {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      if (start + i >= end) throw cut();
      const byte = this.#byte(start + i);
      // Negative numbers come as 64 bits; as lengths they fail, as values they are not looked at.
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return { value, end: start + i + 1 };
    }
    throw new Error('a file that is not in the format of protocol buffers');
  }

  #byte(offset: number): number {
    const at = offset - this.#windowStart;
    if (at >= 0 && at < this.#window.length) return this.#window[at]!;
    const window = Buffer.alloc(WINDOW_BYTES);
    const bytesRead = readSync(this.#file, window, 0, WINDOW_BYTES, offset);
    if (bytesRead === 0) throw cut();
    this.#window = window.subarray(0, bytesRead);
    this.#windowStart = offset;
    return this.#window[0]!;
  }

  #text({ start, end }: { start: number; end: number }): string {
    if (end - start > WINDOW_BYTES) throw new Error('Expected a file name for weights but received a long text');
    const bytes = Buffer.alloc(end - start);
    readSync(this.#file, bytes, 0, bytes.length, start);
    return bytes.toString('utf8');
  }
}

function cut(): Error {
  return new Error('a file that is cut off');
}

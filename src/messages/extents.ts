import type { MessageDefinitions } from './definitions.js';

type Fields = MessageDefinitions[number]['definitions'];

/** Size in bytes and CDR alignment of the primitives of fixed size. */
const PRIMITIVES: Readonly<Record<string, { size: number; alignment: number }>> = {
  bool: { size: 1, alignment: 1 },
  int8: { size: 1, alignment: 1 },
  uint8: { size: 1, alignment: 1 },
  int16: { size: 2, alignment: 2 },
  uint16: { size: 2, alignment: 2 },
  int32: { size: 4, alignment: 4 },
  uint32: { size: 4, alignment: 4 },
  float32: { size: 4, alignment: 4 },
  int64: { size: 8, alignment: 8 },
  uint64: { size: 8, alignment: 8 },
  float64: { size: 8, alignment: 8 },
  time: { size: 8, alignment: 4 },
  duration: { size: 8, alignment: 4 },
};

const ENCAPSULATION_BYTES = 4;

/**
 * Walks a CDR message and checks that every field, string and sequence lies inside its bytes.
 *
 * The CDR library trusts lengths: it allocates what a sequence claims, and a byte array or string of a message that is
 * a view on a larger buffer may reach into that buffer's other bytes. Sizes are checked here, before it reads.
 * @param definitions - the message's definition first, then those it contains
 * @param data - CDR with encapsulation header
 * @throws Error naming the field, what it claims and what is there
 */
export function checkExtents(definitions: MessageDefinitions, data: Uint8Array): void {
  if (data.byteLength < ENCAPSULATION_BYTES) {
    throw new Error(`Expected a CDR message of at least 4 bytes but received ${data.byteLength}`);
  }
  new ExtentWalker(definitions, data).walk();
}

class ExtentWalker {
  readonly #root: Fields;
  readonly #byName: Map<string, Fields>;
  readonly #view: DataView;
  readonly #littleEndian: boolean;
  /** XCDR version 2 aligns 64-bit values to four bytes. */
  readonly #maximumAlignment: number;
  #offset = ENCAPSULATION_BYTES;

  constructor(definitions: MessageDefinitions, data: Uint8Array) {
    this.#root = definitions[0]?.definitions ?? [];
    this.#byName = new Map(definitions.map((definition) => [definition.name ?? '', definition.definitions]));
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const encapsulation = this.#view.getUint8(1);
    this.#littleEndian = (encapsulation & 1) === 1;
    this.#maximumAlignment = encapsulation >= 6 ? 4 : 8;
  }

  walk(): void {
    this.#structure(this.#root, '');
  }

  #structure(fields: Fields, path: string): void {
    let empty = true;
    for (const field of fields) {
      if (field.isConstant === true) continue;
      empty = false;
      const name = `${path}${field.name}`;
      const count = field.isArray === true ? (field.arrayLength ?? this.#length(name)) : 1;
      if (field.isComplex === true) {
        const nested = this.#byName.get(field.type);
        if (!nested)
          throw new Error(`Expected a definition of ${field.type} for field ${name} but the schema has none`);
        for (let index = 0; index < count; index++) this.#structure(nested, `${name}.`);
      } else if (field.type === 'string') {
        for (let index = 0; index < count; index++) this.#skip(this.#length(name), name);
      } else {
        const primitive = PRIMITIVES[field.type];
        if (!primitive) throw new Error(`Expected a readable type for field ${name} but received ${field.type}`);
        if (count > 0) this.#align(primitive.alignment);
        this.#skip(primitive.size * count, name);
      }
    }
    // ROS 2 gives a message without fields one byte, because an IDL structure cannot be empty.
    if (empty) this.#skip(1, path === '' ? 'the empty message' : path.slice(0, -1));
  }

  #length(name: string): number {
    this.#align(4);
    this.#skip(4, name);
    return this.#view.getUint32(this.#offset - 4, this.#littleEndian);
  }

  #align(alignment: number): void {
    const step = Math.min(alignment, this.#maximumAlignment);
    this.#offset += (step - ((this.#offset - ENCAPSULATION_BYTES) % step)) % step;
  }

  #skip(bytes: number, name: string): void {
    const left = Math.max(0, this.#view.byteLength - this.#offset);
    if (bytes > left) throw new Error(`Expected ${bytes} bytes for field ${name} but the message has ${left} left`);
    this.#offset += bytes;
  }
}

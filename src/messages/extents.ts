import type { FieldLayout, StructureLayout } from './layout.js';

const ENCAPSULATION_BYTES = 4;

const CDR_LE = 1;
/** CDR, XCDR2 in RTPS and XCDR2, big and little endian. */
const PLAIN_KINDS: readonly number[] = [0, CDR_LE, 6, 7, 16, 17];

/**
 * Structures and strings that one message may hold: each becomes an object, far larger than its bytes, and a million
 * of them takes a second. Only messages that hold a structure for each event or point have that many.
 */
const MOST_OBJECTS = 1 << 18;
const MOST_MEASUREMENTS = 1 << 20;
const OF_MEASUREMENTS = /\/(EventArray|CustomMsg)$/;

/**
 * Walks a CDR message and checks that every field, string and sequence lies inside its bytes.
 *
 * The CDR library trusts lengths: it allocates what a sequence claims, and a byte array or string of a message that is
 * a view on a larger buffer may reach into that buffer's other bytes. Sizes are checked here, before it reads.
 * @param layout - of the message's type
 * @param data - CDR with encapsulation header
 * @param type - of the message, by which the number of its structures is bounded
 * @throws Error naming the field, what it claims and what is there
 */
export function checkExtents(layout: StructureLayout, data: Uint8Array, type: string): void {
  if (data.byteLength < ENCAPSULATION_BYTES) {
    throw new Error(`Expected a CDR message of at least 4 bytes but received ${data.byteLength}`);
  }
  new ExtentWalker(data, OF_MEASUREMENTS.test(type) ? MOST_MEASUREMENTS : MOST_OBJECTS).structure(layout, '');
}

class ExtentWalker {
  readonly #view: DataView;
  readonly #littleEndian: boolean;
  /** XCDR version 2 aligns 64-bit values to four bytes. */
  readonly #maximumAlignment: number;
  #offset = ENCAPSULATION_BYTES;
  readonly #mostObjects: number;
  #objects = 0;

  constructor(data: Uint8Array, mostObjects: number) {
    this.#mostObjects = mostObjects;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const encapsulation = this.#view.getUint8(1);
    // Of other kinds the library reads headers that are not walked here.
    if (!PLAIN_KINDS.includes(encapsulation)) {
      throw new Error(`Expected encapsulation ${PLAIN_KINDS.join(', ')} (plain CDR) but received ${encapsulation}`);
    }
    this.#littleEndian = (encapsulation & 1) === 1;
    this.#maximumAlignment = encapsulation > CDR_LE ? 4 : 8;
  }

  structure({ fields }: StructureLayout, path: string): void {
    for (const field of fields) this.#field(field, `${path}${field.name}`);
    if (fields.length === 0) this.#skip(1, path === '' ? 'the empty message' : path.slice(0, -1));
  }

  #field(field: FieldLayout, name: string): void {
    const count = field.count === 'one' ? 1 : field.count === 'sequence' ? this.#length(name) : field.count;
    if (field.kind === 'primitive') {
      if (count > 0) this.#align(field.alignment);
      this.#skip(field.size * count, name);
      return;
    }
    // Before the first element: what cannot be there is not walked, however many are claimed.
    this.#require(count * (field.kind === 'string' ? 4 : field.structure.leastBytes), name);
    this.#objects += count;
    if (this.#objects > this.#mostObjects) {
      throw new Error(`Expected at most ${this.#mostObjects} structures and strings but field ${name} brings more`);
    }
    for (let index = 0; index < count; index++) {
      if (field.kind === 'string') this.#skip(this.#length(name), name);
      else this.structure(field.structure, `${name}.`);
    }
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
    this.#require(bytes, name);
    this.#offset += bytes;
  }

  #require(bytes: number, name: string): void {
    const left = Math.max(0, this.#view.byteLength - this.#offset);
    if (bytes > left) throw new Error(`Expected ${bytes} bytes for field ${name} but the message has ${left} left`);
  }
}

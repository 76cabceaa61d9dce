import fs from 'node:fs';

/** The first read ahead; each that follows is twice as long, up to the most. */
const FIRST_WINDOW_BYTES = 1 << 14;
const MOST_WINDOW_BYTES = 1 << 16;

/**
 * Reads ahead in a file that is read in small pieces, most of them one behind the other. As the window only doubles while all
 * of it was needed, no more than twice the bytes are read that are asked for.
 */
export class ReadAhead {
  readonly #read: (buffer: Uint8Array, offset: number, length: number, position: number) => number;
  #buffer = new Uint8Array(FIRST_WINDOW_BYTES);
  #start = 0;
  #end = 0;
  #windowBytes = FIRST_WINDOW_BYTES;
  /** Where the last piece ended that was read by itself. */
  #lastEnd = -1;

  /** @param read - reads from the file as `fs.readSync` does */
  constructor(read: (buffer: Uint8Array, offset: number, length: number, position: number) => number) {
    this.#read = read;
  }

  /** @returns bytes read: fewer than `length` at the end of the file only */
  read(buffer: Uint8Array, offset: number, length: number, position: number): number {
    if (position >= this.#start && position + length <= this.#end) return this.#take(buffer, offset, length, position);
    const goesOn = position === this.#end && this.#end > this.#start;
    if ((!goesOn && position !== this.#lastEnd) || length > FIRST_WINDOW_BYTES) {
      const bytes = this.#read(buffer, offset, length, position);
      this.#lastEnd = position + bytes;
      return bytes;
    }
    this.#fill(position, goesOn ? Math.min(2 * this.#windowBytes, MOST_WINDOW_BYTES) : FIRST_WINDOW_BYTES);
    return this.#take(buffer, offset, Math.min(length, this.#end - position), position);
  }

  #fill(position: number, bytes: number): void {
    if (this.#buffer.length < bytes) this.#buffer = new Uint8Array(bytes);
    this.#windowBytes = bytes;
    this.#start = position;
    this.#end = position;
    this.#end += this.#read(this.#buffer, 0, bytes, position);
  }

  #take(buffer: Uint8Array, offset: number, length: number, position: number): number {
    const from = position - this.#start;
    buffer.set(this.#buffer.subarray(from, from + length), offset);
    return length;
  }
}

/** The functions of `node:fs`, of which those that read files opened for reading alone read ahead. */
export function fileSystemThatReadsAhead(): typeof fs {
  const files = new Map<number, ReadAhead>();
  const openSync: typeof fs.openSync = (path, flags, mode) => {
    const file = fs.openSync(path, flags, mode);
    const isForWriting = typeof flags !== 'number' || (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR)) !== 0;
    if (!isForWriting) files.set(file, new ReadAhead((...place) => fs.readSync(file, ...place)));
    return file;
  };
  const closeSync: typeof fs.closeSync = (file) => {
    files.delete(file);
    fs.closeSync(file);
  };
  const readSync = (file: number, buffer: Uint8Array, offset: number, length: number, position: number | bigint) =>
    files.get(file)?.read(buffer, offset, length, Number(position)) ??
    fs.readSync(file, buffer, offset, length, position);
  return Object.assign(Object.create(fs), { openSync, closeSync, readSync }) as typeof fs;
}

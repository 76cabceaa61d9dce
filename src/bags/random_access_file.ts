import { type FileHandle, open } from 'node:fs/promises';

/**
 * A file that is read at any position. Each read has a buffer of its own, so what is read stays valid; the reader that
 * comes with the MCAP library reuses one buffer, which would change messages after they were handed out.
 */
export class RandomAccessFile {
  readonly path: string;
  readonly size: number;
  readonly #handle: FileHandle;

  private constructor(path: string, handle: FileHandle, size: number) {
    this.path = path;
    this.#handle = handle;
    this.size = size;
  }

  /** @param shownPath - what messages to people call it, where it is a temporary copy */
  static async open(path: string, shownPath = path): Promise<RandomAccessFile> {
    const handle = await open(path, 'r');
    return new RandomAccessFile(shownPath, handle, (await handle.stat()).size);
  }

  /** @throws Error when the range is not inside the file; nothing is allocated then */
  async read(offset: number, length: number): Promise<Uint8Array> {
    this.requireInside(offset, length);
    return this.readInto(new Uint8Array(length), offset);
  }

  /** @throws Error when the range is not inside the file */
  requireInside(offset: number, length: number): void {
    if (offset < 0 || length < 0 || offset + length > this.size) {
      throw new Error(`Expected bytes ${offset} to ${offset + length} of ${this.path} but it has ${this.size}`);
    }
  }

  /**
   * Fills `buffer` from `offset` on, and returns it. The range is inside the file.
   */
  async readInto(buffer: Uint8Array, offset: number): Promise<Uint8Array> {
    const length = buffer.byteLength;
    for (let filled = 0; filled < length; ) {
      const { bytesRead } = await this.#handle.read(buffer, filled, length - filled, offset + filled);
      if (bytesRead === 0) throw new Error(`Expected ${this.size} bytes in ${this.path} but it became shorter`);
      filled += bytesRead;
    }
    return buffer;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** RFC 8878, 3.1.1.2: no block holds more, whatever its header says. */
export const MAXIMUM_BLOCK_BYTES = 1 << 17;

/** A frame that needs a longer window is not of a recorder: zstd itself refuses it unless told otherwise. */
const MAXIMUM_WINDOW_BYTES = 1 << 27;

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const RLE_BLOCK = 1;
const CHECKSUM_BYTES = 4;

type Step = 'magic' | 'skippable-size' | 'descriptor' | 'header' | 'block';

/**
 * Cuts zstd data where a number of blocks are through, so that what one piece expands to is bounded: a few bytes of
 * zstd can hold gigabytes. Only headers are looked at.
 */
export class ZstdCutter {
  readonly #blocksPerPiece: number;
  #step: Step | 'foreign' = 'magic';
  /** Bytes of the header that is being read. */
  #header: number[] = [];
  #needed = 4;
  /** Bytes to pass over. */
  #skip = 0;
  #descriptor = 0;
  #blocks = 0;
  #declared = 0;

  constructor(blocksPerPiece: number) {
    this.#blocksPerPiece = blocksPerPiece;
  }

  /** Expanded size of the frames seen so far, as far as they say; what they say may be a lie. */
  get declaredBytes(): number {
    return this.#declared;
  }

  /**
   * @returns views on `data`, in order, that hold at most the number of blocks
   * @throws Error where a header says what no recorder writes
   */
  *cut(data: Uint8Array): Generator<Uint8Array, void, void> {
    let from = 0;
    for (let at = 0; at < data.length; ) {
      if (this.#step === 'foreign') break;
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, data.length - at);
        this.#skip -= passed;
        at += passed;
        continue;
      }
      if (this.#blocks >= this.#blocksPerPiece) {
        yield data.subarray(from, at);
        from = at;
        this.#blocks = 0;
      }
      this.#header.push(data[at++]!);
      if (this.#header.length < this.#needed) continue;
      const bytes = Uint8Array.from(this.#header);
      this.#header = [];
      this.#take(new DataView(bytes.buffer));
    }
    if (from < data.length) yield data.subarray(from);
  }

  #take(view: DataView): void {
    switch (this.#step) {
      case 'magic': {
        const magic = view.getUint32(0, true);
        if (magic === FRAME_MAGIC) this.#expect('descriptor', 1);
        else if ((magic & ~0xf) >>> 0 === SKIPPABLE_MAGIC) this.#expect('skippable-size', 4);
        // What is no frame is for the decompressor to refuse.
        else this.#step = 'foreign';
        return;
      }
      case 'skippable-size':
        this.#skip = view.getUint32(0, true);
        this.#expect('magic', 4);
        return;
      case 'descriptor':
        this.#descriptor = view.getUint8(0);
        this.#expect('header', headerBytes(this.#descriptor));
        if (this.#needed === 0) this.#expect('block', 3);
        return;
      case 'header':
        this.#readHeader(view);
        this.#expect('block', 3);
        return;
      case 'block':
        this.#readBlock(view.getUint16(0, true) | (view.getUint8(2) << 16));
    }
  }

  #readHeader(view: DataView): void {
    const { windowBytes, dictionaryBytes, sizeBytes } = fieldBytes(this.#descriptor);
    const sizeAt = windowBytes + dictionaryBytes;
    const size = readSize(view, sizeAt, sizeBytes);
    const window = windowBytes === 0 ? size : windowSize(view.getUint8(0));
    if (window > MAXIMUM_WINDOW_BYTES) {
      throw new Error(`Expected a zstd window of at most ${MAXIMUM_WINDOW_BYTES} bytes but received one of ${window}`);
    }
    this.#declared += size;
  }

  #readBlock(header: number): void {
    const isLast = (header & 1) === 1;
    const type = (header >>> 1) & 3;
    const size = header >>> 3;
    if (size > MAXIMUM_BLOCK_BYTES) {
      throw new Error(`Expected a zstd block of at most ${MAXIMUM_BLOCK_BYTES} bytes but received one of ${size}`);
    }
    this.#blocks++;
    this.#skip = type === RLE_BLOCK ? 1 : size;
    if (isLast) {
      if ((this.#descriptor & 4) !== 0) this.#skip += CHECKSUM_BYTES;
      this.#expect('magic', 4);
    } else {
      this.#expect('block', 3);
    }
  }

  #expect(step: Step, bytes: number): void {
    this.#step = step;
    this.#needed = bytes;
  }
}

function fieldBytes(descriptor: number) {
  const isSingle = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >>> 6;
  return {
    windowBytes: isSingle ? 0 : 1,
    dictionaryBytes: [0, 1, 2, 4][descriptor & 3]!,
    sizeBytes: sizeFlag === 0 ? (isSingle ? 1 : 0) : 1 << sizeFlag,
  };
}

function headerBytes(descriptor: number): number {
  const { windowBytes, dictionaryBytes, sizeBytes } = fieldBytes(descriptor);
  return windowBytes + dictionaryBytes + sizeBytes;
}

function readSize(view: DataView, at: number, bytes: number): number {
  switch (bytes) {
    case 1:
      return view.getUint8(at);
    case 2:
      return view.getUint16(at, true) + 256;
    case 4:
      return view.getUint32(at, true);
    case 8:
      return Number(view.getBigUint64(at, true));
    default:
      return 0;
  }
}

function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >>> 3));
  return base + (base / 8) * (descriptor & 7);
}

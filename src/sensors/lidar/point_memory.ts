import { KernelMemory } from '../../webassembly/index.js';
import { POINT_KERNEL, type PointKernel } from './kernel/points.js';

/** Points the kernel works on at a time: with all their fields they stay in a processor's second-level cache. */
const POINTS_AT_A_TIME = 8192;
const WOVEN_BYTES = 24;
/** Room for the bytes of points as they come in, and for woven points. */
const BLOCK_BYTES = POINTS_AT_A_TIME * 32;

/** The kernel's memory: every call fills what it reads, so that nothing is kept in it from one to the next. */
class PointMemory {
  readonly memory = new KernelMemory<PointKernel>(POINT_KERNEL, POINTS_AT_A_TIME * 18 + 1024 + BLOCK_BYTES);
  readonly columns = Array.from({ length: 4 }, () => this.memory.floats(POINTS_AT_A_TIME));
  readonly label = this.memory.bytes(POINTS_AT_A_TIME);
  readonly confidence = this.memory.bytes(POINTS_AT_A_TIME);
  readonly colours = this.memory.wholeNumbers(256);
  readonly block = this.memory.bytes(BLOCK_BYTES);
}

let made: PointMemory | undefined;

function pointMemory(): PointMemory {
  made ??= new PointMemory();
  return made;
}

/** Columns of a point that are float32 and little-endian. */
export interface FloatColumn {
  /** Of the field in a point, in bytes. */
  offset: number;
  values: Float32Array;
}

/**
 * Reads float32 fields of points in little-endian order.
 * @param data - of which the first point's bytes begin at `at`; all points lie within it
 * @param step - bytes from one point to the next; at most {@link WIDEST_POINT}
 * @param from - index of that point in the columns, `to` the one after the last
 */
export function gatherColumns(
  data: Uint8Array,
  at: number,
  step: number,
  columns: readonly FloatColumn[],
  from: number,
  to: number,
): void {
  const { memory, columns: out, block } = pointMemory();
  const { gatherFloats } = memory.kernel;
  const atATime = Math.min(POINTS_AT_A_TIME, Math.floor(BLOCK_BYTES / step));
  for (let i = from, byte = at; i < to; i += atATime, byte += atATime * step) {
    const count = Math.min(atATime, to - i);
    block.set(data.subarray(byte, byte + count * step));
    for (const { offset, values } of columns) {
      gatherFloats(block.byteOffset + offset, step, count, out[0]!.byteOffset);
      values.set(count === POINTS_AT_A_TIME ? out[0]! : out[0]!.subarray(0, count), i);
    }
  }
}

/** The widest point that {@link gatherColumns} takes, in bytes. */
export const WIDEST_POINT = BLOCK_BYTES;

/** What is woven: equally long, but for `colours`, which has a word for each of 256 labels. */
export interface Threads {
  columns: readonly [x: Float32Array, y: Float32Array, z: Float32Array, intensity: Float32Array];
  label: Uint8Array;
  confidence: Uint8Array | undefined;
  colours: Uint32Array;
}

/** Writes the points `from` up to `to` as 24 bytes each: x, y, z, intensity, colour, label, confidence (else 0), 0, 0. */
export function weavePoints(
  { columns, label, confidence, colours }: Threads,
  from: number,
  to: number,
  out: Uint8Array,
) {
  const kernel = pointMemory();
  kernel.colours.set(colours);
  if (confidence === undefined) kernel.confidence.fill(0);
  const [x, y, z, intensity] = kernel.columns.map(({ byteOffset }) => byteOffset) as [number, number, number, number];
  for (let i = from; i < to; i += POINTS_AT_A_TIME) {
    const end = Math.min(to, i + POINTS_AT_A_TIME);
    for (const [k, column] of columns.entries()) kernel.columns[k]!.set(column.subarray(i, end));
    kernel.label.set(label.subarray(i, end));
    if (confidence !== undefined) kernel.confidence.set(confidence.subarray(i, end));
    kernel.memory.kernel.weavePoints(
      x,
      y,
      z,
      intensity,
      kernel.label.byteOffset,
      kernel.confidence.byteOffset,
      kernel.colours.byteOffset,
      end - i,
      kernel.block.byteOffset,
    );
    out.set(kernel.block.subarray(0, (end - i) * WOVEN_BYTES), i * WOVEN_BYTES);
  }
}

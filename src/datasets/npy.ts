import { readFile } from 'node:fs/promises';

/** An array of two dimensions. */
export interface NpyArray {
  height: number;
  width: number;
  data: Float32Array;
}

const MAGIC = '\x93NUMPY';
const BYTES_BY_TYPE: Readonly<Record<string, number>> = { f2: 2, f4: 4, f8: 8, u1: 1, u2: 2, i1: 1, i2: 2, i4: 4 };

/**
 * Reads a `.npy` file (NumPy's format, version 1 to 3) of two dimensions as 32-bit floats.
 * @throws Error in one sentence where it is no such file
 */
export async function readNpy(path: string): Promise<NpyArray> {
  const refuse = (why: string) => new Error(`Expected an array at ${path} but could not read it: ${why}.`);
  const file = await readFile(path).catch((cause: Error) => {
    throw refuse(cause.message);
  });
  if (file.length < 10 || file.toString('latin1', 0, 6) !== MAGIC) throw refuse('it is no .npy file');
  const isLong = file[6]! >= 2;
  const headerAt = isLong ? 12 : 10;
  if (file.length < headerAt) throw refuse('it is cut short');
  const dataAt = headerAt + (isLong ? file.readUInt32LE(8) : file.readUInt16LE(8));
  const header = file.toString('latin1', headerAt, dataAt);
  const type = /'descr':\s*'([<>|=])([a-z]\d)'/.exec(header);
  const shape = /'shape':\s*\(\s*(\d+),\s*(\d+)\s*,?\s*\)/.exec(header);
  const bytes = type === null ? undefined : BYTES_BY_TYPE[type[2]!];
  if (type === null || bytes === undefined)
    throw refuse(`its type is none of ${Object.keys(BYTES_BY_TYPE).join(', ')}`);
  if (shape === null) throw refuse('it has not two dimensions');
  if (!/'fortran_order':\s*False/.test(header)) throw refuse('its columns come first (fortran_order)');
  const [height, width] = [Number(shape[1]), Number(shape[2])];
  const count = height * width;
  if (file.length < dataAt + count * bytes) throw refuse(`it is cut short: ${file.length} bytes`);
  const view = new DataView(file.buffer, file.byteOffset + dataAt, count * bytes);
  const read = reader(type[2]!, view, type[1] !== '>');
  const data = new Float32Array(count);
  for (let i = 0; i < count; i++) data[i] = read(i * bytes);
  return { height, width, data };
}

function reader(type: string, view: DataView, isLittle: boolean): (at: number) => number {
  switch (type) {
    case 'f8':
      return (at) => view.getFloat64(at, isLittle);
    case 'f4':
      return (at) => view.getFloat32(at, isLittle);
    case 'f2':
      return (at) => half(view.getUint16(at, isLittle));
    case 'i4':
      return (at) => view.getInt32(at, isLittle);
    case 'i2':
      return (at) => view.getInt16(at, isLittle);
    case 'u2':
      return (at) => view.getUint16(at, isLittle);
    case 'i1':
      return (at) => view.getInt8(at);
    default:
      return (at) => view.getUint8(at);
  }
}

/** IEEE 754 binary16. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

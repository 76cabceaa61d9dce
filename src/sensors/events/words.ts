import { MACHINE_IS_BIG_ENDIAN } from '../byte_order.js';

/**
 * The whole 16-bit words in `bytes`: a view where alignment and byte order allow it, else a copy.
 * @param bigEndian - the packet's `is_bigendian`
 */
export function words16(bytes: Uint8Array, bigEndian: boolean): Uint16Array {
  const count = bytes.length >>> 1;
  const inMachineOrder = bigEndian === MACHINE_IS_BIG_ENDIAN;
  if (inMachineOrder && bytes.byteOffset % 2 === 0) return new Uint16Array(bytes.buffer, bytes.byteOffset, count);
  const copy = new Uint8Array(bytes.subarray(0, count * 2));
  if (!inMachineOrder) Buffer.from(copy.buffer).swap16();
  return new Uint16Array(copy.buffer);
}

/**
 * The whole 32-bit words in `bytes`: a view or a copy, likewise.
 * @param bigEndian - the packet's `is_bigendian`
 */
export function words32(bytes: Uint8Array, bigEndian: boolean): Uint32Array {
  const count = bytes.length >>> 2;
  const inMachineOrder = bigEndian === MACHINE_IS_BIG_ENDIAN;
  if (inMachineOrder && bytes.byteOffset % 4 === 0) return new Uint32Array(bytes.buffer, bytes.byteOffset, count);
  const copy = new Uint8Array(bytes.subarray(0, count * 4));
  if (!inMachineOrder) Buffer.from(copy.buffer).swap32();
  return new Uint32Array(copy.buffer);
}

/** Packed words in a received buffer: a view where alignment and byte order allow it, else a copy. */

const hostIsBigEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 0;

/**
 * The whole 16-bit words in `bytes`.
 * @param bigEndian - the packet's `is_bigendian`
 */
export function words16(bytes: Uint8Array, bigEndian: boolean): Uint16Array {
  const count = bytes.length >>> 1;
  const inHostOrder = bigEndian === hostIsBigEndian;
  if (inHostOrder && bytes.byteOffset % 2 === 0) return new Uint16Array(bytes.buffer, bytes.byteOffset, count);
  const copy = new Uint8Array(bytes.subarray(0, count * 2));
  if (!inHostOrder) Buffer.from(copy.buffer).swap16();
  return new Uint16Array(copy.buffer);
}

/**
 * The whole 32-bit words in `bytes`.
 * @param bigEndian - the packet's `is_bigendian`
 */
export function words32(bytes: Uint8Array, bigEndian: boolean): Uint32Array {
  const count = bytes.length >>> 2;
  const inHostOrder = bigEndian === hostIsBigEndian;
  if (inHostOrder && bytes.byteOffset % 4 === 0) return new Uint32Array(bytes.buffer, bytes.byteOffset, count);
  const copy = new Uint8Array(bytes.subarray(0, count * 4));
  if (!inHostOrder) Buffer.from(copy.buffer).swap32();
  return new Uint32Array(copy.buffer);
}

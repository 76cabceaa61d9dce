import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

/** Of a large file, as much of its beginning and its end is looked at. */
const LOOKED_AT_BYTES = 64 << 10;

/** Tells whether a file is still the one that was written. */
export interface Fingerprint {
  bytes: number;
  /** SHA-256 of the first and the last 64 KiB: bags have gigabytes, and nobody replaces only what is between. */
  sha256: string;
}

export async function fingerprintOf(path: string): Promise<Fingerprint> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const hash = createHash('sha256');
    const length = Math.min(size, LOOKED_AT_BYTES);
    for (const position of [0, size - length]) {
      const piece = Buffer.alloc(length);
      const { bytesRead } = await file.read(piece, 0, length, position);
      hash.update(piece.subarray(0, bytesRead));
    }
    return { bytes: size, sha256: hash.digest('hex') };
  } finally {
    await file.close();
  }
}

export function isSame(a: Fingerprint, b: Fingerprint): boolean {
  return a.bytes === b.bytes && a.sha256 === b.sha256;
}

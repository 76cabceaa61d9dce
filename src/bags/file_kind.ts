import { open } from 'node:fs/promises';
import { refuseSpecialFile } from '../files/index.js';

export type FileKind = 'mcap' | 'sqlite3' | 'zstd' | 'ros1' | 'empty' | 'unknown';

const MAGICS: readonly { kind: FileKind; bytes: Buffer }[] = [
  { kind: 'mcap', bytes: Buffer.from([0x89, 0x4d, 0x43, 0x41, 0x50, 0x30, 0x0d, 0x0a]) },
  { kind: 'sqlite3', bytes: Buffer.from('SQLite format 3\0', 'latin1') },
  { kind: 'zstd', bytes: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]) },
  { kind: 'ros1', bytes: Buffer.from('#ROSBAG V', 'latin1') },
];

/** Tells what a file is by its first bytes; names lie. */
export async function fileKind(path: string): Promise<FileKind> {
  refuseSpecialFile(path);
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(16);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    return kindOf(head.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

/** What a file that begins with these bytes is. */
export function kindOf(head: Uint8Array): FileKind {
  if (head.byteLength === 0) return 'empty';
  const found = MAGICS.find(({ bytes }) => {
    const length = Math.min(head.byteLength, bytes.length);
    return bytes.subarray(0, length).equals(head.subarray(0, length));
  });
  return found?.kind ?? 'unknown';
}

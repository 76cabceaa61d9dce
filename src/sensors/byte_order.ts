import { endianness } from 'node:os';

/** Typed arrays read in the machine's own byte order; messages state theirs. */
export const MACHINE_IS_BIG_ENDIAN = endianness() === 'BE';

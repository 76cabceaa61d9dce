import type { AbsentClassConvention } from '../../evaluation/index.js';

/** Both names of each convention, as flags take them. */
export const CONVENTIONS = {
  'left-out': 'left-out',
  cityscapes: 'left-out',
  zero: 'zero',
  cmnext: 'zero',
} as const satisfies Record<string, AbsentClassConvention>;

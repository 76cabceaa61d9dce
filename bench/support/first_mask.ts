/** What a program started with `tell_first_mask` writes to its standard error. */
export const FIRST_MASK = 'bench: first mask';

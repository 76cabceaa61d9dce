/** Values of an image's first byte that the obedient provider of `faulty_worker.ts` acts upon. */
export const Command = { throw: 240, throwOutside: 241, exit: 242, dawdle: 243, hang: 244, throwAndHang: 245 } as const;

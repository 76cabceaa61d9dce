/** Why a network cannot be imported, in one sentence, with the option that decides. */
export class ImportError extends Error {
  override name = 'ImportError';

  /** @param advice - which option decides, or what to export anew; a sentence of its own */
  constructor(expected: string, of: string, received: string, advice: string, options?: ErrorOptions) {
    super(`Expected ${expected} for ${of} but received ${received}. ${advice}`, options);
  }
}

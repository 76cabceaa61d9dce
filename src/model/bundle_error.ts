/** A bundle that cannot be used; the message names the field, what was expected, what was found and what to do. */
export class BundleError extends Error {
  override name = 'BundleError';

  /**
   * @param field - what is wrong, e.g. `model.json modalities[1].name`
   * @param advice - a sentence on what to do
   */
  constructor(field: string, expected: string, received: string, advice: string, options?: ErrorOptions) {
    super(`Expected ${expected} for ${field} but received ${received}. ${advice}`, options);
  }
}

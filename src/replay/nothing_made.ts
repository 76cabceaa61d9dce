/** Nothing that was asked for can come of the input: the command did its work, and there is no result. */
export class NothingMadeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NothingMadeError';
  }
}

import { InvalidArgumentError } from 'commander';

/** A parser for options that are whole numbers. */
export function wholeNumberFrom(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`Expected a whole number from ${least} on but received '${text}'.`);
    }
    return value;
  };
}

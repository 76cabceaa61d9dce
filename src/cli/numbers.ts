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

/** A parser for options that are seconds. */
export function secondsFrom(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < least) {
      throw new InvalidArgumentError(`Expected a number of seconds from ${least} on but received '${text}'.`);
    }
    return value;
  };
}

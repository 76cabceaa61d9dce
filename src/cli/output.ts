import { printableLines } from '../text/index.js';

/** Writes to standard output. What came with a bag or a bundle reaches no terminal as an escape sequence. */
export function print(text: string): void {
  process.stdout.write(printableLines(text));
}

/** The same to standard error. */
export function complain(text: string): void {
  process.stderr.write(printableLines(text));
}

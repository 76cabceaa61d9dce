import { printable } from '../../text/index.js';

/** Width of a terminal nobody has widened. */
export const COLUMNS = 80;

/**
 * Breaks a text between words into lines of at most 80 columns; a longer word, such as a path, stays whole.
 * @param first - in front of the first line; the others are indented as far
 */
export function wrap(text: string, first = ''): string[] {
  const indent = ' '.repeat(first.length);
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of printable(text)
    .split(/\s+/)
    .filter((part) => part !== '')) {
    if (!isEmpty && line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = indent;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  lines.push(line);
  return lines;
}

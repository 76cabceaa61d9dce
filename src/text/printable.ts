/**
 * Characters that make a terminal, a log viewer or a page do something rather than show something: control characters,
 * with them the start of every escape sequence, those that turn the direction of writing or cannot be seen, ends of
 * lines that JavaScript or editors know, and halves of surrogate pairs.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Longer texts are cut where they are told to people: a name of a megabyte is a damaged one. */
const MOST_CHARACTERS = 4000;

const EXCERPT_CHARACTERS = 200;

/** A text from outside as one line that shows every character it has: `\x1b[31m` instead of red. */
export function printable(text: string): string {
  const cut = text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
  return cut.replace(UNPRINTABLE, visible);
}

/** A piece of a text from outside for a sentence about it: its beginning, where it is longer than anybody reads. */
export function excerpt(text: string): string {
  return text.length > EXCERPT_CHARACTERS ? `${text.slice(0, EXCERPT_CHARACTERS)}…` : text;
}

/** As {@link printable}, for text that was laid out in lines and columns. */
export function printableLines(text: string): string {
  return text.replace(UNPRINTABLE, (character) =>
    character === '\n' || character === '\t' ? character : visible(character),
  );
}

/** A value as JSON, for files and for a terminal: what JSON leaves as it is but a terminal obeys is escaped as well. */
export function jsonText(value: unknown, layout: 'indented' | 'dense' = 'indented'): string {
  return JSON.stringify(value, null, layout === 'indented' ? 2 : 0).replace(UNPRINTABLE, (character) =>
    character === '\n' ? character : escaped(character),
  );
}

function visible(character: string): string {
  const code = character.codePointAt(0)!;
  return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : escaped(character);
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, i) => {
    const unit = character.charCodeAt(i);
    return `\\u${unit.toString(16).padStart(4, '0')}`;
  }).join('');
}

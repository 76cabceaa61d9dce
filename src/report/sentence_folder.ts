/** Sentences that differ in numbers only are told in full up to this many ... */
const MOST_ALIKE = 3;
/** ... and there are never more sentences than this. */
const MOST_SENTENCES = 200;
const THE_REST = 'Further problems of other kinds, too many to tell apart.';

/**
 * Keeps a list of sentences short, however many are said: a broken sensor says thousands, each with other numbers. Past
 * a few that differ in numbers only, these stand as `…`.
 */
export class SentenceFolder {
  readonly #told = new Set<string>();
  readonly #alike = new Map<string, number>();

  /** The sentence itself while it is one of few, else one that stands for all like it. */
  fold(sentence: string): string {
    if (this.#told.has(sentence)) return sentence;
    const pattern = sentence.replaceAll(/\d+(?:\.\d+)?/g, '…');
    if (this.#told.has(pattern)) return pattern;
    if (this.#told.size >= MOST_SENTENCES) return THE_REST;
    const alike = this.#alike.get(pattern) ?? 0;
    this.#alike.set(pattern, alike + 1);
    const text = alike < MOST_ALIKE ? sentence : pattern;
    this.#told.add(text);
    return text;
  }
}

import type { Stamp } from '../messages/stamp.js';
import { printable } from '../text/index.js';
import { SentenceFolder } from './sentence_folder.js';

export type ProblemSeverity = 'warning' | 'error';

/** What a problem is about, for programs, and what to do about it, for people. */
export interface ProblemSubject {
  /** Code of a sensor's reason, or of another kind of problem: `bag`, `topics`, `inference` and the like. */
  code: string;
  modality?: string | undefined;
  advice?: string | undefined;
}

/** Something a reader of the results must know. */
export interface Problem extends ProblemSubject {
  severity: ProblemSeverity;
  /** One sentence without control characters. Of a kind that occurs often, numbers are left out past the first few. */
  text: string;
  count: number;
  /** Receive stamps, nanoseconds, of the first and last message that showed it; null for what belongs to no moment. */
  first: string | null;
  last: string | null;
}

/** Collects problems: equal sentences are counted, not repeated, and their number is bounded. */
export class ProblemList {
  readonly #sentences = new SentenceFolder();
  readonly #problems = new Map<string, Problem>();

  /** @param at - receive stamp of the message that showed it */
  add(severity: ProblemSeverity, sentence: string, at?: Stamp, subject: ProblemSubject = { code: 'other' }): void {
    const text = this.#sentences.fold(printable(sentence));
    const stamp = at === undefined ? null : String(at);
    const known = this.#problems.get(text);
    if (known === undefined) {
      this.#problems.set(text, { severity, ...subject, text, count: 1, first: stamp, last: stamp });
      return;
    }
    known.count++;
    known.first ??= stamp;
    known.last = stamp ?? known.last;
  }

  /** A problem that was told held until a moment, such as the silence of a sensor. */
  lasted(sentence: string, until: Stamp): void {
    const known = this.#problems.get(this.#sentences.fold(printable(sentence)));
    if (known !== undefined) known.last = String(until);
  }

  /** All problems in the order in which each was first said. */
  list(): Problem[] {
    return [...this.#problems.values()];
  }
}

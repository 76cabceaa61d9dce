/** One door of the product that bytes from outside come through. */
export interface FuzzTarget {
  name: string;
  /** Share of the cases, in relation to the other targets': what is slow gets fewer. */
  weight: number;
  /** `text`: mutated by lines, words and numbers as well. */
  form: 'binary' | 'text';
  /** Good inputs, which mutations start from. */
  seeds(): Promise<readonly Uint8Array[]>;
  /** Further inputs: good ones of which single fields are wrong. */
  generate?(random: FuzzRandom): Promise<Uint8Array>;
  /**
   * Feeds one input, and checks what comes out.
   * @returns all that came out, in short: the same input must give the same
   * @throws ContractError where a result is not what it should be; any other exception must be one sentence
   */
  run(input: Uint8Array): Promise<string>;
}

/** What mutations draw from. */
export interface FuzzRandom {
  integer(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
}

/** Something came out that must never: what the fuzzer is for. */
export class ContractError extends Error {
  override name = 'ContractError';
}

export function require(condition: boolean, what: string): asserts condition {
  if (!condition) throw new ContractError(what);
}

/** Errors of the language itself: nobody wrote these for a person. */
const INTERNAL_ERRORS = [TypeError, RangeError, ReferenceError, SyntaxError, EvalError, URIError];
const INTERNAL_WORDS =
  /Cannot (read|set|mix|convert|destructure)|is not (a function|iterable|defined|a constructor)|Invalid (typed )?array|Maximum call stack|outside the bounds|out of (bounds|memory)|undefined is|\[object |allocation failed|not assignable/;
const MOST_CHARACTERS = 20_000;

/** @throws ContractError unless a reason is one sentence for people */
export function requireSentence(reason: string, where: string): void {
  require(reason.length > 0 && reason.length <= MOST_CHARACTERS, `${where}: a reason of ${reason.length} characters`);
  require(!INTERNAL_WORDS.test(reason), `${where}: words for programmers: ${reason.slice(0, 300)}`);
}

/** @throws ContractError unless an exception is one that is documented: a sentence, not a mistake of the program */
export function requireDocumented(error: unknown): void {
  require(error instanceof Error, `threw ${String(error)}`);
  if (error instanceof ContractError) throw error;
  const isInternal = INTERNAL_ERRORS.some((type) => error.constructor === type);
  require(!isInternal, `threw ${error.name}: ${error.message}\n${error.stack ?? ''}`);
  requireSentence(error.message, `threw ${error.name}`);
}

/** Bytes of what came out, in short. */
export function digestOf(bytes: ArrayLike<number>): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i]! | 0), 0x01000193);
  return `${bytes.length}:${(hash >>> 0).toString(16)}`;
}

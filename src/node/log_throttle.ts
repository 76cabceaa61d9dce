/** What is said of one subject is said again after this long at the earliest. */
const INTERVAL_MS = 5000;
/** Subjects remembered; beyond it the oldest is forgotten. */
const MOST_SUBJECTS = 100;

/** Lets one line in a while through for each subject: a broken camera says the same thirty times a second. */
export class LogThrottle {
  readonly #write: (text: string) => void;
  readonly #nowMs: () => number;
  readonly #subjects = new Map<string, { lastMs: number; held: number }>();

  /** @param nowMs - a monotonic clock */
  constructor(write: (text: string) => void, nowMs: () => number) {
    this.#write = write;
    this.#nowMs = nowMs;
  }

  /** @param subject - default: what stands before the first colon of `text`, one sentence */
  say(text: string, subject: string = text.split(':', 1)[0] ?? ''): void {
    const now = this.#nowMs();
    const known = this.#subjects.get(subject);
    if (known !== undefined && now - known.lastMs < INTERVAL_MS) {
      known.held++;
      return;
    }
    const more = known === undefined || known.held === 0 ? '' : ` (and ${known.held} more of the kind)`;
    this.#subjects.delete(subject);
    this.#subjects.set(subject, { lastMs: now, held: 0 });
    if (this.#subjects.size > MOST_SUBJECTS) this.#subjects.delete(this.#subjects.keys().next().value ?? '');
    this.#write(text + more);
  }
}

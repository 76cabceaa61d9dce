import type { Stamp } from '../messages/index.js';

/** As in diagnostic_msgs/DiagnosticStatus, worst last; `stale` is a sensor that has not spoken yet. */
export type LevelName = 'ok' | 'stale' | 'warn' | 'error';

const ORDER: readonly LevelName[] = ['ok', 'stale', 'warn', 'error'];

export function atLeast(level: LevelName, bound: LevelName): boolean {
  return ORDER.indexOf(level) >= ORDER.indexOf(bound);
}

/** What a node says of one of its parts from a moment on. */
export interface Statement {
  /** A modality, or `sync`. */
  about: string;
  at: Stamp;
  level: LevelName;
  /** Why; empty where there is nothing to say. */
  reason: string;
}

/** Who is meant by what the sensors can make together. */
export const SYNC = 'sync';

/** What a node said of itself in the course of a run, in order. */
export class HealthLog {
  readonly #statements = new Map<string, Statement[]>();

  add(statement: Statement): void {
    const before = this.#statements.get(statement.about);
    if (before === undefined) this.#statements.set(statement.about, [statement]);
    else before.push(statement);
  }

  /** What was said of a part, oldest first. */
  of(about: string): readonly Statement[] {
    return this.#statements.get(about) ?? [];
  }

  /** What was in force of a part at a moment; undefined before the first word. */
  at(about: string, moment: Stamp): Statement | undefined {
    return this.of(about).findLast(({ at }) => at <= moment);
  }

  /** What was in force in [from, to): what held at the beginning, and what was said after it. */
  within(about: string, from: Stamp, to: Stamp): Statement[] {
    const first = this.at(about, from);
    const later = this.of(about).filter(({ at }) => at > from && at < to);
    return first === undefined ? later : [first, ...later];
  }

  /** The level that was held throughout [from, to), the lowest; undefined where nothing was said. */
  lowest(about: string, from: Stamp, to: Stamp): LevelName | undefined {
    return this.#extreme(about, from, to, (a, b) => (atLeast(a, b) ? b : a));
  }

  /** The worst level that was reached in [from, to); undefined where nothing was said. */
  highest(about: string, from: Stamp, to: Stamp): LevelName | undefined {
    return this.#extreme(about, from, to, (a, b) => (atLeast(a, b) ? a : b));
  }

  #extreme(
    about: string,
    from: Stamp,
    to: Stamp,
    choose: (a: LevelName, b: LevelName) => LevelName,
  ): LevelName | undefined {
    const levels = this.within(about, from, to).map(({ level }) => level);
    return levels.length === 0 ? undefined : levels.reduce(choose);
  }
}

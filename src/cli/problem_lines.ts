import type { Problem } from '../report/index.js';

/** Problems as lines for a terminal, each said once with how often it occurred. */
export function problemLines(problems: readonly Problem[]): string[] {
  return problems.map(({ text, count }) => `! ${text}${count > 1 ? ` (${count} times)` : ''}`);
}

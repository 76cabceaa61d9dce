import type { Problem } from '../report/index.js';

/** Problems as lines for a terminal, each said once with how often it occurred, and what to do below the last such one. */
export function problemLines(problems: readonly Problem[]): string[] {
  return problems.flatMap(({ text, count, advice }, index) => {
    const line = `! ${text}${count > 1 ? ` (${count} times)` : ''}`;
    const isLast = !problems.some((other, place) => place > index && other.advice === advice);
    return advice !== undefined && isLast ? [line, `  ${advice}`] : [line];
  });
}

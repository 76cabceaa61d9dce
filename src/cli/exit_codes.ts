import { NothingMadeError } from '../replay/nothing_made.js';
import { Interruption } from './interrupts.js';

/** Exit statuses of all commands; 130 and 143 are those of `interrupts.ts`. */
export const EXIT = {
  done: 0,
  failed: 1,
  nothingMade: 2,
  checkFailed: 3,
} as const;

/** The same as a table, for `--help` and for the page on the commands. */
export const EXIT_TABLE: readonly (readonly [status: string, meaning: string])[] = [
  ['0', 'done; what was lost on the way is told'],
  [
    '1',
    'wrong arguments, an input that cannot be used, of many bags one as well, a file in the way that mle-sam did not make, or an error',
  ],
  ['2', 'nothing came of it: no mask where some were due, no frame to score, nothing in a bag that could give masks'],
  [
    '3',
    'a check of a scenario failed (dropout with --junit, monitor), or a requirement (--require of replay, evaluate, dropout, merge, compare)',
  ],
  ['130, 143', 'interrupted by SIGINT or SIGTERM: what there was until then is written, and marked as partial'],
];

/** For `addHelpText('after', …)`. */
export const EXIT_HELP = `\nExit status:\n${EXIT_TABLE.map(([status, meaning]) => `  ${status.padEnd(9)} ${meaning}`).join('\n')}`;

/** The exit status that an error asks for. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof Interruption) return error.exitCode;
  return error instanceof NothingMadeError ? EXIT.nothingMade : EXIT.failed;
}

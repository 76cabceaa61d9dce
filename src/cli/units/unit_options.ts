import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { findShard, isUnitWorker, type Shard, type WorkerCommand } from '../../units/index.js';
import { wholeNumberFrom } from '../numbers.js';

/** Flags of the commands whose work can be cut into units. */
export interface UnitFlags {
  shard?: string;
  jobs?: number;
  threads?: number;
}

/** Adds `--shard` and `--jobs`. */
export function withUnitOptions(command: Command): Command {
  return command
    .option(
      '--shard <i/n>',
      'do the i-th of n parts, for `mle-sam merge`; by default what SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX says; ' +
        'none: all of it',
    )
    .option(
      '--jobs <count>',
      'worker processes side by side, of one thread each without --threads',
      wholeNumberFrom(1),
    );
}

/** Which part of a run a process does, and in which way. */
export type UnitPlan =
  /** All of it, at once, without units. */
  | { kind: 'whole' }
  /** All of it, in units that `jobs` processes do, put together at the end. */
  | { kind: 'jobs'; jobs: number }
  /** A part, left for `mle-sam merge`. */
  | { kind: 'shard'; shard: Shard; jobs: number }
  /** What a parent process hands out. */
  | { kind: 'worker' };

/**
 * What the flags and the environment ask for.
 * @throws Error in one sentence where the shard is out of range
 */
export function planUnits({ shard: flag, jobs }: UnitFlags): UnitPlan {
  if (isUnitWorker()) return { kind: 'worker' };
  const shard = findShard(flag, process.env);
  if (shard !== undefined) return { kind: 'shard', shard, jobs: jobs ?? 1 };
  return jobs === undefined ? { kind: 'whole' } : { kind: 'jobs', jobs };
}

/**
 * How a worker process is started: this very command with its flags.
 * @param out - where the units go
 */
export function workerCommand(command: Command, out: string, { threads }: UnitFlags): WorkerCommand {
  const main = fileURLToPath(new URL(`../main${extname(fileURLToPath(import.meta.url))}`, import.meta.url));
  // What comes first is overruled by what a person has said, and cannot be taken for a value of another flag.
  const usual = ['--out', out, ...(threads === undefined ? ['--threads', '1'] : [])];
  return { program: main, args: [command.name(), ...usual, ...givenArguments(command)] };
}

/** What a person has written behind the command's name. */
function givenArguments(command: Command): string[] {
  const { parent } = command;
  const raw = ((parent ?? command) as unknown as { rawArgs: string[] }).rawArgs;
  return parent === null ? raw : raw.slice(raw.indexOf(command.name(), 2) + 1);
}

/**
 * @throws Error where a flag was given that concerns the whole run, of which this is a part
 */
export function refuseWholeFlags(command: Command, names: readonly string[]): void {
  const given = names.find((name) => command.getOptionValueSource(name) === 'cli');
  if (given === undefined) return;
  throw new Error(`Expected --${given} with mle-sam merge but received it with a shard. Leave it out here.`);
}

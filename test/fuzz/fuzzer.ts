import { Random } from '../../src/random/random.js';
import { mutate } from './mutate.js';
import { ContractError, type FuzzTarget, requireDocumented } from './target.js';

/** Processor time of one case, all threads together: a hundred times what the slowest needs. */
const MOST_CPU_MS = 5000;
/** By how much one case may raise the most memory the process ever had. */
const MOST_MEMORY_BYTES = 400e6;
/** One case in so many is run twice: the same input must give the same. */
const REPEATED = 8;

export interface Failure {
  target: string;
  /** Undefined for an input from a file. */
  index: number | undefined;
  reason: string;
  input: Uint8Array;
}

/** A target with its seeds made. */
export interface PreparedTarget {
  target: FuzzTarget;
  seeds: readonly Uint8Array[];
}

export async function prepare(targets: readonly FuzzTarget[]): Promise<PreparedTarget[]> {
  const prepared: PreparedTarget[] = [];
  for (const target of targets) prepared.push({ target, seeds: await target.seeds() });
  return prepared;
}

/** The input of one case: a function of target, seed and index alone. */
export async function inputOf({ target, seeds }: PreparedTarget, seed: number, index: number): Promise<Uint8Array> {
  const random = new Random(seed, target.name, index);
  if (target.generate !== undefined && random.chance(0.5)) {
    const made = await target.generate(random);
    return random.chance(0.8) ? made : mutate(seeds, target.form, random, made);
  }
  return mutate(seeds, target.form, random);
}

/** Why an input fails, or undefined for one that is taken or refused as it should be. */
export async function judge(target: FuzzTarget, input: Uint8Array, runs: 1 | 2 = 1): Promise<string | undefined> {
  try {
    const cpu = process.cpuUsage();
    const memory = process.resourceUsage().maxRSS;
    const first = await outcomeOf(target, input);
    const { user, system } = process.cpuUsage(cpu);
    const cpuMs = (user + system) / 1000;
    const grown = (process.resourceUsage().maxRSS - memory) * 1024;
    if (cpuMs > MOST_CPU_MS) return `took ${cpuMs.toFixed(0)} ms of processor time for ${input.length} bytes`;
    if (grown > MOST_MEMORY_BYTES) return `took ${(grown / 1e6).toFixed(0)} MB for ${input.length} bytes`;
    if (runs === 1) return undefined;
    const second = await outcomeOf(target, input);
    return first === second ? undefined : `gave '${first.slice(0, 200)}', and then '${second.slice(0, 200)}'`;
  } catch (error) {
    if (error instanceof ContractError) return error.message;
    throw error;
  }
}

async function outcomeOf(target: FuzzTarget, input: Uint8Array): Promise<string> {
  try {
    return await target.run(input.slice());
  } catch (error) {
    requireDocumented(error);
    return `refused: ${(error as Error).message}`;
  }
}

export interface FuzzOptions {
  cases: number;
  seed: number;
  /** Ends early once so many cases have failed. */
  mostFailures: number;
  onCase?: (done: number) => void;
}

export interface FuzzReport {
  /** Cases run by target. */
  cases: ReadonlyMap<string, number>;
  /** Those of them whose input was refused by an exception. */
  failures: readonly Failure[];
}

/** Runs cases over all targets, by their weights. */
export async function fuzz(targets: readonly PreparedTarget[], options: FuzzOptions): Promise<FuzzReport> {
  const { cases, seed, mostFailures, onCase } = options;
  const weights = targets.reduce((sum, { target }) => sum + target.weight, 0);
  const counts = new Map<string, number>();
  const failures: Failure[] = [];
  let done = 0;
  for (const prepared of targets) {
    const { target } = prepared;
    const share = Math.max(1, Math.round((cases * target.weight) / weights));
    for (let index = 0; index < share && failures.length < mostFailures; index++) {
      const input = await inputOf(prepared, seed, index);
      const reason = await judge(target, input, index % REPEATED === 0 ? 2 : 1);
      if (reason !== undefined) failures.push({ target: target.name, index, reason, input });
      counts.set(target.name, index + 1);
      onCase?.(++done);
    }
  }
  return { cases: counts, failures };
}

/** Pieces of the input are left out, halves first, as long as it still fails for the same reason. */
export async function minimise(target: FuzzTarget, input: Uint8Array, reason: string): Promise<Uint8Array> {
  const kind = kindOf(reason);
  let smallest = input;
  let tries = 0;
  for (let size = input.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at + size <= smallest.length && tries < 2000; ) {
      const shorter = new Uint8Array(Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)]));
      const outcome = await judge(target, shorter, /and then/.test(reason) ? 2 : 1);
      tries++;
      if (outcome !== undefined && kindOf(outcome) === kind) smallest = shorter;
      else at += size;
    }
  }
  return smallest;
}

/** The reason without what differs from case to case. */
function kindOf(reason: string): string {
  return reason
    .split('\n')[0]!
    .replace(/\d+/g, 'N')
    .replace(/'[^']*'/g, "''")
    .slice(0, 80);
}

/** A part of a run: the `index`-th of `count`, counted from 1. */
export interface Shard {
  index: number;
  count: number;
  /** Where it was taken from, for people. */
  from: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The part of a run that this process is to do: what `--shard` says, or else what the array job of Slurm or the indexed
 * job of Kubernetes says that it runs in.
 * @param flag - `2/4`, or `none` for all of it wherever it runs
 * @returns undefined for all of it
 * @throws Error in one sentence where the part is out of range, or the environment says only half of it
 */
export function findShard(flag: string | undefined, environment: Environment): Shard | undefined {
  if (flag === 'none') return undefined;
  if (flag !== undefined) return parseShard(flag);
  return slurmShard(environment) ?? kubernetesShard(environment);
}

/** The units of a shard, neighbours together: from the first up to, not including, the last. */
export function unitsOfShard({ index, count }: Pick<Shard, 'index' | 'count'>, units: number) {
  return { from: Math.floor(((index - 1) * units) / count), to: Math.floor((index * units) / count) };
}

function parseShard(text: string): Shard {
  const match = /^(\d{1,6})\/(\d{1,6})$/.exec(text.trim());
  const [index, count] = [Number(match?.[1]), Number(match?.[2])];
  if (index >= 1 && index <= count) return { index, count, from: '--shard' };
  throw new Error(`Expected 1/N to N/N, or none, for --shard but received '${text}'. The first of four is 1/4.`);
}

/** An array may count from anywhere and in steps: `--array=10-40:10` has four tasks. */
function slurmShard(environment: Environment): Shard | undefined {
  const id = whole(environment, 'SLURM_ARRAY_TASK_ID');
  if (id === undefined) return undefined;
  const count = whole(environment, 'SLURM_ARRAY_TASK_COUNT') ?? lacks('SLURM_ARRAY_TASK_COUNT', 'SLURM_ARRAY_TASK_ID');
  const first = whole(environment, 'SLURM_ARRAY_TASK_MIN') ?? 0;
  const step = Math.max(1, whole(environment, 'SLURM_ARRAY_TASK_STEP') ?? 1);
  const index = 1 + (id - first) / step;
  if (Number.isInteger(index) && index >= 1 && index <= count) return { index, count, from: 'SLURM_ARRAY_TASK_ID' };
  throw new Error(
    `Expected a job array without gaps, such as --array=0-${count - 1}, but received task ${id} of ${count} tasks from ` +
      `${first} on. Submit such an array, or say the part with --shard.`,
  );
}

/** Kubernetes tells a pod its index but not of how many. */
function kubernetesShard(environment: Environment): Shard | undefined {
  const index = whole(environment, 'JOB_COMPLETION_INDEX');
  if (index === undefined) return undefined;
  const count = whole(environment, 'JOB_COMPLETIONS') ?? lacks('JOB_COMPLETIONS', 'JOB_COMPLETION_INDEX');
  if (index < count) return { index: index + 1, count, from: 'JOB_COMPLETION_INDEX' };
  throw new Error(
    `Expected a JOB_COMPLETION_INDEX below ${count} but received ${index}. Set JOB_COMPLETIONS to the job's completions.`,
  );
}

function whole(environment: Environment, name: string): number | undefined {
  const text = environment[name];
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Error(`Expected a whole number for ${name} but received '${text}'. Say the part with --shard.`);
}

function lacks(name: string, other: string): never {
  throw new Error(`Expected ${name} beside ${other} but it is not set. Set it, or say the part with --shard.`);
}

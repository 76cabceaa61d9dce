import type { Command } from 'commander';
import { runUnits, runUnitsOfParent, type UnitStore, type UnitWork, unitsOfShard } from '../../units/index.js';
import { complain } from '../output.js';
import { type UnitFlags, type UnitPlan, workerCommand } from './unit_options.js';

/** What the units of a command need besides what they do. */
export interface UnitSurroundings {
  command: Command;
  /** Folder of the run's results. */
  out: string;
  flags: UnitFlags;
  write: (text: string) => void;
  signal: AbortSignal;
}

/**
 * Does the units of a plan, and says of a shard what came of it.
 * @throws whatever ended it early; units that were done stay
 */
export async function doUnits(
  store: UnitStore,
  work: UnitWork,
  plan: Exclude<UnitPlan, { kind: 'whole' }>,
  { command, out, flags, write, signal }: UnitSurroundings,
): Promise<void> {
  if (plan.kind === 'worker') return runUnitsOfParent(store, work, signal);
  const total = store.names.length;
  const { from, to } = plan.kind === 'shard' ? unitsOfShard(plan.shard, total) : { from: 0, to: total };
  const { jobs } = plan;
  const count = await runUnits(store, work, {
    from,
    to,
    signal,
    ...(jobs > 1 && { apart: { jobs, command: workerCommand(command, out, flags) } }),
    onDone: (done, due) => {
      if (process.stderr.isTTY) complain(`\runit ${done} of ${due}${done === due ? '\n' : ''}`);
    },
  });
  if (plan.kind !== 'shard') return;
  const { shard } = plan;
  const kept = count.kept > 0 ? `, ${count.kept} were there already` : '';
  write(
    `shard ${shard.index} of ${shard.count} (${shard.from}): ${count.done} of ${to - from} units done${kept}; the run ` +
      `has ${total}. When all shards are through: mle-sam merge ${out}\n`,
  );
}

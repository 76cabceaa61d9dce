import { Command } from 'commander';
import { OutputFolder } from '../outputs/index.js';
import { RUNS_FILE, RUNS_PAGE } from '../report/index.js';
import { collectUnits } from '../units/index.js';
import { finishDropouts } from './dropout_many.js';
import { joinEvaluation } from './evaluate/dataset_units.js';
import { claimEvaluation, finishEvaluation } from './evaluate/evaluation_output.js';
import { evaluationFigureNames } from './evaluate/figures.js';
import { interruptible } from './interrupts.js';
import { print } from './output.js';
import { listReplays } from './replay_many.js';
import { claimJunit, type Requirement, requireKnown, requirement } from './requirements.js';
import { finishRunList } from './run_list.js';

interface MergeFlags {
  out?: string;
  json?: true;
  require?: readonly Requirement[];
  junit?: string;
  force?: true;
}

/**
 * `mle-sam merge DIR`: the units of all shards as the one run they are parts of.
 * @param write - where the result goes; standard output by default
 */
export function mergeCommand(write: (text: string) => void = print): Command {
  return new Command('merge')
    .description('put the shards of a run together: what one run without shards would have given')
    .argument('<folders...>', 'folder that all shards wrote to with --out, or those that each wrote to')
    .option('-o, --out <folder>', 'where the results go (default: the first folder)')
    .option('--json', 'print JSON instead of tables')
    .option('--require <bound>', "fail unless a figure keeps it, repeatable: 'miou>=50'", requirement)
    .option('--junit <file>', 'write the required bounds as JUnit XML')
    .option('--force', 'replace files that mle-sam did not make')
    .action((folders: string[], flags: MergeFlags) =>
      interruptible(async () => {
        const overwriting = flags.force ? 'any' : 'own';
        await claimJunit(flags.junit, overwriting);
        const collected = await collectUnits(folders);
        const { run, units } = collected;
        const out = flags.out ?? units[0]!.folder;
        switch (run.kind) {
          case 'evaluate': {
            const { scoring, ...evaluation } = joinEvaluation(collected);
            requireKnown(flags.require ?? [], evaluationFigureNames(evaluation.part));
            const folder = await claimEvaluation(out, overwriting);
            return finishEvaluation(evaluation, scoring, folder, flags, write);
          }
          case 'replay': {
            const folder = await OutputFolder.claim(out, [RUNS_FILE, RUNS_PAGE], overwriting);
            return finishRunList(listReplays(collected, out), folder, flags, write);
          }
          case 'dropout':
            return finishDropouts(collected, out, overwriting, flags, write);
        }
      }),
    );
}

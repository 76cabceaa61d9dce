import { Command, Option } from 'commander';
import { requireReplaceable, writeOutput } from '../outputs/index.js';
import { COMPARISON_MARK, renderComparison } from '../report/index.js';
import { jsonText } from '../text/index.js';
import { withBagOptions } from './bag_options.js';
import type { CompareFlags } from './compare/compare_flags.js';
import { compareSides, comparisonFigures } from './compare/comparison.js';
import { describeComparison } from './compare/comparison_text.js';
import { openSides } from './compare/sides.js';
import { CONFIG_HELP } from './configured.js';
import { packagePath } from './default_bundle.js';
import { CONVENTIONS } from './evaluate/conventions.js';
import { withDatasetOptions } from './evaluate/dataset_options.js';
import { interruptible } from './interrupts.js';
import { wholeNumberFrom } from './numbers.js';
import { print } from './output.js';
import { withProviderOptions } from './provider_options.js';
import { checkLines, claimJunit, judge, reportChecks, requireKnown, requirement } from './requirements.js';

/**
 * `mle-sam compare A B`: how the scores of two runs on the same frames differ, and how sure that is.
 * @param write - where the result goes; standard output by default
 */
export function compareCommand(write: (text: string) => void = print): Command {
  return withBagOptions(withDatasetOptions(withProviderOptions(new Command('compare'))))
    .description(
      'compare two runs of evaluate or dropout, or two bundles, on the same frames: differences with 95 % intervals',
    )
    .argument('<a>', 'folder that evaluate --out or dropout wrote, its frames.json, or a bundle')
    .argument('<b>', 'another one; differences are B - A')
    .option('--data <root>', 'data set that bundles are scored on')
    .option('--bag <bag>', 'rosbag that bundles are put through sensor failures on, as by dropout')
    .option('-s, --scenarios <paths...>', 'bag: scenario files, or folders of them', [
      packagePath('config', 'scenarios'),
    ])
    .option('--seconds <count>', 'bag: replay only so much of it', wholeNumberFrom(1))
    .option('-c, --config <file>', `bag: ${CONFIG_HELP}`)
    .option('--every <n>', 'data set: only every n-th frame', wholeNumberFrom(1), 1)
    .addOption(
      new Option(
        '--convention <convention>',
        'classes in neither ground truth nor masks: left-out as by cityscapes, or zero as by cmnext',
      )
        .choices(Object.keys(CONVENTIONS))
        .default('cityscapes'),
    )
    .option('--resamples <count>', 'how often frames are drawn anew', wholeNumberFrom(100), 2000)
    .option('--seed <number>', 'the same seed gives the same intervals and the same faults', wholeNumberFrom(0), 1)
    .option('--json', 'print JSON instead of tables')
    .option('--require <bound>', "fail unless a figure keeps it, repeatable: 'low>=-0.5'", requirement)
    .option('--junit <file>', 'write the required bounds as JUnit XML')
    .option('--page <file>', 'write the comparison as a page for a browser')
    .option('--force', 'replace a file that mle-sam did not make')
    .action((a: string, b: string, flags: CompareFlags, command: Command) =>
      interruptible(async (signal) => {
        const overwriting = flags.force ? 'any' : 'own';
        await claimJunit(flags.junit, overwriting);
        if (flags.page !== undefined) await requireReplaceable(flags.page, COMPARISON_MARK, overwriting);
        const { resamples, seed, require: required = [] } = flags;
        const sides = await openSides([a, b], flags, command, signal);
        const comparison = compareSides(...sides, { convention: CONVENTIONS[flags.convention], resamples, seed });
        const figures = comparisonFigures(comparison);
        requireKnown(required, [...figures.keys()]);
        const checks = judge(required, figures);
        if (flags.page !== undefined) await writeOutput(flags.page, await renderComparison(comparison));
        write(
          flags.json
            ? `${jsonText(comparison)}\n`
            : `${[describeComparison(comparison), ...checkLines(checks)].join('\n')}\n`,
        );
        await reportChecks(checks, { kind: 'compare', name: comparison.dataset.title, junit: flags.junit });
      }),
    );
}

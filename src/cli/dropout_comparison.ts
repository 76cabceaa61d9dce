import { join } from 'node:path';
import Table from 'cli-table3';
import type { Command } from 'commander';
import {
  type ComparedOutcome,
  comparedChecks,
  comparisonReport,
  figureText,
  JUNIT_MARK,
  junitXml,
  renderComparisonPage,
  runDropout,
} from '../dropout/index.js';
import { loadScenarios, type Scenario } from '../faults/index.js';
import { loadManifest } from '../model/index.js';
import { OutputFolder, requireReplaceable, writeOutput, writeWhole } from '../outputs/index.js';
import { withEachModel } from '../replay/index.js';
import { jsonText } from '../text/index.js';
import { bagOptions } from './bag_options.js';
import { configuredSegmenter, readConfigured } from './configured.js';
import { type DropoutFlags, JSON_FILE, outFolder, PAGE } from './dropout_flags.js';
import { EXIT } from './exit_codes.js';
import { complain } from './output.js';
import { problemLines } from './problem_lines.js';

/** `mle-sam dropout BAG --model A --model B`: the same faults for each of several models, in one report. */
export async function compareModels(
  bag: string,
  flags: DropoutFlags & { others: readonly string[] },
  command: Command,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  if (flags.fallback !== undefined) {
    throw new Error('Expected one --model with --fallback but received several. Compare them without fallbacks.');
  }
  if (flags.markdown) throw new Error('Expected one --model with --markdown but received several. Use --json.');
  const scenarios = await loadScenarios(flags.scenarios);
  const configured = await readConfigured(command, flags);
  const { model, config } = configured;
  const { others, seed, seconds } = flags;
  const out = outFolder(bag, flags);
  const overwriting = flags.force ? 'any' : 'own';
  if (flags.junit !== undefined) await requireReplaceable(flags.junit, JUNIT_MARK, overwriting);
  await requireKnownSensors(scenarios, [model, ...others]);
  const folder = await OutputFolder.claim(out, [JSON_FILE, PAGE], overwriting);
  const outcomes = await withEachModel(
    [model, ...others],
    { bag, config, ...bagOptions(flags), ...configuredSegmenter(command, flags, configured) },
    async ({ source, label, unlabeled }): Promise<ComparedOutcome> => ({
      label,
      unlabeled,
      ...(await runDropout(source, {
        signal,
        scenarios,
        seed,
        strangers: 'left-out',
        ...(seconds !== undefined && { seconds }),
        onRun: (name, done, total) => {
          if (process.stderr.isTTY) complain(`${label}: run ${done + 1} of ${total}: ${name}\n`);
        },
      })),
    }),
  );
  const json = `${jsonText(comparisonReport(outcomes))}\n`;
  await writeWhole(join(out, JSON_FILE), json);
  await writeWhole(join(out, PAGE), await renderComparisonPage(outcomes));
  await folder.finish();
  const [first] = outcomes;
  if (flags.junit !== undefined) {
    const judgement = { title: `mle-sam dropout ${first!.report.bag.name}`, scenarios: comparedChecks(outcomes) };
    const partialBecause = outcomes.find(({ report }) => report.partial)?.report.partialBecause;
    await writeOutput(flags.junit, junitXml({ ...judgement, ...(partialBecause !== undefined && { partialBecause }) }));
    const failed = outcomes.some(({ report }) => report.scenarios.some(({ verdict }) => verdict === 'failed'));
    if (failed) process.exitCode = EXIT.checkFailed;
  }
  if (outcomes.every(({ report }) => report.cleanMasks === 0)) process.exitCode = EXIT.nothingMade;
  write(flags.json ? json : `${describe(outcomes)}\nreport  ${join(out, PAGE)}  (open it in a browser)\n`);
  const failure = outcomes.find((outcome) => outcome.failure !== undefined)?.failure;
  if (failure !== undefined) throw failure.error;
}

/** @throws Error where a scenario names a sensor that none of the models takes */
async function requireKnownSensors(scenarios: readonly Scenario[], models: readonly string[]): Promise<void> {
  const manifests = await Promise.all(models.map((folder) => loadManifest(folder)));
  const known = new Set(['all', ...manifests.flatMap(({ modalities }) => modalities.map(({ name }) => name))]);
  for (const { name, faults } of scenarios) {
    const stranger = faults.flatMap(({ modality }) => modality).find((modality) => !known.has(modality));
    if (stranger === undefined) continue;
    throw new Error(
      `Expected one of ${[...known].join(', ')} for the modality of scenario ${name} but received '${stranger}', ` +
        'which none of the models takes.',
    );
  }
}

function describe(outcomes: readonly ComparedOutcome[]): string {
  const columns = ['masks', 'mIoU', 'clean', 'recovered', 'checks'];
  const names = [...new Set(outcomes.flatMap(({ report }) => report.scenarios.map(({ name }) => name)))];
  const table = new Table({
    head: ['scenario', ...outcomes.flatMap(({ label }) => columns.map((column) => `${label}\n${column}`))],
    style: { head: [], border: [] },
  });
  for (const name of names) {
    const cells = outcomes.flatMap(({ report }) => {
      const found = report.scenarios.find((scenario) => scenario.name === name);
      if (found === undefined) return columns.map(() => '-');
      const { continuityPercent, score, recoverMs, verdict } = found;
      const miou = (value: number | null) => figureText(value, '', 1);
      return [
        figureText(continuityPercent, '%'),
        miou(score.miou.faulty),
        miou(score.miou.clean),
        figureText(recoverMs, ' ms'),
        verdict,
      ];
    });
    table.push([name, ...cells]);
  }
  const lines = [table.toString()];
  for (const { label, report, unlabeled } of outcomes) {
    const failed = report.scenarios.filter(({ verdict }) => verdict === 'failed').map(({ name }) => name);
    lines.push(`${label}: checks failed in ${failed.length} of ${report.scenarios.length} scenarios`);
    if (failed.length > 0) lines.push(`! ${label}: ${failed.join(', ')}`);
    if (report.leftOut) lines.push(`i ${label} does not take the sensors of ${report.leftOut.join(', ')}.`);
    if (unlabeled.length > 0) {
      lines.push(
        `i ${label} has classes that ${outcomes[0]!.label} lacks, which count as unlabeled: ${unlabeled.join(', ')}.`,
      );
    }
    if (report.partialBecause !== undefined)
      lines.push(`! ${label}: the results are partial: ${report.partialBecause}.`);
    lines.push(...problemLines(report.problems));
  }
  const { bag } = outcomes[0]!.report;
  if (bag.source === 'simulation') lines.push('Simulated data: scores are no claim about the real world.');
  return lines.join('\n');
}

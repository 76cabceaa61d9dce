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
} from '../dropout/index.js';
import { loadScenarios } from '../faults/index.js';
import { OutputFolder, requireReplaceable, writeOutput, writeWhole } from '../outputs/index.js';
import { jsonText } from '../text/index.js';
import { bagOptions } from './bag_options.js';
import { configuredSegmenter, readConfigured } from './configured.js';
import { type DropoutFlags, JSON_FILE, outFolder, PAGE } from './dropout_flags.js';
import { dropoutOfEach, modelNotes, requireKnownSensors } from './dropout_of_each.js';
import { EXIT } from './exit_codes.js';
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
  const outcomes = await dropoutOfEach(
    [model, ...others],
    { bag, config, ...bagOptions(flags), ...configuredSegmenter(command, flags, configured) },
    { signal, scenarios, seed, ...(seconds !== undefined && { seconds }) },
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
  const notes = modelNotes(outcomes);
  for (const [index, { label, report }] of outcomes.entries()) {
    const failed = report.scenarios.filter(({ verdict }) => verdict === 'failed').map(({ name }) => name);
    lines.push(`${label}: checks failed in ${failed.length} of ${report.scenarios.length} scenarios`);
    if (failed.length > 0) lines.push(`! ${label}: ${failed.join(', ')}`);
    lines.push(...notes[index]!.map((note) => `i ${note}`));
    if (report.partialBecause !== undefined)
      lines.push(`! ${label}: the results are partial: ${report.partialBecause}.`);
    lines.push(...problemLines(report.problems));
  }
  const { bag } = outcomes[0]!.report;
  if (bag.source === 'simulation') lines.push('Simulated data: scores are no claim about the real world.');
  return lines.join('\n');
}

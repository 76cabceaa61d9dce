import { type OutputFolder, writeWhole } from '../outputs/index.js';
import { RUNS_FILE, RUNS_PAGE, type RunList, writeRunsPage } from '../report/index.js';
import { jsonText, printable } from '../text/index.js';
import { figure, grid } from './evaluate/grid.js';
import { EXIT } from './exit_codes.js';
import { checkLines, type Figures, judge, type Requirement, reportChecks, requireKnown } from './requirements.js';

/** What is done with what came of many runs. */
export interface ListWishes {
  require?: readonly Requirement[] | undefined;
  junit?: string | undefined;
  json?: true | undefined;
}

/**
 * Writes the list of runs and its page, prints it and holds it to what is required.
 * @param figures - what may be required besides the figures over all runs
 */
export async function finishRunList(
  list: RunList,
  folder: OutputFolder,
  wishes: ListWishes,
  write: (text: string) => void,
  figures: Figures = new Map(),
): Promise<void> {
  const known = new Map([...runListFigures(list), ...figures]);
  requireKnown(wishes.require ?? [], [...known.keys()]);
  const json = `${jsonText(list)}\n`;
  await writeWhole(folder.file(RUNS_FILE), json);
  await writeRunsPage(folder.path, list);
  await folder.finish();
  const checks = judge(wishes.require ?? [], known);
  const lines = [
    ...runLines(list),
    ...checkLines(checks),
    `list    ${folder.file(RUNS_FILE)}`,
    `page    ${folder.file(RUNS_PAGE)}  (open it in a browser)`,
  ];
  write(wishes.json ? json : `${lines.join('\n')}\n`);
  if (list.runs.some(({ state }) => state === 'failed')) process.exitCode = EXIT.failed;
  else if (list.runs.every(({ state }) => state === 'nothing-made')) process.exitCode = EXIT.nothingMade;
  await reportChecks(checks, { kind: list.kind, name: `${list.runs.length} runs`, junit: wishes.junit });
}

/** The list of runs as a table, what went wrong below it. */
function runLines({ runs, total, kind, model }: RunList): string[] {
  const scores = [...new Set(runs.flatMap((run) => Object.keys(run.scores)))];
  const counts = [...new Set(runs.flatMap((run) => Object.keys(run.counts)))];
  const cells = (run: Pick<RunList['total'], 'scores' | 'counts'>) => [
    ...scores.map((name) => figure(run.scores[name])),
    ...counts.map((name) => String(run.counts[name] ?? '-')),
  ];
  const rows = runs.map((run) => [printable(run.name), run.state, ...cells(run)]);
  rows.push(['all', '', ...cells(total)]);
  const lines = [`${kind} with ${model.name}`, grid(['run', 'state', ...scores, ...counts], rows)];
  for (const { name, because } of runs) {
    if (because !== undefined) lines.push(`! ${printable(name)}: ${printable(because)}`);
  }
  return lines;
}

/** What `--require` may name of a list: the figures over all runs. */
function runListFigures({ total }: RunList): Figures {
  return new Map<string, number | null>([...Object.entries(total.scores), ...Object.entries(total.counts)]);
}

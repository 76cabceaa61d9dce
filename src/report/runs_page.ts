import { join } from 'node:path';
import { writeWhole } from '../outputs/index.js';
import { jsonText } from '../text/index.js';
import { renderPage } from './page_assets.js';
import { type RunPreview, readPreview } from './preview.js';
import { RUN_STATES, type RunList } from './runs.js';

/** Name of the page over many runs, beside their list. */
export const RUNS_PAGE = 'runs.html';

/** Some kilobytes each: a list of more runs shows no pictures of those behind. */
const MOST_PREVIEWS = 1000;

/** Writes the page over many runs into the folder of their list. */
export async function writeRunsPage(folder: string, list: RunList): Promise<void> {
  const previews = new Map<string, RunPreview>();
  for (const { name, page } of list.runs.slice(0, MOST_PREVIEWS)) {
    const preview = page === undefined ? undefined : await readPreview(join(folder, page));
    if (preview !== undefined) previews.set(name, preview);
  }
  await writeWhole(join(folder, RUNS_PAGE), await renderRunsPage(list, previews));
}

/** One page over many runs: trend, table with filters, and a small picture of each where its report has one. */
export function renderRunsPage(list: RunList, previews: ReadonlyMap<string, RunPreview>): Promise<string> {
  const scoreNames = namesIn(list, 'scores').filter((name) => list.runs.some(({ scores }) => scores[name] != null));
  const trends = Object.fromEntries(
    scoreNames.map((name) => [name, list.runs.map(({ scores }) => scores[name] ?? null)]),
  );
  const data = {
    list,
    previews,
    scoreNames,
    countNames: namesIn(list, 'counts'),
    states: RUN_STATES.filter((state) => list.runs.some((run) => run.state === state)),
    href: (path: string) => path.split(/[\\/]/).map(encodeURIComponent).join('/'),
    embedded: jsonText({ names: list.runs.map(({ name }) => name), trends }, 'dense').replaceAll('<', '\\u003c'),
  };
  return renderPage('runs', data, { libraries: ['uplot'], scripts: ['runs.js'], styles: ['figures.css', 'runs.css'] });
}

function namesIn({ runs }: RunList, kind: 'scores' | 'counts'): string[] {
  return [...new Set(runs.flatMap((run) => Object.keys(run[kind])))];
}

import { figureText } from './figure_text.js';
import type { DropoutReport } from './run_dropout.js';

type Scenario = DropoutReport['scenarios'][number];

/** Columns by their heads; figures stand at the right. */
const COLUMNS: readonly (readonly [head: string, align: 'text' | 'figure', cell: (scenario: Scenario) => string])[] = [
  ['scenario', 'text', ({ name }) => `\`${name}\``],
  ['masks', 'figure', ({ continuityPercent }) => figureText(continuityPercent, ' %')],
  ['mIoU', 'figure', ({ score }) => figureText(score.miou.faulty, '', 1)],
  ['clean', 'figure', ({ score }) => figureText(score.miou.clean, '', 1)],
  ['without', 'figure', ({ score }) => figureText(score.miou.absent, '', 1)],
  ['told', 'text', ({ health }) => health.said.join(', ') || 'nothing'],
  ['after', 'figure', ({ health }) => figureText(health.toldMs, ' ms')],
  ['level', 'text', ({ health }) => health.sensorLevel ?? '-'],
  ['degraded', 'figure', ({ degradeMs }) => figureText(degradeMs, ' ms')],
  ['recovered', 'figure', ({ recoverMs }) => figureText(recoverMs, ' ms')],
  ['identical', 'figure', ({ identicalAfterMs }) => figureText(identicalAfterMs, ' ms')],
  ['checks', 'text', ({ verdict }) => verdict],
];

/** A Markdown table of what each scenario costs, whether and how it is told, and how fast it is over. */
export function renderCostTable({ scenarios }: Pick<DropoutReport, 'scenarios'>): string {
  const heads = COLUMNS.map(([head]) => head);
  const alignment = COLUMNS.map(([, align]) => (align === 'text' ? '---' : '--:'));
  const rows = scenarios.map((scenario) => COLUMNS.map(([, , cell]) => cell(scenario)));
  return [heads, alignment, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

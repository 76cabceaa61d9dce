import { figureText } from './figure_text.js';
import type { DropoutReport } from './run_dropout.js';

/** A Markdown table of what each scenario costs, and whether and how it is told. */
export function renderCostTable({ scenarios }: Pick<DropoutReport, 'scenarios'>): string {
  const rows = scenarios.map(({ name, score: { miou }, continuityPercent, health, verdict }) => [
    `\`${name}\``,
    figureText(continuityPercent, ' %'),
    figureText(miou.faulty, '', 1),
    figureText(miou.clean, '', 1),
    figureText(miou.absent, '', 1),
    health.said.join(', ') || 'nothing',
    figureText(health.toldMs, ' ms'),
    health.sensorLevel ?? '-',
    verdict,
  ]);
  const head = ['scenario', 'masks', 'mIoU', 'clean', 'without', 'told', 'after', 'level', 'checks'];
  const alignment = ['---', '--:', '--:', '--:', '--:', '---', '--:', '---', '---'];
  return [head, alignment, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

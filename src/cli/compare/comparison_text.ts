import type { Difference } from '../../evaluation/index.js';
import { figure, grid } from '../evaluate/grid.js';
import type { Comparison } from './comparison.js';
import { scenarioTable } from './scenarios.js';

/** A comparison for a terminal. */
export function describeComparison(comparison: Comparison): string {
  const {
    dataset,
    models,
    convention,
    onlyInA,
    onlyInB,
    leftOut,
    notes,
    resamples,
    frames,
    miou,
    classes,
    conditions,
    cases,
    scenarios,
  } = comparison;
  const cells = ({ a, b, difference, low, high }: Difference): string[] => [
    figure(a),
    figure(b),
    signed(difference),
    low === null ? '-' : `${signed(low)} .. ${signed(high)}`,
  ];
  const head = (what: string) => [what, 'A', 'B', 'B - A', '95 % interval'];
  const lines = [
    `A ${models.a.name}, B ${models.b.name}, on ${frames} frames of ${dataset.title} ${dataset.split}`,
    `Percent by ${convention}; intervals by a paired bootstrap over frames, ${resamples} resamples`,
  ];
  if (onlyInA + onlyInB > 0) lines.push(`! Frames of one run only are left out: ${onlyInA} of A, ${onlyInB} of B`);
  if (leftOut.a + leftOut.b > 0) {
    lines.push(`! Frames whose files cannot be read are left out: ${leftOut.a} of A, ${leftOut.b} of B`);
  }
  lines.push(...notes.map((note) => `! ${note}`));
  lines.push(grid(head(''), [['mIoU', ...cells(miou)]]));
  lines.push(
    '',
    grid(
      head('class'),
      classes.map((row) => [row.name, ...cells(row)]),
    ),
  );
  const isDropout = scenarios !== undefined;
  for (const [what, groups] of [
    [isDropout ? 'scenario' : 'condition', conditions],
    [isDropout ? 'condition of the drive' : 'case', cases],
  ] as const) {
    if (groups.length > 1)
      lines.push(
        '',
        grid(
          head(what),
          groups.map((row) => [`${row.name} (${row.frames})`, ...cells(row)]),
        ),
      );
  }
  if (isDropout) lines.push('', scenarioTable(scenarios));
  return lines.join('\n');
}

function signed(value: number | null): string {
  return value === null ? '-' : `${value >= 0 ? '+' : ''}${value.toFixed(2)}`;
}

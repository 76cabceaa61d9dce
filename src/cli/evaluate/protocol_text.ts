import { MISSING_CHANCES, type ProtocolReport, type SubsetTable } from '../../robustness/index.js';
import { figure, grid } from './grid.js';

/** Said below every result on simulated frames. */
export const SIMULATED = 'WARNING: these frames are simulated. Their scores compare with nothing published.';

const TITLES: Readonly<Record<SubsetTable['protocol'], string>> = {
  absent: 'absent: missing modalities do not run, as in the node',
  emm: 'EMM: missing modalities are zero-filled',
  rmm: 'RMM: elements of missing modalities are zeroed at random',
};

/** The tables of the protocols that were run, each with a blank line above. */
export function protocolLines({ tables, noise }: Pick<ProtocolReport, 'tables' | 'noise'>): string[] {
  const lines = tables.flatMap((table) => ['', ...describeSubsets(table)]);
  if (noise.length > 0) {
    lines.push('', 'NM: salt and pepper, and Gaussian noise, on all modalities');
    const rows = noise.map(({ level, miou, clampedShare }) => [
      level,
      figure(miou),
      `${(100 * clampedShare).toFixed(0)} %`,
    ]);
    lines.push(grid(['noise', 'mIoU', 'elements kept within 0..255'], rows));
  }
  return lines;
}

/** Heading of a table. */
export function protocolTitle({ protocol, rate }: Pick<SubsetTable, 'protocol' | 'rate'>): string {
  return rate === undefined ? TITLES[protocol] : `${TITLES[protocol]}, r = ${rate}`;
}

function describeSubsets(table: SubsetTable): string[] {
  const { subsets, average, expected } = table;
  const rows = subsets.map(({ present, miou }) => [present.join(' + '), figure(miou)]);
  rows.push(['Avg', figure(average)]);
  for (const p of MISSING_CHANCES) rows.push([`E, p = ${p}`, figure(expected[p])]);
  return [protocolTitle(table), grid(['present', 'mIoU'], rows)];
}

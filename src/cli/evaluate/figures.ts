import type { Dataset, DatasetFrame, EvaluationUnit } from '../../datasets/index.js';
import { type AbsentClassConvention, CONVENTION_NAMES } from '../../evaluation/index.js';
import {
  MISSING_CHANCES,
  NOISE_LEVELS,
  type Protocol,
  type ProtocolReport,
  type SubsetTable,
  ZERO_RATES,
} from '../../robustness/index.js';
import type { Figures } from '../requirements.js';
import type { DatasetScores, ScoreRow } from './dataset_report.js';
import type { EvaluationPart } from './evaluation_part.js';

const SCORES = ['miou', 'meanAccuracy', 'meanF1', 'pixelAccuracy'] as const satisfies (keyof ScoreRow)[];

type Protocols = Pick<ProtocolReport, 'tables' | 'noise' | 'frames'>;

/** What `--require` may name of every evaluation, percent. */
export function protocolFigures({ tables, noise, frames }: Protocols): Figures {
  const figures = new Map<string, number | null>([
    ['frames', frames.used],
    ['leftOut', frames.leftOut],
  ]);
  for (const { protocol, rate, subsets, average, expected } of tables) {
    const name = rate === undefined ? protocol : `${protocol}${rate}`;
    // The whole set comes first.
    if (protocol === 'absent') figures.set('miou', subsets[0]?.miou ?? null);
    figures.set(`${name}.average`, average);
    for (const [p, score] of Object.entries(expected)) figures.set(`${name}.expected${p}`, score);
  }
  for (const { level, miou } of noise) figures.set(`nm.${level}`, miou);
  return figures;
}

/** The names of {@link protocolFigures} before there are any. */
export function protocolFigureNames(protocols: readonly Protocol[]): string[] {
  const table = (protocol: SubsetTable['protocol'], rate?: number): SubsetTable => ({
    protocol,
    ...(rate !== undefined && { rate }),
    subsets: [],
    average: null,
    expected: Object.fromEntries(MISSING_CHANCES.map((p) => [p, null])),
  });
  const tables = protocols.flatMap((protocol) =>
    protocol === 'nm' ? [] : protocol === 'rmm' ? ZERO_RATES.map((rate) => table('rmm', rate)) : [table(protocol)],
  );
  const levels = Object.keys(NOISE_LEVELS) as (keyof typeof NOISE_LEVELS)[];
  const noise = protocols.includes('nm') ? levels.map((level) => ({ level, miou: null, clampedShare: 0 })) : [];
  return [...protocolFigures({ tables, noise, frames: { used: 0, leftOut: 0, source: 'recording' } }).keys()];
}

/** The names of {@link datasetFigures} before there are any. */
export function datasetFigureNames({ classes, frames }: Dataset, protocols: readonly Protocol[]): string[] {
  return figureNames(
    classes.map(({ name }) => name),
    frames,
    protocols,
  );
}

/** The same of counts that are there. */
export function evaluationFigureNames({ unit, protocols: { tables, noise } }: EvaluationPart): string[] {
  const protocols: Protocol[] = [
    ...tables.map(({ protocol }) => protocol),
    ...(noise.length > 0 ? ['nm' as const] : []),
  ];
  return figureNames(unit.classes, unit.frames, [...new Set(protocols)]);
}

function figureNames(
  classes: readonly string[],
  frames: readonly Pick<DatasetFrame, 'condition' | 'case'>[],
  protocols: readonly Protocol[],
): string[] {
  const unique = (values: readonly string[]) => [...new Set(values)].sort();
  return [
    ...new Set([
      ...SCORES,
      ...protocolFigureNames(protocols),
      ...Object.values(CONVENTION_NAMES).map((name) => `miou.${name}`),
      ...classes.map((name) => `iou.${name}`),
      ...unique(frames.map(({ condition }) => condition)).map((name) => `miou.condition.${name}`),
      ...unique(frames.map((frame) => frame.case)).map((name) => `miou.case.${name}`),
    ]),
  ];
}

/** What `--require` may name of an evaluation on a data set: `miou` and `iou` are those of the run's convention. */
export function datasetFigures(
  scores: DatasetScores,
  protocols: Protocols,
  { frames, leftOut }: EvaluationUnit,
  convention: AbsentClassConvention,
): Figures {
  const name = CONVENTION_NAMES[convention];
  const figures = new Map(protocolFigures(protocols));
  figures.set('frames', frames.length);
  figures.set('leftOut', leftOut.length);
  for (const figure of SCORES) figures.set(figure, scores.all[name]![figure]);
  for (const each of Object.values(CONVENTION_NAMES)) figures.set(`miou.${each}`, scores.all[each]!.miou);
  for (const row of scores.classes) figures.set(`iou.${row.name}`, row.scores[name]!.iou);
  for (const row of scores.conditions) figures.set(`miou.condition.${row.name}`, row.scores[name]!.miou);
  for (const row of scores.cases) figures.set(`miou.case.${row.name}`, row.scores[name]!.miou);
  return figures;
}

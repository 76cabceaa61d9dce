import type { ReplaySummary } from './summary.js';

/** Scores by row and column, percent; null where there is none. */
export interface HeatTable {
  columns: string[];
  rows: {
    /** The sensors of the row, or what else it stands for. */
    present?: readonly string[];
    label?: string;
    cells: ({ miou: number | null; frames?: number } | null)[];
  }[];
}

/** Scores of a replay by the sensors its masks were made from, most of them first, and by condition. */
export function replayHeat(subsets: NonNullable<ReplaySummary['score']>['subsets']): HeatTable {
  const cells = subsets ?? [];
  const conditions = [...new Set(cells.map(({ condition }) => condition))];
  const sets = [...new Map(cells.map(({ present }) => [present.join(), present])).values()];
  return {
    columns: conditions.map((condition) => condition ?? 'no condition'),
    rows: sets
      .sort((a, b) => b.length - a.length)
      .map((present) => ({
        present,
        cells: conditions.map((condition) => {
          const cell = cells.find((each) => each.condition === condition && each.present.join() === present.join());
          return cell === undefined ? null : { miou: cell.miou, frames: cell.frames };
        }),
      })),
  };
}

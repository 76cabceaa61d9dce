import { type ConditionCounts, CountsByCondition } from './condition_counts.js';
import type { NoiseLevel } from './corruptions.js';
import type { FrameCount } from './evaluation_frame.js';
import type { SubsetTable } from './run_protocol.js';

/** Exact counts of every protocol over some frames: those of two parts add up to those of the whole. */
export interface ProtocolCounts {
  tables: {
    protocol: SubsetTable['protocol'];
    rate?: number;
    /** In the order of `nonEmptySubsets`. */
    subsets: { present: string[]; conditions: ConditionCounts[] }[];
  }[];
  noise: { level: NoiseLevel; conditions: ConditionCounts[]; clamped: number; elements: number }[];
}

/** What is asked of a model to make a report of counts. */
export interface ScoredModel {
  name: string;
  sha256: string;
  classCount: number;
  modalities: string[];
  /** Those without which it makes no mask. */
  required: string[];
}

/** What counts are of, and what else there is to say. */
export interface CountedFrames extends FrameCount {
  protocols: ProtocolCounts;
  /** Why the frames were not counted to their end. */
  endedBy?: unknown;
}

/** The counts of parts as those of the whole. */
export function addProtocolCounts(parts: readonly ProtocolCounts[], classCount: number): ProtocolCounts {
  const [first, ...rest] = parts;
  if (first === undefined) return { tables: [], noise: [] };
  const sum = (groups: readonly (readonly ConditionCounts[])[]): ConditionCounts[] => {
    const total = new CountsByCondition(classCount);
    for (const each of groups.flat()) total.addCounts(each);
    return total.counts();
  };
  const all = [first, ...rest];
  return {
    tables: first.tables.map((table, t) => ({
      ...table,
      subsets: table.subsets.map(({ present }, s) => ({
        present,
        conditions: sum(all.map(({ tables }) => tables[t]!.subsets[s]!.conditions)),
      })),
    })),
    noise: first.noise.map(({ level }, n) => ({
      level,
      conditions: sum(all.map(({ noise }) => noise[n]!.conditions)),
      clamped: all.reduce((total, { noise }) => total + noise[n]!.clamped, 0),
      elements: all.reduce((total, { noise }) => total + noise[n]!.elements, 0),
    })),
  };
}

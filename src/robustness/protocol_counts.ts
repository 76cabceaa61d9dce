import { ConfusionMatrix } from '../evaluation/index.js';
import type { NoiseLevel } from './corruptions.js';
import type { FrameCount } from './evaluation_frame.js';
import type { SubsetTable } from './run_protocol.js';

/** Exact counts of every protocol over some frames: those of two parts add up to those of the whole. */
export interface ProtocolCounts {
  tables: {
    protocol: SubsetTable['protocol'];
    rate?: number;
    /** In the order of `nonEmptySubsets`; as of {@link ConfusionMatrix.toTriplets}. */
    subsets: { present: string[]; counts: number[] }[];
  }[];
  noise: { level: NoiseLevel; counts: number[]; clamped: number; elements: number }[];
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
  const sum = (counts: readonly (readonly number[])[]): number[] => {
    const matrix = new ConfusionMatrix(classCount);
    for (const each of counts) matrix.addTriplets(each);
    return matrix.toTriplets();
  };
  const all = [first, ...rest];
  return {
    tables: first.tables.map((table, t) => ({
      ...table,
      subsets: table.subsets.map(({ present }, s) => ({
        present,
        counts: sum(all.map(({ tables }) => tables[t]!.subsets[s]!.counts)),
      })),
    })),
    noise: first.noise.map(({ level }, n) => ({
      level,
      counts: sum(all.map(({ noise }) => noise[n]!.counts)),
      clamped: all.reduce((total, { noise }) => total + noise[n]!.clamped, 0),
      elements: all.reduce((total, { noise }) => total + noise[n]!.elements, 0),
    })),
  };
}

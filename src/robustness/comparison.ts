import type { ProtocolReport, SubsetTable } from './run_protocol.js';
import { nonEmptySubsets } from './subsets.js';

/** One of several models, scored on the same data. */
export interface ComparedProtocol {
  /** Names it among the others. */
  label: string;
  /** The sensors it takes. */
  modalities: readonly string[];
  /** Classes of its own that the first model lacks: their pixels count as unlabeled. */
  unlabeledClasses: readonly string[];
  report: ProtocolReport;
}

/** Scores under one way of taking modalities away, a column a model; percent. */
export interface ComparedTable {
  protocol: SubsetTable['protocol'];
  rate?: number;
  /** By the sensors that are there, of all models: each makes do with those it takes; null where it makes no mask. */
  subsets: { present: string[]; miou: Record<string, number | null> }[];
  /** Mean over all subsets; without a mask counts 0. */
  average: Record<string, number>;
}

/**
 * Brings the tables of several models side by side. A model that does not take a sensor has the same score with and
 * without it.
 */
export function compareProtocols(models: readonly ComparedProtocol[]): ComparedTable[] {
  const sensors = [...new Set(models.flatMap(({ modalities }) => modalities))];
  const [first] = models;
  return (first?.report.tables ?? []).map(({ protocol, rate }) => {
    const subsets = nonEmptySubsets(sensors).map((present) => ({
      present,
      miou: Object.fromEntries(models.map((model) => [model.label, scoreOf(model, { protocol, rate }, present)])),
    }));
    const average = (label: string) => subsets.reduce((sum, { miou }) => sum + (miou[label] ?? 0), 0) / subsets.length;
    return {
      protocol,
      ...(rate !== undefined && { rate }),
      subsets,
      average: Object.fromEntries(models.map(({ label }) => [label, average(label)])),
    };
  });
}

function scoreOf(
  { modalities, report }: ComparedProtocol,
  { protocol, rate }: { protocol: SubsetTable['protocol']; rate: number | undefined },
  present: readonly string[],
): number | null {
  const own = modalities.filter((name) => present.includes(name)).join();
  const table = report.tables.find((one) => one.protocol === protocol && one.rate === rate);
  return table?.subsets.find((subset) => subset.present.join() === own)?.miou ?? null;
}

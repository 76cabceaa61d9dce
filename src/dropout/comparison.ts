import type { Check } from './judge.js';
import type { DropoutOutcome, DropoutReport } from './run_dropout.js';

/** What came of one of several models. */
export interface ComparedOutcome extends DropoutOutcome {
  /** Names it among the others. */
  label: string;
  /** Classes of its own that the first model lacks. */
  unlabeled: readonly string[];
}

/** `dropout.json` of several models: what there would be of each alone, in their order. */
export interface ComparisonReport {
  formatVersion: 1;
  models: (DropoutReport & { label: string; unlabeledClasses: readonly string[] })[];
}

export function comparisonReport(outcomes: readonly ComparedOutcome[]): ComparisonReport {
  return {
    formatVersion: 1,
    models: outcomes.map(({ label, unlabeled, report }) => ({ ...report, label, unlabeledClasses: unlabeled })),
  };
}

/** The scenarios of all models as one judgement, each under its model's name. */
export function comparedChecks(outcomes: readonly ComparedOutcome[]): { name: string; checks: readonly Check[] }[] {
  return outcomes.flatMap(({ label, report }) =>
    report.scenarios.map(({ name, checks }) => ({ name: `${label}.${name}`, checks })),
  );
}

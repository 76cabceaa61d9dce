import Table from 'cli-table3';
import type { FaultReport } from './fault_report.js';
import { checkText, figureText } from './figure_text.js';
import type { Check } from './judge.js';

/** A column of a table of scenarios in a terminal. */
export interface ScenarioColumn<Scenario> {
  head: string;
  cell: (scenario: Scenario) => string | number;
}

/** When the fault was noticed, and when it was over. */
export const NOTICED_COLUMNS: readonly ScenarioColumn<FaultReport>[] = [
  { head: 'masks', cell: ({ continuityPercent }) => figureText(continuityPercent, '%') },
  { head: 'told', cell: ({ health }) => figureText(health.toldMs, ' ms') },
  { head: 'level', cell: ({ health }) => health.sensorLevel ?? '-' },
  { head: 'degraded', cell: ({ degradeMs }) => figureText(degradeMs, ' ms') },
  { head: 'recovered', cell: ({ recoverMs }) => figureText(recoverMs, ' ms') },
];

/** Masks that are not as they should be. */
export const WRONG_COLUMNS: readonly ScenarioColumn<FaultReport>[] = [
  { head: 'false', cell: ({ falseDegradationPercent }) => figureText(falseDegradationPercent, '%') },
  { head: 'wrong', cell: ({ wrongStamps, staleMasks }) => wrongStamps + staleMasks },
];

/** Scenarios as a table: the name, some columns, and whether the checks passed. */
export function scenarioTable<Scenario extends Pick<FaultReport, 'name' | 'verdict'>>(
  scenarios: readonly Scenario[],
  columns: readonly ScenarioColumn<Scenario>[],
): string {
  const table = new Table({
    head: ['scenario', ...columns.map(({ head }) => head), 'checks'],
    colAligns: ['left', ...columns.map(() => 'right' as const), 'left'],
    style: { head: [], border: [] },
  });
  for (const scenario of scenarios) {
    table.push([scenario.name, ...columns.map(({ cell }) => cell(scenario)), scenario.verdict]);
  }
  return table.toString();
}

/** The checks that failed, a line each. */
export function failedCheckLines(scenarios: readonly { name: string; checks: readonly Check[] }[]): string[] {
  return scenarios.flatMap(({ name: scenario, checks }) =>
    checks
      .filter(({ verdict }) => verdict === 'failed')
      .map(({ name, bound, value }) => `! ${scenario}: expected ${name} ${bound} but measured ${checkText(value)}`),
  );
}

export { type ComparedOutcome, type ComparisonReport, comparedChecks, comparisonReport } from './comparison.js';
export { renderCostTable } from './cost_table.js';
export { type FaultReport, jsonOf } from './fault_report.js';
export { type FaultSpan, type FaultWindow, spanTruth } from './fault_window.js';
export { figureText } from './figure_text.js';
export { renderBoundTable, renderTruthTable, SHOWN_FAULTS } from './gate_tables.js';
export { HealthLog, type LevelName, type Statement, SYNC } from './health_log.js';
export { type HealthMetrics, measureHealth } from './health_metrics.js';
export { levelName } from './health_statements.js';
export { renderComparisonPage, renderDropoutPage } from './html.js';
export { atLeastNumber, atMost, type Check, judge } from './judge.js';
export { JUNIT_MARK, type Judgement, junitXml } from './junit.js';
export { LARGEST_TOLERANCE_NS, RECOVERY_NS } from './limits.js';
export { type DelayedMask, type MaskDelays, measureDelays } from './mask_delay.js';
export { type JudgedMask, type MaskMetrics, type MaskMoment, measureMasks, pairMasks } from './metrics.js';
export {
  type DropoutOptions,
  type DropoutOutcome,
  type DropoutParts,
  type DropoutReport,
  joinDropout,
  runDropout,
} from './run_dropout.js';
export type { ScenarioReport } from './scenario_report.js';
export {
  failedCheckLines,
  NOTICED_COLUMNS,
  type ScenarioColumn,
  scenarioTable,
  WRONG_COLUMNS,
} from './scenario_table.js';
export {
  type DropoutHead,
  DropoutSession,
  type DropoutSource,
  faultBinding,
  type ScenarioOutcome,
  type SessionOptions,
} from './session.js';
export { StampLedger, type StampOrigin } from './stamp_ledger.js';

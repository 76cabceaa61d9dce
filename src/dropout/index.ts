export { type FaultReport, jsonMetrics } from './fault_report.js';
export type { FaultWindow } from './fault_window.js';
export { figureText } from './figure_text.js';
export { renderDropoutPage } from './html.js';
export { type Check, judge } from './judge.js';
export { type Judgement, junitXml } from './junit.js';
export { LARGEST_TOLERANCE_NS, RECOVERY_NS } from './limits.js';
export { type JudgedMask, type MaskMetrics, type MaskMoment, measureMasks, pairMasks } from './metrics.js';
export {
  type DropoutOptions,
  type DropoutOutcome,
  type DropoutReport,
  faultBinding,
  runDropout,
} from './run_dropout.js';
export type { ScenarioReport } from './scenario_report.js';
export { StampLedger, type StampOrigin } from './stamp_ledger.js';

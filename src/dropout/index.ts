export { renderDropoutPage } from './html.js';
export type { Check } from './judge.js';
export { junitXml } from './junit.js';
export {
  type DropoutOptions,
  type DropoutOutcome,
  type DropoutReport,
  faultBinding,
  runDropout,
  type ScenarioReport,
} from './run_dropout.js';

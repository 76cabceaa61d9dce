export { APPLIES_TO } from './create_fault.js';
export { type FaultTarget, type SensorKind, sensorKindSchema } from './fault.js';
export {
  type FaultBinding,
  FaultInjector,
  faultTargets,
  type InjectorOptions,
  injectFaults,
  isInForce,
} from './injector.js';
export {
  type Expectations,
  type FaultKind,
  type FaultSpec,
  faultSchema,
  loadScenarios,
  parseFault,
  parseScenario,
  type Scenario,
  scenarioSchema,
} from './scenario.js';
export { renderExpectationTable, renderFaultKeyTable, renderFaultTable } from './scenario_tables.js';

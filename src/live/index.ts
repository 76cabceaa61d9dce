export { type ControlOutcome, FaultControl } from './fault_control.js';
export { type FaultState, parseFaultState } from './fault_state.js';
export { InjectorNode, type InjectorNodeOptions } from './injector_node.js';
export { describeLive, judgementOf, type LiveReport, type Reporting, reportLive } from './live_report.js';
export type { LiveScenarioReport } from './measure_run.js';
export { MonitorNode, type MonitorNodeOptions } from './monitor_node.js';
export { Observations } from './observations.js';
export { DEFAULT_RELAYED, parseRelayedTopics, type RelayedTopic } from './relayed_topic.js';
export { ScenarioLibrary } from './scenario_library.js';

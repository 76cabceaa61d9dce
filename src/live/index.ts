export { type ControlOutcome, FaultControl } from './fault_control.js';
export { type FaultState, parseFaultState } from './fault_state.js';
export { InjectorNode, type InjectorNodeOptions } from './injector_node.js';
export { DEFAULT_RELAYED, parseRelayedTopics, type RelayedTopic } from './relayed_topic.js';
export { ScenarioLibrary } from './scenario_library.js';

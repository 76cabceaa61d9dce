export { splitRosArguments } from './arguments.js';
export { withoutParameterFiles } from './parameter_files.js';
export { LATCHED, type QosProfile, qosConflicts } from './qos.js';
export type { RclLogger, RclNode, Rclnodejs, RclParameter, RclSetParametersResult } from './rclnodejs.js';
export { loadRclnodejs } from './rclnodejs.js';
export { type GraphPublisher, type GraphTopic, RosNode, type RosPublisher, type RosSubscription } from './ros_node.js';

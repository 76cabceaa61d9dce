export { runNode } from './run_node.js';

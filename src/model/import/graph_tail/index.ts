export { findTail, type ScoreOutput, type Tail } from './find_tail.js';
export { OnnxGraph } from './onnx_graph.js';

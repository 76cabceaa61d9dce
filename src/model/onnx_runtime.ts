/** The way to ONNX Runtime for all that makes sessions: not before its telemetry is switched off. */
import './telemetry.js';

export { env, InferenceSession, Tensor } from 'onnxruntime-node';

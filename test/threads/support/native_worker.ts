import { join } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { nativeCall } from '../../../src/threads/native_call.js';
import { projectRoot } from '../../support/shared_data.js';

/** Opens a graph again and again, each of which takes a while in onnxruntime-node; begins with loading that. */
const port = parentPort!;
port.postMessage('begun');
const { InferenceSession } = await nativeCall(() => import('onnxruntime-node'));
for (;;) {
  const session = await nativeCall(() =>
    InferenceSession.create(join(projectRoot, 'models', 'reference', 'encoder.onnx')),
  );
  await nativeCall(() => session.release());
}

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { InferenceSession, Tensor } from '../../src/model/onnx_runtime.js';
import { tinyBundle } from './support/tiny_bundle.js';

/** What the design rests on and the documentation of onnxruntime-node does not promise. A failure here is news. */
describe('onnxruntime-node', () => {
  const encoder = join(tinyBundle, 'encoder.onnx');

  it('hands session options in `extra` on to ONNX Runtime', async () => {
    const extra = { session: { disable_cpu_ep_fallback: '1' } };
    await assert.rejects(
      InferenceSession.create(encoder, { executionProviders: ['cpu'], logSeverityLevel: 4, extra }),
      /fallback to CPU EP has been explicitly disabled/,
    );
  });

  it('writes no engine for a provider that compiles none, whatever `ep.context_enable` says', async () => {
    const extra = { ep: { context_enable: '1', context_file_path: join(tinyBundle, 'none', 'context.onnx') } };
    const session = await InferenceSession.create(encoder, { executionProviders: ['cpu'], extra });
    await session.release();
  });

  it('writes to an output that was given a place, and returns a copy of it all the same', async () => {
    const session = await InferenceSession.create(encoder, { executionProviders: ['cpu'] });
    const images = new Tensor('uint8', new Uint8Array(32 * 64 * 3).fill(7), [1, 32, 64, 3]);
    const modality = new Tensor('int64', new BigInt64Array(1), [1]);
    const place = new Float32Array(3 * 8 * 16);
    const outputs = await session.run(
      { images, modality },
      { features_0: new Tensor('float32', place, [1, 3, 8, 16]), features_1: null, features_2: null },
    );
    assert.equal(place[0], 7);
    const { data } = outputs.features_0!;
    assert.deepEqual(data, place);
    assert.notEqual((data as Float32Array).buffer, place.buffer);
    await session.release();
  });
});

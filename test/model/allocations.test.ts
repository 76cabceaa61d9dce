import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Tensor } from 'onnxruntime-node';
import { modelFiles } from '../../src/model/bundle.js';
import { createRunner } from '../../src/model/create_runner.js';
import { type Bundle, loadBundle, Segmenter } from '../../src/model/index.js';
import type { ModelRunner } from '../../src/model/model_runner.js';
import { cpu } from '../../src/model/provider_ladder.js';
import type { EncodeMode, ModelSession, SessionOptions } from '../../src/model/providers.js';
import { intercept, splitSessions } from './support/split_sessions.js';
import { frameSetOf, HEIGHT, imageOf, MODALITIES, tinyBundle, WIDTH, withFused } from './support/tiny_bundle.js';

const FRAMES = 20;
const IMAGE_BYTES = WIDTH * HEIGHT * 3;
/** Below are indices and shapes; the smallest image, feature level or mask is larger. */
const LARGE_BYTES = 300;
const OPTIONS: SessionOptions = { threads: 1, deviceId: 0, engineCache: '/none', graphs: 'auto' };

/** Counts array buffers that JavaScript allocates meanwhile, by their size; views of others are none. */
async function largeAllocations(work: () => Promise<void>): Promise<number[]> {
  const sizes: number[] = [];
  const names = ['ArrayBuffer', 'Uint8Array', 'Float32Array', 'BigInt64Array'] as const;
  const real = names.map((name) => globalThis[name]);
  for (const [i, name] of names.entries()) {
    const counting = new Proxy(real[i] as new (...args: unknown[]) => ArrayBuffer, {
      construct(target, args, newTarget) {
        const made = Reflect.construct(target, args, newTarget);
        const isView = args[0] instanceof real[0]!;
        if (!isView && made.byteLength >= LARGE_BYTES) sizes.push(made.byteLength);
        return made;
      },
    });
    Object.assign(globalThis, { [name]: counting });
  }
  try {
    await work();
  } finally {
    for (const [i, name] of names.entries()) Object.assign(globalThis, { [name]: real[i] });
  }
  return sizes;
}

/** Of our own making: what the binding makes natively, a new array for each output, stands in onnxruntime_node.test.ts. */
describe('Memory of a frame', function () {
  this.timeout(120_000);
  let bundle: Bundle;
  before(async () => {
    bundle = await loadBundle(tinyBundle);
  });

  it('is counted by what counts it', async () => {
    const work = async () => {
      const buffer = new ArrayBuffer(1000);
      assert.equal(new Uint8Array(buffer, 0, 600).length, 600);
      assert.equal(new Float32Array(500).length, 500);
      assert.equal(new Uint8Array(20).length, 20);
    };
    assert.deepEqual(await largeAllocations(work), [1000, 2000]);
  });

  for (const encodeMode of ['batched', 'one-by-one'] as const) {
    it(`is one batch for images, for ever, on the main thread (${encodeMode})`, async () => {
      const segmenter = await Segmenter.create(bundle, { provider: 'cpu', threads: 1, encodeMode });
      const frames = Array.from({ length: FRAMES }, (_, n) =>
        frameSetOf(MODALITIES.slice(0, 1 + (n % 4)).map((modality) => imageOf(modality, n))),
      );
      const sizes = await largeAllocations(async () => {
        for (const frame of frames) await segmenter.segment(frame);
      });
      await segmenter.close();
      assert.deepEqual(sizes, [MODALITIES.length * IMAGE_BYTES]);
    });
  }

  /** Runs frames of one to four modalities, all of them new. */
  async function work(runner: ModelRunner): Promise<number[]> {
    const images = new ArrayBuffer(MODALITIES.length * IMAGE_BYTES);
    return largeAllocations(async () => {
      for (let n = 0; n < FRAMES; n++) {
        const modalities = Array.from({ length: 1 + (n % 4) }, (_, i) => i);
        await runner.run({ kind: 'run', modalities, slots: modalities, encode: modalities, images });
      }
    });
  }
  const shape = { width: WIDTH, height: HEIGHT, modalityCount: MODALITIES.length, featureCopies: 1 };

  for (const encodeMode of ['batched', 'one-by-one'] as const satisfies readonly EncodeMode[]) {
    it(`is nothing in the worker, where features stay in one place (${encodeMode})`, async () => {
      const sessions = await splitSessions(modelFiles(bundle), OPTIONS);
      const places = new Set<ArrayBufferLike>();
      const note = (tensors: Readonly<Record<string, Tensor | null>> | undefined) => {
        for (const [name, tensor] of Object.entries(tensors ?? {})) {
          if (name.startsWith('features') && tensor) places.add((tensor.data as Float32Array).buffer);
        }
      };
      const head = intercept(sessions.head, (run, feeds) => {
        note(feeds as Record<string, Tensor>);
        return run();
      });
      const encoder: ModelSession = {
        ...intercept(sessions.encoder, (run) => run()),
        run: (feeds, fetches) => {
          note(fetches as Record<string, Tensor | null> | undefined);
          return sessions.encoder.run(feeds, fetches);
        },
      };
      const runner = await createRunner({ kind: 'split', encoder, head }, shape, encodeMode);
      const sizes = await work(runner);
      await runner.release();
      assert.deepEqual(sizes, []);
      assert.equal(places.size, 3, 'one place a feature level, written by the encoder and read by the head');
    });
  }

  it('is nothing in the worker with one graph', async () => {
    const files = { ...modelFiles(bundle), graphs: withFused(bundle.files, join(tinyBundle, 'fused.onnx')) };
    const sessions = await cpu.createSessions(files, { ...OPTIONS, graphs: 'fused' });
    const runner = await createRunner(sessions, shape, 'batched');
    const sizes = await work(runner);
    await runner.release();
    assert.deepEqual(sizes, []);
  });
});

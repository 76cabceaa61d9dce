import { LEVELS } from '../../src/model/graph_contract.js';
import { Tensor } from '../../src/model/onnx_runtime.js';
import type { EncodeMode, ModelSession, ModelSessions } from '../../src/model/providers.js';

/**
 * The least that can be done with the same sessions, as a measure for what the worker adds: tensors made once, no copy of
 * an image, no other thread, results dropped.
 * @param images - [M,H,W,3] of the first M modalities
 * @returns what runs encoder and head once
 */
export async function rawRun(
  sessions: ModelSessions,
  images: readonly Uint8Array[],
  { width, height }: { width: number; height: number },
  encodeMode: EncodeMode,
): Promise<() => Promise<void>> {
  const count = images.length;
  const batch = new Uint8Array(Buffer.concat(images));
  const index = BigInt64Array.from({ length: count }, (_, i) => BigInt(i));
  const slice = (first: number, many: number) => ({
    images: new Tensor(
      'uint8',
      batch.subarray((first * batch.length) / count, ((first + many) * batch.length) / count),
      [many, height, width, 3],
    ),
    modality: new Tensor('int64', index.subarray(first, first + many), [many]),
  });
  if (sessions.kind === 'fused') {
    const feeds = slice(0, count);
    return async () => {
      await sessions.fused.run(feeds);
    };
  }
  if (sessions.kind === 'whole') throw new Error('Expected encoder and head but received a network of another make');
  const { encoder, head } = sessions;
  const parts = encodeMode === 'batched' ? [[0, count] as const] : images.map((_, i) => [i, 1] as const);
  const places = await featurePlaces(encoder, slice(0, 1), count);
  const runs = parts.map(([first, many]) => ({ feeds: slice(first, many), fetches: places(first, many) }));
  const features = places(0, count);
  return async () => {
    for (const { feeds, fetches } of runs) await encoder.run(feeds, fetches);
    await head.run(features);
  };
}

/** Room for the features of all images; what one run gives tells how much. */
async function featurePlaces(encoder: ModelSession, feeds: Record<string, Tensor>, count: number) {
  const outputs = await encoder.run(feeds);
  const levels = LEVELS.map((name) => {
    const dims = outputs[name]!.dims.slice(1);
    const length = dims.reduce((product, side) => product * side, 1);
    return { name, dims, length, data: new Float32Array(count * length) };
  });
  return (first: number, many: number): Record<string, Tensor> =>
    Object.fromEntries(
      levels.map(({ name, dims, length, data }) => [
        name,
        new Tensor('float32', data.subarray(first * length, (first + many) * length), [many, ...dims]),
      ]),
    );
}

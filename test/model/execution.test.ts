import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BundleError,
  type EncodeMode,
  type GraphLayout,
  loadBundle,
  Segmenter,
  type SegmenterOptions,
} from '../../src/model/index.js';
import { fromCacheOrBundle } from '../../src/model/provider_ladder.js';
import { frameSetOf, imageOf, setInManifest, tinyBundle, withCopy, withFused } from './support/tiny_bundle.js';

const FUSED = join(tinyBundle, 'fused.onnx');

/** A copy whose manifest names the fused graph, and says how it is to be run. */
function withExecution(execution: object, use: (folder: string) => Promise<void>): Promise<void> {
  return withCopy(async (folder) => {
    copyFileSync(FUSED, join(folder, 'fused.onnx'));
    const sha256 = createHash('sha256').update(readFileSync(FUSED)).digest('hex');
    setInManifest(folder, 'files.fused', { path: 'fused.onnx', sha256 });
    setInManifest(folder, 'execution', execution);
    await use(folder);
  });
}

describe("A bundle's switch for graphs and batches", function () {
  this.timeout(120_000);

  const cases: [execution: object, options: SegmenterOptions, graphs: GraphLayout, encodeMode: EncodeMode][] = [
    [{}, {}, 'split', 'one-by-one'],
    [{ cpu: { graphs: 'fused' } }, {}, 'fused', 'batched'],
    [{ cpu: { graphs: 'split', encodeMode: 'batched' } }, {}, 'split', 'batched'],
    [{ cpu: { encodeMode: 'batched' } }, {}, 'split', 'batched'],
    [{ cuda: { graphs: 'fused', encodeMode: 'batched' } }, {}, 'split', 'one-by-one'],
    [{ cpu: { graphs: 'fused' } }, { graphs: 'split' }, 'split', 'one-by-one'],
    [{ cpu: { encodeMode: 'batched' } }, { encodeMode: 'one-by-one' }, 'split', 'one-by-one'],
  ];
  for (const [execution, options, graphs, encodeMode] of cases) {
    it(`runs ${graphs} ${encodeMode} for ${JSON.stringify(execution)} and options ${JSON.stringify(options)}`, () =>
      withExecution(execution, async (folder) => {
        const segmenter = await Segmenter.create(await loadBundle(folder), { provider: 'cpu', threads: 1, ...options });
        assert.deepEqual([segmenter.selection.graphs, segmenter.selection.encodeMode], [graphs, encodeMode]);
        const { labels } = await segmenter.segment(frameSetOf([imageOf('camera', 100), imageOf('depth', 200)]));
        await segmenter.close();
        assert.deepEqual(new Set(labels), new Set([8]));
      }));
  }

  for (const kind of ['split', 'fused'] as const) {
    it(`runs a bundle of format version 2 whose graphs are ${kind}`, () =>
      withCopy(async (folder) => {
        const path = join(folder, 'model.json');
        const { files, ...manifest } = JSON.parse(readFileSync(path, 'utf8'));
        const sha256 = createHash('sha256')
          .update(readFileSync(join(folder, 'fused.onnx')))
          .digest('hex');
        const { encoder, head } = files;
        const graphs = kind === 'split' ? { kind, encoder, head } : { kind, fused: { path: 'fused.onnx', sha256 } };
        writeFileSync(path, JSON.stringify({ ...manifest, formatVersion: 2, graphs }));
        const segmenter = await Segmenter.create(await loadBundle(folder), { provider: 'cpu', threads: 1 });
        const { labels, routing } = await segmenter.segment(
          frameSetOf([imageOf('camera', 100), imageOf('depth', 200)]),
        );
        assert.equal(segmenter.selection.graphs, kind);
        await segmenter.close();
        assert.deepEqual([new Set(labels), [...routing!.keys()]], [new Set([8]), ['camera', 'depth']]);
        const without = kind === 'split' ? 'encoder' : 'fused';
        setInManifest(folder, `graphs.${without}.sha256`, '0'.repeat(64));
        await assert.rejects(loadBundle(folder), new RegExp(`graphs\\.${without}\\.sha256`));
        setInManifest(folder, 'graphs.kind', 'several');
        await assert.rejects(
          loadBundle(folder),
          /Expected "split" or "fused" or "whole" for .*graphs\.kind but received/,
        );
      }));
  }

  it('sends CUDA to two graphs, past one that was built, where that is faster', async () => {
    const bundle = await loadBundle(tinyBundle);
    const { files, name, sha256, precision, execution } = bundle;
    const model = { graphs: withFused(files, FUSED), name, sha256, precision, execution, modalityCount: 4 };
    const options = { threads: 1, deviceId: 0, engineCache: tinyBundle, graphs: 'auto' } as const;
    for (const graphs of ['split', 'fused'] as const) {
      const sessions = await fromCacheOrBundle(model, { ...options, preferredGraphs: graphs }, ['cpu']);
      assert.equal(sessions.kind, graphs);
    }
  });

  const wrong: [execution: unknown, expected: RegExp][] = [
    [{ cpu: { graphs: 'one' } }, /Expected "split" or "fused" for .*execution\.cpu\.graphs but received "one"/],
    [
      { cpu: { encodeMode: 'all' } },
      /Expected "batched" or "one-by-one" for .*execution\.cpu\.encodeMode but received "all"/,
    ],
    [{ cpu: { threads: 3 } }, /Expected only known keys for .*execution\.cpu but received "threads"/],
    [{ npu: {} }, /execution/],
    [
      { cpu: { graphs: 'fused' } },
      /Expected "split" where files has no fused graph for .*execution\.cpu\.graphs but received "fused"/,
    ],
  ];
  for (const [execution, expected] of wrong) {
    it(`refuses ${JSON.stringify(execution)}${JSON.stringify(execution).includes('fused') ? ' without the graph' : ''}`, () =>
      withCopy(async (folder) => {
        setInManifest(folder, 'execution', execution);
        await assert.rejects(loadBundle(folder), (error) => {
          assert.ok(error instanceof BundleError, String(error));
          assert.match(error.message, expected);
          return true;
        });
      }));
  }
});

import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelFiles } from '../../src/model/bundle.js';
import { planBuild } from '../../src/model/engines/build_plan.js';
import { defaultEngineCache, findEngine, listEngines } from '../../src/model/engines/engine_cache.js';
import { type EngineKey, engineId, keyDifferences } from '../../src/model/engines/engine_key.js';
import {
  type BuildRequest,
  buildEngine,
  type EngineBuilder,
  engineKeyFor,
  type Platform,
} from '../../src/model/engines/index.js';
import { type Bundle, loadBundle } from '../../src/model/index.js';
import { fromCacheOrBundle, fromEngine } from '../../src/model/provider_ladder.js';
import type { ModelFiles, SessionOptions } from '../../src/model/providers.js';
import { tinyBundle, withFused } from './support/tiny_bundle.js';

const ORIN: Platform = { gpu: { name: 'Jetson AGX Orin', computeCapability: '8.7' }, tensorrt: '10.3.0' };
const KEY: EngineKey = {
  provider: 'tensorrt',
  bundle: 'a'.repeat(64),
  precision: 'float16',
  onnxruntime: '1.30.0',
  recipe: 1,
  modalities: { min: 1, optimum: 4, max: 4 },
  ...ORIN,
};

/** One change each, and what it is called. */
const CHANGES: [change: Partial<EngineKey>, difference: string][] = [
  [{ provider: 'cuda' }, 'provider tensorrt then, cuda now'],
  [{ bundle: 'b'.repeat(64) }, 'model aaaaaaaaaaaa then, bbbbbbbbbbbb now'],
  [{ precision: 'float32' }, 'precision float16 then, float32 now'],
  [{ onnxruntime: '1.31.0' }, 'ONNX Runtime 1.30.0 then, 1.31.0 now'],
  [{ recipe: 2 }, 'build recipe 1 then, 2 now'],
  [
    { modalities: { min: 1, optimum: 2, max: 4 } },
    'numbers of modalities 1 to 4, tuned for 4 then, 1 to 4, tuned for 2 now',
  ],
  [{ tensorrt: '10.13.3' }, 'TensorRT 10.3.0 then, 10.13.3 now'],
  [
    { gpu: { name: 'Jetson AGX Thor', computeCapability: '11.0' } },
    'GPU Jetson AGX Orin (compute capability 8.7) then, Jetson AGX Thor (compute capability 11.0) now',
  ],
  [
    { gpu: { name: 'Jetson AGX Orin', computeCapability: '8.6' } },
    'GPU Jetson AGX Orin (compute capability 8.7) then, Jetson AGX Orin (compute capability 8.6) now',
  ],
];

describe('The key of an engine', () => {
  for (const [change, difference] of CHANGES) {
    it(`tells apart: ${difference}`, () => {
      const other = { ...KEY, ...change };
      assert.deepEqual(keyDifferences(KEY, other), [difference]);
      assert.notEqual(engineId(KEY), engineId(other));
    });
  }

  it('does not depend on the order of its fields', () => {
    const reversed = Object.fromEntries(Object.entries(KEY).reverse()) as EngineKey;
    assert.deepEqual(keyDifferences(KEY, reversed), []);
    assert.equal(engineId(KEY), engineId(reversed));
    assert.match(engineId(KEY), /^[0-9a-f]{16}$/);
  });
});

describe('The default cache', () => {
  it('is named by the environment, or in the cache of the user', () => {
    assert.equal(defaultEngineCache({ MLE_SAM_ENGINES: '/engines', XDG_CACHE_HOME: '/cache' }), '/engines');
    assert.equal(defaultEngineCache({ XDG_CACHE_HOME: '/cache' }), join('/cache', 'mle-sam', 'engines'));
    assert.match(defaultEngineCache({}), /\.cache.mle-sam.engines$/);
  });
});

describe('The cache of engines', () => {
  let bundle: Bundle;
  let files: ModelFiles;
  let cache: string;
  before(async () => {
    bundle = await loadBundle(tinyBundle);
    files = modelFiles(bundle);
  });
  beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), 'mle-sam-engines-'));
  });
  afterEach(() => rmSync(cache, { recursive: true }));

  let built = 0;
  /** In place of TensorRT's compiler: hands on the graph itself, which the CPU runs as well. */
  const builder: EngineBuilder = async ({ output }, onLine) => {
    built++;
    onLine('compiling');
    copyFileSync(join(tinyBundle, 'fused.onnx'), output);
  };
  const build = (request: BuildRequest, when: 'needed' | 'always' = 'needed', using = builder, of = bundle) =>
    buildEngine(of, request, {
      cache,
      when,
      builder: using,
      onLine: () => undefined,
      now: () => new Date('2026-01-02T03:04:05Z'),
    });
  const request: BuildRequest = { provider: 'tensorrt', precision: 'float16', deviceId: 0, platform: ORIN };

  it('builds what is missing, keeps what fits and builds anew when told to', async () => {
    built = 0;
    const first = await build(request);
    assert.equal(first.kind, 'built');
    assert.ok(first.kind === 'built' && first.before.kind === 'missing', first.kind);
    assert.equal((await build(request)).kind, 'kept');
    assert.equal(built, 1);
    const again = await build(request, 'always');
    assert.ok(again.kind === 'built' && again.before.kind === 'unwanted', again.kind);
    assert.equal(built, 2);
    assert.deepEqual(readdirSync(cache), [engineId(engineKeyFor(bundle, request))]);
  });

  it('writes down what the engine was built from and for', async () => {
    const { engine } = await build(request);
    const manifest = JSON.parse(readFileSync(join(engine.folder, 'engine.json'), 'utf8'));
    assert.deepEqual(manifest.key, engineKeyFor(bundle, request));
    assert.equal(manifest.model, 'tiny');
    assert.equal(manifest.builtAt, '2026-01-02T03:04:05.000Z');
    assert.equal(manifest.bytes, readFileSync(join(tinyBundle, 'fused.onnx')).length);
    assert.deepEqual(
      (await listEngines(cache)).map(({ folder }) => folder),
      [engine.folder],
    );
  });

  const stale: [title: string, change: Partial<BuildRequest>, bundle: Partial<Bundle>, RegExp][] = [
    ['another TensorRT', { platform: { ...ORIN, tensorrt: '10.13.3' } }, {}, /^TensorRT 10\.3\.0 then, 10\.13\.3 now$/],
    [
      'another GPU',
      { platform: { ...ORIN, gpu: { name: 'NVIDIA H200', computeCapability: '9.0' } } },
      {},
      /^GPU Jetson AGX Orin .* then, NVIDIA H200 .* now$/,
    ],
    ['another training of the model', {}, { sha256: 'c'.repeat(64) }, /^model [0-9a-f]{12} then, cccccccccccc now$/],
  ];
  for (const [title, change, other, difference] of stale) {
    it(`counts an engine for ${title} as stale, and builds the right one beside it`, async () => {
      await build(request);
      const changed = { ...bundle, ...other };
      const key = engineKeyFor(changed, { ...request, ...change });
      const found = await findEngine(cache, key, bundle.name);
      assert.ok(found.kind === 'stale', found.kind);
      assert.match(found.differences.join('; '), difference);
      const outcome = await build({ ...request, ...change }, 'needed', builder, changed);
      assert.ok(outcome.kind === 'built' && outcome.before.kind === 'stale', outcome.kind);
      assert.equal((await findEngine(cache, key, bundle.name)).kind, 'current');
      assert.equal((await listEngines(cache)).length, 2);
    });
  }

  it('does not mistake an engine of another model or precision for a stale one', async () => {
    await build(request);
    const otherModel = engineKeyFor({ ...bundle, sha256: 'd'.repeat(64) }, request);
    assert.equal((await findEngine(cache, otherModel, 'large')).kind, 'missing');
    const single = engineKeyFor(bundle, { ...request, precision: 'float32' });
    assert.equal((await findEngine(cache, single, bundle.name)).kind, 'missing');
  });

  const damages: [title: string, damage: (folder: string) => void, reason: RegExp][] = [
    ['cut off', (folder) => writeFileSync(join(folder, 'fused.onnx'), 'half'), /has changed since it was built/],
    ['gone', (folder) => rmSync(join(folder, 'fused.onnx')), /graph can't be read: ENOENT/],
    ['of another format', (folder) => writeFileSync(join(folder, 'engine.json'), '{}'), /formatVersion/],
    ['no JSON', (folder) => writeFileSync(join(folder, 'engine.json'), 'engine'), /engine\.json can't be read/],
  ];
  for (const [title, damage, reason] of damages) {
    it(`finds out that an engine is ${title}, and builds it anew`, async () => {
      const { engine } = await build(request);
      damage(engine.folder);
      const key = engineKeyFor(bundle, request);
      const found = await findEngine(cache, key, bundle.name);
      assert.ok(found.kind === 'damaged', found.kind);
      assert.match(found.reason, reason);
      await assert.rejects(fromEngine(files, options(), ORIN, ['cpu']), /is damaged: .*run `mle-sam model build/);
      assert.equal((await build(request)).kind, 'built');
      assert.equal((await findEngine(cache, key, bundle.name)).kind, 'current');
    });
  }

  it('is as before when a build fails', async () => {
    await build(request);
    const before = readdirSync(cache);
    await assert.rejects(
      build(request, 'always', async ({ output }) => {
        writeFileSync(output, 'half an engine');
        throw new Error('out of memory');
      }),
      /out of memory/,
    );
    assert.deepEqual(readdirSync(cache), before);
    assert.equal((await findEngine(cache, engineKeyFor(bundle, request), bundle.name)).kind, 'current');
  });

  it('may hold anything else', async () => {
    mkdirSync(join(cache, 'lost+found'));
    writeFileSync(join(cache, 'README'), '');
    await build(request);
    assert.equal((await listEngines(cache)).length, 1);
  });

  it('can not give back what half precision took', () => {
    assert.throws(
      () => engineKeyFor({ ...bundle, precision: 'float16' }, { ...request, precision: 'float32' }),
      /Expected float16 for the precision since tiny was exported in it but received float32/,
    );
  });

  const options = (): SessionOptions => ({ threads: 1, deviceId: 0, engineCache: cache, graphs: 'auto' });

  describe('at the start of TensorRT', () => {
    it('is asked for an engine that fits', async () => {
      await build(request);
      const sessions = await fromEngine(files, options(), ORIN, ['cpu']);
      assert.ok(sessions.kind === 'fused', sessions.kind);
      assert.equal(sessions.precision, 'float16');
      await sessions.fused.release();
    });

    it('takes single precision where that is what was built', async () => {
      await build({ ...request, precision: 'float32' });
      const sessions = await fromEngine(files, options(), ORIN, ['cpu']);
      assert.ok(sessions.kind === 'fused', sessions.kind);
      assert.equal(sessions.precision, 'float32');
      await sessions.fused.release();
    });

    it('says that there is none', async () => {
      await assert.rejects(
        fromEngine(files, options(), ORIN, ['cpu']),
        /^Error: no engine was built for this model and Jetson AGX Orin: run `mle-sam model build --provider tensorrt`$/,
      );
    });

    it('says in what a stale one does not fit, and does not use it', async () => {
      await build(request);
      const updated = { ...ORIN, tensorrt: '10.13.3' };
      await assert.rejects(
        fromEngine(files, options(), updated, ['cpu']),
        /the float16 engine is stale \(TensorRT 10\.3\.0 then, 10\.13\.3 now\): run `mle-sam model build/,
      );
    });
  });

  describe('at the start of CUDA', () => {
    const half: BuildRequest = { provider: 'cuda', precision: 'float16', deviceId: 0 };

    it('offers the graph that was built', async () => {
      await build(half);
      const sessions = await fromCacheOrBundle(files, options(), ['cpu']);
      assert.deepEqual([sessions.kind, sessions.precision], ['fused', 'float16']);
    });

    it("gives way to the bundle's graphs, fused if there is one", async () => {
      const fused = join(tinyBundle, 'fused.onnx');
      assert.equal((await fromCacheOrBundle(files, options(), ['cpu'])).kind, 'split');
      assert.equal(
        (await fromCacheOrBundle({ ...files, graphs: withFused(files.graphs, fused) }, options(), ['cpu'])).kind,
        'fused',
      );
      await build(half);
      const split = await fromCacheOrBundle(
        { ...files, graphs: withFused(files.graphs, fused) },
        { ...options(), graphs: 'split' },
        ['cpu'],
      );
      assert.deepEqual([split.kind, split.precision], ['split', 'float32']);
    });

    it('says that a bundle has no fused graph where one must be used', async () => {
      await assert.rejects(
        fromCacheOrBundle(files, { ...options(), graphs: 'fused' }, ['cpu']),
        /the bundle has no fused graph/,
      );
    });
  });

  describe('tells its builder', () => {
    it("a profile from one to all modalities and TensorRT's precision", () => {
      const plan = planBuild(bundle, engineKeyFor(bundle, request), 2, '/staging');
      assert.deepEqual(plan, {
        encoder: join(tinyBundle, 'encoder.onnx'),
        head: join(tinyBundle, 'head.onnx'),
        output: join('/staging', 'fused.onnx'),
        provider: 'tensorrt',
        precision: 'float16',
        options: {
          device_id: '2',
          trt_fp16_enable: 'True',
          trt_layer_norm_fp32_fallback: 'True',
          trt_profile_min_shapes: 'images:1x32x64x3,modality:1',
          trt_profile_opt_shapes: 'images:4x32x64x3,modality:4',
          trt_profile_max_shapes: 'images:4x32x64x3,modality:4',
          trt_dump_ep_context_model: 'True',
          trt_ep_context_file_path: join('/staging', 'fused.onnx'),
          trt_ep_context_embed_mode: '1',
        },
      });
    });

    it('nothing of TensorRT for CUDA', () => {
      const key = engineKeyFor(bundle, { provider: 'cuda', precision: 'float16', deviceId: 0 });
      assert.deepEqual(planBuild(bundle, key, 0, '/staging').options, {});
    });
  });
});

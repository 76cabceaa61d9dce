import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { build } from 'esbuild';
import { tinyBundle } from '../model/support/tiny_bundle.js';
import { projectRoot } from '../support/shared_data.js';
import { writeTinyBag } from './support/tiny_bag.js';

/**
 * What a program loads before it does anything decides how long its user waits, so it is held here: a module takes about
 * a millisecond, some libraries fifty. Times are measured by `npm run bench -- start`.
 */
interface Start {
  /** Entry of the program, or the module it loads next. */
  entry: string;
  what: string;
  /** Packages it may load at once; all others wait until they are needed. */
  packages: readonly string[];
  /** Folders and files of `src` that it may not load. */
  not: readonly string[];
}

const STARTS: readonly Start[] = [
  {
    entry: 'src/cli/main.ts',
    what: 'every command',
    packages: ['commander'],
    not: ['src/ros/index.ts', 'src/replay/index.ts', 'src/model', 'src/sensors', 'src/pipeline'],
  },
  {
    entry: 'src/cli/replay.ts',
    what: 'the flags of replay',
    packages: ['commander', 'zod'],
    not: [
      'src/bags',
      'src/configuration',
      'src/dropout/index.ts',
      'src/model/segmenter.ts',
      'src/report',
      'src/sensors',
    ],
  },
  {
    entry: 'src/replay/start_model.ts',
    what: 'what replay starts the model with, before the code that replays',
    packages: ['sharp', 'zod'],
    not: ['src/bags', 'src/messages', 'src/pipeline', 'src/report', 'src/sync', 'src/sensors/index.ts'],
  },
  {
    entry: 'src/cli/replay_one.ts',
    what: 'the replay of one bag',
    packages: [
      '@foxglove/rosmsg',
      '@foxglove/rosmsg-msgs-common',
      '@foxglove/rosmsg2-serialization',
      '@foxglove/wasm-zstd',
      '@mcap/core',
      '@mcap/nodejs',
      'cli-table3',
      'commander',
      'sharp',
      'yaml',
      'zod',
    ],
    not: [
      'src/bags/sqlite_file.ts',
      'src/configuration/index.ts',
      'src/datasets',
      'src/dropout/index.ts',
      'src/faults',
      'src/live',
      'src/model/import',
      'src/robustness',
      'src/ros',
    ],
  },
  {
    entry: 'src/model/worker.ts',
    what: 'the inference worker on a CPU',
    packages: ['onnxruntime-node'],
    not: ['src/model/engines/engine_cache.ts', 'src/model/import', 'src/model/whole', 'src/sensors', 'src/sync'],
  },
  {
    entry: 'src/node/main.ts',
    what: 'the node',
    packages: [
      '@foxglove/rosmsg',
      '@foxglove/rosmsg-msgs-common',
      '@foxglove/rosmsg2-serialization',
      'sharp',
      'yaml',
      'zod',
    ],
    not: [
      'src/bags',
      'src/cli/main.ts',
      'src/configuration/mounts/urdf.ts',
      'src/datasets',
      'src/dropout',
      'src/faults',
      'src/live',
      'src/model/import',
      'src/replay',
      'src/report/index.ts',
      'src/robustness',
    ],
  },
];

describe('code loaded at the start', () => {
  for (const { entry, what, packages, not } of STARTS) {
    it(`${what} (${entry}) waits for no code that it may not need`, async function () {
      this.timeout(120_000);
      const loaded = await loadedAtOnce(entry);
      assert.ok(loaded.modules.has(entry));
      assert.deepEqual(
        [...loaded.packages].filter((name) => !packages.includes(name)),
        [],
        'packages that can wait, by import()',
      );
      const early = [...loaded.modules].filter((module) =>
        not.some((place) => module === place || module.startsWith(`${place}/`)),
      );
      assert.deepEqual(early, [], 'modules that can wait, or that are imported through an index of others');
    });
  }

  it('in a replay comes in the order that lets the worker start early, and nothing else comes with it', async function () {
    this.timeout(120_000);
    const folder = mkdtempSync(join(tmpdir(), 'mle-sam-loaded-'));
    try {
      const bag = await writeTinyBag(join(folder, 'tiny.mcap'), 0.5);
      const threads = runAndListCode(folder, ['replay', bag, '-m', tinyBundle, '-o', join(folder, 'out')]);
      const worker = threads.find((urls) => urls.some((url) => url.endsWith('/src/model/worker.js')));
      const main = threads.find((urls) => urls.some((url) => url.endsWith('/src/cli/main.js')));
      assert.ok(worker !== undefined && main !== undefined);
      const place = (end: string) => main.findIndex((url) => url.endsWith(end));
      assert.ok(place('/src/replay/start_model.js') >= 0);
      assert.ok(place('/src/replay/start_model.js') < place('/src/pipeline/pipeline.js'));
      assert.ok(place('/src/model/worker_host.js') < place('/src/bags/open_bag.js'));
      assert.deepEqual(packagesOf(worker), ['onnxruntime-common', 'onnxruntime-node']);
      const late = [
        '@foxglove/ros2idl-parser',
        '@xmldom/xmldom',
        'cli-progress',
        'fzstd',
        'h5wasm',
        'node-sqlite3-wasm',
      ];
      const loaded = packagesOf(main);
      assert.ok(loaded.includes('@mcap/core'));
      assert.deepEqual(
        loaded.filter((name) => [...late, 'onnxruntime-node', 'rclnodejs', 'tinyglobby'].includes(name)),
        [],
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** Runs the built command. @returns the files of code that each of its threads loaded, in their order */
function runAndListCode(folder: string, args: readonly string[]): string[][] {
  const coverage = join(folder, 'coverage');
  const env = { ...process.env, NODE_V8_COVERAGE: coverage };
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(projectRoot, 'dist', 'src', 'cli', 'main.js'), ...args],
    {
      env,
      encoding: 'utf8',
    },
  );
  assert.equal(status, 0, stderr);
  return readdirSync(coverage).map((file) => {
    const { result } = JSON.parse(readFileSync(join(coverage, file), 'utf8')) as {
      result: { scriptId: string; url: string }[];
    };
    return result
      .filter(({ url }) => url.startsWith('file:'))
      .toSorted((a, b) => Number(a.scriptId) - Number(b.scriptId))
      .map(({ url }) => url);
  });
}

function packagesOf(urls: readonly string[]): string[] {
  const names = urls.flatMap((url) => [...url.matchAll(/node_modules\/((?:@[^/]+\/)?[^/]+)/g)].at(-1)?.[1] ?? []);
  return [...new Set(names)].sort();
}

/** All that is loaded with a module: its imports and theirs, without those that are awaited and those of types. */
async function loadedAtOnce(entry: string): Promise<{ modules: Set<string>; packages: Set<string> }> {
  const { metafile } = await build({
    absWorkingDir: projectRoot,
    entryPoints: [entry],
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    outdir: 'unused',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  const modules = new Set<string>([entry]);
  const packages = new Set<string>();
  for (const module of modules) {
    for (const { path, kind, external } of metafile.inputs[module]!.imports) {
      if (kind !== 'import-statement' || path.startsWith('node:')) continue;
      if (external)
        packages.add(
          path
            .split('/')
            .slice(0, path.startsWith('@') ? 2 : 1)
            .join('/'),
        );
      else modules.add(relative('.', path));
    }
  }
  return { modules, packages };
}

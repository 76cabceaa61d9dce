import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import {
  type BuiltProvider,
  buildEngine,
  type Engine,
  type Precision,
  probePlatform,
  pythonBuilder,
} from '../../src/model/engines/index.js';
import { loadBundle } from '../../src/model/index.js';
import type { Case } from './case.js';
import { bundleAround } from './random_bundle.js';
import type { Settings } from './settings.js';

const FULL_SIZE: Readonly<Record<string, string>> = {
  tiny: 'deliver-tiny.yaml',
  'base-plus': 'deliver-base-plus.yaml',
};

/**
 * Folder of the bundle that a model's name stands for; exported and wrapped first where need be.
 * @throws {Error} in one sentence
 */
export async function bundleFolder(model: string, settings: Settings): Promise<string> {
  if (existsSync(join(model, 'model.json'))) return resolve(model);
  const graphs = model in FULL_SIZE ? exportGraphs(model, settings) : model;
  if (!existsSync(join(graphs, 'encoder.onnx')) || !existsSync(join(graphs, 'head.onnx'))) {
    throw new Error(`Expected a bundle, a folder of exported graphs, tiny or base-plus but received ${model}`);
  }
  const folder = join(settings.work, `${basename(model)}-bundle`);
  if (!existsSync(join(folder, 'model.json'))) {
    process.stderr.write(`asking the CPU for the golden labels of ${model} ...\n`);
    await bundleAround(basename(model), graphs, folder);
  }
  return folder;
}

function exportGraphs(model: string, { work, python }: Settings): string {
  const graphs = join(work, `${model}-graphs`);
  if (existsSync(join(graphs, 'head.onnx'))) return graphs;
  process.stderr.write(`exporting ${model} on random weights ...\n`);
  const config = join('training', 'configs', FULL_SIZE[model]!);
  const args = ['-m', 'mle_sam_train.cli', 'footprint', '--config', config, '--out', graphs];
  const { status, stderr, error } = spawnSync(python, args, {
    encoding: 'utf8',
    env: { ...process.env, PYTHONPATH: 'training' },
  });
  if (status === 0) return graphs;
  const reason = error?.message ?? stderr.trim().split('\n').at(-1);
  throw new Error(`Expected ${python} to export ${model} with the training package but: ${reason} (see --python)`);
}

/**
 * Builds the joined graph of a bundle, unless it is there. The CPU measures the one made for CUDA.
 * @throws {Error} in one sentence
 */
export async function prepareEngine(
  folder: string,
  provider: Case['provider'],
  precision: Precision,
  cache: string,
  { deviceId, python }: Settings,
): Promise<Engine> {
  const builtFor: BuiltProvider = provider === 'tensorrt' ? 'tensorrt' : 'cuda';
  const platform = builtFor === 'tensorrt' ? { platform: probePlatform(deviceId) } : {};
  const { engine } = await buildEngine(
    await loadBundle(folder),
    { provider: builtFor, precision, deviceId, ...platform },
    {
      cache,
      when: 'needed',
      builder: pythonBuilder(python),
      onLine: (line) => process.stderr.write(`${line}\n`),
      now: () => new Date(),
    },
  );
  return engine;
}

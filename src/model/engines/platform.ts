import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { whereFrom } from '../gpu/library_sources.js';
import { bindingFolder, providerLibrary } from '../gpu/provider_libraries.js';
import type { EngineKey } from './engine_key.js';

/** What of this machine decides whether an engine fits. */
export interface Platform {
  gpu: NonNullable<EngineKey['gpu']>;
  tensorrt: string;
}

/** Where a probe looks; tests give other roots and programs. */
export interface ProbeSources {
  /** Standard output of a program, or undefined where it is not there or fails. */
  run(program: string, args: readonly string[]): string | undefined;
  /** Before `/proc/device-tree`, which NVIDIA's boards describe themselves in. */
  root: string;
  /** Folder of ONNX Runtime's libraries. */
  libraries: string;
}

const SYSTEM: ProbeSources = { run: runProgram, root: '/', libraries: bindingFolder() };

/** Compute capability by the chip in a Jetson's device tree (JetPack 6 has no `compute_cap` in its nvidia-smi). */
const JETSON_CHIPS: Readonly<Record<string, string>> = {
  'nvidia,tegra194': '7.2', // Xavier
  'nvidia,tegra234': '8.7', // Orin
  'nvidia,tegra264': '11.0', // Thor
};

/**
 * GPU and TensorRT of this machine.
 * @throws {Error} one sentence on what can't be found
 */
export function probePlatform(deviceId: number, sources: ProbeSources = SYSTEM): Platform {
  const gpu = probeSmi(deviceId, sources) ?? probeJetson(sources);
  if (!gpu) throw new Error(`Expected GPU ${deviceId} but neither nvidia-smi nor the device tree tells of one`);
  const tensorrt = probeTensorRt(sources);
  if (tensorrt === undefined) {
    throw new Error(`Expected TensorRT but the loader finds no libnvinfer: ${whereFrom(['libnvinfer.so.10'])}`);
  }
  return { gpu, tensorrt };
}

/** Version of ONNX Runtime in Node; its format of compiled engines follows it. */
export function onnxRuntimeVersion(): string {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
  return version;
}

function probeSmi(deviceId: number, { run }: ProbeSources): Platform['gpu'] | undefined {
  const query = ['--query-gpu=name,compute_cap', '--format=csv,noheader', '-i', String(deviceId)];
  const [name, computeCapability] =
    run('nvidia-smi', query)
      ?.trim()
      .split(/\s*,\s*/) ?? [];
  return name && /^\d+\.\d+$/.test(computeCapability ?? '')
    ? { name, computeCapability: computeCapability! }
    : undefined;
}

function probeJetson({ root }: ProbeSources): Platform['gpu'] | undefined {
  const tree = join(root, 'proc', 'device-tree');
  const read = (name: string) => (existsSync(join(tree, name)) ? readFileSync(join(tree, name), 'utf8') : '');
  const chip = read('compatible')
    .split('\0')
    .find((entry) => entry in JETSON_CHIPS);
  if (chip === undefined) return undefined;
  return { name: read('model').replaceAll('\0', '').trim() || chip, computeCapability: JETSON_CHIPS[chip]! };
}

/**
 * Version of the libnvinfer that ONNX Runtime's TensorRT library will load: from its file's name, as NVIDIA's packages
 * have it (libnvinfer.so.10.13.3), or from the wheel it was unpacked from.
 */
function probeTensorRt({ run, libraries }: ProbeSources): string | undefined {
  const dependencies = run('ldd', [join(libraries, providerLibrary('tensorrt'))]) ?? '';
  const path = /libnvinfer\.so\.\d+ => (\/\S+)/.exec(dependencies)?.[1];
  if (path === undefined || !existsSync(path)) return undefined;
  const file = realpathSync(path);
  const byName = /\.so\.(\d+\.\d+\.\d+)/.exec(basename(file))?.[1];
  if (byName !== undefined) return byName;
  const sitePackages = dirname(dirname(file));
  for (const entry of existsSync(sitePackages) ? readdirSync(sitePackages) : []) {
    const version = /^tensorrt(?:_cu\d+)?_libs-(\d+\.\d+\.\d+)[\d.]*\.dist-info$/.exec(entry)?.[1];
    if (version !== undefined) return version;
  }
  // Better an engine built anew than one of an unknown version.
  return undefined;
}

function runProgram(program: string, args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 });
  return status === 0 ? stdout : undefined;
}

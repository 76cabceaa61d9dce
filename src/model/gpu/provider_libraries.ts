import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { whereFrom } from './library_sources.js';

/** Providers that ONNX Runtime loads from a library of their own. */
export type GpuProvider = 'cuda' | 'tensorrt';

/** Folder of the binding that this process loads: where ONNX Runtime looks for the libraries of its providers. */
export function bindingFolder(): string {
  const root = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  return join(root, 'bin', 'napi-v6', process.platform, process.arch);
}

export function providerLibrary(provider: GpuProvider): string {
  return `libonnxruntime_providers_${provider}.so`;
}

/**
 * Says in one sentence why a provider can't be loaded. ONNX Runtime's exception only says that it could not.
 * @param listDependencies - what `ldd` prints for a library
 * @returns undefined where everything is in place: then only a try can tell
 */
export function findMissing(
  provider: GpuProvider,
  folder: string = bindingFolder(),
  listDependencies: (path: string) => string = ldd,
): string | undefined {
  for (const library of ['libonnxruntime_providers_shared.so', providerLibrary(provider)]) {
    if (existsSync(join(folder, library))) continue;
    return (
      `${library} is not in ONNX Runtime's folder: run \`npm run gpu:setup\` in a checkout, or copy it from the wheel ` +
      `onnxruntime-gpu of the same version into ${folder} (on a Jetson, use the image)`
    );
  }
  const missing = missingDependencies(listDependencies(join(folder, providerLibrary(provider))));
  if (missing.length === 0) return undefined;
  return `${providerLibrary(provider)} needs ${missing.join(', ')}, which the loader does not find: ${whereFrom(missing)}`;
}

/** Libraries that `ldd` could not resolve, each once. */
export function missingDependencies(lddOutput: string): string[] {
  const names = [...lddOutput.matchAll(/^\s*(\S+) => not found/gm)].map((match) => match[1]!);
  return [...new Set(names)];
}

function ldd(path: string): string {
  const { stdout, error } = spawnSync('ldd', [path], { encoding: 'utf8', timeout: 20_000 });
  return error ? '' : stdout;
}

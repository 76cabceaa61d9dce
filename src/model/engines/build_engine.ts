import { spawn } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import type { Bundle } from '../bundle.js';
import { type BuildPlan, type BuildRequest, engineKeyFor, planBuild } from './build_plan.js';
import { type Engine, type EngineSearch, findEngine, stagingFolder, storeEngine } from './engine_cache.js';
import { onnxRuntimeVersion } from './platform.js';

/** Makes the graph of a plan; `onLine` gets what it says meanwhile. The real one is {@link pythonBuilder}. */
export type EngineBuilder = (plan: BuildPlan, onLine: (line: string) => void) => Promise<void>;

export type BuildOutcome =
  /** It was there, or another process has stored it while this one was building. */
  | { kind: 'kept'; engine: Engine }
  /** `before`: what was there instead. */
  | { kind: 'built'; engine: Engine; before: Exclude<EngineSearch, { kind: 'current' }> | { kind: 'unwanted' } };

export interface BuildOptions {
  cache: string;
  /** `always` builds anew what is there already. */
  when: 'needed' | 'always';
  builder: EngineBuilder;
  onLine: (line: string) => void;
  now: () => Date;
}

/**
 * Builds the graph of a bundle for a provider, unless there is a current one. Two processes that build the same at once
 * both succeed, and the first one's graph is used by both.
 * @throws {Error} with the builder's last words; the cache is as before
 */
export async function buildEngine(bundle: Bundle, request: BuildRequest, options: BuildOptions): Promise<BuildOutcome> {
  const { cache, when, builder, onLine, now } = options;
  const key = engineKeyFor(bundle, request);
  const found = await findEngine(cache, key, bundle.name);
  if (found.kind === 'current' && when === 'needed') return { kind: 'kept', engine: found.engine };
  const staging = await stagingFolder(cache, key).catch((error) => {
    throw explained(error, cache);
  });
  try {
    const start = now();
    await builder(planBuild(bundle, key, request.deviceId, staging), onLine);
    const buildSeconds = (now().getTime() - start.getTime()) / 1000;
    const description = { key, model: bundle.name, builtAt: start.toISOString(), buildSeconds };
    const others = when === 'needed' ? 'kept' : 'replaced';
    const { kind, engine } = await storeEngine(cache, staging, description, others);
    if (kind === 'already-there') return { kind: 'kept', engine };
    return { kind: 'built', engine, before: found.kind === 'current' ? { kind: 'unwanted' } : found };
  } catch (error) {
    throw explained(error, cache);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** A full disk, or a folder that can't be written to, in one sentence; any other error as it is. */
function explained(error: unknown, cache: string): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error;
  const advice = 'make room or name another with --engine-cache or MLE_SAM_ENGINES';
  return new Error(`Expected a folder to keep engines in but received ${cache} (${error.message}): ${advice}`, {
    cause: error,
  });
}

/** Folder of the Python package that builds: training/, which needs no installation for this. */
const PYTHON_PATH = join(dirname(createRequire(import.meta.url).resolve('mle-sam-ros/package.json')), 'training');

/** The builder's command line, for people and for {@link pythonBuilder}. */
export function builderCommand(python: string, planPath: string): { program: string; args: string[]; path: string } {
  return { program: python, args: ['-m', 'mle_sam_train.engines', 'build', planPath], path: PYTHON_PATH };
}

/** Builds with a Python that has onnx and ONNX Runtime of Node's version; for TensorRT its GPU build. */
export function pythonBuilder(python: string): EngineBuilder {
  return async (plan, onLine) => {
    await requirePython(python);
    const planPath = join(plan.output, '..', 'plan.json');
    await writeFile(planPath, `${JSON.stringify(plan, null, 2)}\n`);
    await runPython(python, builderCommand(python, planPath).args, onLine);
    await rm(planPath);
  };
}

async function requirePython(python: string): Promise<void> {
  const lines: string[] = [];
  await runPython(python, ['-m', 'mle_sam_train.engines', 'probe'], (line) => lines.push(line));
  const { onnxruntime } = JSON.parse(lines.at(-1)!) as { onnxruntime: string };
  const expected = onnxRuntimeVersion();
  if (onnxruntime === expected) return;
  throw new Error(
    `Expected ONNX Runtime ${expected} in ${python}, as in Node, but received ${onnxruntime}: compiled engines follow the version`,
  );
}

/** @throws {Error} with the last line of its stderr */
async function runPython(python: string, args: readonly string[], onLine: (line: string) => void): Promise<void> {
  const path = [PYTHON_PATH, process.env.PYTHONPATH].filter(Boolean).join(delimiter);
  const child = spawn(python, args, { env: { ...process.env, PYTHONPATH: path }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let complaint = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    const lines = (said + piece).split('\n');
    said = lines.pop()!;
    lines.forEach(onLine);
  });
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    complaint = (complaint + piece).slice(-10_000);
  });
  const status = await new Promise<number | string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code ?? `it ended with ${signal}`));
  });
  if (status === 0) return;
  const reason =
    complaint.trim().split('\n').at(-1) || (typeof status === 'string' ? status : `it ended with ${status}`);
  throw new Error(`Building with ${python} failed: ${reason} (it needs the Python packages onnx and onnxruntime)`);
}

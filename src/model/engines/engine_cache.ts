import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { type EngineKey, engineId, engineKeySchema, keyDifferences } from './engine_key.js';

const FORMAT_VERSION = 1;
const MANIFEST = 'engine.json';
export const ENGINE_GRAPH = 'fused.onnx';

const manifestSchema = z.object({
  formatVersion: z.literal(FORMAT_VERSION),
  key: engineKeySchema,
  /** Name of the bundle, for people. */
  model: z.string(),
  builtAt: z.string(),
  buildSeconds: z.number(),
  sha256: z.string(),
  bytes: z.number(),
});

export type EngineManifest = z.infer<typeof manifestSchema>;

/** A graph made for one provider, as it lies in the cache. */
export interface Engine {
  folder: string;
  /** Absolute path of the graph: for TensorRT an EPContext model that holds the compiled engine. */
  graph: string;
  manifest: EngineManifest;
}

export type EngineSearch =
  | { kind: 'current'; engine: Engine }
  /** There is one for this model and provider, but not for what is here now. */
  | { kind: 'stale'; engine: Engine; differences: string[] }
  | { kind: 'damaged'; folder: string; reason: string }
  | { kind: 'missing' };

/** `MLE_SAM_ENGINES`, or a folder in the user's cache. */
export function defaultEngineCache(environment: NodeJS.ProcessEnv = process.env): string {
  const { MLE_SAM_ENGINES, XDG_CACHE_HOME } = environment;
  if (MLE_SAM_ENGINES) return MLE_SAM_ENGINES;
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'mle-sam', 'engines');
}

/**
 * Looks for the engine of a key. The graph is hashed: half of a copied file must not come to run.
 * @param root - the cache; need not exist
 * @param model - name of the bundle: an engine of an earlier training of the same model counts as stale
 */
export async function findEngine(root: string, key: EngineKey, model: string): Promise<EngineSearch> {
  const folder = join(root, engineId(key));
  if (await exists(join(folder, MANIFEST))) {
    const outcome = await readEngine(folder);
    if (outcome.kind === 'damaged') return outcome;
    const { engine } = outcome;
    const differences = keyDifferences(engine.manifest.key, key);
    if (differences.length > 0) return { kind: 'stale', engine, differences };
    const damage = await graphDamage(engine);
    return damage === undefined ? { kind: 'current', engine } : { kind: 'damaged', folder, reason: damage };
  }
  return (await nearest(root, key, model)) ?? { kind: 'missing' };
}

/** All engines that can be read, in the order of their folders' names. */
export async function listEngines(root: string): Promise<Engine[]> {
  const names = await readdir(root).catch(() => []);
  const outcomes = await Promise.all(names.sort().map((name) => readEngine(join(root, name))));
  return outcomes.flatMap((outcome) => (outcome.kind === 'read' ? [outcome.engine] : []));
}

/** What became of a graph that was just built: taken in, or left where another process was faster. */
export type StoreOutcome = { kind: 'stored' | 'already-there'; engine: Engine };

/**
 * Takes a graph that was just built into the cache. The folder appears at once and complete, and one that is replaced
 * goes at once, so that a node which starts meanwhile sees either none or a whole one.
 * @param staging - a folder of {@link stagingFolder} that holds `fused.onnx`
 * @param others - `kept`: an engine that fits and that another process has stored meanwhile stays; nodes may be loading it
 */
export async function storeEngine(
  root: string,
  staging: string,
  description: Pick<EngineManifest, 'key' | 'model' | 'builtAt' | 'buildSeconds'>,
  others: 'kept' | 'replaced',
): Promise<StoreOutcome> {
  const graph = join(staging, ENGINE_GRAPH);
  const manifest: EngineManifest = {
    formatVersion: FORMAT_VERSION,
    ...description,
    sha256: await hashFile(graph),
    bytes: (await stat(graph)).size,
  };
  // On the disk before its name is: a robot is switched off at any moment.
  await writeThrough(graph);
  await writeThrough(join(staging, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  const { key, model } = description;
  const folder = join(root, engineId(key));
  while (!(await takesPlace(staging, folder))) {
    if (others === 'kept') {
      const found = await findEngine(root, key, model);
      if (found.kind === 'current') return { kind: 'already-there', engine: found.engine };
    }
    await discard(root, folder);
  }
  return { kind: 'stored', engine: { folder, graph: join(folder, ENGINE_GRAPH), manifest } };
}

/** Older than any build: what a build left that was killed. */
const ABANDONED_MS = 24 * 3600 * 1000;

/** A new folder in the cache for a build to write to: one's own, since containers on one volume share process ids. */
export async function stagingFolder(root: string, key: EngineKey): Promise<string> {
  await mkdir(root, { recursive: true });
  for (const name of await readdir(root)) {
    if (!/^\.[0-9a-f]{16}-/.test(name)) continue;
    const changed = await stat(join(root, name)).catch(() => undefined);
    if (changed && Date.now() - changed.mtimeMs > ABANDONED_MS) {
      await rm(join(root, name), { recursive: true, force: true });
    }
  }
  return mkdtemp(join(root, `.${engineId(key)}-`));
}

/** Renames a folder, unless there is one of that name. */
async function takesPlace(staging: string, folder: string): Promise<boolean> {
  try {
    await rename(staging, folder);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '')) return false;
    throw error;
  }
}

/** Takes the folder's name away at once; removing a folder itself goes file by file. */
async function discard(root: string, folder: string): Promise<void> {
  const bin = await mkdtemp(join(root, `.${basename(folder)}-`));
  try {
    await rename(folder, join(bin, 'old'));
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error; // another process was faster
  } finally {
    await rm(bin, { recursive: true, force: true });
  }
}

/** Waits until a file, as it is or with this text, is on the disk. */
async function writeThrough(path: string, text?: string): Promise<void> {
  const file = await open(path, text === undefined ? 'r+' : 'w');
  try {
    if (text !== undefined) await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/** The engine of the same model for the same provider and precision that differs in least, if there is one. */
async function nearest(root: string, key: EngineKey, model: string): Promise<EngineSearch | undefined> {
  const candidates = (await listEngines(root))
    .filter(({ manifest: { key: built, model: of } }) => {
      const sameModel = built.bundle === key.bundle || of === model;
      return sameModel && built.provider === key.provider && built.precision === key.precision;
    })
    .map((engine) => ({ engine, differences: keyDifferences(engine.manifest.key, key) }))
    .sort((a, b) => a.differences.length - b.differences.length);
  const [best] = candidates;
  return best && { kind: 'stale', ...best };
}

async function readEngine(
  folder: string,
): Promise<{ kind: 'read'; engine: Engine } | { kind: 'damaged'; folder: string; reason: string }> {
  try {
    const manifest = manifestSchema.parse(JSON.parse(await readFile(join(folder, MANIFEST), 'utf8')));
    return { kind: 'read', engine: { folder, graph: join(folder, ENGINE_GRAPH), manifest } };
  } catch (error) {
    const detail = error instanceof z.ZodError ? `${error.issues[0]!.path.join('.')}: ${error.issues[0]!.message}` : '';
    return { kind: 'damaged', folder, reason: `its ${MANIFEST} can't be read ${detail || error}` };
  }
}

async function graphDamage({ graph, manifest }: Engine): Promise<string | undefined> {
  const actual = await hashFile(graph).catch((error: Error) => error);
  if (actual instanceof Error) return `its graph can't be read: ${actual.message}`;
  return actual === manifest.sha256 ? undefined : 'its graph has changed since it was built';
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex');
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

import { mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { ConfusionMatrix, scores } from '../evaluation/index.js';
import { loadBundle } from '../model/index.js';
import { fingerprintOf, isSame, OutputFolder, type Overwriting } from '../outputs/index.js';
import { NothingMadeError, type ReplayOptions, replayBag } from '../replay/index.js';
import { RUNS_FILE, RUNS_PAGE, type RunEntry, type RunList } from '../report/index.js';
import { type CollectedUnits, collectUnits, type RunDescription, UnitStore, type UnitWork } from '../units/index.js';
import { type ReplayedState, replayed } from './replay_figures.js';
import { finishRunList, type ListWishes } from './run_list.js';
import { bagFingerprints, configurationSettings } from './units/bag_inputs.js';
import { doUnits } from './units/do_units.js';
import type { NamedBag } from './units/expand_bags.js';
import { refuseWholeFlags, type UnitFlags, type UnitPlan } from './units/unit_options.js';
import { version } from './version.js';

/** Where the results of many bags go, unless told. */
const USUAL_OUT = join('out', 'replay');
const SUMMARY = 'summary.json';
const PAGE = 'report.html';

/** What replaying one bag gave. */
interface ReplayedBag extends ReplayedState {
  source: string;
  /** Exact counts over all frames with ground truth, and the classes they are of. */
  confusion: number[];
  classCount: number;
  /** Names of the files that were written, and what tells whether they still are. */
  files: Record<string, { bytes: number; sha256: string }>;
}

export interface ManyReplays {
  bags: readonly NamedBag[];
  plan: UnitPlan;
  /** Without bag and folder. */
  options: Omit<ReplayOptions, 'bag' | 'out' | 'signal'>;
  flags: UnitFlags & ListWishes & { out?: string };
  overwriting: Overwriting;
  command: Command;
  write: (text: string) => void;
  signal: AbortSignal;
}

/** `mle-sam replay BAG BAG ...`: a folder of results a bag, and `runs.json` over all. */
export async function replayMany(many: ManyReplays): Promise<void> {
  const { bags, options, flags, overwriting, command, write, signal } = many;
  const plan = many.plan.kind === 'whole' ? ({ kind: 'jobs', jobs: 1 } as const) : many.plan;
  if (plan.kind === 'shard') refuseWholeFlags(command, ['json', 'require', 'junit']);
  const out = flags.out ?? USUAL_OUT;
  await mkdir(out, { recursive: true });
  const folder = plan.kind === 'jobs' ? await OutputFolder.claim(out, [RUNS_FILE, RUNS_PAGE], overwriting) : undefined;
  const description = { ...(await describeRun(options)), names: bags.map(({ name }) => name) };
  const store = await UnitStore.open(out, description, plan.kind === 'jobs' ? 'replaced' : 'refused', overwriting);
  await doUnits(store, unitWork(many, out), plan, { command, out, flags, write, signal });
  if (folder !== undefined) await finishRunList(listReplays(await collectUnits([out]), out), folder, flags, write);
}

/** The bags of a run as a list. */
export function listReplays({ run, units }: CollectedUnits, out: string): RunList {
  const bags = units.map(({ name, result, folder }) => ({
    ...(result as unknown as ReplayedBag),
    name,
    at: relative(out, join(folder, name)),
  }));
  return {
    formatVersion: 1,
    kind: 'replay',
    version: run.version,
    model: run.model,
    runs: bags.map(({ name, at, source, state, because, scores: own, counts, files }) => ({
      name,
      source,
      state,
      ...(because !== undefined && { because }),
      ...(SUMMARY in files && { path: join(at, SUMMARY) }),
      ...(PAGE in files && { page: join(at, PAGE) }),
      scores: own,
      counts,
    })),
    total: totalOf(bags),
  };
}

function totalOf(bags: readonly ReplayedBag[]): RunList['total'] {
  const counts: Record<string, number> = { runs: bags.length };
  for (const state of ['failed', 'nothing-made'] as const) {
    counts[state === 'failed' ? state : 'nothingMade'] = bags.filter((bag) => bag.state === state).length;
  }
  for (const bag of bags) {
    for (const [name, count] of Object.entries(bag.counts)) counts[name] = (counts[name] ?? 0) + count;
  }
  const scored = bags.filter(({ confusion }) => confusion.length > 0);
  if (scored.length === 0) return { scores: { miou: null }, counts };
  const matrix = new ConfusionMatrix(scored[0]!.classCount);
  for (const { confusion } of scored) matrix.addTriplets(confusion);
  const { miou, meanAccuracy, pixelAccuracy } = scores(matrix, 'left-out');
  const percent = (share: number) => (Number.isNaN(share) ? null : 100 * share);
  return {
    scores: { miou: percent(miou), meanAccuracy: percent(meanAccuracy), pixelAccuracy: percent(pixelAccuracy) },
    counts,
  };
}

/** Everything that decides what comes of a bag, besides its files. */
async function describeRun({
  model,
  fallbacks = [],
  config,
  rate,
  points,
}: ManyReplays['options']): Promise<Omit<RunDescription, 'units'>> {
  const bundle = await loadBundle(model);
  const others = await Promise.all(fallbacks.map((folder) => loadBundle(folder)));
  return {
    kind: 'replay',
    version,
    model: { name: bundle.name, sha256: bundle.sha256 },
    settings: { ...configurationSettings(config, others), rate, points: points ?? 'left-out' },
  };
}

function unitWork({ bags, options, signal }: ManyReplays, out: string): UnitWork {
  return {
    inputs: (index) => bagFingerprints(bags[index]!.path),
    isThere: (result) => isThere(result as ReplayedBag, out, bags),
    start: async () => ({
      work: async (index) => {
        const { path, name } = bags[index]!;
        const { result, timing } = await replayOne({ ...options, bag: path, out: join(out, name), signal });
        return { result: { ...result, files: await filesIn(join(out, name), result.state) }, timing };
      },
      close: async () => undefined,
    }),
  };
}

/** A bag that cannot be replayed costs itself: its neighbours are replayed all the same. */
async function replayOne(options: ReplayOptions): Promise<{ result: Omit<ReplayedBag, 'files'>; timing?: object }> {
  const none = { source: options.bag, scores: {}, counts: {}, confusion: [], classCount: 1 };
  try {
    const { summary, confusion } = await replayBag(options);
    const { wallSeconds } = summary;
    return { result: { ...none, ...replayed(summary), ...confusion }, timing: { seconds: wallSeconds } };
  } catch (error) {
    options.signal?.throwIfAborted();
    const because = error instanceof Error ? error.message : String(error);
    return { result: { ...none, state: error instanceof NothingMadeError ? 'nothing-made' : 'failed', because } };
  }
}

async function filesIn(folder: string, state: RunEntry['state']): Promise<ReplayedBag['files']> {
  if (state === 'failed') return {};
  const names = [SUMMARY, PAGE, 'masks.mcap'];
  const found = await Promise.all(
    names.map(async (name) => [name, await fingerprintOf(join(folder, name)).catch(() => undefined)] as const),
  );
  return Object.fromEntries(found.flatMap(([name, print]) => (print === undefined ? [] : [[name, print]])));
}

/** What failed is tried again, and what somebody has changed or taken away is made again. */
async function isThere(
  { state, source, files }: ReplayedBag,
  out: string,
  bags: readonly NamedBag[],
): Promise<boolean> {
  const name = bags.find(({ path }) => path === source)?.name;
  if (state === 'failed' || name === undefined) return false;
  for (const [file, print] of Object.entries(files)) {
    const found = await fingerprintOf(join(out, name, file)).catch(() => undefined);
    if (found === undefined || !isSame(found, print)) return false;
  }
  return true;
}

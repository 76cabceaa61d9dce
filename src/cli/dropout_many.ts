import { mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Command } from 'commander';
import {
  type Check,
  type DropoutOutcome,
  type DropoutParts,
  DropoutSession,
  joinDropout,
  type ScenarioOutcome,
} from '../dropout/index.js';
import type { Scenario } from '../faults/index.js';
import { type Bundle, loadBundle } from '../model/index.js';
import { OutputFolder, type Overwriting } from '../outputs/index.js';
import { NothingMadeError, type ReplaySource, type ReplaySourceOptions, withReplaySource } from '../replay/index.js';
import { RUNS_FILE, RUNS_PAGE, type RunEntry, type RunList } from '../report/index.js';
import {
  type CollectedUnits,
  collectUnits,
  hashOf,
  packJson,
  type RunDescription,
  UnitStore,
  type UnitWork,
  unpackJson,
} from '../units/index.js';
import { dropoutFigures } from './dropout_figures.js';
import { type DropoutFlags, JSON_FILE, outFolder, PAGE } from './dropout_flags.js';
import { claimDropout, type DropoutWishes, finishDropout, writeDropout, writeJudgement } from './dropout_output.js';
import { judge, requireKnown } from './requirements.js';
import { finishRunList } from './run_list.js';
import { bagFingerprints, configurationSettings, plain } from './units/bag_inputs.js';
import { doUnits } from './units/do_units.js';
import type { NamedBag } from './units/expand_bags.js';
import { refuseWholeFlags, type UnitPlan } from './units/unit_options.js';
import { version } from './version.js';

/** Where the results of many bags go, unless told. */
const USUAL_OUT = join('out', 'dropout');

type Head = Pick<DropoutParts, 'head' | 'classes' | 'problems' | 'incidents'>;

/** What a scenario did to a bag. */
type ScenarioUnit = { bag: { name: string; path: string } } & (
  | ({ kind: 'run'; scenario: ScenarioOutcome } & Head)
  | { kind: 'failed' | 'nothing-made'; because: string }
);

export interface ManyDropouts {
  bags: readonly NamedBag[];
  scenarios: readonly Scenario[];
  plan: UnitPlan;
  source: Omit<ReplaySourceOptions, 'bag'>;
  flags: DropoutFlags;
  overwriting: Overwriting;
  command: Command;
  write: (text: string) => void;
  signal: AbortSignal;
}

/** `mle-sam dropout BAG BAG ...`, or in shards: each scenario on each bag is a unit of its own. */
export async function dropoutInUnits(many: ManyDropouts): Promise<void> {
  const { bags, flags, overwriting, command, write, signal } = many;
  const plan = many.plan.kind === 'whole' ? ({ kind: 'jobs', jobs: 1 } as const) : many.plan;
  if (plan.kind === 'shard') refuseWholeFlags(command, ['json', 'junit', 'require', 'markdown']);
  const out = bags.length === 1 ? outFolder(bags[0]!.path, flags) : (flags.out ?? USUAL_OUT);
  await mkdir(out, { recursive: true });
  const others = plan.kind === 'jobs' ? 'replaced' : 'refused';
  const store = await UnitStore.open(out, await describeRun(many), others, overwriting);
  await doUnits(store, unitWork(many), plan, { command, out, flags, write, signal });
  if (plan.kind === 'jobs') await finishDropouts(await collectUnits([out]), out, overwriting, flags, write);
}

/** Puts the scenarios of a run together, writes what came of each bag, and of many the list. */
export async function finishDropouts(
  collected: CollectedUnits,
  out: string,
  overwriting: Overwriting,
  wishes: DropoutWishes,
  write: (text: string) => void,
): Promise<void> {
  const bags = bagsOf(collected);
  const [first] = bags;
  if (bags.length === 1 && first !== undefined) {
    if (first.outcome === undefined) {
      const because = first.because ?? `Expected scenarios on ${first.path} but none was run.`;
      throw first.state === 'failed' ? new Error(because) : new NothingMadeError(because);
    }
    requireKnown(wishes.require ?? [], [...dropoutFigures(first.outcome.report.scenarios).keys()]);
    return finishDropout(first.outcome, await claimDropout(out, overwriting), wishes, write);
  }
  const folder = await OutputFolder.claim(out, [RUNS_FILE, RUNS_PAGE], overwriting);
  for (const { name, outcome } of bags) {
    if (outcome !== undefined) await writeDropout(outcome, await claimDropout(join(out, name), overwriting));
  }
  const scenarios = bags.flatMap(({ outcome }) => outcome?.report.scenarios ?? []);
  const figures = dropoutFigures(scenarios);
  const { junit, json, require: required = [] } = wishes;
  await finishRunList(listOf(collected.run, bags, out), folder, { json, require: required }, write, figures);
  const judged = bags.flatMap(({ name, outcome }) =>
    (outcome?.report.scenarios ?? []).map(({ name: scenario, checks }): { name: string; checks: readonly Check[] } => ({
      name: `${name}.${scenario}`,
      checks,
    })),
  );
  const unfinished = bags.find(({ because }) => because !== undefined);
  const because = unfinished && `${unfinished.name}: ${unfinished.because}`;
  if (junit !== undefined) await writeJudgement('mle-sam dropout', judged, judge(required, figures), junit, because);
}

interface BagOutcome {
  name: string;
  path: string;
  state: RunEntry['state'];
  because?: string;
  outcome?: DropoutOutcome;
}

/** What came of each bag, in the order of the units. */
function bagsOf({ units }: CollectedUnits): BagOutcome[] {
  const byBag = new Map<string, ScenarioUnit[]>();
  for (const { result } of units) {
    const unit = unpackJson(result) as ScenarioUnit;
    byBag.set(unit.bag.name, [...(byBag.get(unit.bag.name) ?? []), unit]);
  }
  return [...byBag].map(([name, own]) => {
    const { path } = own[0]!.bag;
    const run = own.filter((unit) => unit.kind === 'run');
    const ended = own.find((unit) => unit.kind !== 'run');
    if (run.length === 0 && ended !== undefined) return { name, path, state: ended.kind, because: ended.because };
    const outcome = joinDropout({
      ...run[0]!,
      incidents: [...new Set(run.flatMap(({ incidents }) => incidents))],
      scenarios: run.map(({ scenario }) => scenario),
      ...(ended && { failure: { error: new Error(ended.because) } }),
    });
    const state = ended === undefined ? 'done' : 'partial';
    return { name, path, state, ...(ended && { because: ended.because }), outcome };
  });
}

function listOf(run: RunDescription, bags: readonly BagOutcome[], out: string): RunList {
  const entries = bags.map(({ name, path, state, because, outcome }): RunEntry => {
    const scenarios = outcome?.report.scenarios ?? [];
    return {
      name,
      source: path,
      state,
      ...(because !== undefined && { because }),
      ...(outcome && { path: relative(out, join(out, name, JSON_FILE)), page: relative(out, join(out, name, PAGE)) }),
      ...figuresOf(scenarios),
    };
  });
  const all = figuresOf(bags.flatMap(({ outcome }) => outcome?.report.scenarios ?? []));
  return {
    formatVersion: 1,
    kind: 'dropout',
    version: run.version,
    model: run.model,
    runs: entries,
    total: {
      scores: all.scores,
      counts: {
        runs: bags.length,
        notRun: bags.filter(({ state }) => state !== 'done').length,
        ...all.counts,
      },
    },
  };
}

function figuresOf(scenarios: DropoutOutcome['report']['scenarios']): Pick<RunEntry, 'scores' | 'counts'> {
  const figures = dropoutFigures(scenarios);
  const of = (name: string) => (scenarios.length === 0 ? null : (figures.get(name) ?? null));
  return {
    scores: {
      miou: of('miou'),
      continuity: of('continuity'),
      recoveredMs: of('recovered'),
      toldMs: of('told'),
    },
    counts: { scenarios: scenarios.length, failed: scenarios.filter(({ verdict }) => verdict === 'failed').length },
  };
}

/** Everything that decides what comes of a scenario, besides the files of the bag. */
async function describeRun({ bags, scenarios, source, flags }: ManyDropouts) {
  const bundle = await loadBundle(source.model);
  const fallbacks = await Promise.all((source.fallbacks ?? []).map((folder) => loadBundle(folder)));
  return {
    kind: 'dropout' as const,
    version,
    model: { name: bundle.name, sha256: bundle.sha256 },
    settings: {
      ...configurationSettings(source.config, fallbacks),
      scenarios: hashOf(plain(scenarios)),
      seed: flags.seed,
      seconds: flags.seconds ?? null,
    },
    names: bags.flatMap(({ name }) => scenarios.map((scenario) => `${name}/${scenario.name}`)),
  };
}

function unitWork({ bags, scenarios, source, flags, signal }: ManyDropouts): UnitWork {
  const prints = new Map<number, Promise<unknown>>();
  const bagOf = (index: number) => Math.floor(index / scenarios.length);
  return {
    inputs: (index) => {
      const at = bagOf(index);
      const print = prints.get(at) ?? bagFingerprints(bags[at]!.path);
      prints.set(at, print);
      return print;
    },
    // What failed is tried again.
    isThere: async (result) => (result as ScenarioUnit).kind !== 'failed',
    start: async () => {
      /** The bag that is open: its clean run serves all of its scenarios. */
      let open: { at: number; held: HeldBag } | undefined;
      return {
        work: async (index) => {
          const at = bagOf(index);
          const bag = bags[at]!;
          if (open?.at !== at) {
            await open?.held.close();
            const { seed, seconds } = flags;
            const limits = { scenarios, seed, ...(seconds !== undefined && { seconds }), signal };
            open = {
              at,
              held: await holdBag({ ...source, bag: bag.path }, (opened) => DropoutSession.start(opened, limits)),
            };
          }
          const about = { bag: { name: bag.name, path: bag.path } };
          const { result } = open.held;
          try {
            if (result.kind === 'ended') throw result.error;
            const { session, classes } = result;
            const scenario = await session.run(scenarios[index % scenarios.length]!);
            const head: Head = {
              head: session.head(),
              classes,
              problems: session.problems,
              incidents: session.incidents(),
            };
            return { result: packJson({ ...about, kind: 'run', scenario, ...head }) };
          } catch (error) {
            signal.throwIfAborted();
            const because = error instanceof Error ? error.message : String(error);
            return {
              result: { ...about, kind: error instanceof NothingMadeError ? 'nothing-made' : 'failed', because },
            };
          }
        },
        close: async () => open?.held.close(),
      };
    },
  };
}

/** A bag that stays open, or why it could not be used. */
interface HeldBag {
  result: { kind: 'open'; session: DropoutSession; classes: Bundle['classes'] } | { kind: 'ended'; error: unknown };
  close: () => Promise<void>;
}

function holdBag(
  options: ReplaySourceOptions,
  start: (source: ReplaySource) => Promise<DropoutSession>,
): Promise<HeldBag> {
  return new Promise((resolve) => {
    let release = () => {};
    const released = new Promise<void>((free) => {
      release = free;
    });
    const held = withReplaySource(options, async (source) => {
      const session = await start(source);
      resolve({
        result: { kind: 'open', session, classes: source.bundle.classes },
        close: () => {
          release();
          return held;
        },
      });
      await released;
    });
    held.catch((error: unknown) => resolve({ result: { kind: 'ended', error }, close: async () => undefined }));
  });
}

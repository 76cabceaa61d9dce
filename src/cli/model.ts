import { join } from 'node:path';
import { Command, Option } from 'commander';
import {
  BUILT_PROVIDERS,
  type BuildOutcome,
  type BuildRequest,
  type BuiltProvider,
  buildEngine,
  builderCommand,
  type EngineBuilder,
  engineId,
  engineKeyFor,
  findEngine,
  PRECISIONS,
  type Precision,
  planBuild,
  probePlatform,
  pythonBuilder,
} from '../model/engines/index.js';
import { type Bundle, describeAttempt, loadBundle, Segmenter } from '../model/index.js';
import { defaultBundlePath } from './default_bundle.js';
import { modelImportCommand } from './model_import.js';
import { print } from './output.js';
import { withEngineOptions } from './provider_options.js';

interface BuildFlags {
  model: string;
  provider: BuiltProvider;
  precision: Precision;
  device: number;
  engineCache: string;
  python: string;
  force?: true;
  dryRun?: true;
  check: boolean;
}

/** What a test replaces: the outside world of `model build`. */
export interface BuildWorld {
  write(text: string): void;
  builder(python: string): EngineBuilder;
  probe: typeof probePlatform;
}

const WORLD: BuildWorld = {
  write: print,
  builder: pythonBuilder,
  probe: probePlatform,
};

/** `mle-sam model build`: graphs made for this machine's GPU, ahead of the first start. */
export function modelCommand(world: BuildWorld = WORLD): Command {
  const build = withEngineOptions(new Command('build'))
    .description('make the graph that a GPU runs, and keep it: TensorRT takes minutes for what then loads in seconds')
    .option('-m, --model <folder>', 'model bundle', defaultBundlePath())
    .addOption(
      new Option('--provider <provider>', 'tensorrt: a compiled engine; cuda: one graph in half precision')
        .choices(BUILT_PROVIDERS)
        .makeOptionMandatory(),
    )
    .addOption(new Option('--precision <precision>').choices(PRECISIONS).default('float16'))
    .option('--python <program>', 'a Python with onnx and onnxruntime-gpu of the same version as in Node', 'python3')
    .option('--force', 'build anew what is there and fits')
    .option('--dry-run', 'print what would be done')
    .option('--no-check', 'do not run the golden sample on what was built')
    .action((flags: BuildFlags) => buildModel(flags, world));
  return new Command('model')
    .description('make a bundle of a network of your own, or prepare one for this machine')
    .addCommand(modelImportCommand(world.write))
    .addCommand(build);
}

async function buildModel(flags: BuildFlags, world: BuildWorld): Promise<void> {
  const { provider, precision, device: deviceId, engineCache: cache } = flags;
  const bundle = await loadBundle(flags.model);
  const request: BuildRequest = {
    provider,
    precision,
    deviceId,
    ...(provider === 'tensorrt' && { platform: world.probe(deviceId) }),
  };
  if (flags.dryRun) {
    world.write(await describePlan(bundle, request, flags));
    return;
  }
  const outcome = await buildEngine(bundle, request, {
    cache,
    when: flags.force ? 'always' : 'needed',
    builder: world.builder(flags.python),
    onLine: (line) => world.write(`${line}\n`),
    now: () => new Date(),
  });
  world.write(describeOutcome(outcome));
  if (flags.check) world.write(`${await checkGraph(bundle, flags)}\n`);
}

/** Exactly what a run without `--dry-run` would do. */
async function describePlan(bundle: Bundle, request: BuildRequest, flags: BuildFlags): Promise<string> {
  const key = engineKeyFor(bundle, request);
  const folder = join(flags.engineCache, engineId(key));
  const { program, args, path } = builderCommand(flags.python, 'PLAN');
  const found = await findEngine(flags.engineCache, key, bundle.name);
  const isKept = found.kind === 'current' && !flags.force;
  return [
    `model      ${bundle.name} (${bundle.sha256.slice(0, 12)})`,
    `key        ${JSON.stringify(key)}`,
    `folder     ${folder}`,
    `found      ${describeFound(found)}`,
    `would do   ${isKept ? 'nothing: it is kept' : 'build'}`,
    `command    PYTHONPATH=${path} ${[program, ...args].join(' ')}`,
    `PLAN       ${JSON.stringify(planBuild(bundle, key, request.deviceId, folder), null, 2)}`,
    '',
  ].join('\n');
}

function describeOutcome(outcome: BuildOutcome): string {
  const { folder, manifest } = outcome.engine;
  const what = `${manifest.key.provider} graph in ${manifest.key.precision}, ${(manifest.bytes / 1e6).toFixed(0)} MB, in ${folder}`;
  if (outcome.kind === 'kept') return `Kept the ${what}: built ${manifest.builtAt} for the same model and machine.\n`;
  const why = outcome.before.kind === 'unwanted' ? 'as --force asks' : describeFound(outcome.before);
  return `Built the ${what} in ${manifest.buildSeconds.toFixed(0)} s (${why}).\n`;
}

function describeFound(found: Awaited<ReturnType<typeof findEngine>>): string {
  switch (found.kind) {
    case 'current':
      return `one that fits, built ${found.engine.manifest.builtAt}`;
    case 'stale':
      return `a stale one: ${found.differences.join('; ')}`;
    case 'damaged':
      return `a damaged one: ${found.reason}`;
    case 'missing':
      return 'none';
  }
}

/**
 * Starts the provider on what was built and runs the golden sample.
 * @throws {SegmenterError} where it does not start or its labels are wrong; the graph stays for a second look
 */
async function checkGraph(bundle: Bundle, { provider, device, engineCache }: BuildFlags): Promise<string> {
  const segmenter = await Segmenter.create(bundle, {
    provider,
    fallback: 'none',
    deviceId: device,
    engineCache,
  });
  const [attempt] = segmenter.selection.attempts;
  await segmenter.close();
  return `Checked: ${describeAttempt(attempt!)}.`;
}

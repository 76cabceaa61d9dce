/** Models on every provider that is here, in tables: `npm run bench -- gpu --help` tells all. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findMissing } from '../src/model/gpu/provider_libraries.js';
import { type Case, type CaseResult, measureCase } from './gpu/case.js';
import { bundleFolder, prepareEngine } from './gpu/prepare.js';
import { describeMachine, markdown, type Report } from './gpu/report.js';
import { HELP, parseCommand, type Settings } from './gpu/settings.js';
import { describeVariant, type Measured, VARIANTS, type Variant } from './gpu/variants.js';

/** Measures all there is: what can't be measured is told with the reason, and what was measured is on the disk at once. */
async function measureAll(settings: Settings): Promise<Report> {
  const { models, providers, deviceId, work } = settings;
  const report: Report = {
    machine: describeMachine(deviceId),
    date: new Date().toISOString(),
    measured: [],
    absent: [],
  };
  mkdirSync(work, { recursive: true });
  const usable = providers.filter((provider) => {
    const missing = provider === 'cpu' ? undefined : findMissing(provider);
    if (missing === undefined) return true;
    process.stderr.write(`${provider}: ${missing}\n`);
    report.absent.push({ reason: missing, variants: [`all of ${provider}`] });
    return false;
  });
  for (const model of models) {
    for (const variant of VARIANTS.filter(({ provider }) => usable.includes(provider))) {
      const what = `${basename(model)}: ${describeVariant(variant)}`;
      process.stderr.write(`${what} ...\n`);
      try {
        report.measured.push(await measure(model, variant, settings));
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        process.stderr.write(`  not measured: ${reason}\n`);
        const known = report.absent.find((each) => each.reason === reason);
        if (known) known.variants.push(what);
        else report.absent.push({ reason, variants: [what] });
      }
      save(report, work);
    }
  }
  return report;
}

async function measure(model: string, variant: Variant, settings: Settings): Promise<Measured> {
  const { provider, graphs, encodeMode, precision } = variant;
  const bundle = await bundleFolder(model, settings);
  // A cache for each precision, so that a provider finds the one that is to be measured and no other.
  const engineCache = join(settings.work, 'engines', precision);
  const engine =
    graphs === 'fused' ? await prepareEngine(bundle, provider, precision, engineCache, settings) : undefined;
  const { modalities, frames, seconds, threads, deviceId } = settings;
  const result = runApart(
    {
      ...{ bundle, provider, graphs, encodeMode, engineCache, deviceId, threads, modalities, frames, seconds },
      ...(provider === 'cpu' && engine && { fused: engine.graph }),
    },
    settings.caseMinutes,
  );
  return { ...variant, model: basename(model), ...(engine && { buildSeconds: engine.manifest.buildSeconds }), result };
}

/** In a process of its own: a driver that crashes or hangs takes one variant with it and no more. */
function runApart(options: Case, minutes: number): CaseResult {
  const self = fileURLToPath(import.meta.url);
  const args = [...process.execArgv, self, '--case', JSON.stringify(options)];
  const { status, signal, stdout, stderr, error } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: minutes * 60_000,
    killSignal: 'SIGKILL',
  });
  if (status === 0) return JSON.parse(stdout) as CaseResult;
  if (error && 'code' in error && error.code === 'ETIMEDOUT') {
    throw new Error(`Expected an end within ${minutes} min but it went on (see --case-minutes)`);
  }
  const last = stderr.trim().split('\n').at(-1) || (signal ? `the process ended with ${signal}` : `status ${status}`);
  throw new Error(last);
}

/** Written elsewhere and renamed: results on the disk are whole, whenever the bench is stopped. */
function save(report: Report, work: string): void {
  for (const [name, text] of [
    ['results.json', `${JSON.stringify(report, null, 2)}\n`],
    ['results.md', markdown(report)],
  ] as const) {
    writeFileSync(join(work, `${name}.part`), text);
    renameSync(join(work, `${name}.part`), join(work, name));
  }
}

try {
  const command = parseCommand(process.argv.slice(2));
  if (command.kind === 'help') {
    process.stdout.write(HELP);
  } else if (command.kind === 'case') {
    process.stdout.write(JSON.stringify(await measureCase(command.options)));
  } else {
    const report = await measureAll(command.settings);
    process.stdout.write(
      command.settings.output === 'json' ? `${JSON.stringify(report, null, 2)}\n` : markdown(report),
    );
    if (report.measured.length === 0) process.exitCode = 1;
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

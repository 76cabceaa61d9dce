import { type ComparedOutcome, runDropout, type SessionOptions } from '../dropout/index.js';
import type { Scenario } from '../faults/index.js';
import { loadManifest } from '../model/index.js';
import { type ReplaySourceOptions, withEachModel } from '../replay/index.js';
import { complain } from './output.js';

/** Runs scenarios on a bag with each of several models, one after the other; of a model those that concern its sensors. */
export function dropoutOfEach(
  models: readonly string[],
  source: Omit<ReplaySourceOptions, 'model'>,
  options: Pick<SessionOptions, 'scenarios' | 'seed' | 'seconds' | 'signal'>,
): Promise<ComparedOutcome[]> {
  return withEachModel(
    models,
    source,
    async ({ source: opened, label, unlabeled }): Promise<ComparedOutcome> => ({
      label,
      unlabeled,
      ...(await runDropout(opened, {
        ...options,
        strangers: 'left-out',
        onRun: (name, done, total) => {
          if (process.stderr.isTTY) complain(`${label}: run ${done + 1} of ${total}: ${name}\n`);
        },
      })),
    }),
  );
}

/** @throws Error where a scenario names a sensor that none of the models takes */
export async function requireKnownSensors(scenarios: readonly Scenario[], models: readonly string[]): Promise<void> {
  const manifests = await Promise.all(models.map((folder) => loadManifest(folder)));
  const known = new Set(['all', ...manifests.flatMap(({ modalities }) => modalities.map(({ name }) => name))]);
  for (const { name, faults } of scenarios) {
    const stranger = faults.flatMap(({ modality }) => modality).find((modality) => !known.has(modality));
    if (stranger === undefined) continue;
    throw new Error(
      `Expected one of ${[...known].join(', ')} for the modality of scenario ${name} but received '${stranger}', ` +
        'which none of the models takes.',
    );
  }
}

/** What a reader must know of the models beside the scores, one sentence each. */
export function modelNotes(outcomes: readonly ComparedOutcome[]): string[][] {
  return outcomes.map(({ label, report: { leftOut }, unlabeled }) => [
    ...(leftOut ? [`${label} does not take the sensors of ${leftOut.join(', ')}.`] : []),
    ...(unlabeled.length > 0
      ? [`${label} has classes that ${outcomes[0]!.label} lacks, which count as unlabeled: ${unlabeled.join(', ')}.`]
      : []),
  ]);
}

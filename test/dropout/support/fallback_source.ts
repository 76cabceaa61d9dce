import assert from 'node:assert/strict';
import { join } from 'node:path';
import { renderDropoutPage, runDropout } from '../../../src/dropout/index.js';
import { loadScenarios } from '../../../src/faults/index.js';
import { DEFAULT_PIPELINE_CONFIG } from '../../../src/pipeline/index.js';
import { withReplaySource } from '../../../src/replay/index.js';
import { writePartBundle } from '../../support/part_bundle.js';
import { projectRoot } from '../../support/shared_data.js';

export type FallbackSource = Awaited<ReturnType<typeof fallbackSource>>;

/** The sample bag before a network that sees by the camera alone, and one that stands by for it with depth and LiDAR. */
export async function fallbackSource(folder: string) {
  const reference = join(projectRoot, 'models', 'reference');
  const day = await writePartBundle(reference, join(folder, 'day'), 'day', ['camera']);
  const night = await writePartBundle(reference, join(folder, 'night'), 'night', ['depth', 'lidar']);
  return {
    bag: join(projectRoot, 'samples', 'town'),
    model: day,
    fallbacks: [night],
    config: DEFAULT_PIPELINE_CONFIG,
    provider: 'cpu' as const,
    threads: 2,
  };
}

/**
 * The library's camera-lost keeps its promises, and the fallback makes the masks meanwhile.
 * @param during - seconds of the bag at which the camera is silent; default: as in the library
 */
export async function checkCameraLost(source: FallbackSource, during?: { at: number; until: number }): Promise<void> {
  const library = await loadScenarios([join(projectRoot, 'config', 'scenarios', 'camera-lost.yaml')]);
  const scenarios = library.map((scenario) => ({
    ...scenario,
    faults: scenario.faults.map((fault) => ({ ...fault, ...during })),
  }));
  const { at, until } = scenarios[0]!.faults[0]!;
  const outcome = await withReplaySource(source, (opened) => runDropout(opened, { scenarios, seed: 1 }));
  const { report } = outcome;
  const [lost] = report.scenarios;
  assert.ok(lost!.continuityPercent! >= 95, `${lost!.continuityPercent} % of the frames`);
  assert.ok(lost!.recoverMs! <= 600, `back after ${lost!.recoverMs} ms`);
  assert.equal(lost!.wrongStamps + lost!.staleMasks, 0);
  assert.equal(lost!.verdict, 'passed', JSON.stringify(lost!.checks));
  const { day: byDay, night: byNight } = lost!.masksByModel!;
  // At 10 Hz, but for the first two.
  assert.ok(byNight! >= 10 * (until! - at) - 2.5, `${byNight} masks by the fallback`);
  assert.equal(byDay! + byNight!, lost!.masks);
  assert.deepEqual(
    report.fallbacks?.map(({ name }) => name),
    ['night'],
  );
  const page = await renderDropoutPage(outcome);
  assert.ok(page.includes(`day ${byDay}, night ${byNight}`));
}

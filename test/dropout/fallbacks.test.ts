import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBag } from '../../src/bags/index.js';
import { type DropoutReport, renderDropoutPage, runDropout } from '../../src/dropout/index.js';
import { loadScenarios } from '../../src/faults/index.js';
import { decodeMessage } from '../../src/messages/index.js';
import { DEFAULT_PIPELINE_CONFIG, type DiagnosticArray } from '../../src/pipeline/index.js';
import { replayBag, withReplaySource } from '../../src/replay/index.js';
import { writePartBundle } from '../support/part_bundle.js';
import { projectRoot } from '../support/shared_data.js';

/** A network that sees by the camera alone, and one that stands by for it with depth and LiDAR. */
describe('fallbacks on the sample bag', function () {
  this.timeout(0);
  let folder: string;
  let day: string;
  let night: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mle-sam-fallbacks-'));
    const reference = join(projectRoot, 'models', 'reference');
    day = await writePartBundle(reference, join(folder, 'day'), 'day', ['camera']);
    night = await writePartBundle(reference, join(folder, 'night'), 'night', ['depth', 'lidar']);
  });
  after(() => rm(folder, { recursive: true }));

  const source = () => ({
    bag: join(projectRoot, 'samples', 'town'),
    model: day,
    fallbacks: [night],
    config: DEFAULT_PIPELINE_CONFIG,
    provider: 'cpu' as const,
    threads: 2,
  });

  it('keep the masks coming through camera-lost, and give back within 0.6 s', async () => {
    const scenarios = await loadScenarios([join(projectRoot, 'config', 'scenarios', 'camera-lost.yaml')]);
    const outcome = await withReplaySource(source(), (opened) => runDropout(opened, { scenarios, seed: 1 }));
    const report: DropoutReport = outcome.report;
    const [lost] = report.scenarios;
    assert.ok(lost!.continuityPercent! >= 95, `${lost!.continuityPercent} % of the frames`);
    assert.ok(lost!.recoverMs! <= 600, `back after ${lost!.recoverMs} ms`);
    assert.equal(lost!.wrongStamps + lost!.staleMasks, 0);
    assert.equal(lost!.verdict, 'passed', JSON.stringify(lost!.checks));
    const { day: byDay, night: byNight } = lost!.masksByModel!;
    // Three seconds at 10 Hz, and at dusk, when the camera of the sample shows nothing.
    assert.ok(byNight! >= 28, `${byNight} masks by the fallback`);
    assert.equal(byDay! + byNight!, lost!.masks);
    assert.deepEqual(
      report.fallbacks?.map(({ name }) => name),
      ['night'],
    );
    const page = await renderDropoutPage(outcome);
    assert.ok(page.includes(`day ${byDay}, night ${byNight}`));
  });

  it('are told in summary, report and masks.mcap in the same words', async () => {
    const configured = {
      ...DEFAULT_PIPELINE_CONFIG,
      sync: {
        ...DEFAULT_PIPELINE_CONFIG.sync,
        streams: { camera: { offsetMs: 0, necessity: 'optional', availability: 'disabled' } as const },
      },
    };
    const out = join(folder, 'out');
    const { summary, paths } = await replayBag({ ...source(), config: configured, out, rate: 'max' });
    const words = 'night makes the masks as fallback: day needs camera (disabled)';
    assert.deepEqual(
      summary.models!.map(({ name, role, masks }) => [name, role, masks]),
      [
        ['day', 'primary', 0],
        ['night', 'fallback', summary.frames.published],
      ],
    );
    assert.ok(summary.frames.published > 50);
    assert.ok(summary.problems.some(({ code, text }) => code === 'fallback-in-use' && text === `${words}.`));
    assert.ok((await readFile(paths.report, 'utf8')).includes(words));
    const bag = await openBag(paths.masks);
    const told = new Set<string>();
    for await (const raw of bag.messages({ topics: ['/diagnostics'] })) {
      const { status } = decodeMessage<DiagnosticArray>(raw);
      for (const { name, message } of status) told.add(`${name}: ${message}`);
    }
    await bag.close();
    assert.ok(told.has(`mle_sam: model: ${words}`));
    // States are told when they change; the camera's was never another one here.
    assert.ok(told.has(`mle_sam: sync: ${words.replace('disabled', 'waiting')}`));
  });
});

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBag } from '../../src/bags/index.js';
import { decodeMessage } from '../../src/messages/index.js';
import { DEFAULT_PIPELINE_CONFIG, type DiagnosticArray } from '../../src/pipeline/index.js';
import { replayBag } from '../../src/replay/index.js';
import { writeBag } from '../bench/support/soak_lane.js';
import { townMessages } from '../ros/support/town.js';
import { checkCameraLost, type FallbackSource, fallbackSource } from './support/fallback_source.js';

/** Of the sample bag; all of its sensors work until 5.5 s. */
const SECONDS = 3;

/** A network that sees by the camera alone, and one that stands by for it with depth and LiDAR. */
describe('fallbacks on the sample bag', function () {
  this.timeout(0);
  let folder: string;
  let source: FallbackSource;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mle-sam-fallbacks-'));
    const bag = await writeBag(join(folder, 'town.mcap'), await townMessages(SECONDS));
    source = { ...(await fallbackSource(folder)), bag };
  });
  after(() => rm(folder, { recursive: true }));

  it('keep the masks coming through a second without camera, and give back within 0.6 s', async () => {
    // `test/slow/fallbacks` goes through the three seconds of the library's scenario.
    await checkCameraLost(source, { at: 0.8, until: 1.8 });
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
    const { summary, paths } = await replayBag({ ...source, config: configured, out, rate: 'max' });
    const words = 'night makes the masks as fallback: day needs camera (disabled)';
    assert.deepEqual(
      summary.models!.map(({ name, role, masks }) => [name, role, masks]),
      [
        ['day', 'primary', 0],
        ['night', 'fallback', summary.frames.published],
      ],
    );
    assert.ok(summary.frames.published >= 25, `${summary.frames.published} masks`);
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

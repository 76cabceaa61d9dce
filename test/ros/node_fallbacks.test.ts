import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writePartBundle } from '../support/part_bundle.js';
import { TINY_TOPICS, tinyDrive } from '../support/tiny_rig.js';
import { domainOf, type Program, waitUntil } from './support/index.js';
import { type DiagnosticsFields, LEVEL } from './support/messages.js';
import { startNode, TINY_BUNDLE } from './support/node.js';
import { affordablePace } from './support/pace.js';
import { Rig } from './support/rig.js';

const PATIENT = { deadlineMs: 60_000 };
const CLOCK = ['--clock', '--stamps', 'recorded', '--rate', String(affordablePace()), '--wait-for-masks'];
const WORDS = /^night makes the masks as fallback: day needs camera \((late|dropped)\)$/;

describe('A node with a fallback', function () {
  this.timeout(180_000);
  const domain = domainOf(import.meta.url);
  let folder: string;
  let rig: Rig;
  let node: Program;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mle-sam-fallbacks-'));
    const day = await writePartBundle(TINY_BUNDLE, join(folder, 'day'), 'day', ['camera']);
    const night = await writePartBundle(TINY_BUNDLE, join(folder, 'night'), 'night', ['depth', 'lidar']);
    const listen = ['mask', 'mask_info', '/diagnostics'];
    rig = new Rig({ messages: tinyDrive({ seconds: 5 }), loop: 5, domain, listen, args: CLOCK });
    await rig.program.line('ready', PATIENT);
    const remapped = (['camera', 'depth'] as const).flatMap((name) => ['-r', `${name}/image:=${TINY_TOPICS[name]}`]);
    node = startNode(
      domain,
      { model: day, fallbacks: `[${night}]`, use_sim_time: true, threads: 1, diagnostics_period_ms: 200 },
      { rosArguments: remapped },
    );
    await rig.heardOn([TINY_TOPICS.camera, TINY_TOPICS.depth, TINY_TOPICS.lidar]);
    await rig.tell({ play: true });
    await rig.more('mask', 5, PATIENT);
  });
  after(async () => {
    await node?.stop();
    await rig?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const statuses = (topic: string, subject: string) =>
    rig
      .received<DiagnosticsFields>(topic)
      .flatMap(({ fields }) => fields.statuses.filter(({ name }) => name === `mle_sam: ${subject}`));

  it('goes on without its camera, says so in log, diagnostics and mask_info, and is back with it', async () => {
    await waitUntil(
      'masks by the first model',
      () => statuses('mask_info', 'mask').at(-1)?.values.model === 'day',
      PATIENT,
    );
    await waitUntil(
      'a fallback that stands by',
      () => statuses('/diagnostics', 'fallback night').at(-1)?.message === 'stands by on cpu',
      PATIENT,
    );
    rig.forget();
    await rig.tell({ mute: [TINY_TOPICS.camera] });
    // The first of them may be made before the LiDAR of that moment has come.
    const byNight = await waitUntil(
      'a mask of both sensors by the fallback',
      () =>
        statuses('mask_info', 'mask').find(
          ({ values }) => values.model === 'night' && values.present_modalities === 'depth lidar',
        ),
      PATIENT,
    );
    assert.equal(byNight.level, LEVEL.warn);
    const told = await waitUntil(
      'diagnostics of the change',
      () => statuses('/diagnostics', 'model').find(({ values }) => values.model === 'night'),
      PATIENT,
    );
    assert.match(told.message, WORDS);
    await waitUntil(
      'a line in the log',
      () => node.lines.some((line) => WORDS.test(line.replace(/^.*: (?=night makes)/, ''))),
      PATIENT,
    );
    await rig.more('mask', 10, PATIENT);
    // A set of the fallback comes for every depth image.
    const stamps = rig.received('mask').map(({ stamp }) => Number(stamp) / 1e9);
    const gaps = stamps.slice(1).map((stamp, index) => stamp - stamps[index]!);
    assert.ok(Math.max(...gaps.filter((gap) => gap < 2)) < 0.35, `gaps of ${Math.max(...gaps)} s`);
    await rig.tell({ unmute: [TINY_TOPICS.camera] });
    rig.forget();
    await waitUntil(
      'masks by the first model',
      () => statuses('mask_info', 'mask').find(({ values }) => values.model === 'day'),
      PATIENT,
    );
    await waitUntil(
      'diagnostics that all is as before',
      () => statuses('/diagnostics', 'model').find(({ message }) => message === 'day makes the masks'),
      PATIENT,
    );
  });
});

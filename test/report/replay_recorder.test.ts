import assert from 'node:assert/strict';
import type { Segmentation } from '../../src/model/segmentation.js';
import { type PublishedFrame, ReplayRecorder, replaySummarySchema } from '../../src/report/index.js';
import { recordSyntheticReplay } from './synthetic_replay.js';

const SECOND = 1_000_000_000n;

function recorder(): ReplayRecorder {
  return new ReplayRecorder({
    bag: { path: '/bags/a', name: 'a', source: 'recording' },
    model: { name: 'm', sha256: '0'.repeat(64), trainedOn: 'nothing' },
    modalities: ['camera', 'lidar'],
    classes: [
      { id: 0, name: 'road', color: [1, 2, 3] },
      { id: 1, name: 'sky', color: [4, 5, 6] },
    ],
    provider: 'cpu',
  });
}

/** A 2x1 mask with the given labels, at a second of the bag. */
function frame(second: number, labels: number[], extra: Partial<PublishedFrame> = {}): PublishedFrame {
  const present = extra.absent?.has('lidar') ? ['camera'] : ['camera', 'lidar'];
  const segmentation: Segmentation = {
    width: 2,
    height: 1,
    stamp: BigInt(second) * SECOND,
    frameId: 'camera',
    labels: Uint8Array.from(labels),
    confidence: new Uint8Array(2),
    present,
    routing: new Map(present.map((name) => [name, [1 / present.length]])),
    timings: { encodeMs: 1, headMs: 1, totalMs: 2 },
  };
  const latencyMs = { decode: 1, syncWait: 2, inference: 3, total: 6 };
  return { segmentation, arrivedAt: segmentation.stamp, absent: new Map(), latencyMs, ...extra };
}

describe('ReplayRecorder', function () {
  this.timeout(120_000);

  it('counts frames, and why some have no mask', async () => {
    const r = recorder();
    await r.published(frame(1, [0, 1]));
    await r.published(frame(2, [0, 1], { absent: new Map([['lidar', 'dropped']]) }));
    r.dropped(3n * SECOND, 'nothing-usable');
    r.dropped(4n * SECOND, 'nothing-usable');
    const { summary } = r.finish({ wallSeconds: 2 });
    assert.deepEqual(summary.frames, {
      reference: 4,
      published: 2,
      complete: 1,
      partial: 1,
      dropped: 2,
      droppedBecause: { 'nothing-usable': 2 },
    });
    assert.equal(summary.throughputFps, 1);
    assert.equal(summary.bag.durationSeconds, 3);
    assert.equal(summary.realTimeFactor, 1.5);
    assert.equal(summary.score, undefined);
  });

  it('scores masks at the size of the ground truth, as one confusion matrix', async () => {
    const r = recorder();
    const truth = (labels: number[]) => ({ width: 4, height: 1, labels: Uint8Array.from(labels) });
    await r.published(frame(1, [0, 1], { groundTruth: truth([0, 0, 1, 1]), stretch: 'day' }));
    await r.published(frame(2, [0, 0], { groundTruth: truth([0, 1, 1, 255]), stretch: 'night' }));
    await r.published(frame(3, [0, 0]));
    const { score } = r.finish({ wallSeconds: 1 }).summary;
    assert.ok(score);
    // road: 3 hits of 3, predicted 5; sky: 2 hits of 4, predicted 2.
    assert.equal(score.perClass.road, (100 * 3) / 5);
    assert.equal(score.perClass.sky, (100 * 2) / 4);
    assert.ok(Math.abs(score.miou! - (60 + 50) / 2) < 1e-9);
    assert.equal(score.frames, 2);
    assert.equal(score.stretches.day?.miou, 100);
    // night: road 1 of 3 predicted, sky 0 of 2
    assert.ok(Math.abs(score.stretches.night!.perClass.road! - 100 / 3) < 1e-9);
    assert.equal(score.stretches.night?.perClass.sky, 0);
    assert.equal(score.stretches.night?.frames, 1);
  });

  it('names a class without a pixel as having no score, and tells the other convention', async () => {
    const r = recorder();
    const groundTruth = { width: 2, height: 1, labels: Uint8Array.of(0, 0) };
    await r.published(frame(1, [0, 0], { groundTruth }));
    const { score } = r.finish({ wallSeconds: 1 }).summary;
    assert.deepEqual(score?.perClass, { road: 100, sky: null });
    assert.equal(score?.miou, 100);
    assert.equal(score?.miouAbsentAsZero, 50);
  });

  it('goes on with a problem where the ground truth has ids the model does not know', async () => {
    const r = recorder();
    const groundTruth = { width: 2, height: 1, labels: Uint8Array.of(0, 9) };
    await r.published(frame(1, [0, 0], { groundTruth }));
    const { summary } = r.finish({ wallSeconds: 1 });
    assert.equal(summary.score, undefined);
    assert.match(summary.problems[0]?.text ?? '', /Ground truth not scored: Expected class ids below 2 .* received 9/);
  });

  it('follows modalities: messages by fate, seconds by state', () => {
    const r = recorder();
    r.messages('lidar', 'received', 5);
    r.messages('lidar', 'used', 3);
    r.messages('lidar', 'invalid');
    r.messages('lidar', 'dropped');
    r.modalityState('lidar', 10n * SECOND, 'active');
    r.modalityState('lidar', 12n * SECOND, 'dropped', 'silent');
    const { summary, report } = r.finish({ wallSeconds: 1, bagSeconds: 5 });
    assert.deepEqual(summary.modalities.lidar, {
      messages: 5,
      used: 3,
      invalid: 1,
      dropped: 1,
      states: { active: 2, dropped: 3 },
      stateChanges: 2,
    });
    assert.deepEqual(summary.modalities.camera?.states, { waiting: 5 });
    assert.deepEqual(report.timelines[1]?.spans.at(-1), { state: 'dropped', from: 2, to: 5, reason: 'silent' });
  });

  it('refuses a modality the model does not have', () => {
    assert.throws(
      () => recorder().messages('radar', 'used'),
      /Expected one of camera, lidar for modality but received radar/,
    );
  });

  it('shows drops of the whole replay, however many', () => {
    const r = recorder();
    for (let second = 0; second < 5000; second++) r.dropped(BigInt(second) * SECOND, 'nothing-usable');
    const { droppedSeconds } = r.finish({ wallSeconds: 1 }).report.series;
    assert.ok(droppedSeconds.length <= 2000 && droppedSeconds.at(-1)! >= 4990, `up to ${droppedSeconds.at(-1)} s`);
  });

  it('counts equal problems once, and says when they first and last occurred', () => {
    const r = recorder();
    for (let i = 0n; i < 3n; i++) r.problem('warning', 'cut off', 1_750_000_000_000_000_001n + i * SECOND);
    r.problem('error', 'of the whole bag');
    r.problem('error', 'of the whole bag', 7n);
    assert.deepEqual(r.finish({ wallSeconds: 1 }).summary.problems, [
      {
        severity: 'warning',
        code: 'other',
        text: 'cut off',
        count: 3,
        first: '1750000000000000001',
        last: '1750000002000000001',
      },
      { severity: 'error', code: 'other', text: 'of the whole bag', count: 2, first: '7', last: '7' },
    ]);
  });

  it('shows the mask of a frame whose picture cannot be read, and says so', async () => {
    const r = recorder();
    const camera = () => Promise.reject(new Error('cut off'));
    await r.published(frame(1, [0, 1], { camera }));
    const { summary, report } = r.finish({ wallSeconds: 1 });
    assert.equal(report.pictures.length, 1);
    assert.deepEqual(
      summary.problems.map(({ text }) => text),
      ['A picture is left out of the report: cut off'],
    );
  });

  it('asks for the camera picture only of frames it will show', async () => {
    const r = recorder();
    let asked = 0;
    const camera = () => {
      asked++;
      return { width: 2, height: 1, data: new Uint8Array(6) };
    };
    for (let second = 0; second < 1000; second++) await r.published(frame(second, [0, 1], { camera }));
    const { report } = r.finish({ wallSeconds: 1 });
    assert.ok(report.pictures.length >= 48 && report.pictures.length <= 96, `${report.pictures.length} pictures`);
    assert.ok(asked < 300, `asked ${asked} times`);
    const steps = new Set(report.pictures.slice(1).map(({ seconds }, i) => seconds - report.pictures[i]!.seconds));
    assert.equal(steps.size, 1, 'evenly spaced');
  });

  it('lets pictures go when they are too large for the page', async () => {
    const r = recorder();
    let state = 1;
    const noise = new Uint8Array(960 * 720 * 3).map(() => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return state >>> 24;
    });
    const camera = () => ({ width: 960, height: 720, data: noise });
    for (let second = 0; second < 60; second++) await r.published(frame(second, [0, 1], { camera }));
    const { pictures } = r.finish({ wallSeconds: 1 }).report;
    const bytes = pictures.reduce((sum, { camera: webp }) => sum + (webp?.length ?? 0), 0);
    assert.ok(pictures.length < 60 && pictures.length > 5, `${pictures.length} pictures`);
    assert.ok(bytes <= 17_000_000, `${bytes} bytes`);
  });

  it('scores frames by condition and sensors', async () => {
    const r = recorder();
    const groundTruth = { width: 2, height: 1, labels: Uint8Array.of(0, 1) };
    const absent = new Map([['lidar', 'dropped']] as const);
    await r.published(frame(1, [0, 1], { groundTruth, stretch: 'day' }));
    await r.published(frame(2, [0, 1], { groundTruth, stretch: 'day' }));
    await r.published(frame(3, [0, 0], { groundTruth, stretch: 'day', absent }));
    await r.published(frame(4, [1, 0], { groundTruth, absent }));
    assert.deepEqual(r.finish({ wallSeconds: 1 }).summary.score?.subsets, [
      { condition: 'day', present: ['camera', 'lidar'], frames: 2, miou: 100 },
      // road: 1 of 2 predicted, sky: none
      { condition: 'day', present: ['camera'], frames: 1, miou: 25 },
      { condition: null, present: ['camera'], frames: 1, miou: 0 },
    ]);
  });

  it('counts every pixel once in the confusion table, those of no class in its last column', async () => {
    const r = recorder();
    const groundTruth = { width: 2, height: 1, labels: Uint8Array.of(0, 1) };
    await r.published(frame(1, [0, 0], { groundTruth }));
    await r.published(frame(2, [255, 1], { groundTruth }));
    assert.deepEqual(r.finish({ wallSeconds: 1 }).report.confusion, {
      classes: ['road', 'sky'],
      counts: [
        [1, 0, 1],
        [1, 1, 0],
      ],
    });
  });

  it('gives a summary that its schema accepts after a trip through JSON, with and without ground truth', async () => {
    for (const annotated of ['annotated', 'bare'] as const) {
      const { summary } = await recordSyntheticReplay({ seconds: 2, annotated });
      assert.deepEqual(replaySummarySchema.parse(JSON.parse(JSON.stringify(summary))), summary);
      assert.equal(summary.score === undefined, annotated === 'bare');
    }
    const empty = recorder().finish({ wallSeconds: 0 }).summary;
    assert.deepEqual(replaySummarySchema.parse(JSON.parse(JSON.stringify(empty))), empty);
  });
});

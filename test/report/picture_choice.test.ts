import assert from 'node:assert/strict';
import fc from 'fast-check';
import { cityscapesColours, isPerson } from '../../src/report/cityscapes_colours.js';
import { findMoments, openingPicture, worstPictures } from '../../src/report/moments.js';
import { bytesOf, PictureSample } from '../../src/report/picture_sample.js';
import type { ReportPicture } from '../../src/report/report_data.js';
import { WorstFrames } from '../../src/report/worst_frames.js';

const ALL = ['camera', 'depth', 'lidar'];

function picture(seconds: number, present: string[] = ALL, miou?: number): ReportPicture {
  return {
    seconds,
    width: 2,
    height: 1,
    mask: { width: 2, height: 1, data: Buffer.alloc(10) },
    sensors: {},
    present,
    absent: {},
    ...(miou !== undefined && { miou }),
  };
}

describe('the pictures of a report', () => {
  it('open a little into the first outage of the camera, before those of others', () => {
    const pictures = [
      picture(0),
      picture(1, ['camera', 'depth']),
      picture(2),
      picture(3, ['depth', 'lidar']),
      picture(3.5, ['depth', 'lidar']),
      picture(4, ['depth', 'lidar']),
      picture(5),
    ];
    assert.equal(openingPicture(pictures, 'camera'), 4);
    assert.equal(openingPicture(pictures, 'thermal'), 1);
    assert.equal(openingPicture(pictures.slice(0, 3), 'camera'), 1);
  });

  it('open with the first where nothing was lost: a sensor that was never there is none that was lost', () => {
    assert.equal(openingPicture([picture(0, ['depth']), picture(1, ['depth']), picture(2)], 'camera'), 0);
    assert.equal(openingPicture([], 'camera'), 0);
  });

  it('name the worst, a second apart', () => {
    const scores = [50, 20, 21, 40, 10, 60];
    const pictures = scores.map((miou, i) => picture(i * 0.6, ALL, miou));
    // At 0, 0.6, 1.2, 1.8, 2.4 and 3 s: those beside a worse one give way to it.
    assert.deepEqual(worstPictures(pictures), [4, 1]);
    assert.deepEqual(worstPictures([picture(0), picture(1)]), []);
  });

  it('keep each change of sensors however long the bag is, and stay bounded', async () => {
    const sample = new PictureSample(6000);
    let made = 0;
    for (let i = 0; i < 6000; i++) {
      const lost = i >= 3001 && i < 3005;
      const present = lost ? ['depth', 'lidar'] : ALL;
      const miou = i === 4321 ? 3 : 50;
      await sample.offer({ seconds: i / 10, present, miou }, async () => {
        made++;
        return picture(i / 10, present, miou);
      });
    }
    const times = sample.pictures().map(({ seconds }) => seconds);
    for (const seconds of [0, 300.1, 300.5, 432.1]) assert.ok(times.includes(seconds), `${seconds} s`);
    assert.ok(times.length <= 156 && made < 300, `${times.length} kept of ${made}`);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
  });

  it('never hold more than their bytes', async () => {
    const sample = new PictureSample(0);
    for (let i = 0; i < 50; i++) {
      await sample.offer({ seconds: i, present: i % 2 ? ALL : ['depth'] }, async () => ({
        ...picture(i),
        camera: Buffer.alloc(1_000_000),
      }));
    }
    const bytes = sample.pictures().reduce((sum, each) => sum + bytesOf(each), 0);
    assert.ok(bytes <= 17_000_000, `${bytes} bytes`);
  });
});

describe('WorstFrames', () => {
  it('holds what sorting all of them greedily gives, no two within a second', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 60 }), (scores) => {
        const worst = new WorstFrames<{ seconds: number; miou?: number }>(5);
        scores.forEach((miou, i) => {
          worst.add({ seconds: 2 * i, miou });
        });
        const expected = scores.toSorted((a, b) => a - b).slice(0, 5);
        assert.deepEqual(
          worst.items.map(({ miou }) => miou),
          expected,
        );
      }),
    );
  });

  it('takes of frames of one second the worst', () => {
    const worst = new WorstFrames<{ seconds: number; miou?: number }>(5);
    for (const [seconds, miou] of [
      [0, 40],
      [0.5, 30],
      [0.9, 35],
      [3, 50],
    ] as const) {
      worst.add({ seconds, miou });
    }
    assert.deepEqual(worst.items, [
      { seconds: 0.5, miou: 30 },
      { seconds: 3, miou: 50 },
    ]);
  });
});

describe('moments of a replay', () => {
  it('are state changes and the first sight of each problem, in the order of time', () => {
    const timelines = [
      {
        modality: 'lidar',
        spans: [
          { state: 'active' as const, from: 0, to: 2 },
          { state: 'dropped' as const, from: 2, to: 4, reason: 'no message for 0.30 s' },
          { state: 'active' as const, from: 4, to: 9 },
        ],
      },
    ];
    const problem = { severity: 'warning' as const, code: 'bag', text: 'cut off', count: 1, first: '3', last: '3' };
    const moments = findMoments(timelines, [problem, { ...problem, first: null }], (stamp) => Number(stamp));
    assert.deepEqual(moments, [
      { seconds: 2, kind: 'state', text: 'lidar dropped: no message for 0.30 s' },
      { seconds: 3, kind: 'fault', text: 'cut off' },
      { seconds: 4, kind: 'state', text: 'lidar active' },
    ]);
  });
});

describe('the colours of Cityscapes', () => {
  const named = (...names: string[]) => names.map((name, id) => ({ id, name, color: [1, 2, 3] as const }));

  it('are found under the names that data sets give, whatever their spelling', () => {
    const colours = cityscapesColours(named('TrafficSign', 'traffic_sign', 'Traffic light', 'SideWalk'));
    assert.deepEqual(
      [...(colours ?? [])],
      [
        [0, [220, 220, 0]],
        [1, [220, 220, 0]],
        [2, [250, 170, 30]],
        [3, [244, 35, 232]],
      ],
    );
  });

  it('are not offered where fewer than half of the classes have one', () => {
    assert.equal(cityscapesColours(named('asphalt', 'sand', 'road')), undefined);
  });

  it('go with an outline of people', () => {
    const people = named('person', 'Pedestrian', 'two_wheeler', 'car', 'personal effects').filter(isPerson);
    assert.deepEqual(
      people.map(({ name }) => name),
      ['person', 'Pedestrian', 'two_wheeler'],
    );
  });
});

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MCUBES_CLASSES } from '../../src/datasets/classes.js';
import {
  type Dataset,
  type MatchedBundle,
  matchBundle,
  openDataset,
  readSamples,
  recogniseDataset,
} from '../../src/datasets/index.js';
import { projectRoot } from '../support/shared_data.js';
import { DELIVER_MODALITIES, MUSES_MANIFEST, manifestOf } from './support/bundles.js';
import { samples, savePng, saveText, writeDeliverFrame } from './support/trees.js';

const DELIVER_MANIFEST = manifestOf(DELIVER_MODALITIES);

/** All samples of a data set; a frame that cannot be read is its sentence. */
async function readAll(dataset: Dataset, bundle: MatchedBundle) {
  const read = [];
  const sizes = { input: bundle.input, scoredAt: dataset.scoredAt(bundle.input) };
  for await (const outcome of readSamples(dataset, matchBundle(dataset, bundle), dataset.frames, sizes)) {
    read.push(outcome.kind === 'sample' ? outcome.sample : outcome.reason);
  }
  return read;
}

describe('layouts of data sets', () => {
  let folder: string;
  before(() => {
    // Splits, conditions and `/img` in the name of the root: a reader that searches paths finds them there.
    folder = mkdtempSync(join(tmpdir(), 'night_train_rain-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  describe('DELIVER', () => {
    let root: string;
    before(async () => {
      root = join(folder, 'img', 'DELIVER');
      const label = (x: number, y: number) => (y < 10 ? (x % 2) * 255 : 1 + (x % 25));
      await writeDeliverFrame(root, 'sun/val/MAP_1_point2', '001200', label);
      await writeDeliverFrame(root, 'night/val/MAP_7_point3_eventlowres', '0001200', label);
      await writeDeliverFrame(root, 'rain/train/MAP_2_point1_lidarjitter', '001200', label);
    });

    it('is recognised, and its frames have condition and case by path parts', async () => {
      assert.equal(await recogniseDataset(root), 'deliver');
      const { frames } = await openDataset('deliver', root, 'val');
      assert.deepEqual(
        frames.map(({ name, condition, case: failure }) => [name, condition, failure]),
        [
          ['night/val/MAP_7_point3_eventlowres/0001200', 'night', 'eventlowres'],
          ['sun/val/MAP_1_point2/001200', 'sun', 'none'],
        ],
      );
      const [train] = (await openDataset('deliver', root, 'train')).frames;
      assert.deepEqual([train!.condition, train!.case], ['rain', 'lidarjitter']);
    });

    it('takes HHA for depth, repeats the one channel of LiDAR, and scores at 1024 with 0 and 255 left out', async () => {
      const dataset = await openDataset('deliver', root, 'val');
      for (const sample of await readAll(dataset, DELIVER_MANIFEST)) {
        assert.ok(typeof sample !== 'string', String(sample));
        const greys = [...sample.images].map(([name, { data }]) => [name, [...new Set(data)]]);
        assert.deepEqual(greys, [
          ['camera', [10]],
          ['depth', [20]],
          ['events', [30]],
          ['lidar', [40]],
        ]);
        const { width, height, labels } = sample.truth!;
        assert.deepEqual([width, height], [1024, 1024]);
        assert.ok(labels.subarray(0, 9 * 1024).every((id) => id === 255));
        assert.deepEqual(
          [...new Set(labels.subarray(10 * 1024))].sort((a, b) => a - b),
          Array.from({ length: 25 }, (_, i) => i),
        );
      }
    });

    it('leaves out frames with a missing, cut or wrong file, each with the sentence that names it', async () => {
      const broken = join(folder, 'broken');
      cpSync(root, broken, { recursive: true });
      const file = (kind: string, suffix: string) =>
        join(broken, kind, 'sun/val/MAP_1_point2', `001200_${suffix}_front.png`);
      const breaks: [() => void | Promise<void>, RegExp][] = [
        [() => rmSync(file('hha', 'depth')), /Expected a whole picture at .*hha.*001200_depth_front\.png/],
        [
          () => savePng(file('hha', 'depth'), samples(100, 100, 3, 1)),
          /Expected 1042x1042 pixels for .* received 100x100/,
        ],
        [
          () => writeFileSync(file('hha', 'depth'), 'x'),
          /Expected a whole picture at .*depth_front\.png but could not/,
        ],
      ];
      for (const [damage, sentence] of breaks) {
        await damage();
        const [first, second] = await readAll(await openDataset('deliver', broken, 'val'), DELIVER_MANIFEST);
        assert.equal(typeof first, 'object');
        assert.match(String(second), sentence);
      }
    });

    it('says which folder or split is missing, and which there are', async () => {
      await assert.rejects(
        openDataset('deliver', root, 'test'),
        /Expected frames like .*semantic\/<condition>\/test\/MAP_\*\/\*\.png but found none\. Name one of train, val with --split\./,
      );
      const lacking = join(folder, 'lacking');
      cpSync(root, lacking, { recursive: true });
      rmSync(join(lacking, 'hha'), { recursive: true });
      await assert.rejects(
        openDataset('deliver', lacking, 'val'),
        /Expected DELIVER's folder hha in .*lacking but it is missing/,
      );
    });
  });

  describe('MUSES', () => {
    let root: string;
    const key = 'REC0066_frame_497570';
    const FORWARD = [
      [0, -1, 0, 0],
      [0, 0, -1, 0],
      [1, 0, 0, 0],
      [0, 0, 0, 1],
    ];
    const identity = FORWARD.map((row, i) => row.map((_, j) => Number(i === j)));
    const points = [
      // x, y, z, intensity, ring, seconds
      [20, 0, 0, 90, 0, 0],
      [10, 0, 0, 50, 0, 0], // nearer, in the same pixel
      [30, 0, 0, 255, 0, 0], // farther, later in the file: the SDK would draw it
      [-10, -3, -1, 255, 2, 0], // behind the camera: the SDK would draw it
      [0.5, 0.1, 0.1, 255, 3, 0], // the vehicle's own
    ];
    before(async () => {
      root = join(folder, 'muses');
      const K = (f: number, cx: number, cy: number) => [
        [f, 0, cx],
        [0, f, cy],
        [0, 0, 1],
      ];
      const calibration = {
        intrinsics: { rgb: { K: K(1000, 960, 540) }, event: { K: K(500, 320, 240) } },
        extrinsics: { lidar2rgb: FORWARD, event2rgb: identity, radar2rgb: identity },
      };
      saveText(join(root, 'calib.json'), JSON.stringify(calibration));
      const meta: Record<string, object> = {};
      for (const split of ['val', 'test']) {
        const where = `${split}/fog/night/${key}`;
        meta[split === 'val' ? key : `${key}1`] = {
          split,
          weather: 'fog',
          time_of_day: 'night',
          path_to_frame_camera: `frame_camera/${where}_frame_camera.png`,
          path_to_event_camera: `event_camera/${where}_event_camera.h5`,
          path_to_lidar: `lidar/${where}_lidar.bin`,
        };
        await savePng(
          join(root, `frame_camera/${where}_frame_camera.png`),
          samples(1920, 1080, 3, (_x, _y, c) => 5 + c),
        );
        saveText(join(root, `lidar/${where}_lidar.bin`), new Uint8Array(Float64Array.from(points.flat()).buffer));
        saveText(join(root, `event_camera/${where}_event_camera.h5`), '');
        cpSync(
          join(projectRoot, 'test/fixtures/events-h5/blosc_zstd.h5'),
          join(root, `event_camera/${where}_event_camera.h5`),
        );
      }
      saveText(join(root, 'meta.json'), JSON.stringify(meta));
      const label = samples(1920, 1080, 1, (_x, y) => (y < 540 ? 255 : 18));
      await savePng(join(root, `gt_semantic/val/fog/night/${key}_gt_labelTrainIds.png`), label);
    });

    it('is recognised, and scored at its own size; labels of the test split are not missed', async () => {
      assert.equal(await recogniseDataset(root), 'muses');
      const dataset = await openDataset('muses', root, 'val');
      assert.deepEqual(dataset.scoredAt({ width: 64, height: 32 }), { width: 1920, height: 1080 });
      const [frame] = dataset.frames;
      assert.deepEqual([frame!.name, frame!.condition], [`fog-night/val/${key}`, 'fog-night']);
      assert.equal(dataset.predictionPath(frame!), join('labelTrainIds', `${key}.png`));
      const [untold] = (await openDataset('muses', root, 'test')).frames;
      assert.equal(untold!.label, undefined);
    });

    it('draws the nearest point of a pixel, nothing from behind the camera, and nothing of the vehicle', async () => {
      const bundle = { ...MUSES_MANIFEST, input: { width: 1920, height: 1080 } };
      const [sample] = await readAll(await openDataset('muses', root, 'val'), bundle);
      assert.ok(typeof sample === 'object', String(sample));
      const { data } = sample.images.get('lidar')!;
      const centre = 3 * (540 * 1920 + 960);
      const range = Math.round(255 * (1 - Math.log(10) / Math.log(80)));
      assert.deepEqual([...data.subarray(centre, centre + 3)], [range, 50, Math.round(1 + (254 * 3) / 9)]);
      let drawn = 0;
      for (let i = 2; i < data.length; i += 3) drawn += Number(data[i]! > 0);
      assert.equal(drawn, 9);
    });

    it('moves events by the homography, counts without wrapping, and keeps the last 30 ms with their first instant', async () => {
      const bundle = { ...MUSES_MANIFEST, input: { width: 1920, height: 1080 } };
      const [sample] = await readAll(await openDataset('muses', root, 'val'), bundle);
      assert.ok(typeof sample === 'object');
      const { data } = sample.images.get('events')!;
      // u = 960 + 2 (x - 320), v = 540 + 2 (y - 240); event i at 20 i microseconds, the last one 1999.
      const expected = new Map<number, { on: number; off: number; newest: number }>();
      for (let i = 1999 - 1500; i < 2000; i++) {
        const u = 960 + 2 * (((7 * i) % 1280) - 320);
        const v = 540 + 2 * (((11 * i) % 720) - 240);
        if (u < 0 || u >= 1920 || v < 0 || v >= 1080) continue;
        const seen = expected.get(v * 1920 + u) ?? { on: 0, off: 0, newest: 0 };
        if (i % 2 === 1) seen.on++;
        else seen.off++;
        expected.set(v * 1920 + u, { ...seen, newest: 1500 - (1999 - i) });
      }
      assert.ok(expected.size > 500);
      const drawn = new Map<number, number[]>();
      for (let pixel = 0; pixel < data.length / 3; pixel++) {
        const colour = [...data.subarray(3 * pixel, 3 * pixel + 3)];
        if (colour.some(Boolean)) drawn.set(pixel, colour);
      }
      assert.deepEqual(
        [...drawn].map(([pixel]) => pixel),
        [...expected.keys()].sort((a, b) => a - b),
      );
      for (const [pixel, { on, off, newest }] of expected) {
        const colour = [Math.min(255, 64 * on), Math.round((255 * newest) / 1500), Math.min(255, 64 * off)];
        assert.deepEqual(drawn.get(pixel), colour);
      }
    });

    const breaks: [string, () => void, RegExp][] = [
      [
        'calib.json',
        () => saveText(join(root, 'calib.json'), '{}'),
        /Expected intrinsics and extrinsics of MUSES in .*calib\.json but intrinsics is wrong/,
      ],
      [
        'meta.json',
        () => saveText(join(root, 'meta.json'), '{'),
        /Expected MUSES's meta\.json at .* but could not read it/,
      ],
      [
        'a field',
        () => saveText(join(root, 'meta.json'), JSON.stringify({ [key]: { split: 'val', weather: 'fog' } })),
        /Expected a text for 'time_of_day' of REC0066_frame_497570 in .*meta\.json/,
      ],
      [
        'a folder',
        () => rmSync(join(root, 'event_camera'), { recursive: true }),
        /Expected MUSES's folder event_camera/,
      ],
    ];
    for (const [name, damage, sentence] of breaks) {
      it(`refuses the set in one sentence without ${name}`, async () => {
        const kept = `${root}-kept`;
        cpSync(root, kept, { recursive: true });
        damage();
        try {
          await assert.rejects(openDataset('muses', root, 'val'), (error: Error) => {
            assert.match(error.message, sentence);
            assert.doesNotMatch(error.message, /\n/);
            return true;
          });
        } finally {
          rmSync(root, { recursive: true });
          cpSync(kept, root, { recursive: true });
          rmSync(kept, { recursive: true });
        }
      });
    }

    it('names the split that is missing, and a cut .bin', async () => {
      await assert.rejects(
        openDataset('muses', root, 'train'),
        /split 'train' in .* Name one of test, val with --split\./,
      );
      saveText(join(root, `lidar/val/fog/night/${key}_lidar.bin`), '1234567');
      const [read] = await readAll(await openDataset('muses', root, 'val'), MUSES_MANIFEST);
      assert.match(
        String(read),
        /Expected a multiple of 48 bytes in .*lidar\.bin but received 7\. Copy the file again\./,
      );
    });
  });

  describe('MCubeS', () => {
    const name = 'outscene1208_2_0000000150';
    const manifest = (input: { width: number; height: number }) =>
      manifestOf(
        [
          { name: 'camera', representation: { kind: 'rgb' } },
          { name: 'aolp', representation: { kind: 'aolp' } },
          { name: 'dolp', representation: { kind: 'dolp' } },
          { name: 'nir', representation: { kind: 'nir' } },
        ],
        MCUBES_CLASSES,
        input,
      );
    let root: string;
    before(async () => {
      root = join(folder, 'mcubes');
      saveText(join(root, 'list_folder/test.txt'), `${name}\r\n\r\n`);
      const wide = Uint16Array.from({ length: 1224 * 1024 * 3 }, (_, i) => [51_400, 25_700, 257 * (i % 200)][i % 3]!);
      await savePng(join(root, `polL_color/${name}.png`), { width: 1224, height: 1024, channels: 3, data: wide });
      await savePng(
        join(root, `NIR_warped/${name}.png`),
        samples(1224, 1024, 1, (x) => Math.floor(x / 5)),
      );
      for (const [kind, value] of [
        ['polL_aolp_sin', -1],
        ['polL_aolp_cos', 0.5],
        ['polL_dolp', 0.2],
      ] as const) {
        const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (1024, 1224), }\n`;
        const magic = Buffer.from(`\x93NUMPY\x01\x00${String.fromCharCode(header.length)}\x00${header}`, 'latin1');
        const body = new Uint8Array(new Float32Array(1224 * 1024).fill(value).buffer);
        saveText(join(root, kind, `${name}.npy`), Buffer.concat([magic, body]));
      }
      await savePng(
        join(root, `GT/${name}.png`),
        samples(1224, 1024, 1, (x, y) => (y < 10 ? 255 : Math.min(19, Math.floor(x / 60)))),
      );
    });

    it('cuts off 192 columns, then the middle; colours of 16 bits; sin, cos, sin; one channel three times', async () => {
      assert.equal(await recogniseDataset(root), 'mcubes');
      const dataset = await openDataset('mcubes', root, 'test');
      const [sample] = await readAll(dataset, manifest({ width: 1024, height: 1024 }));
      assert.ok(typeof sample === 'object', String(sample));
      const at = (modality: string, x: number, y: number) => {
        const from = 3 * (y * 1024 + x);
        return [...sample.images.get(modality)!.data.subarray(from, from + 3)];
      };
      assert.deepEqual(at('camera', 0, 500).slice(0, 2), [200, 100]);
      assert.deepEqual(at('nir', 1023, 500), [243, 243, 243]); // column 1219
      assert.deepEqual(at('aolp', 9, 9), [0, 191, 0]);
      assert.deepEqual(at('dolp', 9, 9), [51, 51, 51]);
      const { labels } = sample.truth!;
      assert.deepEqual([labels[0], labels[20 * 1024], labels[20 * 1024 + 1023]], [255, 3, 19]);
    });

    it('is scored at 1024 for square models, and at the size of others, which see another part', async () => {
      const dataset = await openDataset('mcubes', root, 'test');
      assert.deepEqual(dataset.scoredAt({ width: 512, height: 512 }), { width: 1024, height: 1024 });
      const [sample] = await readAll(dataset, manifest({ width: 64, height: 32 }));
      assert.ok(typeof sample === 'object');
      assert.deepEqual([sample.truth!.width, sample.truth!.height], [64, 32]);
    });

    it('names what is missing', async () => {
      await assert.rejects(
        openDataset('mcubes', root, 'val'),
        /Expected a list of frames at .*val\.txt but could not read it: .*Name one of test with --split\./,
      );
      saveText(join(root, 'list_folder/val.txt'), `${name}\nnobody\n`);
      const [, second] = await readAll(await openDataset('mcubes', root, 'val'), manifest({ width: 64, height: 32 }));
      assert.match(String(second), /Expected a whole picture at .*nobody\.png/);
    });
  });

  describe('matchBundle', () => {
    let dataset: Dataset;
    before(async () => {
      const label = () => 1;
      await writeDeliverFrame(join(folder, 'small'), 'sun/val/MAP_1_point2', '000001', label);
      dataset = await openDataset('deliver', join(folder, 'small'), 'val');
    });
    const [camera] = DELIVER_MODALITIES;

    it('takes a bundle of fewer modalities, named otherwise, with its classes in another order and some more', () => {
      const classes = dataset.classes
        .map(({ id, name }) => ({ id: 30 - id, name: name.toLowerCase().replace('roadline', 'road-line') }))
        .concat({ id: 77, name: 'unicorn' });
      const match = matchBundle(dataset, manifestOf([{ ...camera!, name: 'rgb' }], classes));
      assert.deepEqual(
        match.inputs.map(({ name, modality }) => [name, modality.name]),
        [['rgb', 'camera']],
      );
      assert.deepEqual([match.classOf[30], match.classOf[25], match.classOf[6], match.classOf[77]], [0, 5, 24, 255]);
      assert.deepEqual(match.notes, [
        'Modality rgb of the bundle is given camera of DELIVER.',
        'The bundle has no use for depth, events, lidar of DELIVER.',
        "Pixels of the bundle's classes unicorn count as missed: DELIVER has none of them.",
      ]);
    });

    it('takes --input where names say otherwise', () => {
      const inputs = new Map([['front', 'camera']]);
      const match = matchBundle(dataset, manifestOf([{ ...camera!, name: 'front' }]), { inputs });
      assert.equal(match.inputs[0]!.modality.name, 'camera');
      assert.throws(
        () => matchBundle(dataset, manifestOf([camera!]), { inputs }),
        /Expected one of camera for --input but received front\. Name a modality of the bundle\./,
      );
    });

    it('refuses what the data set does not have', () => {
      assert.throws(
        () => matchBundle(dataset, manifestOf([{ name: 'depth', representation: { kind: 'inverse', nearMetres: 1 } }])),
        /Expected the representation hha-published for depth in .* but the bundle has {"kind":"inverse","nearMetres":1}/,
      );
      assert.throws(
        () => matchBundle(dataset, manifestOf([{ name: 'nir', representation: { kind: 'nir' } }])),
        /Expected one of camera, depth, events, lidar in .* for modality nir of the bundle but none gives {"kind":"nir"}/,
      );
      const some = dataset.classes.slice(0, 24);
      assert.throws(
        () => matchBundle(dataset, manifestOf([camera!], some)),
        /Expected classes 0 Building, .* as in the bundle, but received 0 Building, .*24 Truck\. Use a bundle that has Truck, or --classes-by id/,
      );
      const numbered = dataset.classes.map(({ id }) => ({ id, name: `class${id}` }));
      assert.equal(matchBundle(dataset, manifestOf([camera!], numbered), { classesBy: 'id' }).classOf[24], 24);
    });
  });
});

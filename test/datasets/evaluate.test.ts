import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { stringify } from 'yaml';
import { evaluateCommand } from '../../src/cli/evaluate.js';
import { DELIVER_CLASSES } from '../../src/datasets/classes.js';
import type { EvaluationUnit } from '../../src/datasets/index.js';
import { tinyBundle } from '../model/support/tiny_bundle.js';
import { DELIVER_MODALITIES, writeBundle, writeGoldenOfCamera } from './support/bundles.js';
import { samples, savePng, saveText, writeDeliverFrame } from './support/trees.js';

describe('mle-sam evaluate on data sets', () => {
  let folder: string;
  let root: string;
  let bundle: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mle-sam-evaluate-'));
    root = join(folder, 'DELIVER');
    const label = (x: number, y: number) => 1 + (((x >> 5) + (y >> 5)) % 23);
    await writeDeliverFrame(root, 'sun/val/MAP_1_point1', '000001', label);
    await writeDeliverFrame(root, 'sun/val/MAP_1_point1', '000002', label);
    await writeDeliverFrame(root, 'fog/val/MAP_1_point2_motionblur', '000003', label);
    bundle = writeBundle(join(folder, 'bundle'), DELIVER_MODALITIES, DELIVER_CLASSES);
  });
  after(() => rmSync(folder, { recursive: true }));

  async function run(...args: string[]): Promise<string> {
    let text = '';
    const command = evaluateCommand((part) => {
      text += part;
    });
    await command.parseAsync(['--provider', 'cpu', '--threads', '1', ...args], { from: 'user' });
    return text;
  }

  it('scores all modalities by class, condition and case, in both conventions, beside what is published', async () => {
    const text = await run(root, '-m', bundle);
    assert.match(text, /tiny on 3 frames of DELIVER val, scored at 1024x1024, 25 classes/);
    assert.match(text, /│ +│ cityscapes │ cmnext │/);
    assert.match(text, /│ fog +│ 1 +│/);
    assert.match(text, /│ motionblur │ 1 +│/);
    assert.match(text, /Published on DELIVER val/);
    assert.match(text, /MLE-SAM +│ Hiera-B\+ │ R-D-E-L +│ 64\.08/);
    assert.match(text, /tiny here +│ +│ camera, depth, events, lidar │ \d/);
    assert.doesNotMatch(text, /MUSES|MCubeS|simulated/);
  });

  it('runs the protocols asked for in the same pass, on DELIVER by the convention of its tables', async () => {
    const report = JSON.parse(await run(root, '-m', bundle, '-p', 'absent', '--every', '3', '--json'));
    assert.equal(report.convention, 'zero');
    assert.equal(report.tables[0].subsets.length, 15);
    assert.ok(Math.abs(report.tables[0].subsets[0].miou - report.scores.all.cmnext.miou) < 1e-9);
    assert.deepEqual(report.frames, { used: 1, leftOut: 0, source: 'recording' });
  });

  it('tells the protocols by condition as well, each by a matrix of its own over its frames', async () => {
    const page = join(folder, 'pages', 'page.html');
    const report = JSON.parse(await run(root, '-m', bundle, '-p', 'absent', '--json', '--page', page));
    const [whole] = report.tables[0].subsets;
    assert.deepEqual(Object.keys(whole.conditions), ['fog', 'sun']);
    for (const { name, scores } of report.scores.conditions) {
      assert.ok(Math.abs(whole.conditions[name] - scores.cmnext.miou) < 1e-9, name);
    }
    const html = readFileSync(page, 'utf8');
    for (const { present, miou, conditions } of report.tables[0].subsets) {
      const cells = [miou, conditions.fog, conditions.sun].map((each) => `<b>${each.toFixed(1)}</b>`);
      assert.match(html, new RegExp(cells.join('.*?')), present.join());
    }
    assert.doesNotMatch(html, /data:image\/webp/, 'no masks, no pictures');
    writeFileSync(page, 'mine');
    await assert.rejects(run(root, '-m', bundle, '--page', page), /Expected no file, or one that mle-sam made/);
  });

  it('saves masks at the published size, which score 100 as labels; exact counts beside the scores', async () => {
    const masks = join(folder, 'masks');
    const out = join(folder, 'out');
    await run(root, '-m', bundle, '--predictions', masks, '-o', out);
    const html = readFileSync(join(out, 'evaluation.html'), 'utf8');
    assert.equal(html.match(/src="data:image\/webp;/g)?.length, 6, 'mask and truth of each frame');
    assert.match(html, /MLE-SAM/, 'the published figures of this set');
    const again = join(folder, 'again');
    for (const place of [
      'sun/val/MAP_1_point1/000001',
      'sun/val/MAP_1_point1/000002',
      'fog/val/MAP_1_point2_motionblur/000003',
    ]) {
      const { data, info } = await sharp(join(masks, `${place}.png`))
        .toColourspace('b-w')
        .raw()
        .toBuffer({ resolveWithObject: true });
      assert.deepEqual([info.width, info.height, info.channels], [1042, 1042, 1]);
      const parts = place.split('/');
      await writeDeliverFrame(again, parts.slice(0, 3).join('/'), parts[3]!, (x, y) => data[y * 1042 + x]! + 1);
    }
    const perfect = JSON.parse(await run(again, '-m', bundle, '--json'));
    assert.equal(perfect.scores.all.cityscapes.miou, 100);
    assert.ok(perfect.scores.all.cmnext.miou < 50);

    const unit: EvaluationUnit = JSON.parse(readFileSync(join(out, 'frames.json'), 'utf8'));
    assert.deepEqual(unit.slice, { from: 0, to: 3, every: 1 });
    assert.deepEqual(unit.inputs, { camera: 'camera', depth: 'depth', events: 'events', lidar: 'lidar' });
    for (const { counts } of unit.frames) {
      const pixels = counts.filter((_, i) => i % 3 === 2);
      assert.ok(pixels.every(Number.isSafeInteger));
      assert.equal(
        pixels.reduce((sum, each) => sum + each, 0),
        1024 * 1024,
      );
    }
    // The next run takes its own files away, and no others.
    writeFileSync(join(masks, 'note.txt'), 'mine');
    await run(root, '-m', bundle, '--predictions', masks, '--every', '2');
    assert.ok(existsSync(join(masks, 'note.txt')) && !existsSync(join(masks, 'sun/val/MAP_1_point1/000001.png')));
    await assert.rejects(
      run(root, '-m', bundle, '--predictions', again),
      /Expected an empty folder, or one with predictions of mle-sam, at .*again but it holds other files\./,
    );
  });

  it('goes on without a frame that cannot be read, names and counts it; with --strict it ends', async () => {
    const damaged = join(root, 'img/sun/val/MAP_1_point1/000001_rgb_front.png');
    const whole = readFileSync(damaged);
    truncateSync(damaged, 200);
    try {
      const report = JSON.parse(await run(root, '-m', bundle, '--json'));
      assert.deepEqual(report.frames, { used: 2, leftOut: 1, source: 'recording' });
      assert.equal(report.partial, false);
      assert.deepEqual(
        report.leftOut.map(({ name }: { name: string }) => name),
        ['sun/val/MAP_1_point1/000001'],
      );
      assert.match(report.problems[0].text, /A frame is left out: Expected a whole picture at .*000001_rgb_front\.png/);
      const text = await run(root, '-m', bundle);
      assert.match(text, /! 1 frames were left out: their files cannot be read/);
      assert.match(text, /! A frame is left out: Expected a whole picture at .*000001_rgb_front\.png/);
      await assert.rejects(
        run(root, '-m', bundle, '--strict', '--json'),
        /Expected a whole picture at .*000001_rgb_front\.png/,
      );
    } finally {
      writeFileSync(damaged, whole);
    }
  });

  it('holds figures to bounds: what it said before, JUnit, and exit status 3', async () => {
    const before = process.exitCode;
    const junit = join(folder, 'junit.xml');
    try {
      const bounds = ['miou.cmnext>=0', 'leftOut<=0', 'iou.Sky>=101', 'miou.condition.fog>=0'];
      const text = await run(root, '-m', bundle, ...bounds.flatMap((bound) => ['--require', bound]), '--junit', junit);
      assert.match(
        text,
        /tiny on 3 frames of DELIVER val[\s\S]*passed: leftOut <= 0 \(0\)\n! FAILED: iou\.Sky >= 101, but /,
      );
      assert.equal(process.exitCode, 3);
      assert.match(readFileSync(junit, 'utf8'), /<testsuites name="mle-sam evaluate DELIVER" tests="4" failures="1">/);
    } finally {
      process.exitCode = before;
    }
    await assert.rejects(
      run(root, '-m', bundle, '--require', 'iou.Sea>=1'),
      /Expected one of miou, .*iou\.Sky.* but received 'iou\.Sea'/,
    );
  });

  it('says when nothing is left to score', async () => {
    const wrong = join(folder, 'wrong');
    await writeDeliverFrame(wrong, 'sun/val/MAP_1_point1', '000001', () => 26);
    await assert.rejects(
      run(wrong, '-m', bundle),
      /Expected frames to score in split 'val' of .* but all 1 are left out\. Expected label values 0\.\.25 or 255 in .* received 26\./,
    );
  });

  it('scores a set of one’s own at the size of its labels, prints nothing published, and takes --size', async () => {
    const own = join(folder, 'own');
    const names = DELIVER_CLASSES.map(({ name }) => name);
    const modalities = Object.fromEntries(
      DELIVER_MODALITIES.map(({ name }) => [name, { files: `${name}/{frame}.png` }]),
    );
    saveText(
      join(own, 'dataset.yaml'),
      stringify({ name: 'mine', classes: names, labels: { files: 'labels/{frame}.png' }, modalities }),
    );
    for (const frame of ['a', 'b']) {
      for (const { name } of DELIVER_MODALITIES)
        await savePng(join(own, name, `${frame}.png`), samples(64, 32, 3, 100));
      await savePng(
        join(own, 'labels', `${frame}.png`),
        samples(30, 20, 1, (x) => x % 3),
      );
    }
    const text = await run(own, '-m', bundle, '-p', 'emm');
    assert.match(text, /tiny on 2 frames of mine val, scored at the size of the labels/);
    assert.doesNotMatch(text, /Published|CMNeXt/);
    assert.match(text, /EMM: missing modalities are zero-filled/);
    const report = JSON.parse(await run(own, '-m', bundle, '--size', '10x10', '--json'));
    assert.deepEqual(report.scoredAt, { width: 10, height: 10 });
    assert.equal(report.tables.length, 0);
  });

  it('saves masks of frames without labels in the format of the benchmark of MUSES, and scores nothing', async () => {
    const muses = join(folder, 'muses');
    const classes =
      'road sidewalk building wall fence pole traffic_light traffic_sign vegetation terrain sky person rider car truck bus train motorcycle bicycle'
        .split(' ')
        .map((name, id) => ({ id, name }));
    const key = 'REC0001_frame_000010';
    const identity = [0, 1, 2, 3].map((i) => [0, 1, 2, 3].map((j) => Number(i === j)));
    const K = [
      [1000, 0, 960],
      [0, 1000, 540],
      [0, 0, 1],
    ];
    saveText(
      join(muses, 'calib.json'),
      JSON.stringify({
        intrinsics: { rgb: { K }, event: { K } },
        extrinsics: { lidar2rgb: identity, event2rgb: identity },
      }),
    );
    const where = `test/snow/day/${key}`;
    const paths = {
      path_to_frame_camera: `frame_camera/${where}.png`,
      path_to_event_camera: `event_camera/${where}.h5`,
      path_to_lidar: `lidar/${where}.bin`,
    };
    saveText(
      join(muses, 'meta.json'),
      JSON.stringify({ [key]: { split: 'test', weather: 'snow', time_of_day: 'day', ...paths } }),
    );
    await savePng(join(muses, paths.path_to_frame_camera), samples(1920, 1080, 3, 90));
    saveText(join(muses, 'event_camera', 'empty'), '');
    saveText(join(muses, 'lidar', 'empty'), '');
    const cameraOnly = [{ name: 'camera', representation: { kind: 'rgb' } as const }];
    const small = writeBundle(join(folder, 'muses-bundle'), cameraOnly, classes);
    await writeGoldenOfCamera(small);
    await assert.rejects(
      run(muses, '-m', small, '--split', 'test'),
      /Expected labels in split 'test' of .* but none of its 1 frames has any\. Name another split, or save masks with --predictions\./,
    );
    const text = await run(muses, '-m', small, '--split', 'test', '--predictions', join(folder, 'submission'));
    assert.match(text, /1 frames have no labels: their masks were saved and not scored/);
    const file = join(folder, 'submission', 'labelTrainIds', `${key}.png`);
    const { width, height, channels } = await sharp(file).metadata();
    assert.deepEqual([width, height, channels], [1920, 1080, 1]);
    const { data } = await sharp(file).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
    // An even picture of value g gives floor(g / 17).
    assert.deepEqual([...new Set(data)], [5]);
  });

  it('refuses flags of data sets for a bag, and kinds that do not lie there', async () => {
    const bag = join(folder, 'some.mcap');
    writeFileSync(bag, '');
    await assert.rejects(run(bag, '--strict'), /Expected a data set for --strict but received a bag\./);
    await assert.rejects(run(root, '-m', bundle, '--dataset', 'muses'), /Expected MUSES's folder frame_camera in /);
    await assert.rejects(run(root, '-m', tinyBundle), /Expected the representation hha-published for depth in /);
    await assert.rejects(run(root, '-m', bundle, '--split', 'train'), /found none\. Name one of val with --split\./);
  });
});

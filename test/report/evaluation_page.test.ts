import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import sharp from 'sharp';
import { ConfusionMatrix, scores } from '../../src/evaluation/index.js';
import { Random } from '../../src/random/random.js';
import { type EvaluationPage, renderEvaluation } from '../../src/report/index.js';
import { assertReadable, isMatrixCut, launchBrowser, openFile } from './support/browser.js';

const HOSTILE = '</style></script><script>document.title = "taken"</script><img src=x>';
const MODALITIES = ['camera', 'depth', 'events', 'lidar'];

/** An evaluation whose masks are right for two pixels of three. */
async function evaluation(classCount: number): Promise<EvaluationPage> {
  const random = new Random(7, 'evaluation', classCount);
  const matrix = new ConfusionMatrix(classCount);
  const truth = Uint8Array.from({ length: 90_000 }, () => random.integer(0, classCount - 2));
  matrix.add(
    truth.map((label) => (random.integer(0, 2) > 0 ? label : random.integer(0, classCount - 2))),
    truth,
  );
  const all = scores(matrix, 'left-out');
  const percent = (share: number) => (Number.isNaN(share) ? null : 100 * share);
  const row = {
    miou: percent(all.miou),
    meanAccuracy: percent(all.meanAccuracy),
    meanF1: percent(all.meanF1),
    pixelAccuracy: percent(all.pixelAccuracy),
  };
  const picture = await sharp({ create: { width: 480, height: 288, channels: 3, background: '#387' } })
    .webp()
    .toBuffer();
  const subsets = [MODALITIES, ['camera', 'lidar'], ['events']];
  return {
    title: `DELIVER ${HOSTILE}`,
    model: { name: 'reference', sha256: '1'.repeat(64) },
    source: 'recording',
    convention: 'cityscapes',
    frames: 1234,
    scores: row,
    classes: Array.from({ length: classCount }, (_, id) => {
      const { iou, accuracy, f1 } = all.classes[id]!;
      const name = id === 1 ? 'traffic_sign' : id === 2 ? 'vegetation' : `class_${id}`;
      const color = [(id * 53) % 256, (id * 97) % 256, (id * 29) % 256] as const;
      return { id, name, color, iou: percent(iou), accuracy: percent(accuracy), f1: percent(f1) };
    }),
    confusion: matrix,
    groups: [
      { title: 'Conditions', head: 'condition', rows: ['fog', 'night'].map((name) => ({ name, frames: 617, ...row })) },
    ],
    modalities: MODALITIES,
    protocols: [
      {
        title: 'absent: missing modalities do not run, as in the node',
        head: 'present',
        note: 'mIoU in percent.',
        heat: {
          columns: ['all', 'fog', 'night'],
          rows: subsets.map((present, i) => ({
            present,
            cells: [30, 20, null].map((miou) => ({ miou: miou && miou + i })),
          })),
        },
      },
    ],
    worst: [1, 2].map((k) => ({
      name: `night/very/long/name/of/a/frame/that/goes/on/00000${k}`,
      condition: 'night',
      case: 'none',
      miou: k,
      pictures: { mask: picture, truth: picture },
    })),
    published: [{ head: ['model', 'mIoU'], rows: [['CMNeXt', '66.30']], note: 'Published on DELIVER val.' }],
    problems: [{ severity: 'warning', text: HOSTILE, count: 2 }],
    facts: [{ term: 'Model', text: 'reference', code: `sha256 ${'1'.repeat(64)}` }],
  };
}

describe('evaluation.html in a browser', function () {
  this.timeout(120_000);
  let browser: Browser;
  let folder: string;
  const file = (classCount: number) => join(folder, `${classCount}.html`);
  before(async function () {
    const launched = await launchBrowser();
    if (launched === undefined) {
      this.test!.title += ' (skipped: no Chromium is installed)';
      this.skip();
    }
    browser = launched;
    folder = await mkdtemp(join(tmpdir(), 'evaluation-'));
    for (const count of [15, 26, 41]) await writeFile(file(count), await renderEvaluation(await evaluation(count)));
  });
  after(async () => {
    await browser?.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  for (const [count, width, scheme] of [
    [15, 390, 'light'],
    [26, 390, 'dark'],
    [41, 390, 'light'],
    [26, 1280, 'light'],
    [15, 1280, 'dark'],
  ] as const) {
    it(`${count} classes, ${width} px, ${scheme}: no complaint, nothing cut, readable`, async () => {
      const { page, complaints } = await openFile(browser, file(count), { width, scheme });
      assert.equal(await isMatrixCut(page), false);
      await assertReadable(page, complaints, width);
      await page.close();
    });
  }

  it('shows each figure where it belongs, the best class first, and what does not occur by name only', async () => {
    const { page } = await openFile(browser, file(15), {});
    const { classes, scores: all } = await evaluation(15);
    const bars = (await page.locator('.classes .bar-value').allTextContents()).map(Number);
    const expected = classes.flatMap(({ iou }) => iou ?? []).map((iou) => Number(iou.toFixed(1)));
    assert.deepEqual(
      bars,
      expected.toSorted((a, b) => b - a),
    );
    assert.match((await page.locator('#classes .hint').textContent()) ?? '', /nor in a mask: class 14\./);
    assert.ok(((await page.locator('.tiles').textContent()) ?? '').includes(all.miou!.toFixed(1)));
    const heat = await page.locator('.protocol .heat-cell b').allTextContents();
    assert.deepEqual(heat, ['30.0', '20.0', '31.0', '21.0', '32.0', '22.0']);
    assert.equal(await page.locator('.worst-scored img').count(), 4);
    await page.close();
  });

  it('says what is under a finger that moves over the matrix', async () => {
    const { page } = await openFile(browser, file(26), { width: 390 });
    const note = page.locator('#confusion-note');
    const [from, to] = [page.locator('#confusion-matrix td').nth(1), page.locator('#confusion-matrix td').nth(3)];
    await from.scrollIntoViewIfNeeded();
    const boxes = [await from.boundingBox(), await to.boundingBox()];
    const [start, end] = boxes.map((box) => ({ x: box!.x + box!.width / 2, y: box!.y + box!.height / 2 }));
    const session = await page.context().newCDPSession(page);
    const touch = (type: string, at?: { x: number; y: number }) =>
      session.send('Input.dispatchTouchEvent' as never, { type, touchPoints: at === undefined ? [] : [at] } as never);
    await touch('touchStart', start);
    await page.waitForFunction(
      '/class 0 taken for traffic sign/.test(document.getElementById("confusion-note").textContent)',
    );
    await touch('touchMove', { x: (start!.x + end!.x) / 2, y: start!.y });
    await touch('touchMove', end);
    await page.waitForFunction(
      '/class 0 taken for class 3: /.test(document.getElementById("confusion-note").textContent)',
    );
    await touch('touchEnd');
    assert.match((await note.textContent()) ?? '', /% of its pixels \(/);
    assert.equal(await page.locator('#confusion-matrix td.told').count(), 1);
    await page.close();
  });
});

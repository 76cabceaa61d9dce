import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { Random } from '../../src/random/random.js';
import { ReplayRecorder, renderReport, replaySummarySchema, writeReplayReport } from '../../src/report/index.js';
import { cutTexts, faintTexts, isMatrixCut, launchBrowser, openFile, until } from './support/browser.js';
import { classes, paintStreet, recordSyntheticReplay } from './synthetic_replay.js';

describe('report.html', function () {
  this.timeout(120_000);
  let folder: string;
  let reportPath: string;
  let summaryPath: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'report-'));
    const result = await recordSyntheticReplay({ seconds: 5, annotated: 'annotated' });
    ({ reportPath, summaryPath } = await writeReplayReport(join(folder, 'new', 'folder'), result));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it('is one file that names nothing outside itself', async () => {
    assert.ok((await stat(reportPath)).size < 25e6);
    const html = await readFile(reportPath, 'utf8');
    const references = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, reference]) => reference!);
    assert.ok(references.length > 0);
    for (const reference of references) assert.match(reference, /^data:/);
    assert.doesNotMatch(html, /@import|url\((?!data:)/);
    assert.match(html, /default-src 'none'/);
  });

  it('writes summary.json beside it', async () => {
    const summary = JSON.parse(await readFile(summaryPath, 'utf8')) as { frames: { published: number } };
    assert.equal(summary.frames.published, 49);
  });

  it('shows texts of the bag as texts, whatever they contain', async () => {
    const hostile = '</script><script>document.title = "taken"</script><img src=x>';
    const recorder = new ReplayRecorder({
      bag: { path: hostile, name: hostile, source: 'recording' },
      model: { name: hostile, sha256: '0'.repeat(64), trainedOn: hostile },
      modalities: ['camera'],
      classes,
      provider: 'cpu',
    });
    recorder.modalityState('camera', 1n, 'invalid', hostile);
    recorder.problem('error', hostile);
    const html = await renderReport(recorder.finish({ wallSeconds: 1, bagSeconds: 1 }).report);
    assert.doesNotMatch(html, /<img src=x/);
    assert.equal(html.split('<script>document.title').length, 1);
  });
});

describe('report.html in a browser', function () {
  // A browser on a busy machine is slow; only what it shows counts.
  this.timeout(180_000);
  let browser: Browser;
  let folder: string;
  const reports: Record<string, string> = {};
  const summaries: Record<string, string> = {};

  before(async function () {
    const launched = await launchBrowser();
    if (launched === undefined) {
      this.test!.title += ' (skipped: no Chromium is installed)';
      this.skip();
    }
    folder = await mkdtemp(join(tmpdir(), 'report-'));
    browser = launched;
    const empty = new ReplayRecorder({
      bag: { path: 'empty', name: 'empty', source: 'recording' },
      model: { name: 'm', sha256: '0'.repeat(64), trainedOn: 'nothing' },
      modalities: ['camera', 'lidar'],
      classes,
      provider: 'cpu',
    });
    empty.dropped(5n, 'nothing-usable');
    for (const [name, result] of [
      ['full', await recordSyntheticReplay({ seconds: 8, annotated: 'annotated' })],
      ['bare', await recordSyntheticReplay({ seconds: 3, annotated: 'bare' })],
      ['empty', empty.finish({ wallSeconds: 1, bagSeconds: 1 })],
    ] as const) {
      const { reportPath, summaryPath } = await writeReplayReport(join(folder, name), result);
      [reports[name], summaries[name]] = [reportPath, summaryPath];
    }
  });

  after(async () => {
    await browser?.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  /** Opens a report once its first frame is drawn. */
  async function open(report: string, width = 1280, scheme: 'light' | 'dark' = 'light') {
    const opened = await openFile(browser, reports[report]!, { width, scheme });
    if (report !== 'empty') await opened.page.waitForSelector('#frame-mask[data-frame]');
    return opened;
  }

  /** Share of a canvas that is not transparent, and how many colours it has. */
  function inspectCanvas(page: Page, selector: string): Promise<{ drawn: number; colours: number }> {
    return page
      .locator(selector)
      .first()
      .evaluate((canvas) => {
        const { width, height } = canvas as unknown as { width: number; height: number };
        const context = (
          canvas as unknown as {
            getContext(kind: '2d'): {
              getImageData(x: number, y: number, w: number, h: number): { data: Uint8ClampedArray };
            };
          }
        ).getContext('2d');
        const words = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
        return { drawn: words.filter((word) => word >>> 24 !== 0).length / words.length, colours: new Set(words).size };
      });
  }

  const sizes = [
    { width: 1280, scheme: 'light' },
    { width: 1280, scheme: 'dark' },
    { width: 390, scheme: 'light' },
    { width: 390, scheme: 'dark' },
  ] as const;
  for (const report of ['full', 'bare', 'empty']) {
    for (const { width, scheme } of report === 'full' ? sizes : [sizes[0], sizes[3]]) {
      it(`${report}, ${width} px, ${scheme}: no complaint, no request, nothing wider than the screen`, async () => {
        const { page, complaints } = await open(report, width, scheme);
        assert.deepEqual(await cutTexts(page), []);
        if (report === 'full') assert.equal(await isMatrixCut(page), false);
        assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
        assert.deepEqual(complaints, []);
        await page.close();
      });
    }
  }

  it('has readable text: at least 4.5 to 1 against what is behind it, in both schemes', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      const { page } = await open('full', 1280, scheme);
      assert.deepEqual(await faintTexts(page), [], scheme);
      await page.close();
    }
  });

  it('draws every chart', async () => {
    const { page } = await open('full');
    for (const chart of ['states', 'routing', 'miou', 'stages', 'latency']) {
      await until(`${chart} is drawn`, async () => {
        const { drawn, colours } = await inspectCanvas(page, `#chart-${chart} canvas`);
        return drawn > 0.01 && colours > 3;
      });
    }
    await page.close();
  });

  const pixels = (page: Page, selector = '#frame-mask') =>
    page.locator(selector).evaluate((canvas) => (canvas as unknown as { toDataURL(): string }).toDataURL());
  const shown = async (page: Page) => Number(await page.locator('#frame-mask').getAttribute('data-frame'));

  it('opens in the camera outage, says why there is no picture and what the mask is made from', async () => {
    const { page } = await open('full');
    assert.match((await page.locator('#frame-banner').textContent()) ?? '', /No camera: black, .* made from depth, ev/);
    // Tiles come after the mask, one by one.
    const tile = page.locator('.sensor[data-modality=camera].dead');
    await tile.waitFor();
    assert.match((await tile.locator('.sensor-why').textContent()) ?? '', /black0\.\d s into 0\.\d s/);
    for (const modality of ['camera', 'depth', 'events', 'lidar']) {
      const canvas = `.sensor[data-modality=${modality}] canvas`;
      await until(`${modality} is drawn`, async () => (await inspectCanvas(page, canvas)).colours > 3);
    }
    await page.close();
  });

  it('shows another frame when the scrubber moves, by mouse or keys, and when play is pressed', async () => {
    const { page } = await open('full');
    await page.locator('#frame-slider').fill('0');
    await page.waitForSelector('#frame-mask[data-frame="0"]');
    const first = await pixels(page);
    await page.locator('#frame-slider').fill('20');
    await page.waitForSelector('#frame-mask[data-frame="20"]');
    assert.notEqual(await pixels(page), first);
    await page.locator('#frame-slider').press('ArrowRight');
    await page.waitForSelector('#frame-mask[data-frame="21"]');
    await page.locator('#frame-back').click();
    await page.waitForSelector('#frame-mask[data-frame="20"]');
    await page.locator('#frame-back').blur();
    await page.keyboard.press('Home');
    await page.waitForSelector('#frame-mask[data-frame="0"]');
    assert.equal(await pixels(page), first);
    await page.locator('#frame-play').click();
    await page.waitForSelector('#frame-mask:not([data-frame="0"])');
    assert.equal(await page.locator('#frame-play').getAttribute('aria-label'), 'Pause');
    await page.locator('#frame-play').click();
    assert.equal(await page.locator('#frame-play').getAttribute('aria-label'), 'Play');
    const stopped = await page.locator('#frame-slider').inputValue();
    await page.waitForTimeout(400);
    assert.equal(await page.locator('#frame-slider').inputValue(), stopped);
    await page.close();
  });

  it('shows what was asked for last, also where the picture asked for before it is decoded later', async () => {
    const { page } = await open('full');
    const mask = await pixels(page);
    const shown = await page.evaluate(`(async () => {
      const { viewer, pictures } = globalThis.page;
      const { lastOf } = pictures;
      let decode;
      const decoded = new Promise((resolve) => (decode = resolve));
      const asked = new Promise((resolve) => {
        pictures.lastOf = async (...given) => {
          resolve();
          await decoded;
          return lastOf(...given);
        };
      });
      viewer.state.view = 'camera';
      const camera = viewer.draw();
      await asked;
      viewer.state.view = 'mask';
      await viewer.draw();
      decode();
      await camera;
      return document.getElementById('frame-mask').toDataURL();
    })()`);
    assert.ok(shown === mask, 'the mask is shown');
    await page.close();
  });

  it('jumps to state changes, faults and the worst frame by button and by key', async () => {
    const { page } = await open('full');
    const data = await embedded(page);
    const { worst, pictures } = data;
    const lowest = Math.min(...pictures.flatMap(({ miou }) => miou ?? []));
    assert.equal(pictures[worst[0]!]!.miou, lowest);
    await page.locator('[data-jump=worst]').click();
    await page.waitForSelector(`#frame-mask[data-frame="${worst[0]}"]`);
    await page.keyboard.press('w');
    await page.waitForSelector(`#frame-mask[data-frame="${worst[1]}"]`);
    await page.keyboard.press('Home');
    await page.waitForSelector('#frame-mask[data-frame="0"]');
    await page.keyboard.press(']');
    await page.waitForSelector('#frame-mask:not([data-frame="0"])');
    // The LiDAR is lost at 2 s: the first picture from then on.
    const lost = pictures.findIndex(({ seconds }) => seconds >= 2);
    await page.locator('.moments-list summary').click();
    await page.locator('.moment', { hasText: 'lidar late' }).click();
    await page.waitForSelector(`#frame-mask[data-frame="${lost}"]`);
    await page.close();
  });

  it('goes to the time that is clicked in a chart, and tells the values there', async () => {
    const { page } = await open('full');
    const before = await page.locator('#routing-values').textContent();
    const plot = page.locator('#chart-routing .u-over');
    await plot.scrollIntoViewIfNeeded();
    const box = await plot.boundingBox();
    assert.ok(box);
    const opening = await shown(page);
    await plot.click({ position: { x: box.width * 0.5, y: box.height / 2 } });
    await page.waitForSelector(`#frame-mask:not([data-frame="${opening}"])`);
    // 8 s shown: the middle is the fourth second, at most one frame off.
    const time = Number.parseFloat((await page.locator('#frame-time').textContent()) ?? '');
    assert.ok(Math.abs(time - 4) < 0.2, `${time} s`);
    assert.notEqual(await page.locator('#routing-values').textContent(), before);
    await page.close();
  });

  it('shows every view, each of its own, by button and by key', async () => {
    const { page } = await open('full');
    await page.locator('#frame-slider').fill('10');
    const pictures = new Set<string>();
    const views = ['mask', 'truth', 'camera', 'confidence', 'errors'];
    for (const [i, view] of views.entries()) {
      if (i % 2 === 0) await page.locator(`input[name=view][value=${view}]`).check({ force: true });
      else {
        await page.locator('h1').click();
        await page.keyboard.press(String(i + 1));
      }
      await page.waitForSelector(`#frame-mask[data-frame="10"][data-view="${view}"]`);
      pictures.add(await pixels(page));
    }
    for (const modality of ['depth', 'lidar']) {
      await page.locator(`.sensor[data-modality=${modality}]`).click();
      await page.waitForSelector(`#frame-mask[data-view="sensor:${modality}"]`);
      pictures.add(await pixels(page));
    }
    assert.equal(pictures.size, views.length + 2);
    await page.close();
  });

  it('swipes between two views by mouse, key and touch', async () => {
    for (const width of [1280, 390]) {
      const { page } = await open('full', width);
      await page.locator('#frame-slider').fill('10');
      await page.locator('input[name=against][value=truth]').check({ force: true });
      await page.waitForSelector('#frame-mask[data-frame="10"][data-view="mask truth"]');
      const handle = page.locator('#swipe-handle');
      const before = await pixels(page);
      const box = await page.locator('#stage').boundingBox();
      assert.ok(box);
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      if (width === 1280) {
        await page.mouse.move(x, y);
        await page.mouse.down();
        await page.mouse.move(box.x + box.width * 0.25, y, { steps: 4 });
        await page.mouse.up();
      } else {
        // A finger on the handle, as Chromium tells it.
        const session = await page.context().newCDPSession(page);
        const touch = (type: string, at?: number) =>
          session.send(
            'Input.dispatchTouchEvent' as never,
            { type, touchPoints: at === undefined ? [] : [{ x: at, y }] } as never,
          );
        await touch('touchStart', x);
        await touch('touchMove', box.x + box.width * 0.4);
        await touch('touchMove', box.x + box.width * 0.25);
        await touch('touchEnd');
      }
      await page.waitForFunction('document.getElementById("swipe-handle").getAttribute("aria-valuenow") === "25"');
      assert.notEqual(await pixels(page), before);
      await handle.focus();
      await page.keyboard.press('ArrowRight');
      await page.waitForSelector('#swipe-handle[aria-valuenow="30"]');
      await page.close();
    }
  });

  it('obeys taps: views, sensors, classes, jumps', async () => {
    const { page, complaints } = await open('full', 390);
    await page.locator('.sensor[data-modality=depth]').tap();
    await page.waitForSelector('#frame-mask[data-view="sensor:depth"]');
    await page.locator('.sensor[data-modality=depth]').tap();
    await page.waitForSelector('#frame-mask[data-view="mask"]');
    await page.locator('.segments label', { hasText: 'Errors' }).tap();
    await page.waitForSelector('#frame-mask[data-view="errors"]');
    await page.locator('.class-toggle', { hasText: 'road' }).tap();
    assert.equal(await page.locator('.class-toggle', { hasText: 'road' }).getAttribute('aria-pressed'), 'false');
    const before = await shown(page);
    await page.locator('#frame-on').tap();
    await page.waitForSelector(`#frame-mask[data-frame="${before + 1}"]`);
    await page.locator('#stage').tap();
    assert.match((await page.locator('#frame-probe').textContent()) ?? '', /sure/);
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('tells the class under the pointer, and the truth where it is another', async () => {
    const { page } = await open('full');
    await page.locator('#frame-slider').fill('10');
    await page.waitForSelector('#frame-mask[data-frame="10"]');
    const box = await page.locator('#stage').boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.98);
    assert.match((await page.locator('#frame-probe').textContent()) ?? '', /^(road|lane marking) ≈ \d+ % sure/);
    await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.03);
    assert.match((await page.locator('#frame-probe').textContent()) ?? '', /^sky ≈ \d+ % sure/);
    await page.close();
  });

  it('hides classes, shows only one, and takes the colours of Cityscapes', async () => {
    const { page } = await open('full');
    await page.locator('#frame-slider').fill('10');
    await page.waitForSelector('#frame-mask[data-frame="10"]');
    await page.locator('#mask-opacity').fill('100');
    await page.locator('input[data-option=outlines]').uncheck();
    await page.locator('input[data-option=smooth]').uncheck();
    await until(
      'a pure mask has no more colours than classes',
      async () => (await inspectCanvas(page, '#frame-mask')).colours <= classes.length,
    );
    const all = await pixels(page);
    await page.locator('.class-toggle', { hasText: 'sky' }).click();
    assert.equal(await page.locator('.class-toggle', { hasText: 'sky' }).getAttribute('aria-pressed'), 'false');
    await until('it has no sky', async () => (await pixels(page)) !== all);
    await page.locator('.class-toggle', { hasText: 'car' }).click({ modifiers: ['Shift'] });
    assert.equal(await page.locator('.class-toggle[aria-pressed=true]').count(), 1);
    await page.locator('#classes-all').click();
    assert.equal(await page.locator('.class-toggle[aria-pressed=true]').count(), classes.length);
    await until('all classes are shown again', async () => (await pixels(page)) === all);
    await page.locator('input[name=palette][value=cityscapes]').check({ force: true });
    const dot = page.locator('.class-toggle', { hasText: 'cyclist' }).locator('i');
    await page.waitForFunction(
      'getComputedStyle(document.documentElement).getPropertyValue("--class-14") === "rgb(255 0 0)"',
    );
    assert.match((await dot.getAttribute('style')) ?? '', /--class-14/);
    await page.close();
  });

  it('shows the figures of summary.json, and a confusion matrix that gives the same IoU', async () => {
    const { page } = await open('full');
    const summary = replaySummarySchema.parse(JSON.parse(await readFile(summaries.full!, 'utf8')));
    const { score } = summary;
    assert.ok(score);
    for (const [name, iou] of Object.entries(score.perClass)) {
      const figure = page.locator(`[data-figure="score.perClass.${name}"]`);
      if (iou === null) assert.equal(await figure.count(), 0);
      else assert.equal(await figure.textContent(), iou.toFixed(1));
    }
    const bars = (await page.locator('.classes .bar-value').allTextContents()).map(Number);
    assert.deepEqual(
      bars,
      bars.toSorted((a, b) => b - a),
    );
    const tiles = (await page.locator('.tiles').textContent()) ?? '';
    for (const figure of [
      score.miou!.toFixed(1),
      summary.throughputFps!.toFixed(1),
      String(summary.frames.published),
    ]) {
      assert.ok(tiles.includes(figure), `${figure} in ${tiles}`);
    }
    const heat = (await page.locator('.heat-cell b').allTextContents()).toSorted();
    assert.deepEqual(heat, score.subsets!.map(({ miou }) => miou!.toFixed(1)).toSorted());
    const { confusion } = await embedded(page);
    for (const [row, name] of confusion.classes.entries()) {
      const truth = confusion.counts[row]!.reduce((sum, count) => sum + count, 0);
      const predicted = confusion.counts.reduce((sum, counts) => sum + counts[row]!, 0);
      const hits = confusion.counts[row]![row]!;
      assert.ok(Math.abs((100 * hits) / (truth + predicted - hits) - score.perClass[name]!) < 1e-9, name);
      const cell = page.locator('#confusion-matrix tbody tr').nth(row).locator('td').nth(row);
      assert.equal(await cell.getAttribute('data-count'), String(hits));
    }
    const run = (await page.locator('#run').textContent()) ?? '';
    for (const fact of [
      '1.2.3',
      '2026-01-02 03:04:05 UTC',
      'mle-sam replay samples/street_night',
      summary.model.sha256,
    ]) {
      assert.ok(run.includes(fact), fact);
    }
    await page.close();
  });

  it('stays below 25 MB however many and large its pictures are', async function () {
    const recorder = new ReplayRecorder({
      bag: { path: 'long', name: 'long', source: 'recording' },
      model: { name: 'm', sha256: '0'.repeat(64), trainedOn: 'nothing' },
      modalities: ['camera', 'lidar'],
      classes,
      provider: 'cpu',
      cameraModality: 'camera',
    });
    const random = new Random('noise');
    const noise = new Uint8Array(960 * 576 * 3).map(() => random.integer(0, 255));
    const camera = () => ({ width: 960, height: 576, data: noise });
    for (let second = 0; second < 90; second++) {
      const stamp = BigInt(second) * 1_000_000_000n;
      await recorder.published({
        segmentation: {
          ...paintStreet(320, 192, second),
          stamp,
          frameId: 'camera',
          present: second % 5 === 0 ? ['camera'] : ['camera', 'lidar'],
          timings: { encodeMs: 1, headMs: 1, totalMs: 2 },
        },
        arrivedAt: stamp,
        absent: new Map(),
        latencyMs: { decode: 1, syncWait: 1, inference: 1, total: 3 },
        camera,
      });
    }
    const { reportPath } = await writeReplayReport(join(folder, 'long'), recorder.finish({ wallSeconds: 1 }));
    const { size } = await stat(reportPath);
    assert.ok(size < 25e6 && size > 10e6, `${size} bytes`);
    reports.long = reportPath;
    const start = performance.now();
    const { page, complaints } = await open('long');
    const seconds = (performance.now() - start) / 1000;
    this.test!.title += ` (${(size / 1e6).toFixed(1)} MB, first frame after ${seconds.toFixed(1)} s)`;
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('draws nothing empty: no routing, score or latency where there is none', async () => {
    const { page } = await open('empty');
    for (const absent of [
      '#chart-routing',
      '#chart-miou',
      '#latency',
      '#confusion',
      '#subsets',
      '#worst',
      '#timeline',
      '.viewer',
    ]) {
      assert.equal(await page.locator(absent).count(), 0, absent);
    }
    await page.close();
    const bare = await open('bare');
    for (const absent of ['#chart-miou', '#classes', 'input[name=view][value=truth]', '#confusion']) {
      assert.equal(await bare.page.locator(absent).count(), 0, absent);
    }
    await bare.page.close();
  });
});

/** What the page holds of the run. */
async function embedded(page: Page) {
  return JSON.parse((await page.locator('#report-data').textContent()) ?? '') as {
    worst: number[];
    pictures: { seconds: number; miou?: number }[];
    confusion: { classes: string[]; counts: number[][] };
  };
}

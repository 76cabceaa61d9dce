import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { ReplayRecorder, renderReport, writeReplayReport } from '../../src/report/index.js';
import { classes, recordSyntheticReplay } from './synthetic_replay.js';

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const BROWSER_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

describe('report.html', function () {
  this.timeout(60_000);
  let folder: string;
  let reportPath: string;
  let summaryPath: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'report-'));
    const result = await recordSyntheticReplay({ seconds: 5, annotated: 'annotated' });
    ({ reportPath, summaryPath } = await writeReplayReport(join(folder, 'new', 'folder'), result));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it('is one file of at most 6 MB that names nothing outside itself', async () => {
    assert.ok((await stat(reportPath)).size < 6e6);
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

  before(async function () {
    const executablePath = BROWSERS.find(existsSync);
    if (executablePath === undefined) {
      this.test!.title += ' (skipped: no Chromium is installed)';
      this.skip();
    }
    folder = await mkdtemp(join(tmpdir(), 'report-'));
    browser = await chromium.launch({ executablePath, args: BROWSER_FLAGS });
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
      reports[name] = (await writeReplayReport(join(folder, name), result)).reportPath;
    }
  });

  after(async () => {
    await browser?.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  /** Opens a report and collects everything a clean page would not do. */
  async function open(report: string, width = 1280, colorScheme: 'light' | 'dark' = 'light') {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const complaints: string[] = [];
    const url = pathToFileURL(reports[report]!).href;
    page.on('console', (message) => complaints.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
    page.on('request', (request) => {
      if (request.url() !== url && !request.url().startsWith('data:')) complaints.push(`request: ${request.url()}`);
    });
    await page.goto(url);
    if (report !== 'empty') await page.waitForSelector('#frame-mask[data-frame="0"]');
    return { page, complaints };
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
        const overflow =
          await page.evaluate(`[...document.querySelectorAll('h1, h2, h3, p, dt, dd, li, td, th, label, figcaption')]
          .filter((element) => !element.closest('.scroll') && element.scrollWidth > element.clientWidth + 1)
          .map((element) => element.outerHTML.slice(0, 80))`);
        assert.deepEqual(overflow, []);
        assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
        assert.deepEqual(complaints, []);
        await page.close();
      });
    }
  }

  it('has readable text: at least 4.5 to 1 against what is behind it, in both schemes', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      const { page } = await open('full', 1280, scheme);
      const faint = await page.evaluate(contrastProbe);
      assert.deepEqual(faint, [], scheme);
      await page.close();
    }
  });

  it('draws every chart', async () => {
    const { page } = await open('full');
    for (const chart of ['states', 'routing', 'miou', 'latency']) {
      const { drawn, colours } = await inspectCanvas(page, `#chart-${chart} canvas`);
      assert.ok(drawn > 0.01 && colours > 3, `${chart}: ${drawn} drawn in ${colours} colours`);
    }
    await page.close();
  });

  it('shows another frame when the scrubber moves, by mouse or keys, and when play is pressed', async () => {
    const { page } = await open('full');
    const pixels = () =>
      page.locator('#frame-mask').evaluate((canvas) => (canvas as unknown as { toDataURL(): string }).toDataURL());
    const first = await pixels();
    await page.locator('#frame-slider').fill('20');
    await page.waitForSelector('#frame-mask[data-frame="20"]');
    assert.notEqual(await pixels(), first);
    await page.locator('#frame-slider').press('ArrowRight');
    await page.waitForSelector('#frame-mask[data-frame="21"]');
    await page.locator('#frame-slider').blur();
    await page.keyboard.press('Home');
    await page.waitForSelector('#frame-mask[data-frame="0"]');
    assert.equal(await pixels(), first);
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

  it('goes to the time that is clicked in a chart, and tells the values there', async () => {
    const { page } = await open('full');
    const before = await page.locator('#routing-values').textContent();
    const plot = page.locator('#chart-routing .u-over');
    await plot.scrollIntoViewIfNeeded();
    const box = await plot.boundingBox();
    assert.ok(box);
    await plot.click({ position: { x: box.width * 0.75, y: box.height / 2 } });
    await page.waitForSelector('#frame-mask:not([data-frame="0"])');
    // 8 s shown: three quarters are the sixth second, at most one frame off.
    const time = Number.parseFloat((await page.locator('#frame-time').textContent()) ?? '');
    assert.ok(Math.abs(time - 6) < 0.2, `${time} s`);
    assert.notEqual(await page.locator('#routing-values').textContent(), before);
    await page.close();
  });

  it('compares with the ground truth, the errors or the camera, at the chosen opacity', async () => {
    const { page } = await open('full');
    const pictures = new Set<string>();
    for (const view of ['truth', 'errors', 'camera']) {
      await page.locator(`input[value=${view}]`).check({ force: true });
      await page.waitForTimeout(100);
      pictures.add(
        await page
          .locator('#frame-reference')
          .evaluate((canvas) => (canvas as unknown as { toDataURL(): string }).toDataURL()),
      );
    }
    assert.equal(pictures.size, 3);
    await page.locator('#mask-opacity').fill('100');
    await page.waitForTimeout(100);
    const { colours } = await inspectCanvas(page, '#frame-mask');
    assert.ok(colours <= classes.length, `a pure mask has no more colours than classes, not ${colours}`);
    await page.close();
  });
});

/** Runs in the page: texts whose contrast to the nearest opaque background is below WCAG AA. */
const contrastProbe = `(() => {
  const channel = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
  const background = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || element.closest('script, style, noscript') || !element.checkVisibility()) continue;
    const [a, b] = [luminance(parse(getComputedStyle(element).color)), luminance(background(element))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) faint.push(contrast.toFixed(2) + ' ' + walker.currentNode.textContent.trim().slice(0, 40));
  }
  return faint;
})()`;

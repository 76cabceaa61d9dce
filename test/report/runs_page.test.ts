import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import {
  type RunList,
  renderComparison,
  runListSchema,
  writeReplayReport,
  writeRunsPage,
} from '../../src/report/index.js';
import { assertReadable, launchBrowser, openFile } from './support/browser.js';
import { recordSyntheticReplay } from './synthetic_replay.js';

const HOSTILE = '"><img src=x onerror=alert(1)></script>';

function listOf(count: number): RunList {
  const states = ['done', 'done', 'failed', 'nothing-made'] as const;
  return runListSchema.parse({
    formatVersion: 1,
    kind: 'replay',
    version: '1.2.3',
    model: { name: 'reference', sha256: 'a3'.repeat(32) },
    runs: Array.from({ length: count }, (_, i) => {
      const state = states[i % states.length]!;
      return {
        name: `drive-${i}`,
        source: `bags/drive-${i}`,
        state,
        ...(state !== 'done' && { because: `no index in chunk ${i} ${HOSTILE}` }),
        ...(state === 'done' && { path: `drive-${i}/summary.json`, page: `drive-${i}/report.html` }),
        scores: { miou: state === 'done' ? 40 + ((i * 7) % 20) : null },
        counts: { masks: 100 + i, dropped: 0 },
      };
    }),
    total: { scores: { miou: 48.25 }, counts: { runs: count, masks: 1234 } },
  });
}

const difference = (d: number, low: number, high: number) => ({ a: 50, b: 50 + d, difference: d, low, high });
const nothing = { a: null, b: null, difference: null, low: null, high: null };

describe('pages over several runs', function () {
  this.timeout(180_000);
  let browser: Browser;
  let folder: string;

  before(async function () {
    const launched = await launchBrowser();
    if (launched === undefined) {
      this.test!.title += ' (skipped: no Chromium is installed)';
      this.skip();
    }
    browser = launched;
    folder = await mkdtemp(join(tmpdir(), 'runs-'));
    await writeReplayReport(
      join(folder, 'drive-0'),
      await recordSyntheticReplay({ seconds: 2, annotated: 'annotated' }),
    );
    await writeRunsPage(folder, listOf(9));
    const page = await renderComparison({
      dataset: { title: 'DELIVER', split: 'test' },
      models: { a: { name: 'reference', sha256: '1'.repeat(64) }, b: { name: HOSTILE, sha256: '2'.repeat(64) } },
      convention: 'cityscapes',
      onlyInA: 1,
      onlyInB: 0,
      leftOut: { a: 0, b: 0 },
      notes: [`${HOSTILE} does not take the sensors of lidar-lost.`],
      resamples: 2000,
      seed: 1,
      frames: 80,
      miou: difference(2.5, 1.25, 3.75),
      classes: [
        { name: 'road', ...difference(-1, -2, -0.5) },
        { name: 'traffic_sign', ...difference(6, 4, 8) },
        { name: 'sky', ...difference(0.5, -1, 2) },
        { name: 'truck', ...nothing },
      ],
      conditions: [
        { name: 'night', frames: 40, ...difference(4, 2, 6) },
        { name: 'sun', frames: 40, ...difference(1, -1, 3) },
      ],
      cases: [],
    });
    await writeFile(join(folder, 'compare.html'), page);
  });

  after(async () => {
    await browser?.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  for (const name of ['runs.html', 'compare.html']) {
    for (const width of [1280, 390]) {
      for (const scheme of ['light', 'dark'] as const) {
        it(`${name}, ${width} px, ${scheme}: no complaint, nothing cut, readable`, async () => {
          const { page, complaints } = await openFile(browser, join(folder, name), { width, scheme });
          await assertReadable(page, complaints, width);
          await page.close();
        });
      }
    }
  }

  it('shows the runs as the list has them, with a picture where a report holds one', async () => {
    const { page } = await openFile(browser, join(folder, 'runs.html'));
    assert.equal(await page.locator('#runs-table tbody tr').count(), 9);
    assert.equal(await page.locator('[data-figure="total.miou"]').textContent(), '48.3\u202f%');
    const values = await page.locator('td[data-score=miou]').allTextContents();
    assert.deepEqual(values, ['40.0', '47.0', '–', '–', '48.0', '55.0', '–', '–', '56.0']);
    assert.equal(await page.locator('.preview img').count(), 1);
    // It is loaded when it comes into sight.
    await page.waitForFunction('document.querySelector(".preview img").naturalWidth === 240');
    assert.equal(await page.locator('.spark').count(), 1);
    assert.equal(await page.locator('tr[data-name=drive-0] th a').getAttribute('href'), 'drive-0/report.html');
    await page.close();
  });

  it('filters by text and state, and sorts, what has no figure last', async () => {
    const { page } = await openFile(browser, join(folder, 'runs.html'));
    const shown = () =>
      page
        .locator('#runs-table tbody tr:visible')
        .evaluateAll((rows) => rows.map((row) => (row as unknown as { dataset: { name: string } }).dataset.name));
    await page.locator('#filter-text').fill('DRIVE-4');
    assert.deepEqual(await shown(), ['drive-4']);
    await page.locator('#filter-text').fill('');
    for (const state of ['failed', 'nothing-made']) await page.locator(`input[value=${state}]`).uncheck();
    assert.equal(await page.locator('#filter-count').textContent(), '5 of 9');
    await page.locator('[data-sort="score.miou"]').click();
    assert.deepEqual(await shown(), ['drive-0', 'drive-1', 'drive-4', 'drive-5', 'drive-8']);
    await page.locator('[data-sort="score.miou"]').click();
    assert.deepEqual(await shown(), ['drive-8', 'drive-5', 'drive-4', 'drive-1', 'drive-0']);
    for (const state of ['failed', 'nothing-made']) await page.locator(`input[value=${state}]`).check();
    assert.deepEqual((await shown()).slice(5).sort(), ['drive-2', 'drive-3', 'drive-6', 'drive-7']);
    await page.close();
  });

  it('says first which of two runs is better, and orders classes by difference', async () => {
    const { page } = await openFile(browser, join(folder, 'compare.html'));
    assert.equal(await page.locator('h1').textContent(), 'B is better by 2.5 points of mIoU');
    assert.equal(await page.locator('[data-figure="miou.difference"]').textContent(), '+2.50');
    const classes = page.locator('section').first().locator('tbody tr');
    assert.deepEqual(await classes.locator('th').allTextContents(), ['traffic sign', 'sky', 'road']);
    const sides = await classes
      .locator('.difference')
      .evaluateAll((bars) =>
        bars.map((bar) => (bar as unknown as { className: string }).className.replace('difference', '').trim()),
      );
    assert.deepEqual(sides, ['better', '', 'worse']);
    await page.close();
  });
});

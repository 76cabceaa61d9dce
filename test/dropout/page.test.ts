import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { BagWriter } from '../../src/bags/index.js';
import { renderDropoutPage, runDropout } from '../../src/dropout/index.js';
import { parseScenario } from '../../src/faults/index.js';
import { DEFAULT_PIPELINE_CONFIG } from '../../src/pipeline/index.js';
import { withReplaySource } from '../../src/replay/index.js';
import { launchBrowser, newPage } from '../report/support/browser.js';
import { projectRoot } from '../support/shared_data.js';
import { TINY_TOPICS, tinyDrive } from '../support/tiny_rig.js';

const SCENARIOS = [
  'name: a-scenario-with-a-long-name\nfaults: [{ fault: drop, modality: camera, at: 1, until: 2 }]',
  'name: broken\nfaults: [{ fault: drop, modality: lidar, at: 1, until: 2 }]\nexpect: { degradeMs: 1 }',
  'name: all-lost\nfaults: [{ fault: drop, modality: all, at: 1, until: 2 }]',
];

describe('dropout.html in a browser', function () {
  // A browser on a busy machine is slow; only what it shows counts.
  this.timeout(180_000);
  let browser: Browser;
  let folder: string;
  let url: string;

  before(async function () {
    const launched = await launchBrowser();
    if (launched === undefined) {
      this.test!.title += ' (skipped: no Chromium is installed)';
      this.skip();
    }
    browser = launched;
    folder = await mkdtemp(join(tmpdir(), 'mle-sam-dropout-page-'));
    const bag = join(folder, 'tiny.mcap');
    const writer = await BagWriter.create(bag);
    for (const { topic, type, data, receiveStamp } of tinyDrive({ seconds: 4 })) {
      await writer.write({ topic, type, data, logTime: receiveStamp });
    }
    await writer.close();
    const config = { ...DEFAULT_PIPELINE_CONFIG, topics: { modalities: TINY_TOPICS } };
    const model = join(projectRoot, 'test', 'fixtures', 'tiny-bundle');
    const scenarios = SCENARIOS.map((text) => parseScenario(text, 'test'));
    const outcome = await withReplaySource({ bag, model, config, provider: 'cpu', threads: 1 }, (source) =>
      runDropout(source, { scenarios, seed: 1 }),
    );
    const path = join(folder, 'dropout.html');
    await writeFile(path, await renderDropoutPage(outcome));
    url = pathToFileURL(path).href;
  });

  after(async () => {
    await browser?.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  for (const [name, width] of [
    ['wide', 1280],
    ['phone', 360],
  ] as const) {
    it(`${name}: loads its pictures, asks for nothing, complains of nothing, and nothing is cut off`, async () => {
      const page = await newPage(browser, { viewport: { width, height: 800 } });
      const complaints: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('request', (request) => {
        if (request.url() !== url && !request.url().startsWith('data:')) complaints.push(request.url());
      });
      await page.goto(url);
      const pictures = await page
        .locator('img')
        .evaluateAll((images) => images.map((image) => (image as unknown as { naturalWidth: number }).naturalWidth));
      assert.ok(pictures.length >= 10 && pictures.every((pixels) => pixels > 0), pictures.join());
      const extent = (selector: string) =>
        page.locator(selector).evaluate((element) => {
          const { scrollWidth, clientWidth } = element as unknown as { scrollWidth: number; clientWidth: number };
          return { scrollWidth, clientWidth };
        });
      const whole = await extent('html');
      assert.ok(whole.scrollWidth <= whole.clientWidth, `the page is ${whole.scrollWidth} px in ${whole.clientWidth}`);
      const table = await extent('#overview .scroll');
      assert.ok(table.scrollWidth <= table.clientWidth, JSON.stringify(table));
      // On a phone each row is a card that names its figures.
      const label = await page
        .locator('.overview tbody td')
        .nth(1)
        .evaluate(
          (cell) =>
            (
              globalThis as unknown as { getComputedStyle(of: unknown, part: string): { content: string } }
            ).getComputedStyle(cell, '::before').content,
        );
      assert.equal(label, name === 'phone' ? '"masks during the fault"' : 'none');
      assert.deepEqual(complaints, []);
      await page.close();
    });
  }

  it('shows pictures in the order of time, also where the faulty run has none', async () => {
    const page = await newPage(browser);
    await page.goto(url);
    const captions = (scenario: string) => page.locator(`#${scenario} figcaption b`).allTextContents();
    assert.deepEqual(await captions('broken'), ['before', 'during', 'during, clean run', 'after']);
    assert.deepEqual(await captions('all-lost'), ['before', 'during, clean run', 'after']);
    await page.close();
  });

  it('shows what each sensor gave, and of a lost one why it is missing', async () => {
    const page = await newPage(browser);
    await page.goto(url);
    const during = page.locator('#a-scenario-with-a-long-name figure.struck');
    assert.equal(await during.count(), 1);
    assert.equal(await during.locator('.sensors img').count(), 3);
    assert.match((await during.locator('.sensors .lost').textContent()) ?? '', /^cameradropped/);
    const before = page.locator('#a-scenario-with-a-long-name figure').first();
    assert.equal(await before.locator('.sensors img').count(), 4);
    await page.close();
  });

  it('shows verdicts, routing and which checks failed', async () => {
    const page = await newPage(browser);
    await page.goto(url);
    assert.deepEqual(await page.locator('.overview .verdict').allTextContents(), ['passed', 'failed', 'passed']);
    assert.match((await page.locator('#broken .problems').textContent()) ?? '', /Expected degradeMs <= 1 but measured/);
    // Camera lost: three sensors share what four did; all lost: no mask, no weights.
    assert.equal(await page.locator('#a-scenario-with-a-long-name .weight-bar').nth(0).locator('.weight').count(), 4);
    assert.match((await page.locator('#all-lost .weight-bar').nth(1).textContent()) ?? '', /no mask/);
    await page.close();
  });

  it('says by sign and name, not by colour alone, what passed and which sensor a bar is', async () => {
    const page = await newPage(browser, { viewport: { width: 1280, height: 800 } });
    await page.goto(url);
    const signs = await page.evaluate(
      `[...document.querySelectorAll('.overview .verdict')].map((each) => getComputedStyle(each, '::before').content)`,
    );
    assert.deepEqual(signs, ['"✓ "', '"✗ "', '"✓ "']);
    const named = await page.evaluate(`[...document.querySelectorAll('.weight')].map((bar) => ({
      width: bar.clientWidth,
      isNamed: bar.querySelector('.weight-name').checkVisibility(),
    }))`);
    for (const { width, isNamed } of named as { width: number; isNamed: boolean }[]) {
      assert.equal(isNamed, width >= 74, `${width} px`);
    }
    assert.ok((named as { isNamed: boolean }[]).some(({ isNamed }) => isNamed));
    await page.close();
  });
});

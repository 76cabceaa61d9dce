import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { waitUntil } from '../../ros/support/wait_until.js';

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

/** As long as the test is given: a browser on a busy machine is slow. */
const TIMEOUT_MS = 120_000;

/** Starts the Chromium of this machine, without a window; undefined where there is none. */
export async function launchBrowser(): Promise<Browser | undefined> {
  const executablePath = BROWSERS.find(existsSync);
  if (executablePath === undefined) return undefined;
  return chromium.launch({ executablePath, args: BROWSER_FLAGS, timeout: TIMEOUT_MS });
}

/** Opens a page whose actions wait as long as the test is given. */
export async function newPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await browser.newPage(options);
  page.setDefaultTimeout(TIMEOUT_MS);
  return page;
}

/** Waits until something that a page draws or decodes by and by is so; fails where it never is. */
export async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  await waitUntil(what, isTrue, { deadlineMs: TIMEOUT_MS });
}

/** Opens a file and collects everything a clean page would not do. */
export async function openFile(
  browser: Browser,
  path: string,
  { width = 1280, scheme = 'light' }: { width?: number; scheme?: 'light' | 'dark' } = {},
): Promise<{ page: Page; complaints: string[] }> {
  const page = await newPage(browser, {
    viewport: { width, height: 900 },
    colorScheme: scheme,
    hasTouch: width < 500,
  });
  const complaints: string[] = [];
  const url = pathToFileURL(path).href;
  page.on('console', (message) => complaints.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('request', (request) => {
    if (request.url() !== url && !request.url().startsWith('data:')) complaints.push(`request: ${request.url()}`);
  });
  await page.goto(url);
  return { page, complaints };
}

/** A page without complaint, on which nothing is cut, faint or taken from a hostile text. */
export async function assertReadable(page: Page, complaints: readonly string[], width: number): Promise<void> {
  assert.deepEqual(await cutTexts(page), []);
  assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
  assert.deepEqual(await faintTexts(page), []);
  assert.equal(await page.locator('img[src=x]').count(), 0);
  assert.deepEqual(complaints, []);
}

/** Texts that are wider than their place, outside what scrolls. */
export function cutTexts(page: Page): Promise<string[]> {
  return page.evaluate(`[...document.querySelectorAll('h1, h2, h3, p, dt, dd, li, td, th, label, button, figcaption')]
    .filter((element) => !element.closest('.scroll, .sr-only') && element.scrollWidth > element.clientWidth + 1)
    .map((element) => element.outerHTML.slice(0, 80))`);
}

/** Whether the confusion matrix is wider than its place. */
export function isMatrixCut(page: Page): Promise<boolean> {
  return page.evaluate(`(() => {
    const room = document.querySelector('.confusion-room');
    const { right } = document.getElementById('confusion-matrix').getBoundingClientRect();
    return room.scrollWidth > room.clientWidth || right > room.getBoundingClientRect().right + 1;
  })()`);
}

/** Texts whose contrast to the nearest opaque background is below WCAG AA. */
export function faintTexts(page: Page): Promise<string[]> {
  return page.evaluate(CONTRAST_PROBE);
}

const CONTRAST_PROBE = `(() => {
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

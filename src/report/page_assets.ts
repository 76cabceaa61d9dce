import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { printableLines } from '../text/index.js';
import * as format from './format.js';

/** Style sheets of all pages. */
const COMMON_STYLES = ['theme.css', 'base.css', 'tables.css', 'charts.css'];

/**
 * Renders a page of this folder's templates that needs nothing else: scripts, styles and pictures are inside.
 * @param template - name of the template in `assets`
 * @param libraries - `uplot` where the page draws charts
 * @param styles - names of style sheets besides the common ones
 * @param scripts - names of the page's own scripts, in the order in which they build on each other
 */
export async function renderPage(
  template: string,
  data: object,
  {
    libraries = [],
    scripts = [],
    styles = [],
  }: { libraries?: readonly 'uplot'[]; scripts?: readonly string[]; styles?: readonly string[] } = {},
): Promise<string> {
  const { Eta } = await import('eta');
  const assets = await assetFolder();
  const require = createRequire(import.meta.url);
  const read = (path: string): Promise<string> => readFile(path, 'utf8');
  const [libraryStyles, libraryScripts, ownScripts, ownStyles] = await Promise.all([
    Promise.all(libraries.map(() => read(require.resolve('uplot/dist/uPlot.min.css')))),
    Promise.all(libraries.map(() => read(require.resolve('uplot/dist/uPlot.iife.min.js')))),
    Promise.all(scripts.map((name) => read(join(assets, name)))),
    Promise.all([...COMMON_STYLES, ...styles].map((name) => read(join(assets, name)))),
  ]);
  const eta = new Eta({ views: assets, autoTrim: false, cache: true });
  const page = await eta.renderAsync(`./${template}`, {
    ...data,
    format,
    styles: [...libraryStyles, ...ownStyles],
    scripts: [...libraryScripts, ...ownScripts],
  });
  return printableLines(page);
}

export function dataUri(type: 'image/jpeg' | 'image/png' | 'image/webp', data: Buffer): string {
  return `data:${type};base64,${data.toString('base64')}`;
}

/** The assets lie with the sources and are not compiled: found from the package's root, run from `src` or `dist`. */
async function assetFolder(): Promise<string> {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const isRoot = await readFile(join(folder, 'package.json')).then(
      () => true,
      () => false,
    );
    if (isRoot) return join(folder, 'src', 'report', 'assets');
    if (folder === dirname(folder)) throw new Error('Expected package.json above the report module but found none');
  }
}

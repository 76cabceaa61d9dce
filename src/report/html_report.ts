import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Eta } from 'eta';
import * as format from './format.js';
import type { ReplayResult } from './replay_recorder.js';
import { LATENCY_STAGES, type ReportData } from './report_data.js';
import { MODALITY_STATES } from './summary.js';

/** Scripts of the page, in the order in which they build on each other. */
const SCRIPTS = ['page.js', 'frames.js', 'timeline.js', 'latency.js'];

/**
 * Renders the report as one HTML page that needs nothing else: scripts, styles, charts and pictures are inside, and
 * its content security policy forbids it to ask the network for anything.
 */
export async function renderReport(report: ReportData): Promise<string> {
  const assets = await assetFolder();
  const require = createRequire(import.meta.url);
  const read = (path: string): Promise<string> => readFile(path, 'utf8');
  const [chartScript, chartStyle, style, ...scripts] = await Promise.all([
    read(require.resolve('uplot/dist/uPlot.iife.min.js')),
    read(require.resolve('uplot/dist/uPlot.min.css')),
    read(join(assets, 'report.css')),
    ...SCRIPTS.map((name) => read(join(assets, name))),
  ]);
  const eta = new Eta({ views: assets, autoTrim: false, cache: true });
  return await eta.renderAsync('./report', {
    ...report,
    states: MODALITY_STATES,
    stages: LATENCY_STAGES,
    format,
    styles: [chartStyle, style],
    scripts: [chartScript, ...scripts],
    embedded: embed(report),
  });
}

/** Writes `summary.json` and `report.html` into a folder, which is made if need be. */
export async function writeReplayReport(
  folder: string,
  { summary, report }: ReplayResult,
): Promise<{ summaryPath: string; reportPath: string }> {
  await mkdir(folder, { recursive: true });
  const summaryPath = join(folder, 'summary.json');
  const reportPath = join(folder, 'report.html');
  await writeFile(summaryPath, `${JSON.stringify(summary, null, 2)}\n`);
  await writeFile(reportPath, await renderReport(report));
  return { summaryPath, reportPath };
}

/** The page's data as JSON that cannot end the script element it stands in. */
function embed(report: ReportData): string {
  const { classes, endSeconds, timelines, stretches, series, latency, summary } = report;
  const pictures = report.pictures.map(({ cameraJpeg, maskPng, truthPng, ...picture }) => ({
    ...picture,
    camera: cameraJpeg && dataUri('image/jpeg', cameraJpeg),
    mask: dataUri('image/png', maskPng),
    truth: truthPng && dataUri('image/png', truthPng),
  }));
  const data = {
    classes,
    endSeconds,
    timelines,
    stretches,
    series,
    latency,
    latencyMs: summary.latencyMs,
    modalities: Object.keys(summary.modalities),
    pictures,
  };
  return JSON.stringify(data).replaceAll('<', '\\u003c');
}

function dataUri(type: string, data: Buffer): string {
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

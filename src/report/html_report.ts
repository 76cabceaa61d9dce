import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../outputs/index.js';
import { jsonText } from '../text/index.js';
import { replayHeat } from './heat_table.js';
import { renderPage } from './page_assets.js';
import type { PackedLabelImage } from './picture_codec.js';
import { makePreview } from './preview.js';
import type { ReplayResult } from './replay_recorder.js';
import { LATENCY_STAGES, type ReportData } from './report_data.js';
import { MODALITY_STATES } from './summary.js';

/** Scripts of the page, in the order in which they build on each other. */
const SCRIPTS = [
  'page.js',
  'pictures.js',
  'smooth_labels.js',
  'layers.js',
  'viewer.js',
  'sensor_tiles.js',
  'controls.js',
  'time_charts.js',
  'timeline.js',
  'worst.js',
  'confusion.js',
  'latency.js',
  'start.js',
];

/**
 * Renders the report as one HTML page that needs nothing else: scripts, styles, charts and pictures are inside, and
 * its content security policy forbids it to ask the network for anything.
 */
export async function renderReport(report: ReportData): Promise<string> {
  const { embedded, blobs } = embed(report);
  const preview = await makePreview(report);
  const heat = replayHeat(report.summary.score?.subsets);
  const data = { ...report, preview, heat, states: MODALITY_STATES, stages: LATENCY_STAGES, embedded, blobs };
  return renderPage('report', data, {
    libraries: ['uplot'],
    scripts: SCRIPTS,
    styles: ['viewer.css', 'controls.css', 'figures.css', 'confusion.css'],
  });
}

/** What {@link writeReplayReport} writes. */
export const REPORT_FILES = ['summary.json', 'report.html'] as const;

/** Writes `summary.json` and `report.html` into a folder, which is made if need be. */
export async function writeReplayReport(
  folder: string,
  { summary, report }: ReplayResult,
): Promise<{ summaryPath: string; reportPath: string }> {
  await mkdir(folder, { recursive: true });
  const [summaryPath, reportPath] = REPORT_FILES.map((name) => join(folder, name)) as [string, string];
  await writeWhole(summaryPath, `${jsonText(summary)}\n`);
  await writeWhole(reportPath, await renderReport(report));
  return { summaryPath, reportPath };
}

/**
 * The page's data as JSON that cannot end the script element it stands in. Images stand apart from it, in base64, and
 * are looked up by their number: the page reads those it shows and no others.
 */
function embed(report: ReportData): { embedded: string; blobs: string[] } {
  const blobs: string[] = [];
  const store = (data: Buffer): number => blobs.push(data.toString('base64')) - 1;
  const storeLabels = ({ width, height, data }: PackedLabelImage) => ({ width, height, data: store(data) });
  const pictures = report.pictures.map(({ camera, mask, truth, confidence, sensors, ...picture }) => ({
    ...picture,
    mask: storeLabels(mask),
    ...(camera && { camera: store(camera) }),
    ...(truth && { truth: storeLabels(truth) }),
    ...(confidence && { confidence: store(confidence) }),
    sensors: Object.fromEntries(Object.entries(sensors).map(([name, data]) => [name, store(data)])),
  }));
  const { summary, pictures: _, ...rest } = report;
  const data = { ...rest, latencyMs: summary.latencyMs, modalities: Object.keys(summary.modalities), pictures };
  return { embedded: jsonText(data, 'dense').replaceAll('<', '\\u003c'), blobs };
}

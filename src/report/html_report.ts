import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../outputs/index.js';
import { jsonText } from '../text/index.js';
import { dataUri, renderPage } from './page_assets.js';
import type { ReplayResult } from './replay_recorder.js';
import { LATENCY_STAGES, type ReportData } from './report_data.js';
import { MODALITY_STATES } from './summary.js';

/** Scripts of the page, in the order in which they build on each other. */
const SCRIPTS = ['page.js', 'frames.js', 'timeline.js', 'latency.js'];

/**
 * Renders the report as one HTML page that needs nothing else: scripts, styles, charts and pictures are inside, and
 * its content security policy forbids it to ask the network for anything.
 */
export function renderReport(report: ReportData): Promise<string> {
  const data = { ...report, states: MODALITY_STATES, stages: LATENCY_STAGES, embedded: embed(report) };
  return renderPage('report', data, { libraries: ['uplot'], scripts: SCRIPTS });
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
  return jsonText(data, 'dense').replaceAll('<', '\\u003c');
}

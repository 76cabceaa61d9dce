import type { ConfusionMatrix } from '../evaluation/index.js';
import type { AbsentReason } from '../sync/index.js';
import { cityscapesColours, isPerson } from './cityscapes_colours.js';
import { type ConfusionTable, confusionTable } from './confusion_table.js';
import { type Histogram, histogram } from './histogram.js';
import { type Moment, openingPicture, worstPictures } from './moments.js';
import type { ColouredClass } from './overlay.js';
import { nearestRankPercentile } from './percentiles.js';
import type { PackedLabelImage } from './picture_codec.js';
import type { StateSpan } from './state_timeline.js';
import type { ReplaySummary } from './summary.js';

export type LatencyStage = keyof ReplaySummary['latencyMs'];
export const LATENCY_STAGES: readonly LatencyStage[] = ['total', 'inference', 'syncWait', 'decode'];

/** One frame the report shows; the page lays the mask over the camera itself, so that it can be looked at in every way. */
export interface ReportPicture {
  seconds: number;
  /** Of the camera picture as it came, or of the mask where there is none. */
  width: number;
  height: number;
  /** WebP. */
  camera?: Buffer;
  mask: PackedLabelImage;
  truth?: PackedLabelImage;
  /** Grey WebP, 255 = certain. */
  confidence?: Buffer;
  /** WebP by modality, of those that are present and no camera. */
  sensors: Record<string, Buffer>;
  /** Mean weight over the feature levels by modality. */
  routing?: Record<string, number>;
  /** Percent. */
  miou?: number;
  stretch?: string;
  model?: string;
  present: string[];
  absent: Record<string, AbsentReason>;
}

/** A class as the page shows it. */
export interface ReportClass extends ColouredClass {
  /** Of the Cityscapes palette, where most of the classes have one. */
  cityscapes?: readonly [number, number, number];
  /** People are outlined. */
  isPerson: boolean;
}

/** Columns over the published frames. */
export interface FrameRecords {
  seconds: Float64Array;
  /** 0..1, NaN without ground truth. */
  miou: Float64Array;
  stretches: readonly (string | undefined)[];
  latencyMs: Record<LatencyStage, Float64Array>;
  /** Mean weight over the levels, NaN where absent; none where the model routes nothing. */
  routing?: ReadonlyMap<string, Float64Array>;
  /** Reference frames without a mask. */
  droppedSeconds: Float64Array;
}

/** A stretch of consecutive frames of one condition, in seconds. */
export interface StretchSpan {
  name: string;
  from: number;
  to: number;
}

/** Everything `report.html` shows. */
export interface ReportData {
  summary: ReplaySummary;
  classes: readonly ReportClass[];
  cameraModality: string | undefined;
  /** Modalities whose views are laid over the camera's picture. */
  sparse: readonly string[];
  hasFallbacks: boolean;
  confusion?: ConfusionTable;
  endSeconds: number;
  timelines: { modality: string; spans: StateSpan[] }[];
  stretches: StretchSpan[];
  /** Charts over time, thinned to at most {@link MOST_POINTS} points; null = nothing to draw there. */
  series: {
    seconds: number[];
    miou: (number | null)[];
    routing?: Record<string, (number | null)[]>;
    /** Milliseconds of each stage. */
    latency: Record<LatencyStage, (number | null)[]>;
    droppedSeconds: number[];
  };
  latency: Record<LatencyStage, Histogram>;
  pictures: readonly ReportPicture[];
  /** Index of the picture the page opens with. */
  opening: number;
  /** Indices of the pictures with the lowest scores, worst first. */
  worst: number[];
  moments: Moment[];
}

/** A chart is at most some 1200 pixels wide; more points only make the file larger. */
const MOST_POINTS = 2000;

/** Prepares the records of a replay for the page. */
export function buildReportData(input: {
  summary: ReplaySummary;
  classes: readonly ColouredClass[];
  cameraModality?: string | undefined;
  pointModalities?: readonly string[] | undefined;
  confusion?: ConfusionMatrix | undefined;
  records: FrameRecords;
  timelines: { modality: string; spans: StateSpan[] }[];
  pictures: readonly ReportPicture[];
  moments: Moment[];
  endSeconds: number;
}): ReportData {
  const { records } = input;
  const stride = Math.max(1, Math.ceil(records.seconds.length / MOST_POINTS));
  const perStage = <T>(make: (values: Float64Array) => T): Record<LatencyStage, T> => ({
    total: make(records.latencyMs.total),
    inference: make(records.latencyMs.inference),
    syncWait: make(records.latencyMs.syncWait),
    decode: make(records.latencyMs.decode),
  });
  return {
    summary: input.summary,
    classes: reportClasses(input.classes),
    cameraModality: input.cameraModality,
    sparse: input.pointModalities ?? [],
    hasFallbacks: input.summary.models !== undefined,
    ...(input.confusion && { confusion: confusionTable(input.classes, input.confusion) }),
    endSeconds: input.endSeconds,
    timelines: input.timelines,
    stretches: stretchSpans(records.seconds, records.stretches),
    series: {
      seconds: thin(records.seconds, stride, 3).map((value) => value ?? 0),
      miou: thin(
        records.miou.map((share) => share * 100),
        stride,
        2,
      ),
      ...(records.routing && { routing: thinAll(records.routing, stride) }),
      latency: perStage((values) => thin(values, stride, 2)),
      droppedSeconds: everyNth(records.droppedSeconds, Math.ceil(records.droppedSeconds.length / MOST_POINTS)),
    },
    latency: perStage(latencyHistogram),
    pictures: input.pictures,
    opening: openingPicture(input.pictures, input.cameraModality),
    worst: worstPictures(input.pictures),
    moments: input.moments,
  };
}

function reportClasses(classes: readonly ColouredClass[]): ReportClass[] {
  const cityscapes = cityscapesColours(classes);
  return classes.map((entry) => {
    const colour = cityscapes?.get(entry.id);
    return { ...entry, ...(colour && { cityscapes: colour }), isPerson: isPerson(entry) };
  });
}

/** The axis ends a little above the 99th percentile. */
function latencyHistogram(values: Float64Array): Histogram {
  const p99 = nearestRankPercentile(Float64Array.from(values).sort(), 99);
  return histogram(values, Number.isNaN(p99) ? 1 : p99 * 1.05);
}

function everyNth(values: Float64Array, n: number): number[] {
  return Array.from(values).filter((_, index) => index % n === 0);
}

function thinAll(weights: ReadonlyMap<string, Float64Array>, stride: number): Record<string, (number | null)[]> {
  return Object.fromEntries([...weights].map(([name, values]) => [name, thin(values, stride, 4)]));
}

/** Means of `stride` values each, NaN left out; null where there is none; rounded to keep the page small. */
function thin(values: Float64Array, stride: number, decimals: number): (number | null)[] {
  const thinned: (number | null)[] = [];
  for (let from = 0; from < values.length; from += stride) {
    let sum = 0;
    let count = 0;
    for (let i = from; i < Math.min(from + stride, values.length); i++) {
      if (Number.isNaN(values[i])) continue;
      sum += values[i]!;
      count++;
    }
    thinned.push(count === 0 ? null : Number((sum / count).toFixed(decimals)));
  }
  return thinned;
}

/** Joins consecutive frames of the same condition; a span lasts until the next one begins. */
function stretchSpans(seconds: Float64Array, stretches: readonly (string | undefined)[]): StretchSpan[] {
  const spans: StretchSpan[] = [];
  let open: StretchSpan | undefined;
  for (const [index, name] of stretches.entries()) {
    const now = seconds[index]!;
    if (open) open.to = now;
    if (open?.name === name) continue;
    open = name === undefined ? undefined : { name, from: now, to: now };
    if (open) spans.push(open);
  }
  return spans;
}

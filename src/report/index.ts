export { COMPARISON_MARK, type ComparisonPage, renderComparison } from './compare_page.js';
export {
  EVALUATION_MARK,
  type EvaluationPage,
  type PageScores,
  renderEvaluation,
  type WorstScored,
} from './evaluation_page.js';
export type { HeatTable } from './heat_table.js';
export { REPORT_FILES, renderReport, writeReplayReport } from './html_report.js';
export {
  type ColouredClass,
  type ColourTable,
  colourTable,
  encodeJpeg,
  encodeMaskPng,
  type LabelImage,
  NO_PICTURE,
  pictureUnder,
  type RgbImage,
  renderOverlay,
} from './overlay.js';
export { dataUri, renderPage } from './page_assets.js';
export { paintOverlay } from './paint_overlay.js';
export { nearestRankPercentile, type Percentiles, percentiles } from './percentiles.js';
export { encodeWebp } from './picture_codec.js';
export { type Problem, ProblemList, type ProblemSeverity, type ProblemSubject } from './problem_list.js';
export { problemSubject } from './problem_subject.js';
export type { FrameLatencyMs, PublishedFrame } from './published_frame.js';
export {
  type MessageFate,
  type ReplayDescription,
  ReplayRecorder,
  type ReplayResult,
} from './replay_recorder.js';
export type { ReportData } from './report_data.js';
export { RUN_STATES, RUNS_FILE, type RunEntry, type RunList, runListSchema } from './runs.js';
export { RUNS_PAGE, renderRunsPage, writeRunsPage } from './runs_page.js';

export { reduceForView, sensorView } from './sensor_view.js';

export {
  MODALITY_STATES,
  problemSchema,
  type ReplaySummary,
  replaySummarySchema,
} from './summary.js';

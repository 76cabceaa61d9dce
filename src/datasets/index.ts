export {
  DATASET_KINDS,
  type Dataset,
  type DatasetClass,
  type DatasetFrame,
  type DatasetKind,
  type DatasetModality,
} from './dataset.js';
export { type FramePictures, readFramePictures } from './frame_pictures.js';
export { type BundleMatch, type MatchedBundle, type MatchOptions, matchBundle } from './match_bundle.js';
export { openDataset, recogniseDataset } from './open_dataset.js';
export { PredictionFolder } from './predictions.js';
export { type DatasetSample, readSamples, type SampleOutcome } from './read_samples.js';
export { readUnit } from './read_unit.js';
export {
  type EvaluationUnit,
  inClassesOf,
  joinUnits,
  problemsOf,
  type ScoredFrame,
  type ScoreOptions,
  type ScoreOutcome,
  scoreDataset,
} from './score_dataset.js';

export { type ComparedFrames, type CompareOptions, compareFrames, type Difference } from './compare_frames.js';
export { ConfusionMatrix, IGNORE_LABEL } from './confusion_matrix.js';
export { countFrame, type FrameCounts, type Group, groupFrames, totalOf } from './frame_counts.js';
export { resizeLabelsNearest } from './resize_labels.js';
export { type AbsentClassConvention, type ClassScores, CONVENTION_NAMES, type Scores, scores } from './scores.js';

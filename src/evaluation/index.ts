export { ConfusionMatrix, IGNORE_LABEL } from './confusion_matrix.js';
export { resizeLabelsNearest } from './resize_labels.js';
export { type AbsentClassConvention, type ClassScores, type Scores, scores } from './scores.js';

export { CLASS, SIMULATED_CLASSES, type SimulatedClass } from './classes.js';
export { CONDITIONS, type Condition, FAILURES, type Failure } from './conditions.js';
export {
  DATASET_MODALITIES,
  DATASET_SIZE,
  type DatasetModality,
  SPLITS,
  type Split,
} from './dataset/dataset_layout.js';
export { type DatasetOptions, writeDataset } from './dataset/write_dataset.js';
export {
  type DriveDescription,
  driveSeconds,
  loadDrive,
  type Outage,
  PRESETS,
  parseDrive,
  type Stretch,
  stretchDrive,
} from './drive/drive_description.js';
export { type DriveMotion, simulateDrive, type TimedMessage } from './drive/simulate_drive.js';
export { MESSAGE_TYPES, TOPICS, type Topic } from './drive/topics.js';
export { type DriveOutcome, writeDrive } from './drive/write_drive.js';
export { VARIETIES, type Variety } from './variety/look.js';

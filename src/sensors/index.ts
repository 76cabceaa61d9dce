export {
  CameraModel,
  type CameraModelOutcome,
  type ImageGeometry,
  type RigidTransform,
  TfTree,
} from './calibration/index.js';
export { decodePicture, type RgbOutcome } from './camera/index.js';
export { ContentWatch } from './content_watch.js';
export type { LabelledPoints, PointMask } from './decoders/modality_decoder.js';
export type { ModalityStatistics, Spread } from './input_watch.js';
export type { ContentQuality, DecodeOutcome, ImageSize, ModalityImage } from './modality_image.js';
export { describeSensorNotice, SCALE_SETTINGS, type SensorNotice } from './notice.js';
export { type Implausibility, Plausibility } from './plausibility/index.js';
export {
  adviseSensorReason,
  type BlindReason,
  describeSensorReason,
  type Place,
  type SensorReason,
  type Unusable,
} from './reason.js';
export { type Representation, type RepresentationKind, representationSchema } from './representation.js';
export {
  cameraInfoTopics,
  type IngestOutcome,
  type ModalityInput,
  type RigGrid,
  SensorRig,
  type SensorRigOptions,
} from './rig.js';
export type { ConfiguredCalibration } from './rig_calibration.js';
export type { MotionOptions, SensorOptions } from './sensor_options.js';

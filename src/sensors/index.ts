export {
  CameraModel,
  type CameraModelOutcome,
  type ImageGeometry,
  type RigidTransform,
  TfTree,
} from './calibration/index.js';
export { decodePicture, measureCompressed, type RgbOutcome, withCompressed } from './camera/index.js';
export { ContentWatch } from './content_watch.js';
export type { LabelledPoints, PointMask } from './decoders/modality_decoder.js';
export { encodeDepth } from './depth/index.js';
export { EventBuffer, type EventRepresentation, EventRing, renderEvents } from './events/index.js';
export type { ModalityStatistics, Spread } from './input_watch.js';
export { type DrawnPoints, type LidarRepresentation, renderPointCloud } from './lidar/index.js';
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

import type { ImageGeometry } from './calibration/index.js';
import type { EventStreamOptions } from './events/index.js';

/**
 * What a single modality's sensor may need to be told. Everything has a default; a scale that is left out is found out
 * from the first messages, and the rig says which one it uses (see {@link SensorNotice}).
 */
export interface SensorOptions {
  /** `rectified` where the topic carries rectified pictures, which P of the CameraInfo describes. Default `raw`. */
  geometry?: ImageGeometry;
  /** LiDAR: the value of the intensity field that means full scale and becomes 255. */
  intensityFullScale?: number;
  /** Depth: metres that one unit of the samples stands for, 0.001 for millimetres. */
  depthScale?: number;
  /** Depth: noise of the distances, as a share of them, from which on they are not used. Default: as the bundle says. */
  maxScatter?: number;
  /** Camera: how many of a 16-bit sample's bits are used, counted from the lowest, 9 to 16. */
  bitDepth?: number;
  /** LiDAR: a point also covers so many pixels around its own. Default: as the model was trained. */
  dilation?: number;
  /**
   * So many messages in a row with identical content mean that the sensor is frozen, whatever the others see; 0 for never.
   * Default: as the rig has it, and only where another sensor sees the scene move.
   */
  frozenAfter?: number;
  events?: Partial<EventStreamOptions>;
}

/** How the vehicle's motion between two stamps becomes known. */
export interface MotionOptions {
  /** A frame that does not move with the vehicle, e.g. `odom`: what was seen at another time is carried over by it. */
  fixedFrame?: string;
  /** Topic of `nav_msgs/msg/Odometry` that tells the pose in that frame, where no /tf does. */
  odometryTopic?: string;
}

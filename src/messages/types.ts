/**
 * The ROS messages this project reads and writes, field for field as in their `.msg` files.
 * Byte arrays are views on the received buffer wherever the decoder allows it: copy before keeping.
 */

/** builtin_interfaces/msg/Time */
export interface Time {
  sec: number;
  nanosec: number;
}

/** std_msgs/msg/Header */
export interface Header {
  stamp: Time;
  frame_id: string;
}

/** sensor_msgs/msg/Image */
export interface Image {
  header: Header;
  height: number;
  width: number;
  encoding: string;
  is_bigendian: number;
  step: number;
  data: Uint8Array;
}

/** sensor_msgs/msg/CompressedImage */
export interface CompressedImage {
  header: Header;
  format: string;
  data: Uint8Array;
}

/** sensor_msgs/msg/RegionOfInterest */
export interface RegionOfInterest {
  x_offset: number;
  y_offset: number;
  height: number;
  width: number;
  do_rectify: boolean;
}

/** sensor_msgs/msg/CameraInfo */
export interface CameraInfo {
  header: Header;
  height: number;
  width: number;
  distortion_model: string;
  d: ArrayLike<number>;
  k: ArrayLike<number>;
  r: ArrayLike<number>;
  p: ArrayLike<number>;
  binning_x: number;
  binning_y: number;
  roi: RegionOfInterest;
}

/** sensor_msgs/msg/PointField */
export interface PointField {
  name: string;
  offset: number;
  datatype: number;
  count: number;
}

/** sensor_msgs/msg/PointCloud2 */
export interface PointCloud2 {
  header: Header;
  height: number;
  width: number;
  fields: PointField[];
  is_bigendian: boolean;
  point_step: number;
  row_step: number;
  data: Uint8Array;
  is_dense: boolean;
}

/** event_camera_msgs/msg/EventPacket, and the older event_array_msgs/msg/EventArray with the same fields */
export interface EventPacket {
  header: Header;
  height: number;
  width: number;
  seq: bigint;
  time_base: bigint;
  encoding: string;
  is_bigendian: boolean;
  events: Uint8Array;
}

/** geometry_msgs/msg/Vector3 */
export interface Vector3 {
  x: number;
  y: number;
  z: number;
}

/** geometry_msgs/msg/Quaternion */
export interface Quaternion extends Vector3 {
  w: number;
}

/** geometry_msgs/msg/TransformStamped */
export interface TransformStamped {
  header: Header;
  child_frame_id: string;
  transform: { translation: Vector3; rotation: Quaternion };
}

/** tf2_msgs/msg/TFMessage */
export interface TFMessage {
  transforms: TransformStamped[];
}

/** nav_msgs/msg/Odometry, as far as it is read */
export interface Odometry {
  header: Header;
  child_frame_id: string;
  pose: { pose: { position: Vector3; orientation: Quaternion } };
}

/** vision_msgs/msg/LabelInfo */
export interface LabelInfo {
  header: Header;
  class_map: { class_id: number; class_name: string }[];
  threshold: number;
}

/** Topics of the simulated rig and their message types. */
export const TOPICS = {
  camera: '/camera/image/compressed',
  cameraInfo: '/camera/camera_info',
  depth: '/depth/image/compressedDepth',
  depthInfo: '/depth/camera_info',
  events: '/events',
  eventsInfo: '/events/camera_info',
  lidar: '/lidar/points',
  transforms: '/tf_static',
  /** Only where the drive is one with motion. */
  odometry: '/odom',
  labels: '/ground_truth/labels',
  condition: '/simulation/condition',
} as const;

export type Topic = (typeof TOPICS)[keyof typeof TOPICS];

/** Topics that can fall silent: all a sensor sends, and the ground truth. */
export const SENSOR_TOPICS = Object.values(TOPICS).filter(
  (topic): topic is SensorTopic =>
    topic !== TOPICS.transforms && topic !== TOPICS.odometry && topic !== TOPICS.condition,
);
export type SensorTopic = Exclude<Topic, typeof TOPICS.transforms | typeof TOPICS.odometry | typeof TOPICS.condition>;

export const MESSAGE_TYPES: Readonly<Record<Topic, string>> = {
  [TOPICS.camera]: 'sensor_msgs/msg/CompressedImage',
  [TOPICS.cameraInfo]: 'sensor_msgs/msg/CameraInfo',
  [TOPICS.depth]: 'sensor_msgs/msg/CompressedImage',
  [TOPICS.depthInfo]: 'sensor_msgs/msg/CameraInfo',
  [TOPICS.events]: 'event_camera_msgs/msg/EventPacket',
  [TOPICS.eventsInfo]: 'sensor_msgs/msg/CameraInfo',
  [TOPICS.lidar]: 'sensor_msgs/msg/PointCloud2',
  [TOPICS.transforms]: 'tf2_msgs/msg/TFMessage',
  [TOPICS.odometry]: 'nav_msgs/msg/Odometry',
  [TOPICS.labels]: 'sensor_msgs/msg/Image',
  [TOPICS.condition]: 'std_msgs/msg/String',
};

/** Livox's drivers of ROS 2 and their predecessor share one message under three package names. */
const livox = (pkg: string) => ({
  [`${pkg}/CustomPoint`]: `uint32 offset_time
float32 x
float32 y
float32 z
uint8 reflectivity
uint8 tag
uint8 line
`,
  [`${pkg}/CustomMsg`]: `std_msgs/Header header
uint64 timebase
uint32 point_num
uint8 lidar_id
uint8[3] rsvd
${pkg}/CustomPoint[] points
`,
});

/**
 * Definitions of the message types we read or write that are not among ROS 2's common interfaces.
 * Each text lists the fields of the package's `.msg` file in its order; dependencies are resolved by name.
 */
export const extraDefinitions: Readonly<Record<string, string>> = {
  'event_camera_msgs/EventPacket': `std_msgs/Header header
uint32 height
uint32 width
uint64 seq
uint64 time_base
string encoding
bool is_bigendian
uint8[] events
`,
  'event_array_msgs/EventArray': `std_msgs/Header header
uint32 height
uint32 width
uint64 seq
uint64 time_base
string encoding
bool is_bigendian
uint8[] events
`,
  'dvs_msgs/Event': `uint16 x
uint16 y
builtin_interfaces/Time ts
bool polarity
`,
  'dvs_msgs/EventArray': `std_msgs/Header header
uint32 height
uint32 width
dvs_msgs/Event[] events
`,
  'prophesee_event_msgs/Event': `uint16 x
uint16 y
builtin_interfaces/Time ts
bool polarity
`,
  'prophesee_event_msgs/EventArray': `std_msgs/Header header
uint32 height
uint32 width
prophesee_event_msgs/Event[] events
`,
  ...livox('livox_ros_driver2'),
  ...livox('livox_ros_driver'),
  ...livox('livox_interfaces'),
  'vision_msgs/VisionClass': `uint16 class_id
string class_name
`,
  'vision_msgs/LabelInfo': `std_msgs/Header header
vision_msgs/VisionClass[] class_map
float32 threshold
`,
  'mle_sam_ros/SemanticClass': `uint8 id
string name
uint8[3] color_rgb
`,
  'mle_sam_ros/SemanticMask': `std_msgs/Header header
sensor_msgs/Image mask
sensor_msgs/Image confidence
mle_sam_ros/SemanticClass[] classes
uint8 unlabeled_id
string[] present_modalities
builtin_interfaces/Time[] present_stamps
string[] absent_modalities
string[] absent_reasons
uint32 routing_levels
float32[] routing_weights
float32 sync_wait_ms
float32 decoding_ms
float32 inference_ms
float32 total_ms
`,
  'mle_sam_ros/ModalityStatus': `string name
string topic
string type
uint8 state
string reason
bool essential
float32 age_s
float32 rate_hz
float32 delay_ms
uint64 received
uint64 used
uint64 rejected
`,
  'mle_sam_ros/ModalityStatusArray': `std_msgs/Header header
string reference
mle_sam_ros/ModalityStatus[] modalities
`,
};

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
  'vision_msgs/VisionClass': `uint16 class_id
string class_name
`,
  'vision_msgs/LabelInfo': `std_msgs/Header header
vision_msgs/VisionClass[] class_map
float32 threshold
`,
};

# The messages and services of this package; what builds them alone is MLE_SAM_INTERFACES_ONLY.
find_package(rosidl_default_generators REQUIRED)
find_package(builtin_interfaces REQUIRED)
find_package(sensor_msgs REQUIRED)
find_package(std_msgs REQUIRED)

rosidl_generate_interfaces(${PROJECT_NAME}
  msg/ModalityStatus.msg
  msg/ModalityStatusArray.msg
  msg/SemanticClass.msg
  msg/SemanticMask.msg
  srv/SetModality.srv
  DEPENDENCIES builtin_interfaces sensor_msgs std_msgs)

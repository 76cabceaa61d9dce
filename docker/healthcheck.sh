#!/usr/bin/env bash
# Healthy: the node is there and active. MLE_SAM_NODE names it where it is not /mle_sam.
set -eo pipefail

# shellcheck source=/dev/null
source "${ROS_PREFIX:-/opt/ros/${ROS_DISTRO:?}}/setup.bash"
# shellcheck source=/dev/null
source "${MLE_SAM_PREFIX:-/opt/mle-sam}/local_setup.bash"
ros2 lifecycle get "${MLE_SAM_NODE:-/mle_sam}" | grep --quiet '^active'

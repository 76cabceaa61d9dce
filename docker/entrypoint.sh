#!/usr/bin/env bash
# Sets up ROS 2, builds the graphs of the providers that are named, unless they are there, and runs the command.
set -eo pipefail

# shellcheck source=/dev/null
source "${ROS_PREFIX:-/opt/ros/${ROS_DISTRO:?}}/setup.bash"
# shellcheck source=/dev/null
source "${MLE_SAM_PREFIX:-/opt/mle-sam}/local_setup.bash"

# A list, as in "tensorrt cuda": should TensorRT give out at work, CUDA then has a graph in half precision as well.
for provider in ${MLE_SAM_BUILD_ENGINE:-}; do
  build=(mle-sam model build --provider "$provider" --python "${MLE_SAM_PYTHON:-python3}")
  [[ -n ${MLE_SAM_MODEL:-} ]] && build+=(--model "$MLE_SAM_MODEL")
  # Without its graph a provider is passed over or slower, and the diagnostics say so: no reason not to drive.
  "${build[@]}" || echo "No graph for $provider: the node falls to what it has." >&2
done
exec "$@"
